/* Arguments that are refused: each rule of a field, with its sentence. */
#include "catalog/fields.h"

#include "argument_call.h"
#include "suite.h"

#include <locale.h>
#include <string.h>

static const char *const langs[] = { "en", "de", "\xc3\xa9\n", NULL };
static const char *const many[] = { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	                            "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	                            "cccccccccccccccccccccccccccccccccccccccc",
	                            "dddddddddddddddddddddddddddddddddddddddd",
	                            NULL };
static const char *const huge[] = {
	"....................................................."
	"....................................................."
	".....................................................",
	"en", NULL
};

struct all {
	int64_t times, count;
	double ratio, share;
	const char *text, *lang, *code, *pick, *word;
	struct json_object *extra, *shape;
	bool loud;
};

/* All are optional: what is required has its own table. */
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
	OPTIONAL(lang, .enum_values = langs),
	OPTIONAL(code, .max_length = 1),
	OPTIONAL(pick, .enum_values = many),
	OPTIONAL(word, .enum_values = huge),
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

struct refusal {
	const char *json;
	const char *sentence;
};

static const struct refusal refusals[] = {
	/* shape and names */
	{ "[]", "arguments must be an object" },
	{ "null", "arguments must be an object" },
	{ "\"x\"", "arguments must be an object" },
	{ "{\"colour\":1}", "unknown argument \"colour\"" },
	{ "{\"times\":99,\"Times\":1}", "unknown argument \"Times\"" },
	{ "{\"\":1}", "unknown argument \"\"" },
	{ "{\"tim\":1}", "unknown argument \"tim\"" },
	{ "{\"a\\nb\":1}", "unknown argument \"a\\nb\"" },
	{ "{\"0123456789012345678901234567890123456789"
	  "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\":1}",
	  "unknown argument \"0123456789012345678901234567890123456789"
	  "\xc3\xa9...\"" },
	{ "{\"01234567890123456789012345678901234567890"
	  "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\":1}",
	  "unknown argument \"01234567890123456789012345678901234567890"
	  "...\"" },

	/* kinds */
	{ "{\"loud\":1}", "argument \"loud\" must be true or false, not 1" },
	{ "{\"loud\":\"true\"}",
	  "argument \"loud\" must be true or false, not a string" },
	{ "{\"times\":\"3\"}",
	  "argument \"times\" must be an integer, not a string" },
	{ "{\"times\":true}",
	  "argument \"times\" must be an integer, not true" },
	{ "{\"times\":[1]}",
	  "argument \"times\" must be an integer, not an array" },
	{ "{\"times\":{}}",
	  "argument \"times\" must be an integer, not an object" },
	{ "{\"ratio\":\"1\"}",
	  "argument \"ratio\" must be a number, not a string" },
	{ "{\"ratio\":false}",
	  "argument \"ratio\" must be a number, not false" },
	{ "{\"text\":12}", "argument \"text\" must be a string, not 12" },
	{ "{\"text\":{\"a\":1}}",
	  "argument \"text\" must be a string, not an object" },

	/* integers, exactly */
	{ "{\"times\":1.5}", "argument \"times\" must be an integer, not 1.5" },
	{ "{\"times\":1e-400}",
	  "argument \"times\" must be an integer, not 1e-400" },
	{ "{\"count\":9223372036854775807.5}",
	  "argument \"count\" must be a 64-bit integer, "
	  "not 9223372036854775807.5" },
	{ "{\"count\":9223372036854775808}",
	  "argument \"count\" must be a 64-bit integer, "
	  "not 9223372036854775808" },
	{ "{\"count\":-9223372036854775809}",
	  "argument \"count\" must be a 64-bit integer, "
	  "not -9223372036854775809" },
	{ "{\"count\":1e19}",
	  "argument \"count\" must be a 64-bit integer, not 1e19" },
	{ "{\"count\":-1e400}",
	  "argument \"count\" must be a 64-bit integer, not -1e400" },
	{ "{\"count\":123456789012345678901234567890"
	  "123456789012345678901234567890}",
	  "argument \"count\" must be a 64-bit integer, "
	  "not 1234567890123456789012345678901234567890123..." },

	/* bounds */
	{ "{\"times\":11}", "argument \"times\" must be at most 10, not 11" },
	{ "{\"times\":0}", "argument \"times\" must be at least 1, not 0" },
	{ "{\"times\":-1.0e1}",
	  "argument \"times\" must be at least 1, not -1.0e1" },
	{ "{\"ratio\":-0.51}",
	  "argument \"ratio\" must be at least -0.5, not -0.51" },
	{ "{\"ratio\":1.1e300}",
	  "argument \"ratio\" must be at most 1e+300, not 1.1e300" },
	{ "{\"share\":1e999}", "argument \"share\" must be a number that a "
	                       "double can hold, not 1e999" },

	/* strings */
	{ "{\"text\":\"a\"}",
	  "argument \"text\" must have at least 2 characters, not 1" },
	{ "{\"text\":\"\"}",
	  "argument \"text\" must have at least 2 characters, not 0" },
	{ "{\"text\":\"\xc3\xa9\"}",
	  "argument \"text\" must have at least 2 characters, not 1" },
	{ "{\"text\":\"\\ud83d\\ude00\"}",
	  "argument \"text\" must have at least 2 characters, not 1" },
	{ "{\"text\":\"abcd\"}",
	  "argument \"text\" must have at most 3 characters, not 4" },
	{ "{\"code\":\"ab\"}",
	  "argument \"code\" must have at most 1 character, not 2" },
	{ "{\"text\":\"a\\u0000b\"}",
	  "argument \"text\" must not contain the character U+0000" },
	{ "{\"lang\":\"fr\"}",
	  "argument \"lang\" must be one of \"en\", \"de\", "
	  "\"\xc3\xa9\\n\", not \"fr\"" },
	{ "{\"lang\":\"EN\"}",
	  "argument \"lang\" must be one of \"en\", \"de\", "
	  "\"\xc3\xa9\\n\", not \"EN\"" },
	{ "{\"lang\":\"\"}", "argument \"lang\" must be one of \"en\", \"de\", "
	                     "\"\xc3\xa9\\n\", not \"\"" },
	{ "{\"lang\":\"\\u0000\"}",
	  "argument \"lang\" must not contain the character U+0000" },
	{ "{\"lang\":3}", "argument \"lang\" must be a string, not 3" },
	{ "{\"pick\":\"a\"}",
	  "argument \"pick\" must be one of "
	  "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", "
	  "\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\", ..., not \"a\"" },
	{ "{\"word\":\"de\"}",
	  "argument \"word\" must be one of the values of its schema, "
	  "not \"de\"" },

	/* the last of several, after an object was made */
	{ "{\"times\":3,\"extra\":{},\"shape\":[{}],\"text\":7}",
	  "argument \"text\" must be a string, not 7" },
};

START_TEST(a_bad_argument_is_refused_by_a_sentence)
{
	call_open(full, sizeof(struct all), refusals[_i].json);
	ck_assert_int_eq(call_read(), MCPS_E_PARAMS);
	ck_assert_int_eq(call.error.status, MCPS_E_PARAMS);
	ck_assert_str_eq(call.error.text, refusals[_i].sentence);
	call_close();
}
END_TEST

static const struct refusal missing[] = {
	{ "", "argument \"first\" is required" }, /* no arguments at all */
	{ "{}", "argument \"first\" is required" },
	{ "{\"second\":1}", "argument \"first\" is required" },
	{ "{\"first\":\"\"}", "argument \"second\" is required" },
	{ "{\"first\":\"\",\"third\":1}", "unknown argument \"third\"" },
};

START_TEST(a_required_argument_is_missed_by_name)
{
	call_open(pair, sizeof(struct pair), missing[_i].json);
	ck_assert_int_eq(call_read(), MCPS_E_PARAMS);
	ck_assert_str_eq(call.error.text, missing[_i].sentence);
	call_close();
}
END_TEST

START_TEST(a_refusal_needs_no_error_struct)
{
	call_open(pair, sizeof(struct pair), "{\"first\":1}");
	ck_assert_int_eq(mcps__arguments_read(&call.arguments, call.set,
	                                      &call.scan, 1, NULL),
	                 MCPS_E_PARAMS);
	call_close();
}
END_TEST

START_TEST(bounds_are_compared_as_integers_beyond_a_doubles_precision)
{
	static const mcps_field fields[] = {
		MCPS_FIELD(struct pair, second, NULL, .minimum = -0x1p63,
		           .maximum = 0x1p53),
		MCPS_FIELDS_END,
	};

	call_open(fields, sizeof(struct pair),
	          "{\"second\":9007199254740993}"); /* 2^53 + 1 */
	ck_assert_int_eq(call_read(), MCPS_E_PARAMS);
	ck_assert_str_eq(call.error.text,
	                 "argument \"second\" must be at most "
	                 "9007199254740992, not 9007199254740993");
	call_close();
}
END_TEST

START_TEST(sentences_do_not_depend_on_the_locale)
{
	if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL)
		return; /* not installed here */
	call_open(full, sizeof(struct all), "{\"ratio\":-0.75}");
	ck_assert_int_eq(call_read(), MCPS_E_PARAMS);
	ck_assert_str_eq(call.error.text,
	                 "argument \"ratio\" must be at least -0.5, not -0.75");
	call_close();
	setlocale(LC_ALL, "C");
}
END_TEST

TEST_MAIN("field_refusal")
{
	test_case("refusals");
	test_add_loop(a_bad_argument_is_refused_by_a_sentence, COUNT(refusals));
	test_add_loop(a_required_argument_is_missed_by_name, COUNT(missing));
	test_add(a_refusal_needs_no_error_struct);
	test_add(bounds_are_compared_as_integers_beyond_a_doubles_precision);
	test_add(sentences_do_not_depend_on_the_locale);
}
