/* Keys: none twice in an object, none with NUL, not too many. */
#include "unit/scanned.h"
#include "suite.h"

#include <stdio.h>

static const struct refusal duplicates[] = {
	{ TEXT("{\"method\":\"ping\",\"method\":\"tools/call\"}"),
	  "duplicate key at byte 17" },
	{ TEXT("{\"a\":1,\"\\u0061\":2}"), "duplicate key at byte 7" },
	{ TEXT("{\"\\u0061\":1,\"a\":2}"), "duplicate key at byte 12" },
	{ TEXT("{\"\\u00e9\":1,\"\xC3\xA9\":2}"), "duplicate key at byte 12" },
	{ TEXT("{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}"),
	  "duplicate key at byte 18" },
	{ TEXT("{\"\\/\":1,\"/\":2}"), "duplicate key at byte 8" },
	{ TEXT("{\"\":1,\"\":2}"), "duplicate key at byte 6" },
	{ TEXT("[0,{\"x\":{\"y\":{},\"z\":[],\"y\":1}}]"),
	  "duplicate key at byte 23" },
	{ TEXT("{\"a\":{\"k\":1},\"b\":2,\"b\":3,\"a\":4}"),
	  "duplicate key at byte 19" },
};

START_TEST(duplicate_keys_are_refused)
{
	check_refused(&duplicates[_i]);
}
END_TEST

START_TEST(keys_that_only_look_alike_are_not_duplicates)
{
	static const char *const texts[] = {
		"{\"a\":1,\"A\":2}",
		"{\"a\":1,\"ab\":2,\"\":3}",
		"{\"a\":{\"a\":1}}",
		"[{\"a\":1},{\"a\":1}]",
		"{\"a\":\"a\",\"b\":1}",
		"{\"\\\\u0061\":1,\"a\":2}",
		"{\"e\\u0301\":1,\"\xC3\xA9\":2}" /* not normalized */
	};

	for (int i = 0; i < COUNT(texts); i++)
		ck_assert_msg(is_accepted(texts[i], strlen(texts[i])), "%s",
		              texts[i]);
}
END_TEST

static const struct refusal nul_keys[] = {
	{ TEXT("{\"method\\u0000x\":1}"), "U+0000 in a key at byte 1" },
	{ TEXT("{\"a\":1, \"\\u0000\":1}"), "U+0000 in a key at byte 8" },
	{ TEXT("{\"a\0b\":1}"), "control character in a string at byte 3" },
};

START_TEST(nul_in_a_key_is_refused)
{
	check_refused(&nul_keys[_i]);
}
END_TEST

/* An object of COUNT keys k0... of which number TWIN, if there is such, is
 * called k0, too; escaped or not. */
static char *many_keys(int count, int twin, bool is_escaped)
{
	char *text = malloc((size_t)count * 32 + 3);
	char *at = text;

	ck_assert_ptr_nonnull(text);
	*at++ = '{';
	for (int i = 0; i < count; i++) {
		if (i > 0)
			*at++ = ',';
		at += sprintf(at, is_escaped ? "\"\\u006b%d\":1" : "\"k%d\":1",
		              i == twin ? 0 : i);
	}
	*at++ = '}';
	*at = '\0';
	return text;
}

/* The row of hash flooding: there is no hash, and the number is limited. */
START_TEST(keys_of_an_object_are_limited)
{
	char *most = many_keys(1024, -1, false);
	char *more = many_keys(1025, -1, false);
	struct scanned it;

	scanned_init_good(&it, most);
	ck_assert_uint_eq(it.scan.tokens[0].count, 1024);
	for (uint32_t key = 1; key < it.scan.count; key += 2)
		ck_assert_uint_eq(it.scan.tokens[key].count, 0);
	scanned_finish(&it);
	scanned_init_default(&it, more, strlen(more));
	ck_assert_int_eq(it.status, MCPS_E_PARSE);
	ck_assert_str_eq(it.error.text,
	                 "more than 1024 keys in one object at byte 9131");
	scanned_finish(&it);
	free(most);
	free(more);
}
END_TEST

/* Both ways of looking for duplicates, with the twin at every place. */
START_TEST(duplicates_are_found_among_many_keys)
{
	for (int count = 2; count < 40; count++) {
		for (int twin = 1; twin < count; twin++) {
			char *text = many_keys(count, twin, twin % 2 != 0);

			ck_assert(!is_accepted(text, strlen(text)));
			free(text);
		}
	}
}
END_TEST

START_TEST(the_first_of_many_duplicates_is_named)
{
	char *text = many_keys(30, 20, false);
	struct scanned it;
	char why[64];

	memcpy(strstr(text, "\"k9\""), "\"k1\"", 4);
	snprintf(why, sizeof why, "duplicate key at byte %d",
	         (int)(strstr(text, "\"k8\":1,") + 7 - text));
	scanned_init_default(&it, text, strlen(text));
	ck_assert_str_eq(it.error.text, why);
	scanned_finish(&it);
	free(text);
}
END_TEST

TEST_MAIN("scan_keys")
{
	test_add(keys_that_only_look_alike_are_not_duplicates);
	test_add(keys_of_an_object_are_limited);
	test_add(duplicates_are_found_among_many_keys);
	test_add(the_first_of_many_duplicates_is_named);
	test_add_loop(duplicate_keys_are_refused, COUNT(duplicates));
	test_add_loop(nul_in_a_key_is_refused, COUNT(nul_keys));
}
