/* Arguments of a call: the values that a handler gets. */
#include "catalog/fields.h"

#include "argument_call.h"
#include "failing_memory.h"
#include "suite.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static const char *const langs[] = { "en", "de", "\xc3\xa9\n", NULL };
struct all {
	int64_t times, count;
	double ratio, share;
	const char *text, *lang, *code;
	struct json_object *extra, *shape;
	bool loud;
};

#define OPTIONAL(member, ...) \
	MCPS_FIELD(struct all, member, NULL, .optional = true, __VA_ARGS__)

static const mcps_field full[] = {
	OPTIONAL(loud, .default_json = "true"),
	OPTIONAL(times, .default_json = "2", .minimum = 1, .maximum = 10),
	OPTIONAL(count, .default_json = NULL),
	OPTIONAL(ratio, .default_json = "0.25", .minimum = -0.5,
	         .maximum = 1e300),
	OPTIONAL(share, .default_json = NULL),
	OPTIONAL(text, .min_length = 2, .max_length = 3),
	OPTIONAL(lang, .default_json = "\"d\\u0065\"", .enum_values = langs),
	OPTIONAL(code, .max_length = 1),
	OPTIONAL(extra, .default_json = "{\"a\":[1,null]}"),
	OPTIONAL(shape, .default_json = "null"),
	MCPS_FIELDS_END,
};

struct pair {
	const char *first;
	int64_t second;
};

static const mcps_field pair[] = {
	MCPS_FIELD(struct pair, first, "One"),
	MCPS_FIELD(struct pair, second, "Two"),
	MCPS_FIELDS_END,
};

/* ---- what a handler gets ------------------------------------------------ */

static const struct all *all_read(const char *json)
{
	call_open(full, sizeof(struct all), json);
	ck_assert_msg(call_read() == MCPS_OK, "%s: %s", json, call.error.text);
	return call.arguments.args;
}

/* Constants can have more digits than a double (x87), variables cannot. */
static const double tenth = 0.1;

START_TEST(each_kind_arrives_in_its_member)
{
	const struct all *args = all_read(
		"{\"shape\":\"sq\",\"extra\":{\"b\":[true]},\"lang\":\"en\","
		"\"text\":\"h\\u00e9\\n\",\"share\":-2,\"ratio\":1e-1,"
		"\"count\":-7,\"times\":3.0,\"loud\":false}");

	ck_assert(!args->loud);
	ck_assert_int_eq(args->times, 3);
	ck_assert_int_eq(args->count, -7);
	ck_assert(args->ratio == tenth);
	ck_assert(args->share == -2);
	ck_assert_str_eq(args->text, "h\xc3\xa9\n");
	ck_assert_str_eq(args->lang, "en");
	ck_assert_str_eq(json_object_to_json_string_ext(args->extra, 0),
	                 "{\"b\":[true]}");
	ck_assert_str_eq(json_object_get_string(args->shape), "sq");
	call_close();
}
END_TEST

static const char *const empty[] = { "", "{}" };

START_TEST(an_absent_argument_is_its_default_or_zero)
{
	const struct all *args = all_read(empty[_i]);

	ck_assert(args->loud);
	ck_assert_int_eq(args->times, 2);
	ck_assert_int_eq(args->count, 0);
	ck_assert(args->ratio == 0.25);
	ck_assert(args->share == 0);
	ck_assert_ptr_null(args->text);
	ck_assert_str_eq(args->lang, "de");
	ck_assert_ptr_null(args->code);
	ck_assert_str_eq(json_object_to_json_string_ext(args->extra, 0),
	                 "{\"a\":[1,null]}");
	ck_assert_ptr_null(args->shape);
	call_close();
}
END_TEST

START_TEST(a_default_object_is_the_calls_own)
{
	const struct all *args = all_read("{}");
	struct arguments second = { 0 };
	const struct all *others;

	json_object_object_add(args->extra, "mine", NULL);
	ck_assert_int_eq(
		mcps__arguments_read(&second, call.set, NULL, SCAN_NONE, NULL),
		MCPS_OK);
	others = second.args;
	ck_assert_str_eq(json_object_to_json_string_ext(others->extra, 0),
	                 "{\"a\":[1,null]}");
	mcps__arguments_finish(&second);
	call_close();
}
END_TEST

struct integer {
	const char *json;
	int64_t value;
};

static const struct integer integers[] = {
	{ "{\"count\":9223372036854775807}", INT64_MAX },
	{ "{\"count\":-9223372036854775808}", INT64_MIN },
	{ "{\"count\":9007199254740993}", 9007199254740993 },
	{ "{\"count\":9007199254740993.0}", 9007199254740993 },
	{ "{\"count\":1e2}", 100 },
	{ "{\"count\":1200e-2}", 12 },
	{ "{\"count\":-0}", 0 },
	{ "{\"count\":0e999}", 0 },
};

START_TEST(an_integer_arrives_exactly)
{
	const struct all *args = all_read(integers[_i].json);

	ck_assert_int_eq(args->count, integers[_i].value);
	call_close();
}
END_TEST

static const char *const accepted[] = {
	"{\"times\":1}",
	"{\"times\":10}",
	"{\"ratio\":-0.5}",
	"{\"ratio\":1e300}",
	"{\"text\":\"ab\"}",
	"{\"text\":\"\xc3\xa9\xc3\xa9\xc3\xa9\"}",
	"{\"text\":\"\\ud83d\\ude00\xf0\x9f\x98\x80\\n\"}",
	"{\"code\":\"\"}",
	"{\"lang\":\"\\u00e9\\n\"}",
	"{\"l\\u006fud\":true}",
	"{\"shape\":null}",
	"{\"extra\":\"a\\u0000b\"}",
};

START_TEST(a_value_at_its_bound_is_accepted)
{
	all_read(accepted[_i]);
	call_close();
}
END_TEST

START_TEST(a_tool_without_fields_takes_no_arguments)
{
	call_open(NULL, 0, "{}");
	ck_assert_int_eq(call_read(), MCPS_OK);
	ck_assert_ptr_nonnull(call.arguments.args);
	call_close();

	call_open(NULL, 0, "{\"a\":1}");
	ck_assert_int_eq(call_read(), MCPS_E_PARAMS);
	ck_assert_str_eq(call.error.text, "unknown argument \"a\"");
	call_close();
}
END_TEST

START_TEST(the_document_itself_is_not_taken_for_absent_arguments)
{
	static const char text[] = "{\"first\":\"x\",\"second\":1}";
	const struct scan_limits limits = SCAN_LIMITS_DEFAULT;

	call_open(pair, sizeof(struct pair), "");
	ck_assert_int_eq(
		mcps__scan_run(&call.scan, text, strlen(text), &limits, NULL),
		MCPS_OK);
	ck_assert_int_eq(mcps__arguments_read(&call.arguments, call.set,
	                                      &call.scan, SCAN_NONE, NULL),
	                 MCPS_E_PARAMS);
	call_close();
}
END_TEST

/* ---- memory ------------------------------------------------------------- */

START_TEST(small_arguments_need_no_allocation)
{
	struct failing_memory memory;

	call_open(pair, sizeof(struct pair), "{\"first\":\"x\",\"second\":1}");
	failing_memory_start(&memory, 0);
	ck_assert_int_eq(call_read(), MCPS_OK);
	failing_memory_stop(&memory);
	ck_assert_uint_eq(memory.calls, 0);
	ck_assert_ptr_eq(call.arguments.args, call.arguments.few);
	call_close();
}
END_TEST

/* The string of a length that fills FEW, or one byte more. */
static void long_first(size_t excess)
{
	struct failing_memory memory;
	size_t length = sizeof call.arguments.few - sizeof(struct pair) - 1;
	char text[300] = "";
	char json[400];

	memset(text, 'x', length + excess);
	snprintf(json, sizeof json, "{\"second\":5,\"first\":\"%s\"}", text);
	call_open(pair, sizeof(struct pair), json);
	failing_memory_start(&memory, 0);
	ck_assert_int_eq(call_read(), MCPS_OK);
	failing_memory_stop(&memory);
	ck_assert_uint_eq(memory.calls, excess);
	ck_assert_str_eq(((struct pair *)call.arguments.args)->first, text);
	ck_assert_int_eq(((struct pair *)call.arguments.args)->second, 5);
	call_close();
}

START_TEST(larger_arguments_need_one)
{
	long_first(0);
	long_first(1);
}
END_TEST

START_TEST(reading_survives_the_failure_of_each_allocation)
{
	static const char json[] =
		"{\"lang\":\"en\",\"text\":\"\\u00e9\\n\",\"extra\":{\"a\\n\":"
		"[\"\\u00e9\",1.5,\"a string that is longer than most \\n\"]},"
		"\"shape\":[123456789012345678901234567890,\"\\t\"]}";
	struct failing_memory memory;
	mcps_status status;
	size_t n = 0;

	call_open(full, sizeof(struct all), json);
	call_close();
	for (;;) {
		call_open(full, sizeof(struct all), json);
		failing_memory_start(&memory, ++n);
		status = call_read();
		if (!failing_memory_stop(&memory))
			break;
		ck_assert_int_eq(status, MCPS_E_NOMEM);
		ck_assert_int_eq(call.error.status, MCPS_E_NOMEM);
		call_close();
	}
	ck_assert_int_eq(status, MCPS_OK);
	ck_assert_uint_gt(n, 2);
	call_close();
}
END_TEST

START_TEST(a_large_struct_that_finds_no_memory_is_reported)
{
	struct large {
		char room[1000];
		int64_t n;
	};
	static const mcps_field fields[] = {
		MCPS_FIELD(struct large, n, NULL),
		MCPS_FIELDS_END,
	};
	struct failing_memory memory;

	call_open(fields, sizeof(struct large), "{\"n\":1}");
	failing_memory_start(&memory, 1);
	ck_assert_int_eq(call_read(), MCPS_E_NOMEM);
	failing_memory_stop(&memory);
	ck_assert_str_eq(call.error.text, "out of memory");
	ck_assert_ptr_null(call.arguments.args);
	call_close();
}
END_TEST

START_TEST(finishing_what_was_never_read_is_fine)
{
	struct arguments arguments = { 0 };

	mcps__arguments_finish(&arguments);
}
END_TEST

TEST_MAIN("arguments")
{
	test_case("values");
	test_add(each_kind_arrives_in_its_member);
	test_add_loop(an_absent_argument_is_its_default_or_zero, COUNT(empty));
	test_add(a_default_object_is_the_calls_own);
	test_add_loop(an_integer_arrives_exactly, COUNT(integers));
	test_add_loop(a_value_at_its_bound_is_accepted, COUNT(accepted));
	test_add(a_tool_without_fields_takes_no_arguments);
	test_add(the_document_itself_is_not_taken_for_absent_arguments);

	test_case("memory");
	test_add(small_arguments_need_no_allocation);
	test_add(larger_arguments_need_one);
	test_add(reading_survives_the_failure_of_each_allocation);
	test_add(a_large_struct_that_finds_no_memory_is_reported);
	test_add(finishing_what_was_never_read_is_fine);
}
