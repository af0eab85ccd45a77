/* The structure of a text: what the scanner accepts and what it refuses, with
 * which words. What json-c 0.16 lets through even when it is strict (RULES
 * 2.3) is refused here (numbers that are none, bytes after the document,
 * nesting) and in test_scan_keys, test_scan_string and test_scan_number. */
#include "unit/scanned.h"

#include "base/memory.h"
#include "suite.h"

#include <stdint.h>
#include <stdio.h>

static const struct refusal not_numbers[] = {
	{ TEXT("NaN"), "expected a value at byte 0" },
	{ TEXT("[Infinity]"), "expected a value at byte 1" },
	{ TEXT("[-Infinity]"), "expected a digit at byte 2" },
	{ TEXT("{\"a\":nan}"), "expected a value at byte 5" },
	{ TEXT("[inf]"), "expected a value at byte 1" },
};

START_TEST(nan_and_infinity_are_refused)
{
	check_refused(&not_numbers[_i]);
}
END_TEST

static const struct refusal trailers[] = {
	{ TEXT("{}\0"), "more after the document at byte 2" },
	{ TEXT("{} \n\0 "), "more after the document at byte 4" },
	{ TEXT("1\0"), "more after the document at byte 1" },
	{ TEXT("{}{}"), "more after the document at byte 2" },
	{ TEXT("{}]"), "more after the document at byte 2" },
	{ TEXT("1 2"), "more after the document at byte 2" },
	{ TEXT("\"a\"//"), "more after the document at byte 3" },
	{ TEXT("nullnull"), "more after the document at byte 4" },
	{ TEXT("truex"), "more after the document at byte 4" },
};

START_TEST(bytes_after_the_document_are_refused)
{
	check_refused(&trailers[_i]);
}
END_TEST

/* DEPTH brackets opened and closed. */
static mcps_status scan_nested(unsigned depth, struct scan_limits limits,
                               struct mcps_error *error)
{
	char text[1200];
	struct scanned it;
	mcps_status status;

	memset(text, '[', depth);
	memset(text + depth, ']', depth);
	scanned_init(&it, text, 2 * (size_t)depth, limits);
	status = it.status;
	*error = it.error;
	scanned_finish(&it);
	return status;
}

START_TEST(nesting_is_limited)
{
	const struct scan_limits limits = SCAN_LIMITS_DEFAULT;
	const struct scan_limits flat = { 0, 0 };
	struct mcps_error error;

	ck_assert_int_eq(scan_nested(64, limits, &error), MCPS_OK);
	ck_assert_int_eq(scan_nested(65, limits, &error), MCPS_E_PARSE);
	ck_assert_str_eq(error.text,
	                 "more than 64 levels of nesting at byte 64");
	ck_assert_int_eq(scan_nested(1, flat, &error), MCPS_E_PARSE);
	ck_assert_str_eq(error.text, "more than 0 levels of nesting at byte 0");
}
END_TEST

/* The row of json_object_put: what recurses must not reach the stack's end. */
START_TEST(no_limit_allows_more_nesting_than_the_stack_bears)
{
	const struct scan_limits limits = { UINT32_MAX, UINT32_MAX };
	struct mcps_error error;

	ck_assert_int_eq(scan_nested(256, limits, &error), MCPS_OK);
	ck_assert_int_eq(scan_nested(257, limits, &error), MCPS_E_PARSE);
	ck_assert_str_eq(error.text,
	                 "more than 256 levels of nesting at byte 256");
}
END_TEST

static const struct refusal malformed[] = {
	{ TEXT(""), "empty body" },
	{ TEXT(" \t\r\n"), "expected a value at byte 4" },
	{ TEXT("\0"), "expected a value at byte 0" },
	{ TEXT("\xEF\xBB\xBF{}"), "byte order mark at byte 0" },
	{ TEXT(" \xEF\xBB\xBF{}"), "expected a value at byte 1" },
	{ TEXT("\xEF\xBB"), "expected a value at byte 0" },
	{ TEXT("\xFE\xFF\0{\0}"), "expected a value at byte 0" },
	{ TEXT("{\0}\0"), "expected a key at byte 1" },
	{ TEXT("\f{}"), "expected a value at byte 0" },
	{ TEXT("\v1"), "expected a value at byte 0" },
	{ TEXT("[1\xC2\xA0]"), "expected , or ] at byte 2" },
	{ TEXT("["), "expected a value at byte 1" },
	{ TEXT("]"), "expected a value at byte 0" },
	{ TEXT("[1"), "expected , or ] at byte 2" },
	{ TEXT("[1,"), "expected a value at byte 3" },
	{ TEXT("[1,]"), "expected a value at byte 3" },
	{ TEXT("[,1]"), "expected a value at byte 1" },
	{ TEXT("[1 2]"), "expected , or ] at byte 3" },
	{ TEXT("[1}"), "expected , or ] at byte 2" },
	{ TEXT("[1:2]"), "expected , or ] at byte 2" },
	{ TEXT("{"), "expected a key at byte 1" },
	{ TEXT("{\"a\""), "expected : at byte 4" },
	{ TEXT("{\"a\":"), "expected a value at byte 5" },
	{ TEXT("{\"a\":1"), "expected , or } at byte 6" },
	{ TEXT("{\"a\":1,"), "expected a key at byte 7" },
	{ TEXT("{\"a\":1,}"), "expected a key at byte 7" },
	{ TEXT("{\"a\":1]"), "expected , or } at byte 6" },
	{ TEXT("{\"a\" 1}"), "expected : at byte 5" },
	{ TEXT("{\"a\":}"), "expected a value at byte 5" },
	{ TEXT("{a:1}"), "expected a key at byte 1" },
	{ TEXT("{1:1}"), "expected a key at byte 1" },
	{ TEXT("{'a':1}"), "expected a key at byte 1" },
	{ TEXT("{,}"), "expected a key at byte 1" },
	{ TEXT("'a'"), "expected a value at byte 0" },
	{ TEXT("/**/1"), "expected a value at byte 0" },
	{ TEXT("[1,//\n2]"), "expected a value at byte 3" },
	{ TEXT("tru"), "expected a value at byte 0" },
	{ TEXT("True"), "expected a value at byte 0" },
	{ TEXT("[nul]"), "expected a value at byte 1" },
	{ TEXT("falsy"), "expected a value at byte 0" },
	{ TEXT("undefined"), "expected a value at byte 0" },
};

START_TEST(malformed_texts_are_refused)
{
	check_refused(&malformed[_i]);
}
END_TEST

START_TEST(everything_of_rfc_8259_is_accepted)
{
	static const char *const texts[] = {
		"{}",
		"[]",
		"0",
		"-0",
		"\"\"",
		"true",
		"false",
		"null",
		" \t\r\n{ \t\r\n} \t\r\n",
		"[ ]",
		"[ 1 , 2 ]",
		"{ \"a\" : 1 , \"b\" : [ { } , [ ] ] }",
		"[0,-0,10,-10,0.0,-0.5,1e0,1E0,1e+5,1e-5,1.25E+3,1e00]",
		"1e999999",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uABCD\\uabcd\"",
		"\"\\ud83d\\ude00\\uDBFF\\uDFFF\"",
		"\"\x7F\xC2\x80\xE2\x80\xA8\xEF\xBB\xBF\xEF\xBF\xBF\"",
		"\"/\"",
		"[[[[[]]]]]",
		"[null,true,false,\"null\"]",
	};

	for (int i = 0; i < COUNT(texts); i++)
		ck_assert_msg(is_accepted(texts[i], strlen(texts[i])), "%s",
		              texts[i]);
}
END_TEST

/* Every prefix of a good text but the last, which would be a good one. */
START_TEST(no_cut_text_is_accepted)
{
	const char *text = "{\"a\":[1.5e-3,true,null,\"\\u00e9\xC3\xA9\"],"
			   "\"\\n\":{\"b\":false}}";
	size_t length = strlen(text);

	for (size_t cut = 0; cut < length; cut++)
		ck_assert_uint_eq(is_accepted(text, cut), false);
	ck_assert(is_accepted(text, length));
}
END_TEST

/* --- Memory ----------------------------------------------------------------
 */

/* An array of a thousand times ELEMENT. */
static char *thousand(const char *element)
{
	size_t length = strlen(element);
	char *text = malloc(1000 * (length + 1) + 2);
	char *at = text;

	ck_assert_ptr_nonnull(text);
	for (int i = 0; i < 1000; i++) {
		*at++ = i > 0 ? ',' : '[';
		memcpy(at, element, length);
		at += length;
	}
	memcpy(at, "]", 2);
	return text;
}

static mcps_status scan_with_memory(const char *text, int allocations)
{
	const struct memory_hook hook = { fail_after, &allocations };
	struct scanned it;

	mcps__memory_set_hook(&hook);
	scanned_init_default(&it, text, strlen(text));
	mcps__memory_set_hook(NULL);
	ck_assert_uint_eq(it.scan.count, it.status == MCPS_OK ? 1001 : 0);
	scanned_finish(&it);
	return it.status;
}

START_TEST(lack_of_memory_is_reported)
{
	static const char *const elements[] = { "1", "\"x\"", "{}", "null" };
	char *text = thousand(elements[_i]);

	/* The table doubles from 48 tokens. */
	for (int allocations = 0; allocations < 5; allocations++)
		ck_assert_int_eq(scan_with_memory(text, allocations),
		                 MCPS_E_NOMEM);
	ck_assert_int_eq(scan_with_memory(text, 5), MCPS_OK);
	free(text);
}
END_TEST

START_TEST(small_texts_need_no_memory)
{
	int none = 0;
	const struct memory_hook hook = { fail_after, &none };
	struct scanned it;

	mcps__memory_set_hook(&hook);
	scanned_init_good(&it,
	                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"x\"}");
	mcps__memory_set_hook(NULL);
	scanned_finish(&it);
}
END_TEST

START_TEST(a_scan_can_be_run_again)
{
	const struct scan_limits limits = SCAN_LIMITS_DEFAULT;
	char *many = thousand("1");
	struct scan scan = { 0 };

	ck_assert_int_eq(
		mcps__scan_run(&scan, many, strlen(many), &limits, NULL),
		MCPS_OK);
	ck_assert_int_eq(mcps__scan_run(&scan, "[}", 2, &limits, NULL),
	                 MCPS_E_PARSE);
	ck_assert_uint_eq(mcps__scan_member(&scan, 0, "k1"), SCAN_NONE);
	ck_assert_int_eq(mcps__scan_run(&scan, "[1]", 3, &limits, NULL),
	                 MCPS_OK);
	ck_assert_uint_eq(scan.count, 2);
	mcps__scan_finish(&scan);
	mcps__scan_finish(&scan); /* finished is empty */
	free(many);
}
END_TEST

START_TEST(texts_of_4_gib_are_refused)
{
#if SIZE_MAX > UINT32_MAX
	const struct scan_limits limits = SCAN_LIMITS_DEFAULT;
	struct mcps_error error;
	struct scan scan = { 0 };

	/* Refused before a byte is read, else this would not end well. */
	ck_assert_int_eq(mcps__scan_run(&scan, "1", (size_t)UINT32_MAX + 1,
	                                &limits, &error),
	                 MCPS_E_PARSE);
	ck_assert_str_eq(error.text, "body of 4 GiB or more");
	mcps__scan_finish(&scan);
#endif
}
END_TEST

TEST_MAIN("scan")
{
	test_add(nesting_is_limited);
	test_add(no_limit_allows_more_nesting_than_the_stack_bears);
	test_add(everything_of_rfc_8259_is_accepted);
	test_add(no_cut_text_is_accepted);
	test_add_loop(lack_of_memory_is_reported, 4);
	test_add(small_texts_need_no_memory);
	test_add(a_scan_can_be_run_again);
	test_add(texts_of_4_gib_are_refused);
	test_add_loop(nan_and_infinity_are_refused, COUNT(not_numbers));
	test_add_loop(bytes_after_the_document_are_refused, COUNT(trailers));
	test_add_loop(malformed_texts_are_refused, COUNT(malformed));
}
