/* When clients are told to connect again, in which event, and what a GET gets
 * that comes while the server stops. */
#include "exchange/stream_case.h"
#include "http/drain.h"
#include "stream/stream.h"
#include "suite.h"

#include <mcps/server.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

enum {
	RETRY_MS = 5000,
	RETRY_MOST_MS = 6000,
	RESTART_MS = 2000, /* from the end of a drain to the next process */
};

static void set_up_with(struct harness_options options)
{
	case_tear_down();
	start_streams(&options);
}

static const char *first_of(struct flight *flight)
{
	ck_assert_int_ge(parse_events(harness_events(flight)), 1);
	return keep_id(0);
}

/* Returns the "retry" of a new stream of the session. */
static unsigned told_when(void)
{
	struct flight *flight = open_get(NULL);

	(void)first_of(flight);
	harness_hang_up(flight);
	return events[0].retry_ms;
}

/* ---- the first event ---- */

static void check_only_first(unsigned expected)
{
	ck_assert_int_ge(event_count, 1);
	ck_assert_uint_eq(events[0].retry_ms, expected);
	for (int n = 1; n < event_count; n++)
		ck_assert_uint_eq(events[n].retry_ms, 0);
}

/* One that is cut before its second event; the id of its first. */
static const char *leave_call(void)
{
	struct flight *flight = send_call(TALK(9));
	const char *id;

	mcps__drain_open_streams(&harness.endpoint, INT64_MAX);
	harness_open_stream(flight);
	id = first_of(flight);
	harness_hang_up(flight);
	return id;
}

static void read_fresh_get(void)
{
	struct flight *flight = open_get(NULL);
	struct buffer all = { 0 };

	mcps__buffer_add_text(&all, harness_events(flight));
	ck_assert(say_text("{\"a\":1}"));
	mcps__buffer_add_text(&all, harness_events(flight));
	mcps__buffer_add(&all, "", 1);
	ck_assert_int_eq(parse_events(all.data), 2);
	mcps__buffer_finish(&all);
	harness_hang_up(flight);
}

static void read_call(void)
{
	meanwhile = tells;
	ck_assert_int_eq(parse_events(finish_call(send_call(TALK(1))).body), 3);
}

static void read_resumed_get(void)
{
	struct flight *flight = open_get(NULL);
	const char *id = first_of(flight);

	harness_hang_up(flight);
	ck_assert(say_text("{\"a\":1}"));
	ck_assert(say_text("{\"a\":2}"));
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 2);
	harness_hang_up(flight);
}

static void read_idle_get(void)
{
	struct flight *flight = open_get(NULL);
	const char *id = first_of(flight);

	harness_hang_up(flight);
	flight = resume_after(id);
	check_nothing_new(flight, id);
	harness_hang_up(flight);
}

static void read_resumed_call(void)
{
	const char *id = leave_call();
	struct flight *flight = resume_after(id);

	check_nothing_new(flight, id);
	harness_hang_up(flight);
	meanwhile = tells;
	ck_assert(harness_work(&harness));
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 2);
	harness_hang_up(flight);
}

static void read_lost_call(void)
{
	const char *id = leave_call();
	struct flight *flight;

	(void)mcps__drain(&harness.endpoint, 0);
	(void)harness_work(&harness);
	harness_restart(&harness, KEEP_ALL);
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0,
	            "{\"jsonrpc\":\"2.0\",\"id\":9,\"error\":{\"code\":-32603,"
	            "\"message\":\"Server is stopping, try again\"}}");
	harness_hang_up(flight);
}

static void (*const streams[])(void) = {
	read_fresh_get, read_call,         read_resumed_get,
	read_idle_get,  read_resumed_call, read_lost_call,
};
enum { STREAM_COUNT = sizeof streams / sizeof streams[0] };

START_TEST(first_event_of_each_stream_says_when_to_come_again)
{
	unsigned expected = told_when();

	ck_assert_uint_ge(expected, RETRY_MS);
	ck_assert_uint_le(expected, RETRY_MOST_MS);
	streams[_i]();
	check_only_first(expected);
}
END_TEST

START_TEST(without_the_option_no_event_says_when_to_come_again)
{
	set_up_with((struct harness_options){ .retry_ms = MCPS_NO_RETRY });
	streams[_i]();
	check_only_first(0);
	ck_assert_uint_eq(retry_ms, 0);
}
END_TEST

/* The official SDK keeps one value for all streams of a client, and clients
 * outlive the process. */
START_TEST(session_is_told_the_same_after_it_left_memory_and_after_a_restart)
{
	unsigned expected;

	set_up_with((struct harness_options){ .hot = 1 });
	expected = told_when();
	(void)harness_begin(&harness, "bob", "2025-11-25");
	ck_assert_uint_eq(mcps__sessions_hot(&harness.sessions), 1);
	ck_assert_uint_eq(told_when(), expected);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_uint_eq(told_when(), expected);
}
END_TEST

START_TEST(clients_of_different_sessions_do_not_come_back_at_once)
{
	unsigned quarters[4] = { 0 };

	for (int i = 0; i < 64; i++) {
		unsigned told;

		the_id = case_begin_with("2025-11-25");
		told = told_when();
		ck_assert_uint_ge(told, RETRY_MS);
		ck_assert_uint_le(told, RETRY_MOST_MS);
		quarters[(told - RETRY_MS) * 4 /
		         (RETRY_MOST_MS - RETRY_MS + 1)]++;
	}
	for (int i = 0; i < 4; i++)
		ck_assert_uint_gt(quarters[i], 4);
}
END_TEST

/* Its events have no ids, so nothing is sent when a client begins to listen. */
START_TEST(store_without_streams_says_when_to_come_again_too)
{
	struct mcps_store_ops few = *harness.store.base.ops;
	const struct mcps_store_ops *all = harness.store.base.ops;
	struct flight *flight;
	unsigned expected;

	few.event_replay = NULL;
	harness.store.base.ops = &few;
	flight = open_get(NULL);
	ck_assert_int_eq(parse_events(harness_events(flight)), 0);
	ck_assert_uint_ge(retry_ms, RETRY_MS);
	expected = retry_ms;
	ck_assert(say_text("{\"a\":1}"));
	ck_assert_str_eq(harness_events(flight), "data: {\"a\":1}\n\n");
	harness_hang_up(flight);
	meanwhile = tells;
	ck_assert_int_eq(parse_events(finish_call(send_call(TALK(1))).body), 2);
	check_only_first(expected);
	harness.store.base.ops = all;
}
END_TEST

/* ---- revisions that do not know it ---- */

static const char *const older[] = { "2025-03-26", "2025-06-18" };

/* Their clients take each event for a message, so one without data is an error
 * to them. */
START_TEST(older_revision_gets_neither_retry_nor_an_event_without_data)
{
	struct flight *flight;

	the_id = case_begin_with(older[_i]);
	flight = open_get(NULL);
	ck_assert_str_eq(harness_events(flight), "");
	ck_assert(say_text("{\"a\":1}"));
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, "{\"a\":1}");
	check_only_first(0);
	harness_hang_up(flight);
	flight = resume_after(keep_id(0));
	ck_assert_str_eq(harness_events(flight), "");
	harness_hang_up(flight);
	meanwhile = tells;
	ck_assert_int_eq(parse_events(finish_call(send_call(TALK(1))).body), 2);
	check_event(0, TOLD("\"t\"", 1));
	check_only_first(0);
}
END_TEST

/* ---- while the server stops ---- */

struct stop {
	uint32_t wait_ms;
	bool in_time;
	pthread_t thread;
	struct flight *call; /* which it waits for */
};

static void *stop_main(void *arg)
{
	struct stop *stop = arg;

	stop->in_time = mcps__drain(&harness.endpoint, stop->wait_ms);
	return NULL;
}

/* A drain that waits for a call; it has begun. */
static void begin_stop(struct stop *stop, uint32_t wait_ms)
{
	*stop = (struct stop){ .wait_ms = wait_ms };
	stop->call = send_call(CALL(1, "talk", "{}"));
	pthread_create(&stop->thread, NULL, stop_main, stop);
	while (!atomic_load(&harness.endpoint.is_stopping))
		sched_yield();
}

/* The call ends, and the drain with it. */
static void end_stop(struct stop *stop)
{
	ck_assert(harness_work(&harness));
	ck_assert_int_eq(harness_receive(stop->call).status, 200);
	pthread_join(stop->thread, NULL);
	ck_assert(stop->in_time);
}

enum { LONG_MS = 600 * 1000 };

START_TEST(listener_is_told_to_stay_away_for_the_rest_of_the_drain)
{
	struct flight *flight = open_get(NULL);
	unsigned usual, told = 0;
	struct stop stop;

	(void)first_of(flight);
	usual = retry_ms;
	begin_stop(&stop, LONG_MS);
	while (!harness_stream_is_over(flight)) {
		(void)parse_events(harness_await_events(flight));
		told = retry_ms != 0 ? retry_ms : told;
	}
	ck_assert_uint_eq(told, LONG_MS + RESTART_MS + usual - RETRY_MS);
	harness_hang_up(flight);
	end_stop(&stop);
}
END_TEST

START_TEST(listener_of_an_idle_server_is_told_what_it_was_told_before)
{
	struct flight *flight = open_get(NULL);
	unsigned usual;

	(void)first_of(flight);
	usual = retry_ms;
	ck_assert(mcps__drain(&harness.endpoint, LONG_MS));
	ck_assert_int_eq(parse_events(harness_events(flight)), 0);
	ck_assert_uint_eq(retry_ms, usual);
	harness_hang_up(flight);
}
END_TEST

/* Less than a restart takes would be of no use. */
START_TEST(short_retry_is_longer_while_the_server_stops)
{
	struct flight *flight;
	unsigned usual;

	set_up_with((struct harness_options){ .retry_ms = 50 });
	flight = open_get(NULL);
	(void)first_of(flight);
	usual = retry_ms;
	ck_assert_uint_le(usual, 60);
	ck_assert(mcps__drain(&harness.endpoint, LONG_MS));
	(void)parse_events(harness_events(flight));
	ck_assert_uint_eq(retry_ms, RESTART_MS + usual - 50);
	harness_hang_up(flight);
}
END_TEST

static struct answer late_get(const char *version, const char *headers)
{
	return EXCHANGE(&harness, .caller = "alice", .id = the_id,
	                .method = "GET", .version = version,
	                .headers = headers);
}

/* RETRY_MS 0: it does not say. ID NULL: no event. */
static void check_late(const struct answer *answer, const char *id,
                       unsigned expected_ms)
{
	char text[128];

	char retry[32] = "";

	if (expected_ms != 0)
		snprintf(retry, sizeof retry, "retry: %u\n", expected_ms);
	snprintf(text, sizeof text, "%s%s%s%s%s\n", id != NULL ? "id: " : "",
	         id != NULL ? id : "", id != NULL ? "\n" : "", retry,
	         id != NULL ? "data: \n" : "");
	ck_assert_int_eq(answer->status, 200);
	ck_assert_int_eq(answer->kind, PLAN_EVENTS);
	ck_assert_str_eq(answer->body, text);
}

START_TEST(get_during_a_drain_is_told_when_to_come_again)
{
	unsigned share = told_when() - RETRY_MS;
	struct answer answer;
	struct stop stop;

	begin_stop(&stop, LONG_MS);
	answer = late_get(NULL, NULL);
	check_late(&answer, NULL, LONG_MS + RESTART_MS + share);
	harness_pass(&harness, 10000);
	answer = late_get(NULL, NULL);
	check_late(&answer, NULL, LONG_MS - 10000 + RESTART_MS + share);
	end_stop(&stop);
	answer = late_get(NULL, NULL);
	check_late(&answer, NULL, RETRY_MS + share);
}
END_TEST

/* The official SDK would listen anew without it, and miss what is stored. */
START_TEST(get_during_a_drain_keeps_the_id_that_it_resumes_after)
{
	struct flight *flight = open_get(NULL);
	const char *id = first_of(flight);
	unsigned share = retry_ms - RETRY_MS;
	struct answer answer;
	struct stop stop;

	begin_stop(&stop, LONG_MS);
	harness_hang_up(flight);
	ck_assert(say_text("{\"a\":1}"));
	answer = late_get(NULL, last_id(id));
	check_late(&answer, id, LONG_MS + RESTART_MS + share);
	answer = late_get(NULL, "Last-Event-ID: nonsense\n");
	check_late(&answer, NULL, LONG_MS + RESTART_MS + share);
	end_stop(&stop);
	harness_restart(&harness, KEEP_ALL);
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, "{\"a\":1}");
	harness_hang_up(flight);
}
END_TEST

START_TEST(get_of_a_session_that_is_not_in_memory_is_told_by_its_header)
{
	unsigned share = told_when() - RETRY_MS;
	struct answer answer;

	harness_restart(&harness, KEEP_ALL);
	ck_assert(mcps__drain(&harness.endpoint, 0));
	answer = late_get("2025-11-25", NULL);
	check_late(&answer, NULL, RETRY_MS + share);
	ck_assert_int_eq(late_get("2025-06-18", NULL).status, 503);
	ck_assert_int_eq(late_get(NULL, NULL).status, 503);
}
END_TEST

START_TEST(get_during_a_drain_without_the_option_keeps_its_id_alone)
{
	struct flight *flight;
	struct answer answer;
	const char *id;

	set_up_with((struct harness_options){ .retry_ms = MCPS_NO_RETRY });
	flight = open_get(NULL);
	id = first_of(flight);
	ck_assert(mcps__drain(&harness.endpoint, 0));
	ck_assert_str_eq(harness_events(flight), "");
	harness_hang_up(flight);
	answer = late_get(NULL, last_id(id));
	check_late(&answer, id, 0);
	answer = late_get(NULL, NULL);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(answer.body, EVENT_COMMENT);
}
END_TEST

/* To their clients a stream that ends is none to come back to; after a refusal
 * they do come back. */
START_TEST(get_of_an_older_revision_is_refused_during_a_drain)
{
	struct answer answer;

	the_id = case_begin_with(older[_i]);
	ck_assert(mcps__drain(&harness.endpoint, 0));
	/* Within a session its own revision counts. */
	answer = late_get("2025-11-25", NULL);
	ck_assert_int_eq(answer.status, 503);
	ck_assert_uint_ne(answer.retry_after_s, 0);
}
END_TEST

START_TEST(request_that_could_not_listen_is_refused_during_a_drain)
{
	ck_assert(mcps__drain(&harness.endpoint, 0));
	ck_assert_int_eq(EXCHANGE(&harness, .caller = "alice", .method = "GET",
	                          .version = "2025-11-25")
	                         .status,
	                 503);
	ck_assert_int_eq(EXCHANGE(&harness, .caller = "alice", .id = the_id,
	                          .method = "GET", .is_bare = true,
	                          .headers = "Accept: application/json\n")
	                         .status,
	                 503);
	ck_assert_int_eq(case_ping(the_id), 503);
	ck_assert_int_eq(case_delete(the_id).status, 503);
}
END_TEST

/* ---- a store that fails ---- */

START_TEST(client_keeps_its_id_when_the_store_cannot_be_read)
{
	struct flight *flight = open_get(NULL);
	const char *id = first_of(flight);
	unsigned usual = retry_ms;

	harness_hang_up(flight);
	ck_assert(say_text("{\"a\":1}"));
	store_double_fail(&harness.store, OP_event_replay, MCPS_E_STORE, 1);
	flight = resume_after(id);
	check_nothing_new(flight, id);
	ck_assert_uint_eq(events[0].retry_ms, usual);
	ck_assert(harness_stream_is_over(flight));
	harness_hang_up(flight);
	flight = resume_after(id);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, "{\"a\":1}");
	harness_hang_up(flight);
}
END_TEST

TEST_MAIN("retry")
{
	test_fixture(streams_set_up, case_tear_down);
	test_add_loop(first_event_of_each_stream_says_when_to_come_again,
	              STREAM_COUNT);
	test_add_loop(without_the_option_no_event_says_when_to_come_again,
	              STREAM_COUNT);
	test_add(
		session_is_told_the_same_after_it_left_memory_and_after_a_restart);
	test_add(clients_of_different_sessions_do_not_come_back_at_once);
	test_add(store_without_streams_says_when_to_come_again_too);
	test_add_loop(
		older_revision_gets_neither_retry_nor_an_event_without_data,
		COUNT(older));
	test_add(listener_is_told_to_stay_away_for_the_rest_of_the_drain);
	test_add(listener_of_an_idle_server_is_told_what_it_was_told_before);
	test_add(short_retry_is_longer_while_the_server_stops);
	test_add(get_during_a_drain_is_told_when_to_come_again);
	test_add(get_during_a_drain_keeps_the_id_that_it_resumes_after);
	test_add(get_of_a_session_that_is_not_in_memory_is_told_by_its_header);
	test_add(get_during_a_drain_without_the_option_keeps_its_id_alone);
	test_add_loop(get_of_an_older_revision_is_refused_during_a_drain,
	              COUNT(older));
	test_add(request_that_could_not_listen_is_refused_during_a_drain);
	test_add(client_keeps_its_id_when_the_store_cannot_be_read);
}
