/* Whatever is written is valid JSON on one line. */
#include "unit/scanned.h"

#include "base/memory.h"
#include "rpc/write.h"
#include "suite.h"

#include <float.h>
#include <json-c/json.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

static struct buffer buffer;

static void reset(void)
{
	mcps__buffer_reset(&buffer);
}

static void finish(void)
{
	mcps__buffer_finish(&buffer);
}

static void check_written(const char *expected)
{
	ck_assert(!buffer.failed);
	if (expected[0] == '\0') {
		ck_assert_uint_eq(buffer.length, 0);
		return; /* there may be no data to compare */
	}
	ck_assert_msg(buffer.length == strlen(expected) &&
	                      memcmp(buffer.data, expected, buffer.length) == 0,
	              "%.*s instead of %s", (int)buffer.length, buffer.data,
	              expected);
	mcps__buffer_reset(&buffer);
}

/* Writes TREE and puts it. */
static void check_tree(struct json_object *tree, const char *expected)
{
	mcps__write_tree(&buffer, tree);
	check_written(expected);
	json_object_put(tree);
}

/* --- Strings ---------------------------------------------------------------
 */

struct string {
	const char *text;
	size_t length;
	const char *written;
};

static const struct string strings[] = {
	{ NULL, 0, "\"\"" },
	{ TEXT("plain"), "\"plain\"" },
	{ TEXT("a/b"), "\"a/b\"" },
	{ TEXT("\"\\"), "\"\\\"\\\\\"" },
	{ TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
	{ TEXT("\0\x01\x1F\x7F"), "\"\\u0000\\u0001\\u001f\x7F\"" },
	{ TEXT("caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80"),
	  "\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"" },
	{ TEXT("a\x80z"), "\"a\xEF\xBF\xBDz\"" },
	{ TEXT("\xC0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"" },
	{ TEXT("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"" },
	{ TEXT("cut \xE2\x82"), "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\"" },
	{ TEXT("\xC3\""), "\"\xEF\xBF\xBD\\\"\"" },
	{ TEXT("\xFF"), "\"\xEF\xBF\xBD\"" },
};

START_TEST(strings_are_escaped_and_mended)
{
	const struct string *row = &strings[_i];

	mcps__write_string(&buffer, row->text, row->length);
	check_written(row->written);
}
END_TEST

START_TEST(a_solidus_is_not_escaped)
{
	check_tree(json_object_new_string("tools/call"), "\"tools/call\"");
}
END_TEST

/* Every pair of bytes, with neighbours that are read together with them. */
START_TEST(any_bytes_become_one_valid_line)
{
	for (unsigned pair = 0; pair < 0x10000; pair++) {
		char text[] = "abc__defghij";
		struct scanned it;

		text[3] = (char)(pair >> 8);
		text[4] = (char)pair;
		mcps__write_string(&buffer, text, sizeof text - 1);
		ck_assert_ptr_null(memchr(buffer.data, '\n', buffer.length));
		ck_assert_ptr_null(memchr(buffer.data, '\r', buffer.length));
		scanned_init_default(&it, buffer.data, buffer.length);
		ck_assert_msg(it.status == MCPS_OK, "%04x: %s", pair,
		              it.error.text);
		scanned_finish(&it);
		mcps__buffer_reset(&buffer);
	}
}
END_TEST

/* --- Numbers ---------------------------------------------------------------
 */

struct real {
	double value;
	const char *written;
};

static const struct real reals[] = {
	{ 0.0, "0" },
	{ -0.0, "-0" },
	{ 1.0, "1" },
	{ -2.5, "-2.5" },
	{ 0.1, "0.1" },
	{ 0.30000000000000004, "0.30000000000000004" },
	{ 1.0 / 3.0, "0.3333333333333333" },
	{ 100000.0, "100000" },
	{ 1e21, "1e+21" },
	{ 1e-7, "1e-07" },
	{ 9007199254740993.0, "9007199254740992" },
	{ DBL_MAX, "1.7976931348623157e+308" },
	{ DBL_MIN, "2.2250738585072014e-308" },
	{ 5e-324, "5e-324" },
	{ (double)NAN, "null" },
	{ (double)INFINITY, "null" },
	{ -(double)INFINITY, "null" },
};

START_TEST(doubles_are_short)
{
	mcps__write_double(&buffer, reals[_i].value);
	check_written(reals[_i].written);
}
END_TEST

static void check_reads_back(double value)
{
	struct scanned it;
	double again;

	mcps__write_double(&buffer, value);
	scanned_init_default(&it, buffer.data, buffer.length);
	ck_assert_int_eq(it.status, MCPS_OK);
	ck_assert(mcps__scan_double(&it.scan, 0, &again));
	ck_assert(memcmp(&again, &value, sizeof value) == 0);
	scanned_finish(&it);
	mcps__buffer_reset(&buffer);
}

START_TEST(doubles_read_back_equal)
{
	uint64_t bits = 88172645463325252;

	for (int i = 0; i < 20000; i++) {
		double value;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&value, &bits, sizeof value);
		if (isfinite(value))
			check_reads_back(value);
	}
}
END_TEST

/* Where such a locale is installed; elsewhere this proves nothing. */
START_TEST(a_decimal_comma_of_the_host_changes_nothing)
{
	(void)setlocale(LC_ALL, "de_DE.UTF-8");
	mcps__write_double(&buffer, 1.5);
	check_written("1.5");
	check_tree(json_object_new_double(2.25), "2.25");
}
END_TEST

/* --- Trees -----------------------------------------------------------------
 */

START_TEST(scalars_of_a_tree_are_written)
{
	check_tree(NULL, "null");
	check_tree(json_object_new_boolean(1), "true");
	check_tree(json_object_new_boolean(0), "false");
	check_tree(json_object_new_int64(INT64_MIN), "-9223372036854775808");
	check_tree(json_object_new_int64(INT64_MAX), "9223372036854775807");
	check_tree(json_object_new_uint64(UINT64_MAX), "18446744073709551615");
	check_tree(json_object_new_double(0.1), "0.1");
	check_tree(json_object_new_double((double)NAN), "null");
	check_tree(json_object_new_double(-(double)INFINITY), "null");
	check_tree(json_object_new_object(), "{}");
	check_tree(json_object_new_array(), "[]");
}
END_TEST

START_TEST(containers_keep_their_order)
{
	struct json_object *array = json_object_new_array();
	struct json_object *object = json_object_new_object();

	json_object_array_add(array, json_object_new_int(1));
	json_object_array_add(array, NULL);
	json_object_array_add(array, json_object_new_string("x"));
	json_object_object_add(object, "z", array);
	json_object_object_add(object, "a", NULL);
	json_object_object_add(object, "", json_object_new_object());
	check_tree(object, "{\"z\":[1,null,\"x\"],\"a\":null,\"\":{}}");
}
END_TEST

START_TEST(a_spelled_number_is_written_as_it_was)
{
	check_tree(json_object_new_double_s(1.0, "1.00"), "1.00");
	check_tree(json_object_new_double_s(1e30, "1"
	                                          "000000000000000000000"
	                                          "000000000"),
	           "1000000000000000000000000000000");
	check_tree(json_object_new_double_s((double)INFINITY, "1e999"),
	           "1e999");
}
END_TEST

/* The spelling is user data: anything can be in it. */
START_TEST(a_spelling_that_is_no_number_is_not_written)
{
	static const char *const spellings[] = { "NaN", "1,5", "",      "1 ",
		                                 "01",  "{}",  "\"1\"", "1\n" };

	for (int i = 0; i < COUNT(spellings); i++)
		check_tree(json_object_new_double_s(1.5, spellings[i]), "1.5");
}
END_TEST

START_TEST(user_data_of_the_host_is_not_taken_for_a_spelling)
{
	struct json_object *number = json_object_new_double(1.5);
	int mine = 7;

	json_object_set_userdata(number, &mine, NULL);
	check_tree(number, "1.5");
}
END_TEST

START_TEST(nul_and_bad_utf8_of_a_tree_are_mended)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "k\xFF",
	                       json_object_new_string_len("a\0\xC3", 3));
	check_tree(object, "{\"k\xEF\xBF\xBD\":\"a\\u0000\xEF\xBF\xBD\"}");
}
END_TEST

/* DEPTH arrays, each in the next. */
static struct json_object *nested(int depth)
{
	struct json_object *tree = json_object_new_array();

	for (int i = 1; i < depth; i++) {
		struct json_object *around = json_object_new_array();

		json_object_array_add(around, tree);
		tree = around;
	}
	return tree;
}

START_TEST(a_tree_too_deep_fails)
{
	struct json_object *most = nested(512);
	struct json_object *more = nested(513);

	mcps__write_tree(&buffer, most);
	ck_assert(!buffer.failed);
	ck_assert_uint_eq(buffer.length, 1024);
	mcps__buffer_reset(&buffer);
	mcps__write_tree(&buffer, more);
	ck_assert(buffer.failed);
	json_object_put(most);
	json_object_put(more);
}
END_TEST

START_TEST(a_tree_within_itself_fails)
{
	struct json_object *array = json_object_new_array();

	for (int i = 0; i < 3; i++)
		json_object_array_add(array, json_object_get(array));
	mcps__write_tree(&buffer, array);
	ck_assert(buffer.failed);
	json_object_array_del_idx(array, 0, 3);
	json_object_put(array);
}
END_TEST

static void *write_often(void *arg)
{
	struct buffer own = { 0 };

	for (int i = 0; i < 2000; i++) {
		mcps__buffer_reset(&own);
		mcps__write_tree(&own, arg);
		ck_assert_uint_eq(own.length, strlen("[1.00,2.00]"));
		ck_assert_mem_eq(own.data, "[1.00,2.00]", own.length);
	}
	mcps__buffer_finish(&own);
	return NULL;
}

START_TEST(two_threads_may_write_one_tree)
{
	struct json_object *tree = json_object_new_array();
	pthread_t other;

	json_object_array_add(tree, json_object_new_double_s(1.0, "1.00"));
	json_object_array_add(tree, json_object_new_double_s(2.0, "2.00"));
	ck_assert_int_eq(pthread_create(&other, NULL, write_often, tree), 0);
	write_often(tree);
	pthread_join(other, NULL);
	json_object_put(tree);
}
END_TEST

/* --- base64 and memory ------------------------------------------------------
 */

static const struct string vectors[] = { /* RFC 4648, section 10 */
	                                 { NULL, 0, "" },
	                                 { TEXT("f"), "Zg==" },
	                                 { TEXT("fo"), "Zm8=" },
	                                 { TEXT("foo"), "Zm9v" },
	                                 { TEXT("foob"), "Zm9vYg==" },
	                                 { TEXT("fooba"), "Zm9vYmE=" },
	                                 { TEXT("foobar"), "Zm9vYmFy" },
	                                 { TEXT("\xFB\xFF\0"), "+/8A" }
};

START_TEST(base64_is_that_of_rfc_4648)
{
	mcps__write_base64(&buffer, vectors[_i].text, vectors[_i].length);
	check_written(vectors[_i].written);
}
END_TEST

START_TEST(base64_is_appended)
{
	mcps__buffer_add_literal(&buffer, "\"");
	mcps__write_base64(&buffer, "foo", 3);
	mcps__buffer_add_literal(&buffer, "\"");
	check_written("\"Zm9v\"");
}
END_TEST

START_TEST(lack_of_memory_sticks)
{
	int none = 0;
	const struct memory_hook hook = { fail_after, &none };
	struct json_object *tree = nested(3);

	mcps__memory_set_hook(&hook);
	for (int i = 0; i < 4; i++) {
		struct buffer own = { 0 };

		if (i == 0)
			mcps__write_string(&own, "x", 1);
		else if (i == 1)
			mcps__write_double(&own, 1.5);
		else if (i == 2)
			mcps__write_base64(&own, "x", 1);
		else
			mcps__write_tree(&own, tree);
		ck_assert(own.failed);
		ck_assert_ptr_null(own.data);
	}
	mcps__memory_set_hook(NULL);
	json_object_put(tree);
}
END_TEST

static void add_trees(void)
{
	test_add(scalars_of_a_tree_are_written);
	test_add(containers_keep_their_order);
	test_add(a_spelled_number_is_written_as_it_was);
	test_add(a_spelling_that_is_no_number_is_not_written);
	test_add(user_data_of_the_host_is_not_taken_for_a_spelling);
	test_add(nul_and_bad_utf8_of_a_tree_are_mended);
	test_add(a_tree_too_deep_fails);
	test_add(a_tree_within_itself_fails);
	test_add(two_threads_may_write_one_tree);
}

TEST_MAIN("write")
{
	test_timeout(120); /* valgrind takes its time */
	test_fixture(reset, finish);
	test_add_loop(strings_are_escaped_and_mended, COUNT(strings));
	test_add(a_solidus_is_not_escaped);
	test_add(any_bytes_become_one_valid_line);
	test_add_loop(doubles_are_short, COUNT(reals));
	test_add(doubles_read_back_equal);
	test_add(a_decimal_comma_of_the_host_changes_nothing);
	add_trees();
	test_add_loop(base64_is_that_of_rfc_4648, COUNT(vectors));
	test_add(base64_is_appended);
	test_add(lack_of_memory_sticks);
}
