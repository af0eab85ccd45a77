/* What sessions keep beside their calls: subscriptions and log levels; and
 * what becomes of them, and of calls, when what is offered changes. */
#include "exchange/case_harness.h"
#include "mcp/notify.h"
#include "suite.h"

#include <mcps/call.h>
#include <stdio.h>
#include <string.h>

static const char *const versions[] = { "2025-03-26", "2025-06-18",
	                                "2025-11-25" };

static mcps_status read_user(mcps_call *call, const char *uri)
{
	return mcps_text(call, "%s: %s of %s by %s", uri,
	                 mcps_call_param(call, "field"),
	                 mcps_call_param(call, "user"),
	                 (const char *)mcps_call_data(call));
}

static mcps_status read_file(mcps_call *call, const char *uri)
{
	(void)uri;
	return mcps_text(call, "%s", mcps_call_param(call, "path"));
}

#define RESOURCE .size = sizeof(mcps_resource)
#define TEMPLATE .size = sizeof(mcps_template)

static const mcps_resource resources[] = {
	{ RESOURCE, .uri = "test://text", .name = "text", .text = "hello" },
	{ RESOURCE, .uri = "test://bytes", .name = "bytes", .bytes = "b",
	  .length = 1 },
	{ RESOURCE, .uri = "test://counter", .name = "counter", .text = "1" },
	{ .name = NULL }
};

static char us[] = "us";

static const mcps_template templates[] = {
	{ TEMPLATE, .uri_template = "test://user/{user}/{field}",
	  .name = "user", .read = read_user, .data = us },
	{ TEMPLATE, .uri_template = "test://file/{+path}", .name = "file",
	  .read = read_file },
	{ .name = NULL }
};

static const struct harness_options options = { .resources = resources,
	                                        .templates = templates };

static void set_up(void)
{
	harness_init(&harness, &options);
}

/* ---- subscriptions ------------------------------------------------------- */

static struct {
	unsigned count;
	char text[1024];
} heard;

static bool hear(void *arg, struct session *session, const char *method,
                 const char *params, uint64_t *queued_on_stream)
{
	char digest[9];

	(void)arg, (void)queued_on_stream;
	mcps__session_digest(session->key, digest);
	heard.count++;
	snprintf(heard.text, sizeof heard.text, "%s %s", method, params);
	return true;
}

static void hear_lists(void *arg)
{
	(void)arg;
	heard.count++;
}

static void listen(void)
{
	memset(&heard, 0, sizeof heard);
	harness.mcp.notifier.session = hear;
	harness.mcp.notifier.list_changed = hear_lists;
}

/* How many hear of it. */
static unsigned updated(const char *uri)
{
	heard.count = 0;
	mcps__notify_updated(&harness.mcp, uri);
	return heard.count;
}

static void check_done(const struct answer *answer)
{
	answer_check_json(answer, 200, PONG(1));
}

static void subscribe(const char *id, const char *uri)
{
	struct answer answer = case_about(id, "resources/subscribe", uri);

	check_done(&answer);
}

START_TEST(an_update_goes_to_those_who_subscribed)
{
	const char *first = case_begin_with(versions[_i]);
	const char *second = case_begin_with(versions[_i]);
	struct answer answer;

	listen();
	subscribe(first, "test://text");
	subscribe(second, "test://text");
	subscribe(second, "test://counter");
	ck_assert_uint_eq(updated("test://text"), 2);
	ck_assert_str_eq(heard.text, "notifications/resources/updated "
	                             "{\"uri\":\"test://text\"}");
	ck_assert_uint_eq(updated("test://counter"), 1);
	ck_assert_uint_eq(updated("test://bytes"), 0);
	answer = case_about(second, "resources/unsubscribe", "test://text");
	check_done(&answer);
	ck_assert_uint_eq(updated("test://text"), 1);
	ck_assert_uint_eq(updated("test://counter"), 1);
}
END_TEST

START_TEST(a_uri_may_be_short)
{
	const char *id = case_begin_with("2025-11-25");
	char *uri = harness_keep(&harness, strdup("a:"));

	listen();
	subscribe(id, "test://text");
	ck_assert_uint_eq(updated(uri), 0);
}
END_TEST

START_TEST(to_subscribe_twice_is_to_subscribe_once)
{
	const char *id = case_begin_with("2025-11-25");
	struct answer answer;

	listen();
	subscribe(id, "test://text");
	subscribe(id, "test://text");
	ck_assert_uint_eq(updated("test://text"), 1);
	answer = case_about(id, "resources/unsubscribe", "test://text");
	check_done(&answer);
	ck_assert_uint_eq(updated("test://text"), 0);
	answer = case_about(id, "resources/unsubscribe", "test://text");
	check_done(&answer);
	answer = case_about(id, "resources/unsubscribe", "test://never");
	check_done(&answer);
}
END_TEST

START_TEST(a_subscription_survives_a_restart_and_comes_with_its_session)
{
	const char *id = case_begin_with("2025-11-25");
	struct answer answer;

	subscribe(id, "test://text");
	subscribe(id, "test://user/a/b");
	harness_restart(&harness, KEEP_ALL);
	listen();
	ck_assert_uint_eq(updated("test://text"), 0); /* nobody is here */
	answer = case_post(id, PING(1));
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(updated("test://text"), 1);
	ck_assert_uint_eq(updated("test://user/a/b"), 1);
	answer = case_about(id, "resources/unsubscribe", "test://text");
	check_done(&answer);
	harness_restart(&harness, KEEP_ALL);
	listen();
	answer = case_post(id, PING(1));
	ck_assert_uint_eq(updated("test://text"), 0);
	ck_assert_uint_eq(updated("test://user/a/b"), 1);
}
END_TEST

START_TEST(a_subscription_ends_with_its_session)
{
	const char *id = case_begin_with("2025-11-25");
	struct answer answer;

	listen();
	subscribe(id, "test://text");
	answer = case_delete(id);
	ck_assert_int_eq(answer.status, 204);
	ck_assert_uint_eq(updated("test://text"), 0);
}
END_TEST

START_TEST(a_session_that_leaves_memory_is_not_told_and_comes_back)
{
	const char *id = case_begin_with("2025-11-25");
	struct answer answer;

	harness.options.hot = 1;
	harness_restart(&harness, KEEP_ALL);
	listen();
	subscribe(id, "test://text");
	ck_assert_uint_eq(updated("test://text"), 1);
	case_begin_with("2025-11-25"); /* pages it out */
	ck_assert_uint_eq(updated("test://text"), 0);
	answer = case_post(id, PING(1));
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(updated("test://text"), 1);
}
END_TEST

START_TEST(a_session_has_only_so_many_subscriptions)
{
	const char *id;
	struct answer answer;
	char uri[64];

	harness.options.subscriptions = 3;
	harness_restart(&harness, KEEP_ALL);
	id = case_begin_with("2025-11-25");
	for (int i = 0; i < 3; i++) {
		snprintf(uri, sizeof uri, "test://file/%d", i);
		subscribe(id, uri);
	}
	answer = case_about(id, "resources/subscribe", "test://file/3");
	case_check_error(&answer, "-32603", "Too many subscriptions");
	subscribe(id, "test://file/2"); /* it has that one */
	answer = case_about(id, "resources/unsubscribe", "test://file/0");
	subscribe(id, "test://file/3");
}
END_TEST

START_TEST(to_what_is_not_there_nobody_subscribes)
{
	struct answer answer =
		case_about(case_begin_with("2025-11-25"), "resources/subscribe",
	                   "test://nothing");

	case_check_error(&answer, "-32002", "Resource not found");
	ck_assert_str_eq(case_at(&answer, "error.data.uri"), "test://nothing");
}
END_TEST

START_TEST(a_subscription_that_is_not_stored_is_not_answered)
{
	const char *id = case_begin_with("2025-11-25");
	struct answer answer;

	listen();
	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 2);
	answer = case_about(id, "resources/subscribe", "test://text");
	ck_assert_int_eq(answer.status, 503);
	ck_assert_uint_eq(updated("test://text"), 0);
}
END_TEST

START_TEST(a_session_that_was_ended_behind_our_back_is_404)
{
	const char *id = case_begin_with("2025-11-25");
	struct answer answer;

	harness_end_row(&harness, "alice", id);
	answer = case_about(id, "resources/subscribe", "test://text");
	ck_assert_int_eq(answer.status, 404);
}
END_TEST

/* ---- log levels ---------------------------------------------------------- */

static struct answer set_level(const char *id, const char *level)
{
	char body[256];

	snprintf(body, sizeof body,
	         REQUEST_WITH(1, "logging/setLevel", "{\"level\":%s}"), level);
	return case_post(id, body);
}

START_TEST(a_log_level_is_kept_with_the_session)
{
	static const char *const levels[] = {
		"\"debug\"", "\"info\"",     "\"notice\"", "\"warning\"",
		"\"error\"", "\"critical\"", "\"alert\"",  "\"emergency\"",
	};
	const char *id = case_begin_with(versions[_i]);
	struct mcps_session_row row = harness_row(&harness, "alice", id);
	uint32_t before = row.flags;

	for (uint32_t i = 0; i < 8; i++) {
		struct answer answer = set_level(id, levels[i]);

		check_done(&answer);
		row = harness_row(&harness, "alice", id);
		ck_assert_uint_eq(row.flags, before | (i + 1) << 8);
	}
}
END_TEST

START_TEST(an_unknown_level_is_32602)
{
	static const char *const bad[] = { "\"loud\"", "\"INFO\"", "7", "null",
		                           "\"\"" };
	struct answer answer =
		set_level(case_begin_with("2025-11-25"), bad[_i]);

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32602");
}
END_TEST

/* ---- changing what is offered -------------------------------------------- */

START_TEST(what_is_added_later_is_listed_and_told)
{
	const char *id = case_begin_with("2025-11-25");
	const mcps_resource added = { RESOURCE, .uri = "test://late",
		                      .name = "late", .text = "now" };
	uint8_t before[MCPS_LISTS_DIGEST_SIZE], after[MCPS_LISTS_DIGEST_SIZE];
	struct entry *entry;
	struct answer answer = case_read(id, "test://late");

	ck_assert_str_eq(case_at(&answer, "error.code"), "-32002");
	listen();
	mcps__registry_digest(&harness.registry, before);
	ck_assert_int_eq(mcps__resource_make(&entry, &added, NULL), MCPS_OK);
	ck_assert_int_eq(mcps__registry_add(&harness.registry, entry, NULL),
	                 MCPS_OK);
	mcps__notify_list(&harness.mcp, ENTRY_RESOURCE);
	answer = case_read(id, "test://late");
	ck_assert_str_eq(case_at(&answer, "result.contents.0.text"), "now");
	mcps__registry_digest(&harness.registry, after);
	ck_assert_mem_eq(before, after, LISTS_RESOURCES);
	ck_assert_mem_ne(before + LISTS_RESOURCES, after + LISTS_RESOURCES, 3);
	ck_assert_mem_eq(before + LISTS_PROMPTS, after + LISTS_PROMPTS, 2);
	ck_assert_int_eq(mcps__registry_remove(&harness.registry,
	                                       ENTRY_RESOURCE, "test://late"),
	                 MCPS_OK);
	answer = case_read(id, "test://late");
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32002");
	ck_assert_int_eq(mcps__registry_remove(&harness.registry,
	                                       ENTRY_RESOURCE, "test://late"),
	                 MCPS_E_NOT_FOUND);
}
END_TEST

START_TEST(a_call_goes_on_when_what_it_reads_is_removed)
{
	const char *id;
	struct flight *flight;
	struct answer answer;

	harness.options.is_manual = true;
	harness_restart(&harness, KEEP_ALL);
	id = case_begin_with("2025-11-25");
	flight = case_send(id, REQUEST_WITH(1, "resources/read",
	                                    "{\"uri\":\"test://user/a/b\"}"));
	ck_assert_int_eq(mcps__registry_remove(&harness.registry,
	                                       ENTRY_TEMPLATE,
	                                       "test://user/{user}/{field}"),
	                 MCPS_OK);
	ck_assert(harness_work(&harness));
	answer = harness_receive(flight);
	ck_assert_str_eq(case_at(&answer, "result.contents.0.text"),
	                 "test://user/a/b: b of a by us");
}
END_TEST

START_TEST(after_a_restart_a_session_knows_which_lists_are_other_ones)
{
	const char *id = case_begin_with("2025-11-25");
	struct session *session;
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	struct principal *alice =
		mcps__principal_new("https://issuer.test", "alice");
	struct answer answer;

	harness.options.templates = NULL;
	harness_restart(&harness, KEEP_ALL);
	answer = case_post(id, PING(1));
	ck_assert_int_eq(answer.status, 200);
	mcps__sessions_key(&harness.sessions, key, alice, id, strlen(id));
	ck_assert_int_eq(mcps__sessions_find(&harness.sessions, key, &session),
	                 FOUND_LIVE);
	ck_assert_uint_eq(session->lists_differ, SESSION_LIST_RESOURCES);
	mcps__session_unref(session);
	mcps__principal_unref(alice);
}
END_TEST

TEST_MAIN("subscriptions")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(an_update_goes_to_those_who_subscribed, COUNT(versions));
	test_add(a_uri_may_be_short);
	test_add(to_subscribe_twice_is_to_subscribe_once);
	test_add(a_subscription_survives_a_restart_and_comes_with_its_session);
	test_add(a_subscription_ends_with_its_session);
	test_add(a_session_that_leaves_memory_is_not_told_and_comes_back);
	test_add(a_session_has_only_so_many_subscriptions);
	test_add(to_what_is_not_there_nobody_subscribes);
	test_add(a_subscription_that_is_not_stored_is_not_answered);
	test_add(a_session_that_was_ended_behind_our_back_is_404);
	test_add_loop(a_log_level_is_kept_with_the_session, COUNT(versions));
	test_add_loop(an_unknown_level_is_32602, 5);
	test_add(what_is_added_later_is_listed_and_told);
	test_add(a_call_goes_on_when_what_it_reads_is_removed);
	test_add(after_a_restart_a_session_knows_which_lists_are_other_ones);
}
