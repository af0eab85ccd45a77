/* Tokens to json-c objects and back to text, and the scanner beside json-c's
 * own parser on thousands of texts. */
#include "unit/scanned.h"

#include "base/memory.h"
#include "rpc/write.h"
#include "suite.h"

#include <json-c/json.h>
#include <math.h>
#include <stdio.h>

static struct json_object *tree_of(const struct scanned *it)
{
	bool failed = true;
	struct json_object *tree = mcps__scan_tree(&it->scan, 0, &failed);

	ck_assert(!failed);
	return tree;
}

static struct json_object *tree_from(const char *text)
{
	struct scanned it;
	struct json_object *tree;

	scanned_init_good(&it, text);
	tree = tree_of(&it);
	scanned_finish(&it);
	return tree;
}

static struct json_object *member(struct json_object *object, const char *name)
{
	struct json_object *value = NULL;

	ck_assert(json_object_object_get_ex(object, name, &value));
	return value;
}

START_TEST(every_kind_has_its_object)
{
	struct json_object *tree =
		tree_from("{\"o\":{},\"a\":[1,[]],\"s\":\"x\\ny\",\"i\":-7,"
	                  "\"d\":1.0,\"t\":true,\"f\":false,\"n\":null}");

	ck_assert_int_eq(json_object_object_length(tree), 8);
	ck_assert_int_eq(json_object_get_type(member(tree, "o")),
	                 json_type_object);
	ck_assert_uint_eq(json_object_array_length(member(tree, "a")), 2);
	ck_assert_str_eq(json_object_get_string(member(tree, "s")), "x\ny");
	ck_assert_int_eq(json_object_get_int64(member(tree, "i")), -7);
	ck_assert_int_eq(json_object_get_type(member(tree, "d")),
	                 json_type_double);
	ck_assert(json_object_get_boolean(member(tree, "t")));
	ck_assert(!json_object_get_boolean(member(tree, "f")));
	ck_assert_ptr_null(member(tree, "n"));
	ck_assert_int_eq(json_object_put(tree), 1);
}
END_TEST

START_TEST(strings_may_hold_nul)
{
	struct json_object *tree = tree_from("\"a\\u0000b\"");

	ck_assert_int_eq(json_object_get_string_len(tree), 3);
	ck_assert_mem_eq(json_object_get_string(tree), "a\0b", 4);
	json_object_put(tree);
}
END_TEST

START_TEST(a_subtree_is_a_tree)
{
	struct scanned it;
	struct json_object *tree;
	bool failed;

	scanned_init_good(&it, "{\"a\":[1,2],\"b\":3}");
	tree = mcps__scan_tree(&it.scan, mcps__scan_member(&it.scan, 0, "a"),
	                       &failed);
	ck_assert(!failed);
	ck_assert_uint_eq(json_object_array_length(tree), 2);
	json_object_put(tree);
	scanned_finish(&it);
}
END_TEST

START_TEST(numbers_that_no_type_holds_print_as_written)
{
	struct json_object *huge = tree_from("-123456789012345678901234567890");
	struct json_object *beyond = tree_from("1e999");
	struct json_object *large = tree_from("18446744073709551615");

	ck_assert_str_eq(json_object_to_json_string(huge),
	                 "-123456789012345678901234567890");
	ck_assert_int_eq(json_object_get_type(huge), json_type_double);
	ck_assert(isinf(json_object_get_double(beyond)));
	ck_assert_str_eq(json_object_to_json_string(beyond), "1e999");
	ck_assert_int_eq(json_object_get_type(large), json_type_int);
	ck_assert(json_object_get_uint64(large) == UINT64_MAX);
	json_object_put(huge);
	json_object_put(beyond);
	json_object_put(large);
}
END_TEST

/* Long keys, strings and numbers are those that need copies. */
START_TEST(lack_of_memory_is_told_from_null)
{
	static const char *const texts[] = {
		"[[\"\\n\"]]",
		"{\"0123456789012345678901234567890123456789"
		"012345678901234567890123456789\":[1]}",
		"[1.11111111111111111111111111111111111111111"
		"1111111111111111111111111111111111111111]",
	};
	int none = 0;
	const struct memory_hook hook = { fail_after, &none };

	for (int i = 0; i < COUNT(texts); i++) {
		struct scanned it;
		bool failed = false;

		scanned_init_good(&it, texts[i]);
		mcps__memory_set_hook(&hook);
		ck_assert_ptr_null(mcps__scan_tree(&it.scan, 0, &failed));
		mcps__memory_set_hook(NULL);
		ck_assert(failed);
		json_object_put(tree_of(&it));
		scanned_finish(&it);
	}
}
END_TEST

/* json-c frees by recursion: its row in RULES 2.3. */
START_TEST(the_deepest_tree_is_built_written_and_put)
{
	const struct scan_limits limits = { UINT32_MAX, 1 };
	struct buffer buffer = { 0 };
	struct json_object *tree;
	struct scanned it;
	char text[512];

	memset(text, '[', 256);
	memset(text + 256, ']', 256);
	scanned_init(&it, text, sizeof text, limits);
	ck_assert_int_eq(it.status, MCPS_OK);
	tree = tree_of(&it);
	mcps__write_tree(&buffer, tree);
	ck_assert_uint_eq(buffer.length, sizeof text);
	ck_assert_mem_eq(buffer.data, text, sizeof text);
	ck_assert_int_eq(json_object_put(tree), 1);
	mcps__buffer_finish(&buffer);
	scanned_finish(&it);
}
END_TEST

/* --- Beside json-c ---------------------------------------------------------
 */

static const char *const seeds[] = {
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":"
	"{\"name\":\"add\",\"arguments\":{\"a\":1,\"b\":-2.5e3}}}",
	"[null,true,false,0,-1,1.5,\"\",\"x\",[],{},[[]],{\"\":{}}]",
	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"",
	"\"caf\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"",
	"[0,-0,10,1e0,1E+2,1e-2,0.125,123456789012,-9223372036854775808]",
	" { \"a\" : [ 1 , 2 ] , \"b\" : { \"c\" : null } } ",
	"{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,"
	"\"i\":9,\"j\":10,\"k\":11,\"l\":12,\"m\":13,\"n\":14,\"o\":15}",
	"[[[[[[[[1]]]],2]],3]]",
	"{\"\\u0061\":\"\\u0061\",\"b\\u0000\":0}",
	"[1.7976931348623157e308,5e-324,2.2250738585072014e-308,0.1]",
};

/* Deterministic, so that a failure comes again. */
static uint32_t next_random(void)
{
	static uint32_t state = 2463534242;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

enum { MUTANT_MOST = 400 };

/* A seed of which a few bytes were replaced, removed, doubled or exchanged
 * for those that mean something. */
static size_t make_mutant(char out[MUTANT_MOST])
{
	static const char special[] =
		"{}[]:,\"\\0123456789eE+-.untrfalsb \n\x01"
		"\x80\xC3\xA9\xED\xF0";
	const char *seed = seeds[next_random() % (uint32_t)COUNT(seeds)];
	size_t length = strlen(seed);

	memcpy(out, seed, length);
	for (uint32_t edits = next_random() % 3; edits > 0; edits--) {
		size_t at = next_random() % length;
		uint32_t kind = next_random() % 4;

		if (kind == 0 && length > 1) {
			memmove(out + at, out + at + 1, --length - at);
		} else if (kind == 1) {
			memmove(out + at + 1, out + at, length++ - at);
		} else {
			out[at] = special[next_random() %
			                  (sizeof special - (kind == 2))];
		}
	}
	return length;
}

/* What json-c makes of TEXT at its strictest; false when it refuses. */
/* The strict mode of 0.18 takes the bytes of what is not ASCII for control
 * characters, because char has a sign. */
#if JSON_C_MAJOR_VERSION == 0 && JSON_C_MINOR_VERSION == 18
static const int strict_flag = 0;
#else
static const int strict_flag = JSON_TOKENER_STRICT;
#endif

static bool json_c_parse(const char *text, size_t length,
                         struct json_object **out)
{
	struct json_tokener *tokener = json_tokener_new_ex(64);
	char ended[MUTANT_MOST + 1];
	bool accepted;

	/* A NUL tells json-c that a number is over. */
	memcpy(ended, text, length);
	ended[length] = '\0';
	json_tokener_set_flags(tokener,
	                       strict_flag | JSON_TOKENER_VALIDATE_UTF8);
	*out = json_tokener_parse_ex(tokener, ended, (int)length + 1);
	accepted = json_tokener_get_error(tokener) == json_tokener_success &&
	           json_tokener_get_parse_end(tokener) >= length;
	json_tokener_free(tokener);
	return accepted;
}

static void check_round_trip(struct json_object *tree)
{
	struct buffer buffer = { 0 };
	struct json_object *again;
	struct scanned it;

	mcps__write_tree(&buffer, tree);
	ck_assert(!buffer.failed);
	scanned_init_default(&it, buffer.data, buffer.length);
	ck_assert_msg(it.status == MCPS_OK, "%s in %.*s", it.error.text,
	              (int)buffer.length, buffer.data);
	again = tree_of(&it);
	ck_assert_msg(json_object_equal(tree, again), "%.*s",
	              (int)buffer.length, buffer.data);
	json_object_put(again);
	scanned_finish(&it);
	mcps__buffer_finish(&buffer);
}

/* json-c clamps integers beyond 64 bits; ours keep their text. */
static bool has_huge_integer(const struct scan *scan)
{
	for (uint32_t token = 0; token < scan->count; token++) {
		if (scan->tokens[token].kind == SCAN_INTEGER &&
		    scan->tokens[token].length >= 19)
			return true;
	}
	return false;
}

/* Returns whether it was accepted. */
static bool check_beside_json_c(const char *text, size_t length)
{
	struct json_object *theirs;
	struct json_object *ours;
	struct scanned it;
	bool they_accept = json_c_parse(text, length, &theirs);
	bool accepted;

	scanned_init_default(&it, text, length);
	accepted = it.status == MCPS_OK;
	if (accepted) {
		ck_assert_msg(they_accept, "%.*s", (int)length, text);
		ours = tree_of(&it);
		ck_assert_msg(has_huge_integer(&it.scan) ||
		                      json_object_equal(ours, theirs),
		              "%.*s", (int)length, text);
		check_round_trip(ours);
		json_object_put(ours);
	}
	json_object_put(theirs);
	scanned_finish(&it);
	return accepted;
}

START_TEST(json_c_accepts_what_we_accept_and_reads_the_same)
{
	char text[MUTANT_MOST];
	int accepted = 0;
	int rounds = 20000;

	for (int i = 0; i < rounds; i++)
		accepted += check_beside_json_c(text, make_mutant(text));
	/* Else the mutants are too mild or too wild to show anything. */
	ck_assert_int_gt(accepted, rounds / 10);
	ck_assert_int_lt(accepted, rounds / 10 * 9);
}
END_TEST

TEST_MAIN("tree")
{
	test_timeout(120); /* valgrind takes its time */
	test_add(every_kind_has_its_object);
	test_add(strings_may_hold_nul);
	test_add(a_subtree_is_a_tree);
	test_add(numbers_that_no_type_holds_print_as_written);
	test_add(lack_of_memory_is_told_from_null);
	test_add(the_deepest_tree_is_built_written_and_put);
	test_add(json_c_accepts_what_we_accept_and_reads_the_same);
}
