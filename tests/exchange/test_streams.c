/* Answers that are streams: what a call says before its end, and what a client
 * gets that lost its connection. Work runs when the test says so; the store
 * answers at once. */
#include "exchange/stream_case.h"
#include "http/drain.h"
#include "mcp/deliver.h"
#include "stream/stream.h"
#include "suite.h"

#include <math.h>
#include <mcps/call.h>
#include <stdio.h>
#include <string.h>

/* ---- of calls ---- */

START_TEST(a_call_that_says_nothing_is_answered_with_json)
{
	struct answer answer = finish_call(send_call(TALK(1)));

	answer_check_json(&answer, 200, SAID(1));
}
END_TEST

START_TEST(progress_makes_the_answer_a_stream_that_ends_with_the_response)
{
	struct answer answer;

	meanwhile = tells_thrice;
	answer = finish_call(send_call(TALK(7)));
	ck_assert_int_eq(answer.status, 200);
	ck_assert_int_eq(answer.kind, PLAN_STREAM);
	ck_assert_int_eq(parse_events(answer.body), 5);
	check_ids(1);
	check_event(0, "");
	check_event(1, TOLD("\"t\"", 1));
	check_event(2, TOLD("\"t\"", 2));
	check_event(3, TOLD("\"t\"", 3));
	check_event(4, SAID(7));
}
END_TEST

START_TEST(before_2025_11_25_a_stream_has_ids_but_no_empty_event)
{
	meanwhile = tells;
	the_id = case_begin_with(_i == 0 ? "2025-06-18" : "2025-03-26");
	ck_assert_int_eq(parse_events(finish_call(send_call(TALK(1))).body), 2);
	check_ids(1);
	check_event(0, TOLD("\"t\"", 1));
	check_event(1, SAID(1));
}
END_TEST

static void told_in_full(mcps_call *c)
{
	mcps_progress(c, 0.5, 2, "%s \"half\"\n", "a");
}

START_TEST(progress_has_its_total_and_its_message)
{
	meanwhile = told_in_full;
	parse_events(finish_call(send_call(TALK(1))).body);
	check_event(1, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
	               "progress\",\"params\":{\"progressToken\":\"t\","
	               "\"progress\":0.5,\"total\":2,\"message\":"
	               "\"a \\\"half\\\"\\n\"}}");
}
END_TEST

START_TEST(who_gave_no_token_is_not_told)
{
	struct answer answer;

	meanwhile = tells;
	answer = finish_call(send_call(CALL(1, "talk", "{}")));
	answer_check_json(&answer, 200, SAID(1));
}
END_TEST

static void told_backwards(mcps_call *c)
{
	mcps_progress(c, 5, 0, NULL);
	mcps_progress(c, 5, 0, NULL);
	mcps_progress(c, 4, 0, NULL);
	mcps_progress(c, (double)NAN, 0, NULL);
	mcps_progress(c, 6, 0, NULL);
}

START_TEST(progress_only_rises)
{
	meanwhile = told_backwards;
	ck_assert_int_eq(parse_events(finish_call(send_call(TALK(1))).body), 4);
	check_event(1, TOLD("\"t\"", 5));
	check_event(2, TOLD("\"t\"", 6));
}
END_TEST

static void told_a_lot(mcps_call *c)
{
	for (int i = 1; i <= 1000; i++)
		mcps_progress(c, i, 1000, NULL);
}

START_TEST(too_much_progress_is_not_told_but_its_end_is)
{
	meanwhile = told_a_lot;
	ck_assert_int_eq(parse_events(finish_call(send_call(TALK(1))).body),
	                 1 + 20 + 1 + 1);
	ck_assert_ptr_nonnull(strstr(events[21].data, "\"progress\":1000,"));
}
END_TEST

static void told_slowly(mcps_call *c)
{
	for (int i = 1; i <= 100; i++) {
		mcps_progress(c, i, 0, NULL);
		harness_pass(&harness, 50);
	}
}

START_TEST(twenty_times_a_second_is_not_too_much)
{
	meanwhile = told_slowly;
	ck_assert_int_eq(parse_events(finish_call(send_call(TALK(1))).body),
	                 102);
}
END_TEST

START_TEST(a_client_that_takes_no_stream_gets_the_response_alone)
{
	struct flight *flight;
	struct answer answer;

	meanwhile = tells;
	flight = SEND(&harness, .caller = "alice", .id = the_id,
	              .is_bare = true, .body = TALK(1),
	              .headers = "Content-Type: application/json\n"
	                         "Accept: application/json\n");
	answer = finish_call(flight);
	answer_check_json(&answer, 200, SAID(1));
}
END_TEST

START_TEST(the_calls_of_a_batch_say_nothing_before_their_end)
{
	struct answer answer;
	struct flight *flight;

	meanwhile = tells;
	the_id = case_begin_with("2025-03-26");
	flight = send_call("[" TALK(1) "]");
	answer = finish_call(flight);
	answer_check_json(&answer, 200, "[" SAID(1) "]");
}
END_TEST

START_TEST(a_quick_tool_says_nothing_before_its_end)
{
	struct answer answer;

	meanwhile = tells;
	answer =
		case_post(the_id, REQUEST_WITH(1, "tools/call",
	                                       "{\"name\":\"quick\",\"_meta\":{"
	                                       "\"progressToken\":1}}"));
	answer_check_json(&answer, 200, SAID(1));
}
END_TEST

START_TEST(a_call_that_takes_long_gets_a_stream)
{
	struct flight *flight = send_call(TALK(1));

	mcps__drain_open_streams(&harness.endpoint,
	                         mcps__steady_ms(&harness.clock) - 1000);
	ck_assert(!harness_is_over(flight));
	harness_pass(&harness, 1001);
	mcps__drain_open_streams(&harness.endpoint,
	                         mcps__steady_ms(&harness.clock) - 1000);
	harness_open_stream(flight);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, "");
	ck_assert(harness_work(&harness));
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, SAID(1));
	ck_assert(harness_stream_is_over(flight));
	harness_hang_up(flight);
}
END_TEST

START_TEST(state_is_kept_with_the_response)
{
	meanwhile = tells;
	parse_events(finish_call(send_call(CALL_COUNT(1))).body);
	ck_assert_ptr_nonnull(strstr(events[2].data, "\"text\":\"1\""));
	ck_assert_str_eq(harness_state(&harness, "alice", the_id, "n"), "1");
}
END_TEST

static void told_and_cancelled(mcps_call *c)
{
	struct answer answer;

	tells(c);
	answer = case_post(the_id, NOTICE_WITH("notifications/cancelled",
	                                       "{\"requestId\":1}"));
	ck_assert_int_eq(answer.status, 202);
	tells_thrice(c);
}

START_TEST(a_cancelled_call_ends_its_stream_without_a_response)
{
	meanwhile = told_and_cancelled;
	ck_assert_int_eq(
		parse_events(finish_call(send_call(CALL_COUNT(1))).body), 2);
	check_event(1, TOLD("5", 1));
	ck_assert_ptr_null(harness_state(&harness, "alice", the_id, "n"));
}
END_TEST

static void told_and_ended(mcps_call *c)
{
	struct answer answer;

	tells(c);
	answer = case_delete(the_id);
	ck_assert_int_eq(answer.status, 204);
	tells_thrice(c);
}

START_TEST(the_end_of_the_session_ends_its_streams)
{
	struct flight *listening = open_get(NULL);
	struct flight *calling = send_call(TALK(1));

	meanwhile = told_and_ended;
	ck_assert(harness_work(&harness));
	ck_assert_int_eq(parse_events(harness_receive(calling).body), 3);
	check_event(2, OUTCOME(1));
	ck_assert_int_eq(parse_events(harness_events(listening)), 1);
	ck_assert(harness_stream_is_over(listening));
	harness_hang_up(listening);
}
END_TEST

/* ---- coming back ---- */

static struct flight *the_call, *the_other;

static void told_and_cut(mcps_call *c)
{
	tells(c);
	harness_open_stream(the_call);
	ck_assert_int_eq(parse_events(harness_events(the_call)), 2);
	harness_hang_up(the_call);
	mcps_progress(c, 2, 0, NULL);
}

START_TEST(a_call_goes_on_without_its_client_who_resumes_after_its_end)
{
	meanwhile = told_and_cut;
	the_call = send_call(CALL_COUNT(1));
	ck_assert(harness_work(&harness));
	ck_assert_str_eq(harness_state(&harness, "alice", the_id, "n"), "1");
	the_call = resume_after(events[1].id);
	ck_assert_int_eq(parse_events(harness_events(the_call)), 2);
	check_ids(3);
	check_event(0, TOLD("5", 2));
	ck_assert_ptr_nonnull(strstr(events[1].data, "\"text\":\"1\""));
	ck_assert(harness_stream_is_over(the_call));
	harness_hang_up(the_call);
}
END_TEST

/* Else clients that take only a result for an answer come again for ever. */
static void check_nothing_is_left(const char *id)
{
	struct answer answer =
		EXCHANGE(&harness, .caller = "alice", .id = the_id,
	                 .method = "GET", .headers = last_id(id));

	ck_assert_int_eq(answer.status, 204);
	ck_assert_int_eq(answer.kind, PLAN_EMPTY);
}

START_TEST(who_has_all_of_a_stream_that_ended_is_told_not_to_come_again)
{
	const char *last, *before;

	meanwhile = tells;
	ck_assert_int_eq(
		parse_events(finish_call(send_call(CALL_COUNT(1))).body), 3);
	last = keep_id(2);
	before = keep_id(1);
	check_nothing_is_left(last);
	harness_restart(&harness, KEEP_ALL);
	check_nothing_is_left(last);
	harness_hang_up(resume_after(before));
	ck_assert_ptr_null(harness.session_streams.sse_connections.first);
}
END_TEST

START_TEST(of_a_cancelled_call_nothing_is_left)
{
	meanwhile = told_and_cancelled;
	ck_assert_int_eq(
		parse_events(finish_call(send_call(CALL_COUNT(1))).body), 2);
	check_nothing_is_left(keep_id(1));
}
END_TEST

static void told_cut_and_resumed(mcps_call *c)
{
	told_and_cut(c);
	the_call = resume_after(events[0].id);
	mcps_progress(c, 3, 0, NULL);
}

START_TEST(who_resumes_while_the_call_runs_gets_each_event_once)
{
	meanwhile = told_cut_and_resumed;
	the_call = send_call(TALK(1));
	ck_assert(harness_work(&harness));
	ck_assert_int_eq(parse_events(harness_events(the_call)), 4);
	check_ids(2);
	check_event(0, TOLD("\"t\"", 1));
	check_event(1, TOLD("\"t\"", 2));
	check_event(2, TOLD("\"t\"", 3));
	check_event(3, SAID(1));
	ck_assert(harness_stream_is_over(the_call));
	harness_hang_up(the_call);
}
END_TEST

static void told_and_taken_over(mcps_call *c)
{
	tells(c);
	harness_open_stream(the_call);
	ck_assert_int_eq(parse_events(harness_events(the_call)), 2);
	the_other = resume_after(events[0].id);
	ck_assert_str_eq(harness_events(the_call), "");
	ck_assert(harness_stream_is_over(the_call));
	mcps_progress(c, 2, 0, NULL);
}

START_TEST(who_resumes_takes_over_from_a_connection_that_looks_alive)
{
	meanwhile = told_and_taken_over;
	the_call = send_call(TALK(1));
	ck_assert(harness_work(&harness));
	ck_assert_int_eq(parse_events(harness_events(the_other)), 3);
	check_ids(2);
	harness_hang_up(the_call);
	harness_hang_up(the_other);
}
END_TEST

/* The process ends while a call runs, and nothing of its end is stored. */
static const char *cut_by_restart(enum harness_keep keep)
{
	struct flight *flight;

	meanwhile = tells;
	flight = send_call(TALK(9));
	mcps__drain_open_streams(&harness.endpoint, INT64_MAX);
	harness_open_stream(flight);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	store_double_fail(&harness.store, OP_event_append, MCPS_E_STORE, 1);
	(void)mcps__drain(&harness.endpoint, 0);
	(void)harness_work(&harness);
	harness_hang_up(flight);
	harness_restart(&harness, keep);
	return keep_id(0);
}

START_TEST(after_a_restart_a_cut_call_ends_with_what_is_known_of_it)
{
	const char *id = cut_by_restart(KEEP_ALL);
	struct flight *flight;

	for (int i = 0; i < 2; i++) {
		flight = resume_after(id);
		ck_assert_int_eq(parse_events(harness_events(flight)), 1);
		check_ids(2);
		check_event(0, OUTCOME(9));
		ck_assert(harness_stream_is_over(flight));
		harness_hang_up(flight);
	}
}
END_TEST

START_TEST(after_the_store_is_lost_an_id_of_before_names_nothing)
{
	const char *id = cut_by_restart(KEEP_KEY);
	struct flight *flight = resume_after(id);

	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, "");
	ck_assert_int_ne(strncmp(events[0].id, id, 17), 0);
	ck_assert(!harness_stream_is_over(flight));
	harness_hang_up(flight);
}
END_TEST

START_TEST(an_id_that_names_nothing_here_begins_a_fresh_stream)
{
	static const char *const ids[] = { "0123456789abcdef-3",
		                           "_GET_stream:1", "0", "" };
	struct flight *flight = resume_after(ids[_i]);

	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_ids(1);
	check_event(0, "");
	ck_assert(!harness_stream_is_over(flight));
	harness_hang_up(flight);
}
END_TEST

START_TEST(nobody_resumes_the_stream_of_another_session)
{
	struct flight *flight;
	const char *id;

	meanwhile = tells_thrice;
	parse_events(finish_call(send_call(TALK(1))).body);
	id = keep_id(0);
	the_id = case_begin_with("2025-11-25");
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, "");
	ck_assert_int_ne(strncmp(events[0].id, id, 17), 0);
	harness_hang_up(flight);
}
END_TEST

START_TEST(an_id_from_the_future_gets_what_comes)
{
	struct flight *flight = open_get(NULL);
	char id[64];

	parse_events(harness_events(flight));
	snprintf(id, sizeof id, "%.17s99", events[0].id);
	harness_hang_up(flight);
	flight = resume_after(id);
	check_nothing_new(flight, id);
	ck_assert(!harness_stream_is_over(flight));
	harness_hang_up(flight);
}
END_TEST

START_TEST(of_a_call_whose_events_are_no_longer_kept_nothing_is_replayed)
{
	struct flight *flight;
	const char *id;

	case_tear_down();
	start_streams(&(const struct harness_options){ .event_bytes = 300 });
	meanwhile = tells_thrice;
	parse_events(finish_call(send_call(TALK(3))).body);
	id = keep_id(0);
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	ck_assert_str_eq(events[0].id, "");
	check_event(0, PURGED(3));
	ck_assert(harness_stream_is_over(flight));
	harness_hang_up(flight);
}
END_TEST

START_TEST(events_are_kept_for_a_while)
{
	struct flight *flight;
	const char *id;

	meanwhile = tells_thrice;
	parse_events(finish_call(send_call(TALK(3))).body);
	id = keep_id(3);
	harness_pass(&harness, 899000);
	harness_sweep(&harness);
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, SAID(3));
	harness_hang_up(flight);
	harness_pass(&harness, 2000);
	harness_sweep(&harness);
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, ""); /* a fresh one */
	harness_hang_up(flight);
}
END_TEST

TEST_MAIN("streams")
{
	test_case("calls");
	test_fixture(streams_set_up, case_tear_down);
	test_add(a_call_that_says_nothing_is_answered_with_json);
	test_add(
		progress_makes_the_answer_a_stream_that_ends_with_the_response);
	test_add_loop(before_2025_11_25_a_stream_has_ids_but_no_empty_event, 2);
	test_add(progress_has_its_total_and_its_message);
	test_add(who_gave_no_token_is_not_told);
	test_add(progress_only_rises);
	test_add(too_much_progress_is_not_told_but_its_end_is);
	test_add(twenty_times_a_second_is_not_too_much);
	test_add(a_client_that_takes_no_stream_gets_the_response_alone);
	test_add(the_calls_of_a_batch_say_nothing_before_their_end);
	test_add(a_quick_tool_says_nothing_before_its_end);
	test_add(a_call_that_takes_long_gets_a_stream);
	test_add(state_is_kept_with_the_response);
	test_add(a_cancelled_call_ends_its_stream_without_a_response);
	test_add(the_end_of_the_session_ends_its_streams);

	test_case("coming back");
	test_fixture(streams_set_up, case_tear_down);
	test_add(a_call_goes_on_without_its_client_who_resumes_after_its_end);
	test_add(who_has_all_of_a_stream_that_ended_is_told_not_to_come_again);
	test_add(of_a_cancelled_call_nothing_is_left);
	test_add(who_resumes_while_the_call_runs_gets_each_event_once);
	test_add(who_resumes_takes_over_from_a_connection_that_looks_alive);
	test_add(after_a_restart_a_cut_call_ends_with_what_is_known_of_it);
	test_add(after_the_store_is_lost_an_id_of_before_names_nothing);
	test_add_loop(an_id_that_names_nothing_here_begins_a_fresh_stream, 4);
	test_add(nobody_resumes_the_stream_of_another_session);
	test_add(an_id_from_the_future_gets_what_comes);
	test_add(of_a_call_whose_events_are_no_longer_kept_nothing_is_replayed);
	test_add(events_are_kept_for_a_while);
}
