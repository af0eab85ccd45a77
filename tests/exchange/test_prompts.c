/* Prompts, the completion of their arguments, and what tools share with them:
 * links, annotations, _meta. */
#include "exchange/case_harness.h"
#include "suite.h"

#include <json-c/json.h>
#include <mcps/call.h>
#include <stdio.h>
#include <string.h>

static const char *const versions[] = { "2025-03-26", "2025-06-18",
	                                "2025-11-25" };

/* ---- what is offered ----------------------------------------------------- */

static mcps_status greet(mcps_call *call)
{
	const char *how = mcps_call_param(call, "how");

	return mcps_text(call, "Say %s to %s.", how != NULL ? how : "hello",
	                 mcps_call_param(call, "name"));
}

static const mcps_annotations annotations = { .audience = MCPS_FOR_ASSISTANT,
	                                      .priority = 1,
	                                      .last_modified =
	                                              "2025-01-12T15:00:58Z" };

static const mcps_resource link_to = { .size = sizeof(mcps_resource),
	                               .uri = "test://linked",
	                               .name = "linked",
	                               .title = "Linked",
	                               .mime_type = "text/plain",
	                               .content_size = 9,
	                               .meta = "{\"m\":1}" };

/* One of each kind. */
static mcps_status say_all(mcps_call *call)
{
	mcps_status status = mcps_text(call, "text");

	if (status == MCPS_OK)
		status = mcps_annotate(call, &annotations);
	mcps_role(call, MCPS_ASSISTANT);
	if (status == MCPS_OK)
		status = mcps_image(call, "i", 1, "image/png");
	if (status == MCPS_OK)
		status = mcps_audio(call, "a", 1, "audio/wav");
	mcps_role(call, MCPS_USER);
	if (status == MCPS_OK)
		status =
			mcps_resource_text(call, "test://t", "text/plain", "t");
	if (status == MCPS_OK)
		status = mcps_resource_bytes(call, "test://b", NULL, "b", 1);
	if (status == MCPS_OK)
		status = mcps_resource_link(call, &link_to);
	return status;
}

static mcps_status refuse_all(mcps_call *call)
{
	if (mcps_structured(call, json_object_new_object()) != MCPS_E_INVAL ||
	    mcps_bytes(call, "b", 1) != MCPS_E_INVAL ||
	    mcps_suggest(call, "s") != MCPS_E_INVAL)
		return MCPS_OK;
	return mcps_fail(call, "no prompt today");
}

static mcps_status complete(mcps_call *call, const char *name,
                            const char *value)
{
	char text[64];
	const char *other = mcps_call_param(call, "name");
	int many = 2;

	if (strcmp(value, "many") == 0)
		many = 150;
	if (strcmp(value, "none") == 0)
		return MCPS_OK;
	if (strcmp(value, "broken") == 0)
		return mcps_fail(call, "no idea");
	for (int i = 0; i < many; i++) {
		snprintf(text, sizeof text, "%s %s%d %s", name, value, i,
		         other != NULL ? other : "-");
		if (mcps_suggest(call, text) !=
		    (i < 100 ? MCPS_OK : MCPS_E_LIMIT))
			return MCPS_E_INVAL;
	}
	if (strcmp(value, "of 1000") == 0)
		mcps_suggest_total(call, 1000);
	return MCPS_OK;
}

static mcps_status read_nothing(mcps_call *call, const char *uri)
{
	(void)call, (void)uri;
	return MCPS_E_NO_RESOURCE;
}

static const mcps_argument greet_arguments[] = { { .name = "name",
	                                           .title = "Name",
	                                           .description =
	                                                   "Whom to greet",
	                                           .required = true },
	                                         { .name = "how" },
	                                         MCPS_ARGUMENTS_END };

static const mcps_icon icons[] = { { .src = "https://example.com/i.png" },
	                           MCPS_ICONS_END };

#define PROMPT .size = sizeof(mcps_prompt)

static const mcps_prompt prompts[] = {
	{ PROMPT, .name = "greet", .title = "Greet", .description = "Politely",
	  .arguments = greet_arguments, .run = greet, .complete = complete,
	  .icons = icons, .meta = "{\"m\":2}" },
	{ PROMPT, .name = "all kinds", .run = say_all, .quick = true },
	{ PROMPT, .name = "fails", .run = refuse_all },
	{ PROMPT, .name = "secret", .run = greet, .scopes = "prompts",
	  .arguments = greet_arguments, .complete = complete },
	{ PROMPT, .name = "mute", .run = greet, .arguments = greet_arguments },
	{ .name = NULL }
};

static const mcps_template templates[] = { { .size = sizeof(mcps_template),
	                                     .uri_template = "test://t/{x}/{y}",
	                                     .name = "t",
	                                     .read = read_nothing,
	                                     .complete = complete,
	                                     .quick = true },
	                                   { .name = NULL } };

static const mcps_resource resources[] = { { .size = sizeof(mcps_resource),
	                                     .uri = "test://r",
	                                     .name = "r",
	                                     .text = "r" },
	                                   { .name = NULL } };

static mcps_status link_run(mcps_call *call, const void *args)
{
	struct json_object *meta = json_object_new_object();
	mcps_status status = mcps_resource_link(call, &link_to);

	(void)args;
	json_object_object_add(meta, "m", json_object_new_int(3));
	if (status == MCPS_OK)
		status = mcps_annotate(call, &annotations);
	if (status == MCPS_OK &&
	    mcps_annotate(call, &annotations) != MCPS_E_INVAL)
		status = MCPS_E_INVAL;
	if (status == MCPS_OK)
		status = mcps_meta(call, meta);
	else
		json_object_put(meta);
	return status;
}

static mcps_status structured_run(mcps_call *call, const void *args)
{
	(void)args;
	if (mcps_call_data(call) == NULL)
		return mcps_text(call, "not structured");
	return mcps_structured(call, json_object_new_object());
}

static char yes[] = "yes";

static const mcps_tool tools[] = { { .size = sizeof(mcps_tool),
	                             .name = "link",
	                             .run = link_run,
	                             .icons = icons,
	                             .meta = "{\"m\":4}" },
	                           { .size = sizeof(mcps_tool),
	                             .name = "structured",
	                             .run = structured_run,
	                             .data = yes,
	                             .output_schema =
	                                     "{\"type\":\n\"object\"}" },
	                           { .size = sizeof(mcps_tool),
	                             .name = "unstructured",
	                             .run = structured_run,
	                             .quick = true,
	                             .output_schema = "{\"type\":\"object\"}" },
	                           { .name = NULL } };

static void set_up(void)
{
	harness_init(&harness,
	             &(const struct harness_options){ .prompts = prompts,
	                                              .templates = templates,
	                                              .resources = resources,
	                                              .tools = tools });
}

static struct answer request(const char *version, const char *method,
                             const char *params)
{
	char body[1024];

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
	         "\"params\":%s}",
	         method, params);
	return case_post(case_begin_with(version), body);
}

/* ---- prompts ------------------------------------------------------------- */

static const char *const first_prompt[] = {
	"{\"name\":\"greet\",\"description\":\"Politely\",\"arguments\":["
	"{\"name\":\"name\",\"description\":\"Whom to greet\",\"required\":"
	"true},{\"name\":\"how\"}]}",
	"{\"name\":\"greet\",\"title\":\"Greet\",\"description\":\"Politely\","
	"\"arguments\":[{\"name\":\"name\",\"title\":\"Name\",\"description\":"
	"\"Whom to greet\",\"required\":true},{\"name\":\"how\"}],\"_meta\":"
	"{\"m\":2}}",
	"{\"name\":\"greet\",\"title\":\"Greet\",\"description\":\"Politely\","
	"\"icons\":[{\"src\":\"https://example.com/i.png\"}],\"arguments\":[{"
	"\"name\":\"name\",\"title\":\"Name\",\"description\":\"Whom to greet\""
	",\"required\":true},{\"name\":\"how\"}],\"_meta\":{\"m\":2}}",
};

START_TEST(a_prompt_is_listed_as_the_revision_knows_it)
{
	struct answer answer = request(versions[_i], "prompts/list", "{}");

	ck_assert_str_eq(case_at(&answer, "result.prompts.0"),
	                 first_prompt[_i]);
	ck_assert_str_eq(case_at(&answer, "result.prompts.1"),
	                 "{\"name\":\"all kinds\"}");
	ck_assert_str_eq(case_at(&answer, "result.prompts.4.name"), "mute");
	ck_assert_ptr_null(case_at(&answer, "result.prompts.5"));
}
END_TEST

START_TEST(a_prompt_is_made_of_its_arguments)
{
	struct answer answer = request(versions[_i], "prompts/get",
	                               "{\"name\":\"greet\",\"arguments\":{"
	                               "\"name\":\"\\u00fc\"}}");

	answer_check_json(&answer, 200,
	                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{"
	                  "\"description\":\"Politely\",\"messages\":[{"
	                  "\"role\":\"user\",\"content\":{\"type\":\"text\","
	                  "\"text\":\"Say hello to \xc3\xbc.\"}}]}}");
	answer = request(versions[_i], "prompts/get",
	                 "{\"name\":\"greet\",\"arguments\":{\"name\":\"a\","
	                 "\"how\":\"bye\"}}");
	ck_assert_str_eq(case_at(&answer, "result.messages.0.content.text"),
	                 "Say bye to a.");
}
END_TEST

START_TEST(messages_have_a_role_and_any_kind_of_content)
{
	char wanted[2048];
	struct answer answer = request(versions[_i], "prompts/get",
	                               "{\"name\":\"all kinds\"}");

	snprintf(wanted, sizeof wanted,
	         "{\"messages\":[{\"role\":\"user\",\"content\":{\"type\":"
	         "\"text\",\"text\":\"text\",\"annotations\":{\"audience\":["
	         "\"assistant\"],\"priority\":1%s}}},{\"role\":\"assistant\","
	         "\"content\":{\"type\":\"image\",\"data\":\"aQ==\","
	         "\"mimeType\":\"image/png\"}},{\"role\":\"assistant\","
	         "\"content\":{\"type\":\"audio\",\"data\":\"YQ==\","
	         "\"mimeType\":\"audio/wav\"}},{\"role\":\"user\",\"content\":{"
	         "\"type\":\"resource\",\"resource\":{\"uri\":\"test://t\","
	         "\"mimeType\":\"text/plain\",\"text\":\"t\"}}},{\"role\":"
	         "\"user\",\"content\":{\"type\":\"resource\",\"resource\":{"
	         "\"uri\":\"test://b\",\"blob\":\"Yg==\"}}},{\"role\":\"user\","
	         "\"content\":%s}]}",
	         _i == 0 ? "" : ",\"lastModified\":\"2025-01-12T15:00:58Z\"",
	         _i == 0 ? "{\"type\":\"text\",\"text\":\"linked: "
	                   "test://linked\"}"
	                 : "{\"type\":\"resource_link\",\"uri\":"
	                   "\"test://linked\",\"name\":\"linked\",\"title\":"
	                   "\"Linked\",\"mimeType\":\"text/plain\",\"size\":"
	                   "9,\"_meta\":{\"m\":1}}");
	ck_assert_str_eq(case_at(&answer, "result"), wanted);
}
END_TEST

static const struct {
	const char *params, *message;
} refused[] = {
	{ "{}", "params.name must be a string" },
	{ "{\"name\":7}", "params.name must be a string" },
	{ "{\"name\":\"nobody\"}", "unknown prompt" },
	{ "{\"name\":\"greet\"}", "argument \"name\" is missing" },
	{ "{\"name\":\"greet\",\"arguments\":{\"how\":\"x\"}}",
	  "argument \"name\" is missing" },
	{ "{\"name\":\"greet\",\"arguments\":{\"name\":7}}",
	  "name must be a string" },
	{ "{\"name\":\"greet\",\"arguments\":[]}",
	  "params.arguments must be an object" },
	{ "{\"name\":\"greet\",\"arguments\":{\"name\":\"a\",\"x\":\"b\"}}",
	  "there is an argument that the prompt does not have" },
};

START_TEST(a_bad_prompt_or_argument_is_32602)
{
	char message[128];
	struct answer answer =
		request("2025-11-25", "prompts/get", refused[_i].params);

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32602");
	snprintf(message, sizeof message, "Invalid params: %s",
	         refused[_i].message);
	ck_assert_str_eq(case_at(&answer, "error.message"), message);
}
END_TEST

START_TEST(a_prompt_that_fails_is_32603)
{
	struct answer answer =
		request("2025-11-25", "prompts/get", "{\"name\":\"fails\"}");

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32603");
	ck_assert_str_eq(case_at(&answer, "error.message"),
	                 "Internal error: no prompt today");
}
END_TEST

START_TEST(prompts_and_completions_are_declared_when_there_are_some)
{
	struct answer answer = case_post(NULL, INITIALIZE(1, "2025-11-25"));

	ck_assert_str_eq(case_at(&answer, "result.capabilities"),
	                 "{\"logging\":{},\"completions\":{},\"prompts\":{},"
	                 "\"resources\":{},\"tools\":{}}");
	harness.options.prompts = NULL;
	harness.options.templates = NULL;
	harness_restart(&harness, KEEP_ALL);
	answer = case_post(NULL, INITIALIZE(1, "2025-11-25"));
	ck_assert_str_eq(case_at(&answer, "result.capabilities"),
	                 "{\"logging\":{},\"resources\":{},\"tools\":{}}");
	answer = request("2025-11-25", "prompts/list", "{}");
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32601");
	answer = request("2025-11-25", "prompts/get", "{\"name\":\"greet\"}");
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32601");
	answer = request("2025-11-25", "completion/complete", "{}");
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32601");
}
END_TEST

START_TEST(a_prompt_without_its_scopes_is_403_and_completes_nothing)
{
	struct answer answer =
		request("2025-11-25", "prompts/get", "{\"name\":\"secret\"}");

	ck_assert_int_eq(answer.status, 403);
	answer = request("2025-11-25", "completion/complete",
	                 "{\"ref\":{\"type\":\"ref/prompt\",\"name\":"
	                 "\"secret\"},\"argument\":{\"name\":\"name\","
	                 "\"value\":\"\"}}");
	ck_assert_int_eq(answer.status, 403);
}
END_TEST

/* ---- completion ---------------------------------------------------------- */

#define COMPLETE(ref, name, value, more)                  \
	"{\"ref\":" ref ",\"argument\":{\"name\":\"" name \
	"\",\"value\":\"" value "\"}" more "}"
#define GREET    "{\"type\":\"ref/prompt\",\"name\":\"greet\"}"
#define TEMPLATE "{\"type\":\"ref/resource\",\"uri\":\"test://t/{x}/{y}\"}"
#define CONTEXT  ",\"context\":{\"arguments\":{\"name\":\"n\"}}"

static const struct {
	const char *params, *result;
} completed[] = {
	{ COMPLETE(GREET, "how", "v", ""),
	  "{\"completion\":{\"values\":[\"how v0 -\",\"how v1 -\"],\"total\":2,"
	  "\"hasMore\":false}}" },
	{ COMPLETE(TEMPLATE, "y", "v", ""),
	  "{\"completion\":{\"values\":[\"y v0 -\",\"y v1 -\"],\"total\":2,"
	  "\"hasMore\":false}}" },
	{ COMPLETE(GREET, "how", "none", ""),
	  "{\"completion\":{\"values\":[],\"total\":0,\"hasMore\":false}}" },
	{ COMPLETE(GREET, "how", "of 1000", ""),
	  "{\"completion\":{\"values\":[\"how of 10000 -\",\"how of 10001 -\"],"
	  "\"total\":1000,\"hasMore\":true}}" },
	{ COMPLETE("{\"type\":\"ref/prompt\",\"name\":\"mute\"}", "how", "v",
	           ""),
	  "{\"completion\":{\"values\":[],\"total\":0,\"hasMore\":false}}" },
};

START_TEST(an_argument_is_completed)
{
	struct answer answer = request("2025-11-25", "completion/complete",
	                               completed[_i].params);

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "result"), completed[_i].result);
}
END_TEST

START_TEST(at_most_100_values_are_sent)
{
	struct answer answer = request("2025-11-25", "completion/complete",
	                               COMPLETE(GREET, "how", "many", ""));

	ck_assert_str_eq(case_at(&answer, "result.completion.values.99"),
	                 "how many99 -");
	ck_assert_ptr_null(case_at(&answer, "result.completion.values.100"));
	ck_assert_str_eq(case_at(&answer, "result.completion.total"), "150");
	ck_assert_str_eq(case_at(&answer, "result.completion.hasMore"), "true");
}
END_TEST

START_TEST(other_arguments_are_known_where_the_revision_has_them)
{
	struct answer answer = request(versions[_i], "completion/complete",
	                               COMPLETE(GREET, "how", "v", CONTEXT));

	ck_assert_str_eq(case_at(&answer, "result.completion.values.0"),
	                 _i == 0 ? "how v0 -" : "how v0 n");
}
END_TEST

static const char *const bad_completions[] = {
	"{}",
	"{\"ref\":7}",
	"{\"ref\":{\"type\":\"ref/tool\",\"name\":\"x\"}}",
	"{\"ref\":" GREET "}",
	"{\"ref\":" GREET ",\"argument\":{\"name\":\"how\"}}",
	"{\"ref\":" GREET ",\"argument\":{\"name\":7,\"value\":\"x\"}}",
	COMPLETE("{\"type\":\"ref/prompt\",\"name\":\"x\"}", "how", "v", ""),
	COMPLETE("{\"type\":\"ref/prompt\"}", "how", "v", ""),
	COMPLETE("{\"type\":\"ref/resource\",\"uri\":\"test://x\"}", "x", "v",
	         ""),
	COMPLETE("{\"type\":\"ref/resource\",\"uri\":\"test://r\"}", "x", "v",
	         ""),
	COMPLETE(GREET, "nobody", "v", ""),
	COMPLETE(TEMPLATE, "z", "v", ""),
	COMPLETE(GREET, "how", "v", ",\"context\":{\"arguments\":7}"),
	COMPLETE(GREET, "how", "v",
	         ",\"context\":{\"arguments\":{\"a\":\"b\",\"c\":7}}"),
};

START_TEST(completion_of_the_unknown_is_32602)
{
	struct answer answer = request("2025-11-25", "completion/complete",
	                               bad_completions[_i]);

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32602");
}
END_TEST

START_TEST(a_completion_that_fails_is_32603)
{
	struct answer answer = request("2025-11-25", "completion/complete",
	                               COMPLETE(GREET, "how", "broken", ""));

	ck_assert_str_eq(case_at(&answer, "error.message"),
	                 "Internal error: no idea");
}
END_TEST

/* ---- tools --------------------------------------------------------------- */

START_TEST(a_tool_shows_icons_meta_and_its_output_where_they_exist)
{
	struct answer answer = request(versions[_i], "tools/list", "{}");
	const char *schema = case_at(&answer, "result.tools.1.outputSchema");
	const char *meta = case_at(&answer, "result.tools.0._meta");
	const char *shown = case_at(&answer, "result.tools.0.icons");

	ck_assert((schema != NULL) == (_i >= 1));
	ck_assert((meta != NULL) == (_i >= 1));
	ck_assert((shown != NULL) == (_i == 2));
	if (_i >= 1) {
		ck_assert_str_eq(schema, "{\"type\":\"object\"}");
		ck_assert_str_eq(meta, "{\"m\":4}");
	}
	ck_assert_ptr_null(strchr(answer.body, '\n'));
}
END_TEST

START_TEST(a_link_is_a_text_before_there_were_links)
{
	struct answer answer =
		request(versions[_i], "tools/call", "{\"name\":\"link\"}");

	ck_assert_str_eq(
		case_at(&answer, "result"),
		_i == 0 ? "{\"content\":[{\"type\":\"text\",\"text\":"
			  "\"linked: test://linked\",\"annotations\":{"
			  "\"audience\":[\"assistant\"],\"priority\":1}}],"
			  "\"_meta\":{\"m\":3}}"
			: "{\"content\":[{\"type\":\"resource_link\",\"uri\":"
			  "\"test://linked\",\"name\":\"linked\",\"title\":"
			  "\"Linked\",\"mimeType\":\"text/plain\",\"size\":9,"
			  "\"_meta\":{\"m\":1},\"annotations\":{\"audience\":["
			  "\"assistant\"],\"priority\":1,\"lastModified\":"
			  "\"2025-01-12T15:00:58Z\"}}],\"_meta\":{\"m\":3}}");
}
END_TEST

START_TEST(who_declares_an_output_has_to_give_it)
{
	struct answer answer = request(versions[_i], "tools/call",
	                               "{\"name\":\"structured\"}");

	ck_assert_ptr_null(case_at(&answer, "error"));
	answer = request(versions[_i], "tools/call",
	                 "{\"name\":\"unstructured\"}");
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32603");
}
END_TEST

TEST_MAIN("prompts")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(a_prompt_is_listed_as_the_revision_knows_it,
	              COUNT(versions));
	test_add_loop(a_prompt_is_made_of_its_arguments, COUNT(versions));
	test_add_loop(messages_have_a_role_and_any_kind_of_content,
	              COUNT(versions));
	test_add_loop(a_bad_prompt_or_argument_is_32602, COUNT(refused));
	test_add(a_prompt_that_fails_is_32603);
	test_add(prompts_and_completions_are_declared_when_there_are_some);
	test_add(a_prompt_without_its_scopes_is_403_and_completes_nothing);
	test_add_loop(an_argument_is_completed, COUNT(completed));
	test_add(at_most_100_values_are_sent);
	test_add_loop(other_arguments_are_known_where_the_revision_has_them,
	              COUNT(versions));
	test_add_loop(completion_of_the_unknown_is_32602,
	              COUNT(bad_completions));
	test_add(a_completion_that_fails_is_32603);
	test_add_loop(a_tool_shows_icons_meta_and_its_output_where_they_exist,
	              COUNT(versions));
	test_add_loop(a_link_is_a_text_before_there_were_links,
	              COUNT(versions));
	test_add_loop(who_declares_an_output_has_to_give_it, COUNT(versions));
}
