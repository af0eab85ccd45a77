/* Resources, templates and subscriptions as each revision knows them. */
#include "exchange/case_harness.h"
#include "suite.h"

#include <json-c/json.h>
#include <mcps/call.h>
#include <mcps/state.h>
#include <stdio.h>
#include <string.h>

static const char *const versions[] = { "2025-03-26", "2025-06-18",
	                                "2025-11-25" };

static atomic_uint reads;

/* ---- what is offered ----------------------------------------------------- */

static mcps_status read_counter(mcps_call *call, const char *uri)
{
	int64_t n = 0;

	(void)uri;
	if (mcps_state_add(call, "n", 1, &n) != MCPS_OK)
		return MCPS_E_STORE;
	return mcps_text(call, "%d", (int)n);
}

static mcps_status read_folder(mcps_call *call, const char *uri)
{
	struct json_object *meta = json_object_new_object();
	mcps_status status;

	json_object_object_add(meta, "test/of", json_object_new_string(uri));
	status = mcps_meta(call, meta);
	if (status == MCPS_OK)
		status = mcps_resource_text(call, "test://folder/a",
		                            "text/plain", "A");
	if (status == MCPS_OK)
		status = mcps_resource_bytes(call, "test://folder/b", NULL,
		                             "\x00\xff", 2);
	return status;
}

static mcps_status read_odd(mcps_call *call, const char *uri)
{
	if (strcmp(uri, "test://odd/gone") == 0)
		return MCPS_E_NO_RESOURCE;
	if (strcmp(uri, "test://odd/fails") == 0)
		return mcps_fail(call, "the %s is broken", "disk");
	if (strcmp(uri, "test://odd/image") == 0)
		return mcps_image(call, "x", 1, "image/png");
	return MCPS_E_CANCELLED;
}

static mcps_status read_user(mcps_call *call, const char *uri)
{
	atomic_fetch_add(&reads, 1);
	return mcps_text(call, "%s: %s of %s by %s", uri,
	                 mcps_call_param(call, "field"),
	                 mcps_call_param(call, "user"),
	                 (const char *)mcps_call_data(call));
}

static mcps_status read_file(mcps_call *call, const char *uri)
{
	(void)uri;
	ck_assert_ptr_null(mcps_call_param(call, "nobody"));
	return mcps_bytes(call, mcps_call_param(call, "path"),
	                  strlen(mcps_call_param(call, "path")));
}

static const mcps_icon icons[] = { { .src = "https://example.com/i.png",
	                             .mime_type = "image/png",
	                             .sizes = "48x48 96x96",
	                             .theme = MCPS_THEME_DARK },
	                           { .src = "data:image/svg+xml,x",
	                             .sizes = "any" },
	                           MCPS_ICONS_END };

static const mcps_annotations annotations = {
	.audience = MCPS_FOR_USER | MCPS_FOR_ASSISTANT,
	.priority = 0.5,
	.last_modified = "2025-01-12T15:00:58Z",
};

#define RESOURCE .size = sizeof(mcps_resource)
#define TEMPLATE .size = sizeof(mcps_template)

static const mcps_resource resources[] = {
	{ RESOURCE, .uri = "test://text", .name = "text", .title = "A text",
	  .description = "It says \"hello\"", .mime_type = "text/plain",
	  .text = "hello", .icons = icons, .annotations = &annotations,
	  .meta = "{\"example.com/a\":\n1}" },
	{ RESOURCE, .uri = "test://bytes", .name = "bytes",
	  .mime_type = "image/png", .bytes = "\x89PNG", .length = 4 },
	{ RESOURCE, .uri = "test://counter", .name = "counter",
	  .read = read_counter, .content_size = 17 },
	{ RESOURCE, .uri = "test://folder/", .name = "folder",
	  .read = read_folder, .quick = true },
	{ RESOURCE, .uri = "test://odd/gone", .name = "gone",
	  .read = read_odd },
	{ RESOURCE, .uri = "test://odd/fails", .name = "fails",
	  .read = read_odd },
	{ RESOURCE, .uri = "test://odd/image", .name = "image",
	  .read = read_odd },
	{ RESOURCE, .uri = "test://odd/cancelled", .name = "cancelled",
	  .read = read_odd },
	{ RESOURCE, .uri = "test://secret", .name = "secret", .text = "s",
	  .scopes = "read:secret" },
	{ RESOURCE, .uri = "test://user/root/name", .name = "root",
	  .text = "wins" },
	{ .name = NULL }
};

static char us[] = "us";

static const mcps_template templates[] = {
	{ TEMPLATE, .uri_template = "test://user/{user}/{field}",
	  .name = "user", .title = "A user", .description = "By name",
	  .mime_type = "text/plain", .read = read_user, .data = us,
	  .icons = icons, .annotations = &annotations,
	  .meta = "{\"example.com/b\":2}" },
	{ TEMPLATE, .uri_template = "test://user/{user}/hidden",
	  .name = "never", .read = read_file },
	{ TEMPLATE, .uri_template = "test://file/{+path}", .name = "file",
	  .read = read_file, .quick = true },
	{ .name = NULL }
};

static const struct harness_options options = { .resources = resources,
	                                        .templates = templates };

static void set_up(void)
{
	harness_init(&harness, &options);
	atomic_store(&reads, 0);
}

/* ---- lists --------------------------------------------------------------- */

static const char *const first_resource[] = {
	"{\"uri\":\"test://text\",\"name\":\"text\",\"description\":"
	"\"It says \\\"hello\\\"\",\"mimeType\":\"text/plain\","
	"\"annotations\":{\"audience\":[\"user\",\"assistant\"],"
	"\"priority\":0.5},\"size\":5}",
	"{\"uri\":\"test://text\",\"name\":\"text\",\"title\":\"A text\","
	"\"description\":\"It says \\\"hello\\\"\",\"mimeType\":"
	"\"text/plain\",\"annotations\":{\"audience\":[\"user\","
	"\"assistant\"],\"priority\":0.5,\"lastModified\":"
	"\"2025-01-12T15:00:58Z\"},\"size\":5,\"_meta\":{\"example.com/a\":"
	"1}}",
	"{\"uri\":\"test://text\",\"name\":\"text\",\"title\":\"A text\","
	"\"description\":\"It says \\\"hello\\\"\",\"icons\":[{\"src\":"
	"\"https://example.com/i.png\",\"mimeType\":\"image/png\",\"sizes\":"
	"[\"48x48\",\"96x96\"],\"theme\":\"dark\"},{\"src\":"
	"\"data:image/svg+xml,x\",\"sizes\":[\"any\"]}],\"mimeType\":"
	"\"text/plain\",\"annotations\":{\"audience\":[\"user\","
	"\"assistant\"],\"priority\":0.5,\"lastModified\":"
	"\"2025-01-12T15:00:58Z\"},\"size\":5,\"_meta\":{\"example.com/a\":"
	"1}}",
};

START_TEST(a_resource_is_listed_as_the_revision_knows_it)
{
	struct answer answer = case_post(case_begin_with(versions[_i]),
	                                 REQUEST(1, "resources/list"));

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "result.resources.0"),
	                 first_resource[_i]);
	ck_assert_str_eq(case_at(&answer, "result.resources.1"),
	                 "{\"uri\":\"test://bytes\",\"name\":\"bytes\","
	                 "\"mimeType\":\"image/png\",\"size\":4}");
	ck_assert_str_eq(case_at(&answer, "result.resources.2.size"), "17");
	ck_assert_str_eq(case_at(&answer, "result.resources.9.name"), "root");
	ck_assert_ptr_null(case_at(&answer, "result.resources.10"));
	ck_assert_ptr_null(case_at(&answer, "result.nextCursor"));
	ck_assert_ptr_null(strchr(answer.body, '\n'));
}
END_TEST

START_TEST(templates_are_a_list_of_their_own)
{
	struct answer answer =
		case_post(case_begin_with(versions[_i]),
	                  REQUEST(1, "resources/templates/list"));
	const char *first = case_at(&answer, "result.resourceTemplates.0");

	ck_assert_ptr_nonnull(first);
	ck_assert_str_eq(
		case_at(&answer, "result.resourceTemplates.0.uriTemplate"),
		"test://user/{user}/{field}");
	ck_assert_str_eq(case_at(&answer, "result.resourceTemplates.0.name"),
	                 "user");
	ck_assert((strstr(first, "\"title\"") != NULL) == (_i >= 1));
	ck_assert((strstr(first, "\"_meta\"") != NULL) == (_i >= 1));
	ck_assert((strstr(first, "\"icons\"") != NULL) == (_i == 2));
	ck_assert_str_eq(
		case_at(&answer, "result.resourceTemplates.2.uriTemplate"),
		"test://file/{+path}");
	ck_assert_ptr_null(case_at(&answer, "result.resourceTemplates.3"));
}
END_TEST

static const struct {
	const char *method, *list;
	int count;
} lists[] = {
	{ "resources/list", "resources", 10 },
	{ "resources/templates/list", "resourceTemplates", 3 },
};

START_TEST(pages_of_every_list_follow_each_other)
{
	const char *id, *cursor = NULL;
	int seen = 0, pages = 0;

	harness.options.page_size = 2;
	harness_restart(&harness, KEEP_ALL);
	id = case_begin_with("2025-11-25");
	do {
		char body[256], path[64];
		struct answer answer;

		snprintf(body, sizeof body,
		         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\","
		         "\"params\":{%s%s%s}}",
		         lists[_i].method, cursor ? "\"cursor\":\"" : "",
		         cursor ? cursor : "", cursor ? "\"" : "");
		answer = case_post(id, body);
		for (int i = 0; i < 3; i++) {
			snprintf(path, sizeof path, "result.%s.%d",
			         lists[_i].list, i);
			seen += case_at(&answer, path) != NULL;
		}
		cursor = case_at(&answer, "result.nextCursor");
		pages++;
	} while (cursor != NULL);
	ck_assert_int_eq(seen, lists[_i].count);
	ck_assert_int_eq(pages, (lists[_i].count + 1) / 2);
}
END_TEST

START_TEST(a_cursor_is_good_for_its_own_list_only)
{
	struct answer answer;
	const char *id, *cursor;
	char body[256];

	harness.options.page_size = 1;
	harness_restart(&harness, KEEP_ALL);
	id = case_begin_with("2025-11-25");
	answer = case_post(id, REQUEST(1, "resources/list"));
	cursor = case_at(&answer, "result.nextCursor");
	snprintf(body, sizeof body,
	         REQUEST_WITH(1, "resources/templates/list",
	                      "{\"cursor\":\"%s\"}"),
	         cursor);
	answer = case_post(id, body);
	case_check_error(&answer, "-32602", "Invalid params: no such cursor");
}
END_TEST

/* ---- reading ------------------------------------------------------------- */

START_TEST(what_is_there_is_read_as_text_or_as_bytes)
{
	const char *id = case_begin_with(versions[_i]);
	struct answer answer = case_read(id, "test://text");

	answer_check_json(&answer, 200,
	                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{"
	                  "\"contents\":[{\"uri\":\"test://text\","
	                  "\"mimeType\":\"text/plain\",\"text\":\"hello\"}]}}");
	answer = case_read(id, "test://bytes");
	ck_assert_str_eq(case_at(&answer, "result.contents"),
	                 "[{\"uri\":\"test://bytes\",\"mimeType\":"
	                 "\"image/png\",\"blob\":\"iVBORw==\"}]");
}
END_TEST

START_TEST(a_read_function_may_keep_state_like_a_tool)
{
	const char *id = case_begin_with("2025-11-25");
	struct answer answer = case_read(id, "test://counter");

	ck_assert_str_eq(case_at(&answer, "result.contents.0.text"), "1");
	ck_assert_ptr_null(case_at(&answer, "result.contents.0.mimeType"));
	harness_restart(&harness, KEEP_ALL);
	answer = case_read(id, "test://counter");
	ck_assert_str_eq(case_at(&answer, "result.contents.0.text"), "2");
}
END_TEST

START_TEST(one_uri_may_have_several_contents)
{
	struct answer answer =
		case_read(case_begin_with("2025-11-25"), "test://folder/");

	ck_assert_str_eq(
		case_at(&answer, "result"),
		"{\"contents\":[{\"uri\":\"test://folder/a\",\"mimeType\":"
		"\"text/plain\",\"text\":\"A\"},{\"uri\":\"test://folder/b\","
		"\"blob\":\"AP8=\"}],\"_meta\":{\"test/of\":"
		"\"test://folder/\"}}");
}
END_TEST

START_TEST(a_template_tells_its_variables_decoded)
{
	const char *id = case_begin_with("2025-11-25");
	struct answer answer =
		case_read(id, "test://user/J%C3%BCrgen%20K./name");

	ck_assert_str_eq(case_at(&answer, "result.contents.0.text"),
	                 "test://user/J%C3%BCrgen%20K./name: name of J\xc3\xbc"
	                 "rgen K. by us");
	ck_assert_str_eq(case_at(&answer, "result.contents.0.mimeType"),
	                 "text/plain");
	answer = case_read(id, "test://file/a/b%2Fc?d");
	ck_assert_str_eq(case_at(&answer, "result.contents.0.blob"),
	                 "YS9iL2M/ZA==");
}
END_TEST

START_TEST(a_listed_resource_wins_over_a_template_and_the_first_template_wins)
{
	const char *id = case_begin_with("2025-11-25");
	struct answer answer = case_read(id, "test://user/root/name");

	ck_assert_str_eq(case_at(&answer, "result.contents.0.text"), "wins");
	ck_assert_uint_eq(atomic_load(&reads), 0);
	answer = case_read(id, "test://user/root/hidden");
	ck_assert_str_eq(case_at(&answer, "result.contents.0.text"),
	                 "test://user/root/hidden: hidden of root by us");
}
END_TEST

static const char *const missing[] = {
	"test://nothing",       "test://user/x",        "test://user/a/b/c",
	"test://user/%00/name", "test://user/%FF/name", "test://odd/gone",
};

START_TEST(what_is_not_there_is_32002_with_its_uri)
{
	const char *uri = missing[_i % COUNT(missing)];
	struct answer answer =
		case_read(case_begin_with(versions[_i / COUNT(missing)]), uri);

	case_check_error(&answer, "-32002", "Resource not found");
	ck_assert_str_eq(case_at(&answer, "error.data.uri"), uri);
}
END_TEST

static const char *const bad_uris[] = {
	"{}",
	"{\"uri\":7}",
	"{\"uri\":\"\"}",
	"{\"uri\":\"no uri\"}",
	"{\"uri\":\"test://a b\"}",
	"{\"uri\":\"test://a\\u0000b\"}",
	"{\"uri\":\"test://\\u00fc\"}",
	"{\"uri\":\"test://%4\"}",
};

START_TEST(what_is_no_uri_is_32602)
{
	char body[256];
	struct answer answer;

	snprintf(body, sizeof body, REQUEST_WITH(1, "resources/read", "%s"),
	         bad_uris[_i]);
	answer = case_post(case_begin_with("2025-11-25"), body);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32602");
}
END_TEST

static const struct {
	const char *uri, *message;
} failures[] = {
	{ "test://odd/fails", "Internal error: the disk is broken" },
	{ "test://odd/image", "Internal error: invalid argument" },
	{ "test://odd/cancelled", "Internal error: the resource gave up" },
};

START_TEST(a_read_function_that_fails_is_32603)
{
	struct answer answer =
		case_read(case_begin_with("2025-11-25"), failures[_i].uri);

	case_check_error(&answer, "-32603", failures[_i].message);
}
END_TEST

START_TEST(a_resource_without_its_scopes_is_403)
{
	struct answer answer =
		case_read(case_begin_with("2025-11-25"), "test://secret");

	ck_assert_int_eq(answer.status, 403);
	ck_assert_str_eq(answer.challenge,
	                 "Bearer error=\"insufficient_scope\", "
	                 "scope=\"read:secret\"");
	answer = case_about(case_begin_with("2025-11-25"),
	                    "resources/subscribe", "test://secret");
	ck_assert_int_eq(answer.status, 403);
}
END_TEST

/* ---- what is not offered ------------------------------------------------- */

static const char *const methods[] = {
	"resources/list",      "resources/templates/list", "resources/read",
	"resources/subscribe", "resources/unsubscribe",
};

START_TEST(without_resources_their_methods_do_not_exist)
{
	struct answer answer;

	harness.options.resources = NULL;
	harness.options.templates = NULL;
	harness_restart(&harness, KEEP_ALL);
	answer = case_about(case_begin_with("2025-11-25"), methods[_i],
	                    "test://text");
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32601");
	answer = case_post(NULL, INITIALIZE(1, "2025-11-25"));
	ck_assert_ptr_null(case_at(&answer, "result.capabilities.resources"));
}
END_TEST

START_TEST(resources_are_declared_but_nothing_that_needs_streams)
{
	struct answer answer = case_post(NULL, INITIALIZE(1, "2025-11-25"));

	ck_assert_str_eq(case_at(&answer, "result.capabilities"),
	                 "{\"logging\":{},\"resources\":{},\"tools\":{}}");
}
END_TEST

TEST_MAIN("resources")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(a_resource_is_listed_as_the_revision_knows_it,
	              COUNT(versions));
	test_add_loop(templates_are_a_list_of_their_own, COUNT(versions));
	test_add_loop(pages_of_every_list_follow_each_other, COUNT(lists));
	test_add(a_cursor_is_good_for_its_own_list_only);
	test_add_loop(what_is_there_is_read_as_text_or_as_bytes,
	              COUNT(versions));
	test_add(a_read_function_may_keep_state_like_a_tool);
	test_add(one_uri_may_have_several_contents);
	test_add(a_template_tells_its_variables_decoded);
	test_add(
		a_listed_resource_wins_over_a_template_and_the_first_template_wins);
	test_add_loop(what_is_not_there_is_32002_with_its_uri,
	              COUNT(missing) * COUNT(versions));
	test_add_loop(what_is_no_uri_is_32602, COUNT(bad_uris));
	test_add_loop(a_read_function_that_fails_is_32603, COUNT(failures));
	test_add(a_resource_without_its_scopes_is_403);
	test_add_loop(without_resources_their_methods_do_not_exist,
	              COUNT(methods));
	test_add(resources_are_declared_but_nothing_that_needs_streams);
}
