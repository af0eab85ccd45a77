/* Reading values from the token table. */
#include "unit/scanned.h"

#include "base/memory.h"
#include "suite.h"

static const char message[] =
	"{\"jsonrpc\": \"2.0\", \"id\": \"a-1\", \"params\": {\"list\": "
	"[1, {\"x\": []}, \"two\"], \"\\u006eame\": \"caf\\u00e9\"}, "
	"\"none\": null}";

START_TEST(the_table_is_flat_and_skips_by_next)
{
	struct scanned it;
	const struct scan_token *tokens;

	scanned_init_good(&it, "[1,{\"a\":[true]},\"x\"]");
	tokens = it.scan.tokens;
	ck_assert_uint_eq(it.scan.count, 7);
	ck_assert_uint_eq(tokens[0].kind, SCAN_ARRAY);
	ck_assert_uint_eq(tokens[0].count, 3);
	ck_assert_uint_eq(tokens[0].length, it.scan.length);
	ck_assert_uint_eq(tokens[0].next, 7);
	ck_assert_uint_eq(tokens[1].next, 2);
	ck_assert_uint_eq(tokens[2].kind, SCAN_OBJECT);
	ck_assert_uint_eq(tokens[2].count, 1);
	ck_assert_uint_eq(tokens[2].next, 6);
	ck_assert_uint_eq(tokens[2].start, 3);
	ck_assert_uint_eq(tokens[2].length, 12);
	ck_assert_uint_eq(tokens[3].count, 0);
	ck_assert_uint_eq(tokens[4].next, 6);
	ck_assert_uint_eq(tokens[6].start, 17);
	ck_assert_uint_eq(tokens[6].length, 1);
	scanned_finish(&it);
}
END_TEST

START_TEST(members_are_found_by_their_decoded_name)
{
	struct scanned it;
	uint32_t params;

	scanned_init_good(&it, message);
	params = mcps__scan_member(&it.scan, 0, "params");
	ck_assert_uint_ne(params, SCAN_NONE);
	ck_assert(mcps__scan_equals(
		&it.scan, mcps__scan_member(&it.scan, 0, "id"), "a-1"));
	ck_assert(mcps__scan_equals(&it.scan,
	                            mcps__scan_member(&it.scan, params, "name"),
	                            "caf\xC3\xA9"));
	ck_assert_uint_eq(
		it.scan.tokens[mcps__scan_member(&it.scan, 0, "none")].kind,
		SCAN_NULL);
	scanned_finish(&it);
}
END_TEST

START_TEST(what_is_no_member_is_none)
{
	static const char *const names[] = {
		"",  "i",   "ids",      "ID",   "JSONRPC", "param", "list",
		"x", "2.0", "\\u0069d", "name", "params ", "null",  "two"
	};
	struct scanned it;

	scanned_init_good(&it, message);
	for (int i = 0; i < COUNT(names); i++)
		ck_assert_uint_eq(mcps__scan_member(&it.scan, 0, names[i]),
		                  SCAN_NONE);
	scanned_finish(&it);
}
END_TEST

START_TEST(only_objects_have_members)
{
	struct scanned it;

	scanned_init_good(&it, "[\"a\",1]");
	for (uint32_t token = 0; token < 5; token++) /* two beyond the table */
		ck_assert_uint_eq(mcps__scan_member(&it.scan, token, "a"),
		                  SCAN_NONE);
	scanned_finish(&it);
}
END_TEST

START_TEST(only_strings_are_equal_to_a_text)
{
	struct scanned it;

	scanned_init_good(&it, "[\"1\",1,true,\"tr\\u0075e\",\"1\\u0000\"]");
	ck_assert(mcps__scan_equals(&it.scan, 1, "1"));
	ck_assert(!mcps__scan_equals(&it.scan, 1, "10"));
	ck_assert(!mcps__scan_equals(&it.scan, 1, ""));
	ck_assert(!mcps__scan_equals(&it.scan, 2, "1"));
	ck_assert(!mcps__scan_equals(&it.scan, 3, "true"));
	ck_assert(mcps__scan_equals(&it.scan, 4, "true"));
	ck_assert(!mcps__scan_equals(&it.scan, 4, "tru"));
	ck_assert(!mcps__scan_equals(&it.scan, 4, "truer"));
	/* A NUL hides nothing: this is two characters. */
	ck_assert(!mcps__scan_equals(&it.scan, 5, "1"));
	ck_assert(!mcps__scan_equals(&it.scan, 6, "1"));
	scanned_finish(&it);
}
END_TEST

struct decoding {
	const char *text;
	const char *decoded;
	size_t length;
	size_t characters;
};

static const struct decoding decodings[] = {
	{ "\"\"", TEXT(""), 0 },
	{ "\"plain\"", TEXT("plain"), 5 },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", TEXT("\"\\/\b\f\n\r\t"), 8 },
	{ "\"a\\u0041\\u00DF\\u20aC\"", TEXT("aA\xC3\x9F\xE2\x82\xAC"), 4 },
	{ "\"\\ud83d\\ude00!\"", TEXT("\xF0\x9F\x98\x80!"), 2 },
	{ "\"\\ud800\\udc00\\uDBFF\\uDFFF\"",
	  TEXT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), 2 },
	{ "\"a\\u0000b\\u0000\"", TEXT("a\0b\0"), 4 },
	{ "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"",
	  TEXT("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"), 3 },
	{ "\"e\xCC\x81\\\\u0041\"", TEXT("e\xCC\x81\\u0041"), 8 },
	{ "\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"",
	  TEXT("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF"), 5 },
};

START_TEST(strings_are_decoded)
{
	const struct decoding *row = &decodings[_i];
	struct scanned it;
	char *out;

	scanned_init_good(&it, row->text);
	out = malloc(strlen(row->text) - 2 + 1); /* as much as is promised */
	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(mcps__scan_decode(&it.scan, 0, out), row->length);
	ck_assert_mem_eq(out, row->decoded, row->length + 1);
	ck_assert_uint_eq(mcps__scan_characters(&it.scan, 0), row->characters);
	free(out);
	out = mcps__scan_strdup(&it.scan, 0);
	ck_assert_ptr_nonnull(out);
	ck_assert_mem_eq(out, row->decoded, row->length + 1);
	mcps__free(out);
	scanned_finish(&it);
}
END_TEST

START_TEST(raw_is_the_token_as_it_stands)
{
	static const char *const raw[] = { "[\"\\u0061\", -1.50e+1 ,{ }]",
		                           "\"\\u0061\"", "-1.50e+1", "{ }" };
	struct scanned it;

	scanned_init_good(&it, raw[0]);
	for (uint32_t token = 0; token < 4; token++) {
		size_t length;
		const char *text = mcps__scan_raw(&it.scan, token, &length);

		ck_assert_uint_eq(length, strlen(raw[token]));
		ck_assert_mem_eq(text, raw[token], length);
	}
	scanned_finish(&it);
}
END_TEST

START_TEST(strdup_without_memory_is_null)
{
	int none = 0;
	const struct memory_hook hook = { fail_after, &none };
	struct scanned it;

	scanned_init_good(&it, "\"a\"");
	mcps__memory_set_hook(&hook);
	ck_assert_ptr_null(mcps__scan_strdup(&it.scan, 0));
	mcps__memory_set_hook(NULL);
	scanned_finish(&it);
}
END_TEST

TEST_MAIN("scan_read")
{
	test_add(the_table_is_flat_and_skips_by_next);
	test_add(members_are_found_by_their_decoded_name);
	test_add(what_is_no_member_is_none);
	test_add(only_objects_have_members);
	test_add(only_strings_are_equal_to_a_text);
	test_add(raw_is_the_token_as_it_stands);
	test_add(strdup_without_memory_is_null);
	test_add_loop(strings_are_decoded, COUNT(decodings));
}
