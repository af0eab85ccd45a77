/* Field tables: what is wrong with them, and the schema of those that are
 * right. */
#include "catalog/fields.h"

#include "failing_memory.h"
#include "suite.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct all {
	bool loud;
	int64_t times;
	double ratio;
	const char *text;
	const char *lang;
	struct json_object *extra;
};

struct other {
	char far_away[sizeof(struct all)];
	int64_t times;
};

static const char *const langs[] = { "en", "de", "\"fr\"", NULL };
static const char *const nothing[] = { NULL };
static const char *const twice[] = { "en", "de", "en", NULL };
static const char *const latin1[] = { "caf\xe9", NULL };

static const mcps_field full[] = {
	MCPS_FIELD(struct all, loud, "Whether to \"shout\"", .optional = true,
	           .default_json = "true"),
	MCPS_FIELD(struct all, times, "How often", .optional = true,
	           .default_json = "1", .minimum = 1, .maximum = 10),
	MCPS_FIELD(struct all, ratio, NULL, .minimum = -0.5,
	           .maximum = HUGE_VAL),
	MCPS_FIELD(struct all, text, "What to say", .min_length = 1,
	           .max_length = 80),
	MCPS_FIELD(struct all, lang, "Language", .optional = true,
	           .default_json = " \"de\" ", .enum_values = langs),
	MCPS_FIELD(struct all, extra, "Anything", .optional = true,
	           .default_json = "{ \"a\":\n\t[1, 2.50, \"x y\"]\r\n}"),
	MCPS_FIELDS_END,
};

/* The schema of FIELDS, to be freed. */
static char *schema_of(const mcps_field *fields, size_t args_size)
{
	struct field_set *set = NULL;
	struct buffer schema = { 0 };
	struct mcps_error error = { 0 };

	ck_assert_msg(mcps__fields_compile(&set, fields, args_size, &error) ==
	                      MCPS_OK,
	              "%s", error.text);
	mcps__fields_write_schema(set, &schema);
	mcps__buffer_add_byte(&schema, '\0');
	ck_assert(!schema.failed);
	mcps__fields_free(set);
	return schema.data;
}

/* ---- the schema --------------------------------------------------------- */

struct schema_case {
	mcps_field row;
	const char *property;
};

static const struct schema_case properties[] = {
	{ MCPS_FIELD(struct all, loud, NULL), "{\"type\":\"boolean\"}" },
	{ MCPS_FIELD(struct all, times, NULL), "{\"type\":\"integer\"}" },
	{ MCPS_FIELD(struct all, ratio, NULL), "{\"type\":\"number\"}" },
	{ MCPS_FIELD(struct all, text, NULL), "{\"type\":\"string\"}" },
	{ MCPS_FIELD(struct all, extra, NULL), "{}" },
	{ MCPS_FIELD(struct all, extra, "a\nb"),
	  "{\"description\":\"a\\nb\"}" },
	{ MCPS_FIELD(struct all, times, NULL, .minimum = -0x1p63,
	             .maximum = HUGE_VAL),
	  "{\"type\":\"integer\",\"minimum\":-9223372036854775808}" },
	{ MCPS_FIELD(struct all, times, NULL, .minimum = -HUGE_VAL,
	             .maximum = 1e15),
	  "{\"type\":\"integer\",\"maximum\":1000000000000000}" },
	{ MCPS_FIELD(struct all, times, NULL, .minimum = 0, .maximum = 7),
	  "{\"type\":\"integer\",\"minimum\":0,\"maximum\":7}" },
	{ MCPS_FIELD(struct all, times, NULL, .minimum = -HUGE_VAL,
	             .maximum = HUGE_VAL),
	  "{\"type\":\"integer\"}" },
	{ MCPS_FIELD(struct all, ratio, NULL, .minimum = 0.1, .maximum = 0.5),
	  "{\"type\":\"number\",\"minimum\":0.1,\"maximum\":0.5}" },
	{ MCPS_FIELD(struct all, text, NULL, .max_length = 3),
	  "{\"type\":\"string\",\"maxLength\":3}" },
	{ MCPS_FIELD(struct all, text, NULL, .enum_values = langs),
	  "{\"type\":\"string\",\"enum\":[\"en\",\"de\",\"\\\"fr\\\"\"]}" },
};

START_TEST(a_property_says_what_its_row_says)
{
	const struct schema_case *row = &properties[_i];
	const mcps_field fields[] = { row->row, MCPS_FIELDS_END };
	char *schema = schema_of(fields, sizeof(struct all));
	char expected[512];

	snprintf(expected, sizeof expected,
	         "{\"type\":\"object\",\"properties\":{\"%s\":%s},"
	         "\"required\":[\"%s\"],\"additionalProperties\":false}",
	         row->row.name, row->property, row->row.name);
	ck_assert_str_eq(schema, expected);
	mcps__free(schema);
}
END_TEST

START_TEST(a_full_table_has_this_schema)
{
	char *schema = schema_of(full, sizeof(struct all));

	ck_assert_str_eq(schema,
	                 "{\"type\":\"object\",\"properties\":{"
	                 "\"loud\":{\"type\":\"boolean\","
	                 "\"description\":\"Whether to \\\"shout\\\"\","
	                 "\"default\":true},"
	                 "\"times\":{\"type\":\"integer\","
	                 "\"description\":\"How often\",\"default\":1,"
	                 "\"minimum\":1,\"maximum\":10},"
	                 "\"ratio\":{\"type\":\"number\",\"minimum\":-0.5},"
	                 "\"text\":{\"type\":\"string\","
	                 "\"description\":\"What to say\","
	                 "\"minLength\":1,\"maxLength\":80},"
	                 "\"lang\":{\"type\":\"string\","
	                 "\"description\":\"Language\",\"default\":\"de\","
	                 "\"enum\":[\"en\",\"de\",\"\\\"fr\\\"\"]},"
	                 "\"extra\":{\"description\":\"Anything\","
	                 "\"default\":{ \"a\":[1, 2.50, \"x y\"]}}},"
	                 "\"required\":[\"ratio\",\"text\"],"
	                 "\"additionalProperties\":false}");
	mcps__free(schema);
}
END_TEST

START_TEST(no_fields_accept_an_empty_object_only)
{
	static const mcps_field end[] = { MCPS_FIELDS_END };
	static const char expected[] = "{\"type\":\"object\",\"properties\":{},"
				       "\"additionalProperties\":false}";
	char *of_null = schema_of(NULL, 0);
	char *of_end = schema_of(end, 8);

	ck_assert_str_eq(of_null, expected);
	ck_assert_str_eq(of_end, expected);
	mcps__free(of_null);
	mcps__free(of_end);
}
END_TEST

START_TEST(nothing_is_required_of_optional_fields_only)
{
	static const mcps_field fields[] = {
		MCPS_FIELD(struct all, loud, NULL, .optional = true),
		MCPS_FIELDS_END,
	};
	char *schema = schema_of(fields, sizeof(struct all));

	ck_assert_str_eq(schema, "{\"type\":\"object\",\"properties\":"
	                         "{\"loud\":{\"type\":\"boolean\"}},"
	                         "\"additionalProperties\":false}");
	mcps__free(schema);
}
END_TEST

/* ---- mistakes ----------------------------------------------------------- */

#define TIMES(...) MCPS_FIELD(struct all, times, NULL, __VA_ARGS__)
#define RATIO(...) MCPS_FIELD(struct all, ratio, NULL, __VA_ARGS__)
#define TEXT(...)  MCPS_FIELD(struct all, text, NULL, __VA_ARGS__)
#define LOUD(...)  MCPS_FIELD(struct all, loud, NULL, __VA_ARGS__)
#define EXTRA(...) MCPS_FIELD(struct all, extra, NULL, __VA_ARGS__)

/* A row by hand, where the macro would get it right. */
#define ROW(text, type, where)                                     \
	{                                                          \
		.name = (text), .kind = (type), .offset = (where), \
		.optional = true, .mark = MCPS_FIELD_MARK,         \
		.struct_size = sizeof(struct all)                  \
	}
#define AT(member) offsetof(struct all, member)

struct mistake {
	mcps_field rows[2];
	const char *sentence;
};

static const struct mistake mistakes[] = {
	{ { ROW("", MCPS_INT, AT(times)) }, "field \"\": its name is empty" },
	{ { ROW(NULL, MCPS_INT, AT(times)) }, "field \"\": its name is empty" },
	{ { ROW("\xff", MCPS_INT, AT(times)) },
	  "field \"\xff\": its name is not UTF-8" },
	{ { ROW("times", (enum mcps_kind)5, AT(times)) },
	  "field \"times\": its kind is not one of enum mcps_kind" },
	{ { ROW("times", (enum mcps_kind) - 1, AT(times)) },
	  "field \"times\": its kind is not one of enum mcps_kind" },
	{ { TIMES(.default_json = "1") },
	  "field \"times\": it has a default but is not optional" },

	{ { TEXT(.minimum = 1) },
	  "field \"text\": minimum and maximum are for numbers" },
	{ { LOUD(.maximum = 1) },
	  "field \"loud\": minimum and maximum are for numbers" },
	{ { EXTRA(.maximum = 1) },
	  "field \"extra\": minimum and maximum are for numbers" },
	{ { TIMES(.minimum = 2, .maximum = 1) },
	  "field \"times\": no number is between minimum and maximum" },
	{ { RATIO(.minimum = 0.5) },
	  "field \"ratio\": no number is between minimum and maximum" },
	{ { RATIO(.minimum = HUGE_VAL, .maximum = HUGE_VAL) },
	  "field \"ratio\": no number is between minimum and maximum" },
	{ { RATIO(.minimum = -HUGE_VAL, .maximum = -HUGE_VAL) },
	  "field \"ratio\": no number is between minimum and maximum" },
	{ { RATIO(.minimum = (double)NAN, .maximum = 1) },
	  "field \"ratio\": no number is between minimum and maximum" },
	{ { RATIO(.minimum = 1, .maximum = (double)NAN) },
	  "field \"ratio\": no number is between minimum and maximum" },
	{ { TIMES(.minimum = 0.5, .maximum = 2) },
	  "field \"times\": a bound of an integer must be a 64-bit integer "
	  "or infinite" },
	{ { TIMES(.minimum = 0, .maximum = 0x1p63) },
	  "field \"times\": a bound of an integer must be a 64-bit integer "
	  "or infinite" },
	{ { TIMES(.minimum = -0x1.8p63, .maximum = 0) },
	  "field \"times\": a bound of an integer must be a 64-bit integer "
	  "or infinite" },

	{ { TIMES(.min_length = 1) },
	  "field \"times\": min_length and max_length are for strings" },
	{ { EXTRA(.max_length = 1) },
	  "field \"extra\": min_length and max_length are for strings" },
	{ { TEXT(.min_length = 3, .max_length = 2) },
	  "field \"text\": min_length is above max_length" },
	{ { RATIO(.enum_values = langs) },
	  "field \"ratio\": enum_values is for strings" },
	{ { TEXT(.enum_values = nothing) },
	  "field \"text\": enum_values is empty" },
	{ { TEXT(.enum_values = twice) },
	  "field \"text\": enum_values names a value twice" },
	{ { TEXT(.enum_values = latin1) },
	  "field \"text\": enum_values names a value that is not UTF-8" },
	{ { TEXT(.enum_values = langs, .max_length = 3) },
	  "field \"text\": enum_values names a value that its lengths refuse" },
	{ { TEXT(.enum_values = langs, .min_length = 3) },
	  "field \"text\": enum_values names a value that its lengths refuse" },
	{ { MCPS_FIELD(struct all, text, "caf\xe9") },
	  "field \"text\": its description is not UTF-8" },

	{ { ROW("times", MCPS_INT, SIZE_MAX) },
	  "field \"times\": it is outside the struct of arguments" },
	{ { ROW("times", MCPS_INT, sizeof(struct all) - 7) },
	  "field \"times\": it is outside the struct of arguments" },
	{ { TIMES(.optional = true), ROW("times", MCPS_BOOL, AT(loud)) },
	  "field \"times\": its name is taken" },
	{ { TIMES(.optional = true), ROW("often", MCPS_INT, AT(times)) },
	  "field \"often\": its member is part of another field" },
	{ { TIMES(.optional = true), ROW("late", MCPS_BOOL, AT(times) + 7) },
	  "field \"late\": its member is part of another field" },

	{ { TIMES(.optional = true, .default_json = "11", .minimum = 1,
	          .maximum = 10) },
	  "field \"times\": its default is refused: argument \"times\" must "
	  "be at most 10, not 11" },
	{ { TIMES(.optional = true, .default_json = "null") },
	  "field \"times\": its default is refused: argument \"times\" must "
	  "be an integer, not null" },
	{ { TEXT(.optional = true, .default_json = "\"fr\"",
	         .enum_values = langs) },
	  "field \"text\": its default is refused: argument \"text\" must be "
	  "one of \"en\", \"de\", \"\\\"fr\\\"\", not \"fr\"" },
	{ { TEXT(.optional = true, .default_json = "\"\"", .min_length = 1) },
	  "field \"text\": its default is refused: argument \"text\" must have "
	  "at least 1 character, not 0" },
	{ { TEXT(.optional = true, .default_json = "\"a\\u0000\"") },
	  "field \"text\": its default is refused: argument \"text\" must not "
	  "contain the character U+0000" },
};

START_TEST(a_mistake_is_named)
{
	static const mcps_field end = MCPS_FIELDS_END;
	const struct mistake *mistake = &mistakes[_i];
	struct mcps_error error = { 0 };
	struct field_set *set = (struct field_set *)&error; /* not NULL */
	mcps_field rows[3] = { mistake->rows[0], mistake->rows[1], end };

	if (rows[1].mark == 0)
		rows[1] = end;
	ck_assert_int_eq(
		mcps__fields_compile(&set, rows, sizeof(struct all), &error),
		MCPS_E_INVAL);
	ck_assert_ptr_null(set);
	ck_assert_int_eq(error.status, MCPS_E_INVAL);
	ck_assert_str_eq(error.text, mistake->sentence);
}
END_TEST

static const mcps_field no_json[][2] = {
	{ TEXT(.optional = true, .default_json = "en"), MCPS_FIELDS_END },
	{ EXTRA(.optional = true, .default_json = "{\"a\":1,\"a\":2}"),
	  MCPS_FIELDS_END },
	{ EXTRA(.optional = true, .default_json = ""), MCPS_FIELDS_END },
	{ TIMES(.optional = true, .default_json = "1 2"), MCPS_FIELDS_END },
};

START_TEST(a_default_that_is_not_JSON_is_refused_with_the_scanners_reason)
{
	const mcps_field *rows = no_json[_i];
	struct field_set *set;
	struct mcps_error error = { 0 };
	char start[80];

	ck_assert_int_eq(
		mcps__fields_compile(&set, rows, sizeof(struct all), &error),
		MCPS_E_INVAL);
	ck_assert_int_eq(error.status, MCPS_E_INVAL);
	snprintf(start, sizeof start,
	         "field \"%s\": its default is refused: ", rows->name);
	ck_assert_int_eq(strncmp(error.text, start, strlen(start)), 0);
	ck_assert_uint_gt(strlen(error.text), strlen(start));
}
END_TEST

START_TEST(a_mistake_is_found_without_an_error_struct)
{
	struct field_set *set;

	ck_assert_int_eq(mcps__fields_compile(&set, mistakes[0].rows,
	                                      sizeof(struct all), NULL),
	                 MCPS_E_INVAL);
	ck_assert_int_eq(mcps__fields_compile(&set, no_json[0],
	                                      sizeof(struct all), NULL),
	                 MCPS_E_INVAL);
}
END_TEST

/* ---- tables without their end -------------------------------------------- */

struct one {
	const char *text;
};

/* In memory there may stand behind a table: a table of the same struct, of
 * another one, nothing but zeros, and anything else. */
static const struct {
	mcps_field table[1];
	mcps_field behind[2];
	const char *sentence; /* NULL: the one about sizes */
} endless[] = {
	{ { TIMES(.optional = true) },
	  { TIMES(.optional = true), MCPS_FIELDS_END },
	  "field \"times\": its name is taken" },
	{ { TIMES(.optional = true) },
	  { MCPS_FIELD(struct one, text, NULL), MCPS_FIELDS_END },
	  NULL },
	{ { TIMES(.optional = true) },
	  { { .name = NULL } },
	  "row 2 of its field table is none: make each with MCPS_FIELD, and "
	  "the "
	  "last one with MCPS_FIELDS_END" },
	{ { TIMES(.optional = true) },
	  { { .name = (const char *)1, .offset = 4711, .mark = 12 } },
	  "row 2 of its field table is none: make each with MCPS_FIELD, and "
	  "the "
	  "last one with MCPS_FIELDS_END" },
};
START_TEST(a_table_without_its_end_is_refused)
{
	/* One array, so that nothing is read outside of it. */
	const mcps_field rows[] = { endless[_i].table[0], endless[_i].behind[0],
		                    endless[_i].behind[1] };
	struct mcps_error error = { 0 };
	struct field_set *set;
	char sizes[256];

	snprintf(sizes, sizeof sizes,
	         "row 2 of its field table is of a struct of %zu bytes, the "
	         "tool's has %zu: either MCPS_FIELDS_END is missing before it, "
	         "or the tool was added with another struct",
	         sizeof(struct one), sizeof(struct all));
	ck_assert_int_eq(
		mcps__fields_compile(&set, rows, sizeof(struct all), &error),
		MCPS_E_INVAL);
	ck_assert_str_eq(error.text, endless[_i].sentence != NULL
	                                     ? endless[_i].sentence
	                                     : sizes);
}
END_TEST

START_TEST(a_table_without_the_size_of_its_struct_is_refused)
{
	struct mcps_error error = { 0 };
	struct field_set *set;

	ck_assert_int_eq(mcps__fields_compile(&set, full, 0, &error),
	                 MCPS_E_INVAL);
	ck_assert_str_eq(error.text,
	                 "args_size is 0: set it to sizeof the struct of "
	                 "arguments, or use mcps_add_tool()");
}
END_TEST

/* ---- memory ------------------------------------------------------------- */

START_TEST(compiling_survives_the_failure_of_each_allocation)
{
	struct failing_memory memory;
	struct mcps_error error = { 0 };
	struct field_set *set;
	mcps_status status;
	size_t n = 0;

	for (;;) {
		failing_memory_start(&memory, ++n);
		status = mcps__fields_compile(&set, full, sizeof(struct all),
		                              &error);
		if (!failing_memory_stop(&memory))
			break;
		ck_assert_int_eq(status, MCPS_E_NOMEM);
		ck_assert_int_eq(error.status, MCPS_E_NOMEM);
		ck_assert_ptr_null(set);
	}
	ck_assert_int_eq(status, MCPS_OK);
	ck_assert_uint_gt(n, 10);
	mcps__fields_free(set);
}
END_TEST

START_TEST(writing_the_schema_survives_the_failure_of_each_allocation)
{
	struct failing_memory memory;
	struct field_set *set;
	struct buffer schema = { 0 };
	size_t n = 0;

	ck_assert_int_eq(
		mcps__fields_compile(&set, full, sizeof(struct all), NULL),
		MCPS_OK);
	for (;;) {
		failing_memory_start(&memory, ++n);
		mcps__fields_write_schema(set, &schema);
		if (!failing_memory_stop(&memory))
			break;
		ck_assert(schema.failed);
		mcps__buffer_finish(&schema);
	}
	ck_assert(!schema.failed);
	ck_assert_uint_gt(n, 1);
	mcps__buffer_finish(&schema);
	mcps__fields_free(set);
}
END_TEST

START_TEST(freeing_nothing_is_fine)
{
	mcps__fields_free(NULL);
}
END_TEST

TEST_MAIN("fields")
{
	test_case("schema");
	test_add_loop(a_property_says_what_its_row_says, COUNT(properties));
	test_add(a_full_table_has_this_schema);
	test_add(no_fields_accept_an_empty_object_only);
	test_add(nothing_is_required_of_optional_fields_only);

	test_case("mistakes");
	test_add_loop(a_mistake_is_named, COUNT(mistakes));
	test_add_loop(
		a_default_that_is_not_JSON_is_refused_with_the_scanners_reason,
		COUNT(no_json));
	test_add(a_mistake_is_found_without_an_error_struct);
	test_add_loop(a_table_without_its_end_is_refused, COUNT(endless));
	test_add(a_table_without_the_size_of_its_struct_is_refused);

	test_case("memory");
	test_add(compiling_survives_the_failure_of_each_allocation);
	test_add(writing_the_schema_survives_the_failure_of_each_allocation);
	test_add(freeing_nothing_is_fine);
}
