/* An ended session leaves the streams of its calls for clients that lost their
 * connection and come back later. */
#include "exchange/stream_case.h"
#include "http/drain.h"
#include "suite.h"

#include <string.h>

static struct flight *call; /* alice's, while its tool runs */

static void end_session(void)
{
	ck_assert_int_eq(case_delete(the_id).status, 204);
}

static struct answer get_as(const char *caller, const char *id,
                            const char *event)
{
	return EXCHANGE(&harness, .caller = caller, .id = id, .method = "GET",
	                .headers = last_id(event));
}

static void check_nothing(const char *caller, const char *id, const char *event)
{
	struct answer answer = get_as(caller, id, event);

	answer_check_gone(&answer, GONE_WITHOUT_ID);
}

static void check_rest(const char *event, const char *last)
{
	struct answer answer = get_as("alice", the_id, event);

	ck_assert_int_eq(answer.status, 200);
	ck_assert_int_ge(parse_events(answer.body), 1);
	check_event(event_count - 1, last);
}

/* The client leaves after the first event. */
static void tells_and_is_cut(mcps_call *c)
{
	tells(c);
	harness_open_stream(call);
	ck_assert_int_eq(parse_events(harness_events(call)), 2);
	(void)keep_id(0);
	harness_hang_up(call);
}

static void is_cut_and_ended(mcps_call *c)
{
	tells_and_is_cut(c);
	end_session();
}

/* The first event of a call that was cut, and whose session ended. */
static const char *cut_and_end(void)
{
	meanwhile = is_cut_and_ended;
	call = send_call(TALK(7));
	ck_assert(harness_work(&harness));
	return keep_id(0);
}

START_TEST(a_call_that_was_cut_and_ended_is_answered_to_who_resumes)
{
	const char *first = cut_and_end();

	for (int i = 0; i < 3; i++) {
		check_rest(first, OUTCOME(7));
		check_ids(2);
	}
}
END_TEST

START_TEST(client_that_has_all_events_is_told_not_to_come_again)
{
	const char *first = cut_and_end();
	struct answer answer;

	check_rest(first, OUTCOME(7));
	answer = get_as("alice", the_id, keep_id(event_count - 1));
	ck_assert_int_eq(answer.status, 204);
}
END_TEST

START_TEST(it_outlives_the_process)
{
	const char *first = cut_and_end();

	harness_restart(&harness, KEEP_ALL);
	check_rest(first, OUTCOME(7));
}
END_TEST

START_TEST(after_event_age_it_is_404)
{
	const char *first = cut_and_end();

	harness_pass(&harness, 899000);
	harness_sweep(&harness);
	check_rest(first, OUTCOME(7));
	harness_pass(&harness, 2000);
	harness_sweep(&harness);
	check_nothing("alice", the_id, first);
}
END_TEST

START_TEST(it_is_its_callers_and_its_sessions_alone)
{
	const char *first = cut_and_end();
	const char *ended = the_id;
	struct flight *flight;

	harness.endpoint.policy = MCPS_UNKNOWN_NEVER;
	check_nothing("bob", ended, first);
	the_id = case_begin_with("2025-11-25");
	flight = resume_after(first); /* a fresh one */
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, "");
	harness_hang_up(flight);
	end_session();
	check_nothing("alice", the_id, first);
	check_nothing("alice", "unknown", first);
	the_id = ended;
	check_rest(first, OUTCOME(7));
}
END_TEST

/* Every other request is told that the session is over. */
START_TEST(nothing_else_is_served)
{
	const char *first = cut_and_end();
	struct answer answer;

	answer = EXCHANGE(&harness, .caller = "alice", .id = the_id,
	                  .method = "GET");
	answer_check_gone(&answer, GONE_WITHOUT_ID);
	check_nothing("alice", the_id, "0123456789abcdef-1");
	check_nothing("alice", the_id, "no such event");
	answer = EXCHANGE(&harness, .caller = "alice", .id = the_id,
	                  .headers = last_id(first), .body = PING(1));
	answer_check_gone(&answer, GONE(1));
	answer = EXCHANGE(&harness, .caller = "alice", .id = the_id,
	                  .headers = last_id(first), .method = "DELETE");
	answer_check_gone(&answer, GONE_WITHOUT_ID);
}
END_TEST

START_TEST(streams_of_no_call_are_not_left)
{
	struct flight *listening = open_get(NULL);
	const char *first;

	ck_assert_int_eq(parse_events(harness_events(listening)), 1);
	first = keep_id(0);
	end_session();
	ck_assert(harness_stream_is_over(listening) ||
	          harness_events(listening) != NULL);
	harness_hang_up(listening);
	check_nothing("alice", the_id, first);
}
END_TEST

/* ---- while the call still runs ---- */

static struct flight *back;

static void is_cut_ended_and_resumed(mcps_call *c)
{
	const char *first;

	is_cut_and_ended(c);
	first = keep_id(0);
	back = resume_after(first);
	ck_assert_int_eq(parse_events(harness_events(back)), 1);
	check_event(0, TOLD("\"t\"", 1));
	ck_assert(!harness_stream_is_over(back));
}

START_TEST(client_that_resumes_a_running_call_waits_for_its_end)
{
	meanwhile = is_cut_ended_and_resumed;
	call = send_call(TALK(7));
	ck_assert(harness_work(&harness));
	ck_assert_int_eq(parse_events(harness_events(back)), 1);
	check_event(0, OUTCOME(7));
	ck_assert(harness_stream_is_over(back));
	harness_hang_up(back);
}
END_TEST

/* ---- unknown sessions ---- */

static void is_cut_and_forgotten(mcps_call *c)
{
	tells_and_is_cut(c);
	harness_forget_row(&harness, "alice", the_id);
}

static const char *cut_and_forget(const char *body)
{
	meanwhile = is_cut_and_forgotten;
	call = send_call(body);
	ck_assert(harness_work(&harness));
	return keep_id(0);
}

START_TEST(an_evicted_session_leaves_its_calls_where_none_is_recreated)
{
	const char *first;

	harness.endpoint.policy = MCPS_UNKNOWN_NEVER;
	first = cut_and_forget(TALK(7));
	harness_restart(&harness, KEEP_ALL);
	harness.endpoint.policy = MCPS_UNKNOWN_NEVER;
	check_rest(first, SAID(7));
	harness_pass(&harness, 901000);
	harness_sweep(&harness);
	check_nothing("alice", the_id, first);
}
END_TEST

START_TEST(a_recreated_session_has_what_the_one_before_it_left)
{
	const char *first = cut_and_forget(CALL_COUNT(7));

	harness_restart(&harness, KEEP_ALL);
	check_rest(first, OUTCOME_OF(7, "dropped"));
	ck_assert_int_eq(harness_live(&harness, "alice"), 1);
}
END_TEST

/* ---- calls whose process is gone ---- */

/* It had said something, and its session had ended. */
static const char *lose_process(void)
{
	struct flight *flight = send_call(TALK(7));

	mcps__drain_open_streams(&harness.endpoint, INT64_MAX);
	harness_open_stream(flight);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	end_session();
	store_double_fail(&harness.store, OP_event_append, MCPS_E_STORE, 1);
	(void)mcps__drain(&harness.endpoint, 0);
	(void)harness_work(&harness);
	harness_hang_up(flight);
	harness_restart(&harness, KEEP_ALL);
	return keep_id(0);
}

START_TEST(outcome_of_a_lost_call_is_unknown)
{
	const char *first = lose_process();

	for (int i = 0; i < 2; i++) {
		check_rest(first, OUTCOME(7));
		check_ids(2);
	}
}
END_TEST

/* Somebody else has resumed it meanwhile. */
START_TEST(a_lost_call_ends_once)
{
	const char *first = lose_process();

	store_double_fail(&harness.store, OP_event_append, MCPS_E_GONE, 1);
	check_rest(first, OUTCOME(7));
	ck_assert_int_eq(event_count, 1);
	check_rest(first, OUTCOME(7));
	check_ids(2);
}
END_TEST

START_TEST(while_its_end_cannot_be_stored_the_client_is_to_come_again)
{
	const char *first = lose_process();
	struct flight *flight;

	store_double_fail(&harness.store, OP_event_append, MCPS_E_STORE, 1);
	flight = SEND(&harness, .caller = "alice", .id = the_id,
	              .version = "2025-11-25", .method = "GET",
	              .headers = last_id(first));
	harness_open_stream(flight);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, "");
	ck_assert(harness_stream_is_over(flight));
	ck_assert_uint_ne(retry_ms, 0);
	harness_hang_up(flight);
	check_rest(first, OUTCOME(7));
}
END_TEST

/* ---- what goes on ---- */

static void is_cut_and_renewed(mcps_call *c)
{
	struct answer answer;

	tells_and_is_cut(c);
	answer = case_post(the_id, INITIALIZE(1, "2025-11-25"));
	ck_assert_str_eq(answer.session_id, the_id);
	mcps_progress(c, 2, 0, NULL);
}

START_TEST(a_renewal_ends_neither_calls_nor_their_streams)
{
	meanwhile = is_cut_and_renewed;
	call = send_call(CALL_COUNT(7));
	ck_assert(harness_work(&harness));
	ck_assert_str_eq(harness_state(&harness, "alice", the_id, "n"), "1");
	call = resume_after(keep_id(0));
	ck_assert_int_eq(parse_events(harness_events(call)), 3);
	check_ids(2);
	ck_assert_ptr_nonnull(strstr(events[2].data, "\"text\":\"1\""));
	harness_hang_up(call);
}
END_TEST

static void is_cut_and_silent(mcps_call *c)
{
	tells_and_is_cut(c);
	for (int i = 0; i < 5; i++) { /* what the timer does */
		harness_pass(&harness, 600000);
		mcps__streams_touch(&harness.sessions);
		harness_sweep(&harness);
	}
}

START_TEST(the_stream_of_a_call_is_kept_while_it_runs)
{
	meanwhile = is_cut_and_silent;
	call = send_call(TALK(7));
	ck_assert(harness_work(&harness));
	check_rest(keep_id(1), SAID(7));
}
END_TEST

TEST_MAIN("rest")
{
	test_fixture(streams_set_up, case_tear_down);
	test_add(a_call_that_was_cut_and_ended_is_answered_to_who_resumes);
	test_add(client_that_has_all_events_is_told_not_to_come_again);
	test_add(it_outlives_the_process);
	test_add(after_event_age_it_is_404);
	test_add(it_is_its_callers_and_its_sessions_alone);
	test_add(nothing_else_is_served);
	test_add(streams_of_no_call_are_not_left);
	test_add(client_that_resumes_a_running_call_waits_for_its_end);
	test_add(an_evicted_session_leaves_its_calls_where_none_is_recreated);
	test_add(a_recreated_session_has_what_the_one_before_it_left);
	test_add(outcome_of_a_lost_call_is_unknown);
	test_add(a_lost_call_ends_once);
	test_add(while_its_end_cannot_be_stored_the_client_is_to_come_again);
	test_add(a_renewal_ends_neither_calls_nor_their_streams);
	test_add(the_stream_of_a_call_is_kept_while_it_runs);
}
