/* What a GET listens to: messages of the server that belong to no call. */
#include "exchange/stream_case.h"
#include "http/drain.h"
#include "mcp/deliver.h"
#include "mcp/notify.h"
#include "stream/stream.h"
#include "suite.h"

#include <math.h>
#include <mcps/call.h>
#include <stdio.h>
#include <string.h>

/* ---- listening ---- */

/* Something for the session, as the server would send it. */
START_TEST(of_several_streams_the_newest_gets_each_message)
{
	struct flight *first = open_get(NULL), *second = open_get(NULL);

	parse_events(harness_events(first));
	parse_events(harness_events(second));
	ck_assert(say_text("{\"a\":1}"));
	ck_assert_str_eq(harness_events(first), "");
	ck_assert_int_eq(parse_events(harness_events(second)), 1);
	check_event(0, "{\"a\":1}");
	harness_hang_up(second);
	ck_assert(say_text("{\"a\":2}"));
	ck_assert_int_eq(parse_events(harness_events(first)), 1);
	check_event(0, "{\"a\":2}");
	harness_hang_up(first);
}
END_TEST

START_TEST(what_comes_while_nobody_listens_is_heard_on_coming_back)
{
	struct flight *flight = open_get(NULL);
	const char *id;

	parse_events(harness_events(flight));
	id = keep_id(0);
	harness_hang_up(flight);
	ck_assert(say_text("{\"a\":1}"));
	flight = resume_after(id);
	ck_assert(say_text("{\"a\":2}"));
	ck_assert_int_eq(parse_events(harness_events(flight)), 2);
	check_ids(2);
	check_event(0, "{\"a\":1}");
	check_event(1, "{\"a\":2}");
	harness_hang_up(flight);
}
END_TEST

START_TEST(after_a_restart_a_stream_goes_on_where_it_was)
{
	struct flight *flight = open_get(NULL);
	const char *id;

	ck_assert(say_text("{\"a\":1}"));
	parse_events(harness_events(flight));
	id = keep_id(1);
	harness_hang_up(flight);
	harness_restart(&harness, KEEP_ALL);
	flight = resume_after(id);
	check_nothing_new(flight, id);
	ck_assert(say_text("{\"a\":2}"));
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_ids(3);
	harness_hang_up(flight);
}
END_TEST

/* ---- what the server tells by itself ---- */

static void change_lists(uint8_t first_byte)
{
	uint8_t lists[MCPS_LISTS_DIGEST_SIZE];

	mcps__sessions_get_lists(&harness.sessions, lists);
	lists[LISTS_TOOLS] = first_byte;
	mcps__sessions_set_lists(&harness.sessions, lists, 0);
}

#define CHANGED(list)                                           \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/" list \
	"/list_changed\"}"
#define TOOLS_CHANGED CHANGED("tools")

START_TEST(after_a_restart_who_knows_other_lists_is_told_once)
{
	struct flight *flight;
	int expected[] = { 0, 1, 0 };

	for (int i = 0; i < 3; i++) {
		harness_restart(&harness, KEEP_ALL);
		mcps__deliver_connect(&harness.mcp);
		change_lists(i == 0 ? harness.sessions.options.lists[0] : 7);
		flight = open_get(NULL);
		ck_assert_int_eq(parse_events(harness_events(flight)),
		                 1 + expected[i]);
		if (expected[i] != 0)
			check_event(1, TOOLS_CHANGED);
		harness_hang_up(flight);
		flight = open_get(NULL); /* and not again */
		ck_assert_int_eq(parse_events(harness_events(flight)), 1);
		harness_hang_up(flight);
	}
}
END_TEST

START_TEST(lists_that_change_are_told_now_or_when_somebody_listens)
{
	const char *silent = the_id;
	struct flight *flight;

	mcps__deliver_connect(&harness.mcp);
	the_id = case_begin_with("2025-11-25");
	flight = open_get(NULL);
	parse_events(harness_events(flight));
	mcps__notify_list(&harness.mcp, ENTRY_TOOL);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, TOOLS_CHANGED);
	harness_hang_up(flight);
	the_id = silent;
	flight = open_get(NULL);
	ck_assert_int_eq(parse_events(harness_events(flight)), 2);
	check_event(1, TOOLS_CHANGED);
	harness_hang_up(flight);
}
END_TEST

static const struct {
	enum entry_kind kind;
	const char *event;
} changes[] = {
	{ ENTRY_TOOL, CHANGED("tools") },
	{ ENTRY_RESOURCE, CHANGED("resources") },
	{ ENTRY_TEMPLATE, CHANGED("resources") },
	{ ENTRY_PROMPT, CHANGED("prompts") },
};

START_TEST(each_kind_of_entry_has_its_list)
{
	struct flight *flight;

	mcps__deliver_connect(&harness.mcp);
	flight = open_get(NULL);
	parse_events(harness_events(flight));
	mcps__notify_list(&harness.mcp, changes[_i].kind);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, changes[_i].event);
	harness_hang_up(flight);
}
END_TEST

static void logged(mcps_call *c)
{
	mcps_notify_log(c, MCPS_SEVERITY_DEBUG, NULL, "too low");
	mcps_notify_log(c, MCPS_SEVERITY_ERROR, "db", "it \"broke\"");
}

START_TEST(what_a_call_logs_goes_to_its_own_stream)
{
	struct flight *listening;

	mcps__deliver_connect(&harness.mcp);
	listening = open_get(NULL);
	parse_events(harness_events(listening));
	meanwhile = logged;
	ck_assert_int_eq(
		parse_events(
			finish_call(send_call(CALL(1, "talk", "{}"))).body),
		3);
	check_event(1, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
	               "message\",\"params\":{\"level\":\"error\","
	               "\"logger\":\"db\",\"data\":\"it \\\"broke\\\"\"}}");
	ck_assert_str_eq(harness_events(listening), "");
	harness_hang_up(listening);
}
END_TEST

static void told_and_disconnected(mcps_call *c)
{
	tells(c);
	mcps_disconnect(c, 1234);
	mcps_progress(c, 2, 0, NULL);
}

START_TEST(a_call_can_have_its_client_come_back_for_the_rest)
{
	struct answer answer;
	struct flight *flight;

	meanwhile = told_and_disconnected;
	answer = finish_call(send_call(TALK(1)));
	ck_assert_int_eq(parse_events(answer.body), 2);
	ck_assert_uint_eq(retry_ms, 1234);
	check_event(1, TOLD("\"t\"", 1));
	flight = resume_after(events[1].id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 2);
	check_event(1, SAID(1));
	harness_hang_up(flight);
}
END_TEST

START_TEST(a_client_that_does_not_poll_is_not_disconnected)
{
	meanwhile = told_and_disconnected;
	the_id = case_begin();
	ck_assert_int_eq(parse_events(finish_call(send_call(TALK(1))).body), 3);
	ck_assert_uint_eq(retry_ms, 0);
}
END_TEST

START_TEST(the_oldest_of_too_many_streams_is_closed)
{
	struct flight *flights[9];

	for (int i = 0; i < 9; i++)
		flights[i] = open_get(NULL);
	for (int i = 0; i < 9; i++) {
		(void)harness_events(flights[i]);
		ck_assert_int_eq(harness_stream_is_over(flights[i]), i == 0);
		harness_hang_up(flights[i]);
	}
}
END_TEST

/* Begin to listen, and leave; the id of what was heard first. */
static const char *listen_once(void)
{
	struct flight *flight = open_get(NULL);

	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	harness_hang_up(flight);
	return keep_id(0);
}

/* Whether the stream of that event is still stored. */
static bool is_stored(const char *id)
{
	struct flight *flight = resume_after(id);

	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	harness_hang_up(flight);
	check_event(0, "");
	/* Else a fresh one begins. */
	return strcmp(events[0].id, id) == 0;
}

START_TEST(of_a_session_only_so_many_streams_are_stored)
{
	const char *ids[100];

	case_tear_down();
	start_streams(&(const struct harness_options){ .session_streams = 3 });
	for (int i = 0; i < 100; i++)
		ids[i] = listen_once();
	for (int i = 97; i < 100; i++)
		ck_assert(is_stored(ids[i]));
	ck_assert(!is_stored(ids[96]));
	ck_assert(!is_stored(ids[97])); /* that took its place */
	ck_assert(is_stored(ids[99]));
}
END_TEST

/* After a restart only the store knows all of them. */
START_TEST(who_listens_to_a_stream_that_made_room_is_told_to_come_again)
{
	struct flight *old, *fresh;
	const char *id;

	id = listen_once();
	for (int i = 1; i < 8; i++)
		listen_once();
	harness_restart(&harness, KEEP_ALL);
	old = resume_after(id);
	check_nothing_new(old, id);
	ck_assert(!harness_stream_is_over(old));
	fresh = open_get(NULL);
	parse_events(harness_events(fresh));
	(void)harness_events(old);
	ck_assert(harness_stream_is_over(old));
	harness_hang_up(old);
	ck_assert(say_text("{\"a\":1}"));
	ck_assert_int_eq(parse_events(harness_events(fresh)), 1);
	harness_hang_up(fresh);
	ck_assert(say_text("{\"a\":2}")); /* not to the one that is gone */
	fresh = resume_after(keep_id(0));
	ck_assert_int_eq(parse_events(harness_events(fresh)), 1);
	check_event(0, "{\"a\":2}");
	harness_hang_up(fresh);
}
END_TEST

START_TEST(a_get_must_accept_event_streams)
{
	struct answer answer = EXCHANGE(
		&harness, .caller = "alice", .id = the_id, .method = "GET",
		.is_bare = true, .headers = "Accept: application/json\n");

	ck_assert_int_eq(answer.status, 406);
}
END_TEST

START_TEST(a_silent_stream_shows_signs_of_life)
{
	struct flight *flight = open_get(NULL);

	(void)harness_events(flight);
	(void)harness_comments(flight);
	harness_pass(&harness, 13000);
	mcps__sse_connections_heartbeat(
		&harness.session_streams.sse_connections, 15000);
	ck_assert_uint_eq(harness_comments(flight), 0);
	harness_pass(&harness, 2000);
	mcps__sse_connections_heartbeat(
		&harness.session_streams.sse_connections, 15000);
	ck_assert_uint_eq(harness_comments(flight), 1);
	ck_assert_str_eq(harness_events(flight), "");
	mcps__sse_connections_heartbeat(
		&harness.session_streams.sse_connections, 15000);
	ck_assert_uint_eq(harness_comments(flight), 0);
	harness_hang_up(flight);
}
END_TEST

START_TEST(who_reads_too_slowly_is_cut_and_resumes_without_a_loss)
{
	struct flight *flight = open_get(NULL);
	int seen;

	for (int i = 0; i < 1500; i++)
		ck_assert(say_text("{\"a\":1}"));
	seen = parse_events(harness_events(flight));
	ck_assert_int_le(seen, SSE_EVENTS_MAX + 1);
	ck_assert(harness_stream_is_over(flight));
	harness_hang_up(flight);
	flight = resume_after(events[seen - 1].id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1501 - seen);
	check_ids(seen + 1);
	ck_assert(!harness_stream_is_over(flight));
	ck_assert(say_text("{\"a\":2}"));
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	harness_hang_up(flight);
}
END_TEST

START_TEST(a_session_that_somebody_listens_to_does_not_expire)
{
	struct flight *flight = open_get(NULL);

	for (int day = 0; day < 3 * HARNESS_IDLE_DAYS; day++) {
		harness_pass(&harness, DAY_MS);
		mcps__streams_touch(&harness.sessions);
		while (harness_sweep(&harness) > 0)
			continue;
	}
	ck_assert(say_text("{\"a\":1}"));
	(void)harness_events(flight);
	ck_assert(!harness_stream_is_over(flight));
	ck_assert_int_eq(harness_row(&harness, "alice", the_id).phase,
	                 MCPS_PHASE_LIVE);
	harness_hang_up(flight);
}
END_TEST

START_TEST(who_listens_does_not_outlive_the_absolute_lifetime)
{
	struct flight *flight = open_get(NULL);
	struct answer answer;

	for (int day = 0; day <= HARNESS_AGE_DAYS; day++) {
		(void)harness_events(flight);
		ck_assert(!harness_stream_is_over(flight));
		harness_pass(&harness, DAY_MS);
		mcps__streams_touch(&harness.sessions);
	}
	(void)harness_events(flight);
	ck_assert(harness_stream_is_over(flight));
	harness_hang_up(flight);
	answer = case_post(the_id, PING(1));
	answer_check_gone(&answer, GONE(1));
}
END_TEST

/* ---- stopping ---- */

START_TEST(a_server_that_stops_says_when_to_come_back)
{
	struct flight *flight;

	the_id = case_begin_with(_i == 0 ? "2025-11-25" : "2025-06-18");
	flight = open_get(NULL);
	(void)harness_events(flight);
	ck_assert(mcps__drain(&harness.endpoint, 0));
	ck_assert_int_eq(parse_events(harness_events(flight)), 0);
	if (_i == 0)
		ck_assert(retry_ms >= 5000 && retry_ms <= 6000);
	else
		ck_assert_uint_eq(retry_ms, 0);
	ck_assert(harness_stream_is_over(flight));
	harness_hang_up(flight);
}
END_TEST

TEST_MAIN("listening")
{
	test_fixture(streams_set_up, case_tear_down);
	test_add(of_several_streams_the_newest_gets_each_message);
	test_add(what_comes_while_nobody_listens_is_heard_on_coming_back);
	test_add(after_a_restart_a_stream_goes_on_where_it_was);
	test_add(after_a_restart_who_knows_other_lists_is_told_once);
	test_add(lists_that_change_are_told_now_or_when_somebody_listens);
	test_add_loop(each_kind_of_entry_has_its_list, COUNT(changes));
	test_add(what_a_call_logs_goes_to_its_own_stream);
	test_add(a_call_can_have_its_client_come_back_for_the_rest);
	test_add(a_client_that_does_not_poll_is_not_disconnected);
	test_add(the_oldest_of_too_many_streams_is_closed);
	test_add(of_a_session_only_so_many_streams_are_stored);
	test_add(who_listens_to_a_stream_that_made_room_is_told_to_come_again);
	test_add(a_get_must_accept_event_streams);
	test_add(a_silent_stream_shows_signs_of_life);
	test_add(who_reads_too_slowly_is_cut_and_resumes_without_a_loss);
	test_add(a_session_that_somebody_listens_to_does_not_expire);
	test_add(who_listens_does_not_outlive_the_absolute_lifetime);
	test_add_loop(a_server_that_stops_says_when_to_come_back, 2);
}
