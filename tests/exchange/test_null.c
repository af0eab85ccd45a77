/* null where something may be left out is the same as leaving it out; where it
 * is a value, it stays one. */
#include "exchange/case_harness.h"
#include "suite.h"

#include <json-c/json.h>
#include <mcps/call.h>
#include <mcps/prompt.h>
#include <stdio.h>
#include <string.h>

/* ---- what is offered ---- */

struct kinds {
	bool flag;
	int64_t number;
	double ratio;
	const char *text;
	const char *word;
	struct json_object *tree;
	const char *name;
};

static const char *const words[] = { "up", "down", NULL };

#define OPTIONAL(member, ...) \
	MCPS_FIELD(struct kinds, member, NULL, .optional = true, __VA_ARGS__)

static const mcps_field fields[] = {
	OPTIONAL(flag, .default_json = "true"),
	OPTIONAL(number, .default_json = "7"),
	OPTIONAL(ratio, .default_json = "0.5"),
	OPTIONAL(text, .default_json = "\"t\""),
	OPTIONAL(word, .default_json = "\"up\"", .enum_values = words),
	OPTIONAL(tree, .default_json = "[1]"),
	MCPS_FIELD(struct kinds, name, NULL),
	MCPS_FIELDS_END,
};

static mcps_status show(mcps_call *call, const void *args)
{
	const struct kinds *in = args;

	return mcps_text(call, "%d %d %g %s %s %s %s", in->flag,
	                 (int)in->number, in->ratio, in->text, in->word,
	                 in->tree != NULL
	                         ? json_object_to_json_string_ext(
					   in->tree, JSON_C_TO_STRING_PLAIN)
	                         : "null",
	                 in->name);
}

static mcps_status echo(mcps_call *call, const void *args)
{
	return mcps_text(
		call, "%s",
		json_object_to_json_string_ext((struct json_object *)args,
	                                       JSON_C_TO_STRING_PLAIN));
}

static const mcps_tool tools[] = {
	{ .size = sizeof(mcps_tool),
	  .name = "show",
	  .fields = fields,
	  .args_size = sizeof(struct kinds),
	  .quick = true,
	  .run = show },
	{ .size = sizeof(mcps_tool),
	  .name = "echo",
	  .input_schema =
	          "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":"
	          "\"string\"},\"b\":{\"type\":[\"string\",\"null\"]},\"c\":{"
	          "\"type\":\"null\"},\"d\":{},\"e\":{\"type\":[\"array\","
	          "\"object\"]},\"needed\":{\"type\":\"string\"}},"
	          "\"required\":[\"needed\"]}",
	  .validates_itself = true,
	  .quick = true,
	  .run = echo },
	{ 0 },
};

static mcps_status greet(mcps_call *call)
{
	const char *how = mcps_call_param(call, "how");

	return mcps_text(call, "%s %s", how != NULL ? how : "-",
	                 mcps_call_param(call, "name"));
}

static mcps_status complete(mcps_call *call, const char *name,
                            const char *value)
{
	const char *other = mcps_call_param(call, "name");

	(void)name, (void)value;
	return mcps_suggest(call, other != NULL ? other : "-");
}

static const mcps_argument arguments[] = { { .name = "name", .required = true },
	                                   { .name = "how" },
	                                   MCPS_ARGUMENTS_END };

static const mcps_prompt prompts[] = {
	{ .size = sizeof(mcps_prompt),
	  .name = "greet",
	  .arguments = arguments,
	  .run = greet,
	  .complete = complete,
	  .quick = true },
	{ 0 },
};

static void set_up(void)
{
	harness_init(&harness, &(const struct harness_options){
				       .tools = tools, .prompts = prompts });
}

/* ---- the table ---- */

#define SHOW(arguments) "{\"name\":\"show\",\"arguments\":{" arguments "}}"
#define ECHO(arguments) "{\"name\":\"echo\",\"arguments\":{" arguments "}}"
#define COMPLETE(context)                                                      \
	"{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"greet\"},\"argument\":{" \
	"\"name\":\"how\",\"value\":\"\"},\"context\":" context "}"
#define DEFAULTS "1 7 0.5 t up [1] n"

static const struct {
	const char *method, *params;
	const char *at, *wanted; /* NULL: there is an error */
} rows[] = {
	{ "ping", "null", "result", "{}" },
	{ "ping", "{\"_meta\":null}", "result", "{}" },
	{ "ping", "{\"_meta\":{\"progressToken\":null}}", "result", "{}" },
	{ "tools/list", "null", "result.tools.0.name", "show" },
	{ "tools/list", "{\"cursor\":null}", "result.tools.0.name", "show" },
	{ "tools/call", "{\"name\":\"echo\",\"arguments\":null}",
	  "result.content.0.text", "{}" },
	{ "tools/call", "{\"name\":null}", NULL, NULL },

	/* optional fields, one of each kind */
	{ "tools/call", SHOW("\"name\":\"n\",\"flag\":null"),
	  "result.content.0.text", DEFAULTS },
	{ "tools/call", SHOW("\"name\":\"n\",\"number\":null"),
	  "result.content.0.text", DEFAULTS },
	{ "tools/call", SHOW("\"name\":\"n\",\"ratio\":null"),
	  "result.content.0.text", DEFAULTS },
	{ "tools/call", SHOW("\"name\":\"n\",\"text\":null"),
	  "result.content.0.text", DEFAULTS },
	{ "tools/call", SHOW("\"name\":\"n\",\"word\":null"),
	  "result.content.0.text", DEFAULTS },
	/* any JSON is a value of it, null is one */
	{ "tools/call", SHOW("\"name\":\"n\",\"tree\":null"),
	  "result.content.0.text", "1 7 0.5 t up null n" },
	/* required, and unknown */
	{ "tools/call", SHOW("\"name\":null"), NULL, NULL },
	{ "tools/call", SHOW("\"name\":\"n\",\"other\":null"), NULL, NULL },

	/* a schema text: only where it is optional and null does not fit */
	{ "tools/call", ECHO("\"needed\":\"x\",\"a\":null,\"b\":null"),
	  "result.content.0.text", "{\"needed\":\"x\",\"b\":null}" },
	{ "tools/call", ECHO("\"needed\":\"x\",\"c\":null,\"d\":null"),
	  "result.content.0.text", "{\"needed\":\"x\",\"c\":null,\"d\":null}" },
	{ "tools/call", ECHO("\"needed\":null,\"e\":null,\"f\":null"),
	  "result.content.0.text", "{\"needed\":null,\"f\":null}" },
	{ "tools/call", ECHO("\"a\":\"x\",\"e\":[null],\"d\":{\"a\":null}"),
	  "result.content.0.text",
	  "{\"a\":\"x\",\"e\":[null],\"d\":{\"a\":null}}" },

	{ "prompts/list", "{\"cursor\":null}", "result.prompts.0.name",
	  "greet" },
	{ "prompts/get",
	  "{\"name\":\"greet\",\"arguments\":{\"name\":\"ann\",\"how\":null}}",
	  "result.messages.0.content.text", "- ann" },
	{ "prompts/get", "{\"name\":\"greet\",\"arguments\":{\"name\":null}}",
	  NULL, NULL },
	{ "prompts/get", "{\"name\":\"greet\",\"arguments\":null}", NULL,
	  NULL },
	{ "completion/complete", COMPLETE("null"), "result.completion.values.0",
	  "-" },
	{ "completion/complete", COMPLETE("{\"arguments\":null}"),
	  "result.completion.values.0", "-" },
	{ "completion/complete",
	  COMPLETE("{\"arguments\":{\"how\":null,\"name\":\"ann\"}}"),
	  "result.completion.values.0", "ann" },
};

START_TEST(null_is_the_same_as_absent_where_something_may_be_left_out)
{
	const char *id = case_begin();
	char body[512];
	struct answer answer;
	const char *found;

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":"
	         "%s}",
	         rows[_i].method, rows[_i].params);
	answer = case_post(id, body);
	ck_assert_int_eq(answer.status, 200);
	if (rows[_i].at == NULL) {
		found = case_at(&answer, "error.code");
		ck_assert_msg(found != NULL && strcmp(found, "-32602") == 0,
		              "%s: %s", body, answer.body);
		return;
	}
	found = case_at(&answer, rows[_i].at);
	ck_assert_msg(found != NULL && strcmp(found, rows[_i].wanted) == 0,
	              "%s: %s", body, answer.body);
}
END_TEST

START_TEST(id_is_never_null)
{
	const char *id = case_begin();
	struct answer answer = case_post(id, "{\"jsonrpc\":\"2.0\",\"id\":"
	                                     "null,\"method\":\"ping\"}");

	ck_assert_int_eq(answer.status, 400);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32600");
}
END_TEST

static const char *const bad_tokens[] = { "{\"a\":1}", "[1]", "true", "1.5",
	                                  "1e3" };

START_TEST(progress_token_of_another_type_is_32602)
{
	const char *id = case_begin();
	static const char *const methods[] = { "tools/call", "tools/list",
		                               "ping" };
	char body[256];

	for (int i = 0; i < COUNT(methods); i++) {
		struct answer answer;

		snprintf(body, sizeof body,
		         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
		         "\"params\":{\"name\":\"echo\",\"_meta\":{"
		         "\"progressToken\":%s}}}",
		         methods[i], bad_tokens[_i]);
		answer = case_post(id, body);
		ck_assert_str_eq(case_at(&answer, "error.code"), "-32602");
		ck_assert_ptr_nonnull(strstr(answer.body, "progressToken"));
	}
}
END_TEST

TEST_MAIN("null")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(
		null_is_the_same_as_absent_where_something_may_be_left_out,
		COUNT(rows));
	test_add(id_is_never_null);
	test_add_loop(progress_token_of_another_type_is_32602,
	              COUNT(bad_tokens));
}
