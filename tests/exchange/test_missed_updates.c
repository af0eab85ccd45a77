/* Updates of resources that a session could not be told at once: it is told
 * when it next listens, whether it was in memory or not. */
#include "exchange/stream_case.h"
#include "mcp/deliver.h"
#include "mcp/notify.h"
#include "stream/stream.h"
#include "stream/updates.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { MINUTES_2 = 120000 };

#define RESOURCE(path)                                                \
	{                                                             \
		.size = sizeof(mcps_resource), .uri = "test://" path, \
		.name = path, .text = path                            \
	}

static const mcps_resource resources[] = { RESOURCE("text"),
	                                   RESOURCE("other"),
	                                   { .name = NULL } };

static mcps_status read_any(mcps_call *call, const char *uri)
{
	(void)uri;
	return mcps_text(call, "any");
}

static const mcps_template templates[] = { { .size = sizeof(mcps_template),
	                                     .uri_template = "test://n/{n}",
	                                     .name = "n",
	                                     .read = read_any },
	                                   { .name = NULL } };

static void start(const struct harness_options *options)
{
	start_streams(options);
	mcps__deliver_connect(&harness.mcp);
}

static void set_up(void)
{
	start(&(const struct harness_options){ .resources = resources });
}

static void restart(void)
{
	harness_restart(&harness, KEEP_ALL);
	mcps__deliver_connect(&harness.mcp);
}

static void start_with_room_for_one(void)
{
	harness.options.hot = 1;
	restart();
}

static void page_out(void)
{
	case_begin_with("2025-11-25");
}

static void post(const char *body)
{
	struct answer answer = case_post(the_id, body);

	answer_check_json(&answer, 200, PONG(1));
}

#define ABOUT(method, uri) REQUEST_WITH(1, method, "{\"uri\":\"" uri "\"}")
#define SUBSCRIBE(uri)     ABOUT("resources/subscribe", uri)
#define UNSUBSCRIBE(uri)   ABOUT("resources/unsubscribe", uri)

#define UPDATED(uri)                                                 \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/resources/" \
	"updated\",\"params\":{\"uri\":\"" uri "\"}}"

static void update(const char *uri)
{
	mcps__notify_updated(&harness.mcp, uri);
}

/* What a stream that is opened now brings behind its first event. */
static int told(void)
{
	struct flight *flight = open_get(NULL);
	int count = parse_events(harness_events(flight)) - 1;

	harness_hang_up(flight);
	ck_assert_int_ge(count, 0);
	return count;
}

static void check_told(const char *event)
{
	ck_assert_int_eq(told(), 1);
	check_event(1, event);
	ck_assert_int_eq(told(), 0); /* and not again */
}

/* ---- in memory ---- */

START_TEST(who_never_listened_is_told_once_on_coming)
{
	post(SUBSCRIBE("test://text"));
	post(SUBSCRIBE("test://other"));
	update("test://text");
	update("test://text");
	check_told(UPDATED("test://text"));
}
END_TEST

START_TEST(each_uri_is_told)
{
	post(SUBSCRIBE("test://text"));
	post(SUBSCRIBE("test://other"));
	update("test://text");
	update("test://other");
	ck_assert_int_eq(told(), 2);
	ck_assert_str_ne(events[1].data, events[2].data);
	ck_assert_int_eq(told(), 0);
}
END_TEST

START_TEST(who_was_told_at_once_is_not_told_again)
{
	struct flight *flight;

	post(SUBSCRIBE("test://text"));
	flight = open_get(NULL);
	parse_events(harness_events(flight));
	update("test://text");
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, UPDATED("test://text"));
	harness_hang_up(flight);
	ck_assert_int_eq(told(), 0);
}
END_TEST

START_TEST(who_subscribes_anew_has_missed_nothing)
{
	post(SUBSCRIBE("test://text"));
	update("test://text");
	post(UNSUBSCRIBE("test://text"));
	post(SUBSCRIBE("test://text"));
	ck_assert_int_eq(told(), 0);
}
END_TEST

START_TEST(who_subscribes_twice_is_told_still)
{
	post(SUBSCRIBE("test://text"));
	update("test://text");
	post(SUBSCRIBE("test://text"));
	check_told(UPDATED("test://text"));
}
END_TEST

static bool is_deaf;
static int said;

static bool hear(void *arg, struct session *session, const char *method,
                 const char *params, uint64_t *queued_on_stream)
{
	(void)arg, (void)session, (void)method, (void)params,
		(void)queued_on_stream;
	said += !is_deaf;
	return !is_deaf;
}

START_TEST(what_cannot_be_said_is_said_later)
{
	said = 0;
	is_deaf = true;
	harness.mcp.notifier.session = hear;
	post(SUBSCRIBE("test://text"));
	post(SUBSCRIBE("test://other"));
	update("test://text");
	told();
	is_deaf = false;
	update("test://other"); /* both: it hears again */
	ck_assert_int_eq(said, 2);
	told();
	ck_assert_int_eq(said, 2);
}
END_TEST

/* Nobody listens: what is said is kept, if it may be, on a stream of before.
 * Meanwhile somebody begins another one, and finds nothing to be told. */
static bool keep(void *arg, struct session *session, const char *method,
                 const char *params, uint64_t *queued_on_stream)
{
	(void)arg, (void)method, (void)params;
	if (said++ != 0) {
		if (queued_on_stream != NULL)
			*queued_on_stream = 0;
		return true;
	}
	if (queued_on_stream != NULL)
		*queued_on_stream = 7;
	atomic_fetch_add(&session->listened, 1);
	mcps__notify_missed(&harness.mcp, session, 0);
	ck_assert_int_eq(said, 1);
	return queued_on_stream != NULL;
}

START_TEST(who_begins_to_listen_while_it_is_stored_elsewhere_is_told)
{
	said = 0;
	harness.mcp.notifier.session = keep;
	post(SUBSCRIBE("test://text"));
	update("test://text");
	ck_assert_int_eq(said, 2);
}
END_TEST

START_TEST(who_begins_to_listen_while_lists_are_stored_elsewhere_is_told)
{
	struct flight *flight = open_get(NULL);

	said = 0;
	harness.mcp.notifier.session = keep;
	mcps__notify_list(&harness.mcp, ENTRY_TOOL);
	ck_assert_int_eq(said, 2);
	harness_hang_up(flight);
}
END_TEST

/* ---- on a stream that nobody listens to ---- */

/* Leaves a stream behind; the id of its last event, NULL: it has none. */
static const char *listen_once(void)
{
	struct flight *flight = open_get(NULL);
	int count = parse_events(harness_events(flight));

	harness_hang_up(flight);
	return count > 0 ? keep_id(count - 1) : NULL;
}

START_TEST(who_does_not_resume_is_told_of_what_is_stored)
{
	static const char *const versions[] = { "2025-06-18", "2025-11-25" };
	struct flight *flight;

	the_id = case_begin_with(versions[_i]);
	post(SUBSCRIBE("test://text"));
	listen_once();
	update("test://text");
	update("test://text");
	for (int expected = 1; expected >= 0; expected--) {
		flight = open_get(NULL);
		ck_assert_int_eq(parse_events(harness_events(flight)),
		                 _i + expected);
		if (expected != 0)
			check_event(_i, UPDATED("test://text"));
		harness_hang_up(flight);
	}
}
END_TEST

START_TEST(who_resumes_is_told_once_of_what_is_stored)
{
	const char *id;
	struct flight *flight;

	post(SUBSCRIBE("test://text"));
	id = listen_once();
	update("test://text");
	update("test://text");
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, UPDATED("test://text"));
	update("test://text");
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	harness_hang_up(flight);
	ck_assert_int_eq(told(), 0);
}
END_TEST

START_TEST(what_is_stored_is_told_over_a_restart)
{
	const char *id;
	struct flight *flight;

	post(SUBSCRIBE("test://text"));
	id = listen_once();
	update("test://text");
	restart();
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, UPDATED("test://text"));
	harness_hang_up(flight);
	ck_assert_int_eq(told(), 0);
}
END_TEST

START_TEST(who_comes_when_what_was_stored_is_gone_is_told)
{
	const char *id;
	struct flight *flight;

	post(SUBSCRIBE("test://text"));
	id = listen_once();
	update("test://text");
	harness_pass(&harness, 60 * MINUTES_2);
	while (harness_sweep(&harness) > 0)
		continue;
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 2);
	check_event(1, UPDATED("test://text"));
	harness_hang_up(flight);
	ck_assert_int_eq(told(), 0);
}
END_TEST

/* ---- not in memory ---- */

START_TEST(after_a_restart_who_is_not_back_yet_is_told_on_coming)
{
	struct flight *flight;
	const char *id;

	post(SUBSCRIBE("test://text"));
	flight = open_get(NULL);
	parse_events(harness_events(flight));
	id = keep_id(0);
	harness_hang_up(flight);
	harness_pass(&harness, MINUTES_2);
	restart();
	if (_i % 2 != 0)
		post(PING(1)); /* it is back, but does not listen */
	harness_pass(&harness, MINUTES_2);
	update("test://text");
	flight = _i < 2 ? resume_after(id) : open_get(NULL);
	ck_assert_int_eq(parse_events(harness_events(flight)), 2);
	check_event(1, UPDATED("test://text"));
	harness_hang_up(flight);
	ck_assert_int_eq(told(), 0);
}
END_TEST

START_TEST(who_was_paged_out_is_told_on_coming)
{
	start_with_room_for_one();
	post(SUBSCRIBE("test://text"));
	harness_pass(&harness, MINUTES_2);
	page_out();
	update("test://text");
	update("test://other");
	check_told(UPDATED("test://text"));
}
END_TEST

START_TEST(who_was_seen_since_has_missed_nothing)
{
	start_with_room_for_one();
	update("test://text");
	harness_pass(&harness, MINUTES_2);
	post(SUBSCRIBE("test://text"));
	page_out();
	ck_assert_int_eq(told(), 0);
}
END_TEST

START_TEST(what_is_pending_when_a_session_is_paged_out_stays_so)
{
	start_with_room_for_one();
	post(SUBSCRIBE("test://text"));
	update("test://text");
	for (int i = 0; i < 2; i++) {
		harness_pass(&harness, MINUTES_2);
		post(PING(1)); /* seen, but it does not listen */
		harness_pass(&harness, MINUTES_2);
		page_out();
	}
	check_told(UPDATED("test://text"));
}
END_TEST

START_TEST(too_many_updates_while_away_are_told_as_perhaps)
{
	char uri[32];

	start_with_room_for_one();
	post(SUBSCRIBE("test://text"));
	page_out();
	update("test://text");
	for (int i = 0; i < UPDATES_MOST; i++) {
		snprintf(uri, sizeof uri, "test://%d", i);
		update(uri);
	}
	check_told(UPDATED("test://text"));
}
END_TEST

/* ---- the store fails ---- */

static void fail_to_subscribe(void)
{
	struct answer answer;

	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	answer = case_post(the_id, SUBSCRIBE("test://other"));
	ck_assert_int_eq(answer.status, 503);
}

static void fail_to_end(void)
{
	struct answer answer;

	store_double_fail(&harness.store, OP_session_end, MCPS_E_STORE, 1);
	answer = case_delete(the_id);
	ck_assert_int_eq(answer.status, 503);
}

/* The session is read again, and is another one in memory then. */
START_TEST(who_listens_while_the_store_fails_comes_again_and_is_told)
{
	static void (*const fail[])(void) = { fail_to_subscribe, fail_to_end };
	struct flight *flight;

	post(SUBSCRIBE("test://text"));
	flight = open_get(NULL);
	parse_events(harness_events(flight));
	fail[_i]();
	post(PING(1));
	harness_pass(&harness, MINUTES_2);
	mcps__streams_touch(&harness.sessions);
	update("test://text");
	harness_events(flight);
	ck_assert(harness_stream_is_over(flight));
	harness_hang_up(flight);
	check_told(UPDATED("test://text"));
}
END_TEST

#define TOOLS_CHANGED                      \
	"{\"jsonrpc\":\"2.0\",\"method\":" \
	"\"notifications/tools/list_changed\"}"

static bool is_among_events(const char *data)
{
	for (int i = 0; i < event_count; i++)
		if (strcmp(events[i].data, data) == 0)
			return true;
	return false;
}

/* An update, lists, and an update on a stream that nobody listens to now. */
START_TEST(what_could_not_be_stored_is_told_to_who_comes_again)
{
	struct flight *flight;

	post(SUBSCRIBE("test://text"));
	flight = open_get(NULL);
	parse_events(harness_events(flight));
	if (_i == 2)
		harness_hang_up(flight);
	store_double_fail(&harness.store, OP_event_append, MCPS_E_STORE, 1);
	if (_i == 1)
		mcps__notify_list(&harness.mcp, ENTRY_TOOL);
	else
		update("test://text");
	if (_i != 2) {
		ck_assert_int_eq(parse_events(harness_events(flight)), 0);
		ck_assert(harness_stream_is_over(flight));
		harness_hang_up(flight);
	}
	ck_assert_int_ge(told(), 1);
	ck_assert(is_among_events(_i == 1 ? TOOLS_CHANGED
	                                  : UPDATED("test://text")));
	ck_assert_int_eq(told(), 0);
}
END_TEST

/* ---- the store is behind ---- */

enum { CROWD = STREAM_PENDING_MAX + 50 };

static const char *number_uri(int number)
{
	static char uri[32];

	snprintf(uri, sizeof uri, "test://n/%d", number);
	return uri;
}

static void subscribe_number(int number)
{
	char body[256];

	snprintf(body, sizeof body, SUBSCRIBE("%s"), number_uri(number));
	post(body);
}

/* Its queue may not take all of them: then it comes again. */
static struct flight *await_some(struct flight *flight, const char **id)
{
	parse_events(harness_await_events(flight));
	if (event_count > 0 && events[event_count - 1].id[0] != '\0')
		*id = keep_id(event_count - 1);
	if (!harness_stream_is_over(flight))
		return flight;
	harness_hang_up(flight);
	return resume_after(*id);
}

START_TEST(who_listens_while_the_store_is_behind_is_told_of_everything)
{
	struct flight *flight;
	const char *id = NULL;
	int heard = 0;

	start(&(const struct harness_options){ .has_writer_thread = true,
	                                       .templates = templates,
	                                       .subscriptions = CROWD });
	for (int i = 0; i < CROWD; i++)
		subscribe_number(i);
	flight = await_some(open_get(NULL), &id);
	store_double_hold(&harness.store, OP_event_append);
	for (int i = 0; i < CROWD; i++)
		update(number_uri(i));
	store_double_release(&harness.store, OP_event_append);
	for (; heard < CROWD; heard += event_count)
		flight = await_some(flight, &id);
	ck_assert_int_eq(heard, CROWD);
	harness_hang_up(flight);
}
END_TEST

TEST_MAIN("missed updates")
{
	test_case("missed updates");
	test_fixture(set_up, case_tear_down);
	test_add(who_never_listened_is_told_once_on_coming);
	test_add(each_uri_is_told);
	test_add(who_was_told_at_once_is_not_told_again);
	test_add(who_subscribes_anew_has_missed_nothing);
	test_add(who_subscribes_twice_is_told_still);
	test_add(what_cannot_be_said_is_said_later);
	test_add_loop(who_does_not_resume_is_told_of_what_is_stored, 2);
	test_add(who_resumes_is_told_once_of_what_is_stored);
	test_add(what_is_stored_is_told_over_a_restart);
	test_add(who_comes_when_what_was_stored_is_gone_is_told);
	test_add_loop(after_a_restart_who_is_not_back_yet_is_told_on_coming, 4);
	test_add(who_was_paged_out_is_told_on_coming);
	test_add(who_was_seen_since_has_missed_nothing);
	test_add(what_is_pending_when_a_session_is_paged_out_stays_so);
	test_add(too_many_updates_while_away_are_told_as_perhaps);
	test_add(who_begins_to_listen_while_it_is_stored_elsewhere_is_told);
	test_add(who_begins_to_listen_while_lists_are_stored_elsewhere_is_told);
	test_add_loop(who_listens_while_the_store_fails_comes_again_and_is_told,
	              2);
	test_add_loop(what_could_not_be_stored_is_told_to_who_comes_again, 3);
	test_case("alone");
	test_fixture(NULL, case_tear_down);
	test_add(who_listens_while_the_store_is_behind_is_told_of_everything);
}
