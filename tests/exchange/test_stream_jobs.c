/* Streams on a store that is slower than who speaks: what waits for it goes in
 * together, and nothing is sent before it is committed. */
#include "exchange/stream_case.h"
#include "http/drain.h"
#include "suite.h"

#include <sched.h>

static void set_up(void)
{
	start_streams(
		&(const struct harness_options){ .has_writer_thread = true });
}

/* Have the store's thread stand before a commit of something else. */
static struct flight *occupy_store(void)
{
	struct flight *flight;

	store_double_hold(&harness.store, OP_commit);
	flight = case_send(NULL, INITIALIZE(1, "2025-11-25"));
	store_double_await(&harness.store, OP_commit);
	return flight;
}

START_TEST(what_a_call_says_in_a_row_is_stored_in_a_row)
{
	struct flight *other = occupy_store();
	unsigned appended = case_store_count(OP_event_append);
	unsigned saved = case_store_count(OP_savepoint);
	struct flight *call;

	meanwhile = tells_thrice;
	call = send_call(TALK(7));
	ck_assert(harness_work(&harness));
	ck_assert_uint_eq(case_store_count(OP_event_append), appended);
	ck_assert(!harness_is_over(call));
	store_double_release(&harness.store, OP_commit);
	ck_assert_int_eq(parse_events(harness_receive(call).body), 5);
	check_ids(1);
	check_event(0, "");
	check_event(3, TOLD("\"t\"", 3));
	check_event(4, SAID(7));
	ck_assert_uint_eq(case_store_count(OP_event_append), appended + 1);
	ck_assert_uint_eq(case_store_count(OP_savepoint), saved + 1);
	ck_assert_int_eq(harness_receive(other).status, 200);
}
END_TEST

/* More than fits into one append. */
static void told_twenty_times(mcps_call *c)
{
	for (int i = 1; i <= 20; i++)
		mcps_progress(c, i, 0, NULL);
}

START_TEST(a_long_row_is_stored_without_a_gap)
{
	struct flight *other = occupy_store();
	struct flight *call;

	meanwhile = told_twenty_times;
	call = send_call(TALK(7));
	ck_assert(harness_work(&harness));
	store_double_release(&harness.store, OP_commit);
	ck_assert_int_eq(parse_events(harness_receive(call).body), 22);
	check_ids(1);
	check_event(20, TOLD("\"t\"", 20));
	check_event(21, SAID(7));
	ck_assert_int_eq(harness_receive(other).status, 200);
	ck_assert_int_eq(
		parse_events(harness_receive(resume_after(keep_id(19))).body),
		2);
	check_event(1, SAID(7));
}
END_TEST

/* The first of three is stored, and yet to be committed, when the others are
 * said. */
static void told_while_it_is_stored(mcps_call *c)
{
	store_double_hold(&harness.store, OP_release);
	mcps_progress(c, 1, 0, NULL);
	store_double_release(&harness.store, OP_commit);
	store_double_await(&harness.store, OP_release);
	store_double_fail(&harness.store, OP_event_append, MCPS_E_NOMEM, 1);
	mcps_progress(c, 2, 0, NULL);
	mcps_progress(c, 3, 0, NULL);
}

START_TEST(a_response_is_kept_though_what_was_said_before_it_is_not)
{
	struct flight *other = occupy_store();
	struct flight *call;

	meanwhile = told_while_it_is_stored;
	call = send_call(TALK(7));
	ck_assert(harness_work(&harness));
	ck_assert(!harness_is_over(call));
	store_double_release(&harness.store, OP_release);
	ck_assert_int_eq(parse_events(harness_receive(call).body), 3);
	check_ids(1);
	check_event(1, TOLD("\"t\"", 1));
	check_event(2, SAID(7));
	ck_assert_int_eq(harness_receive(other).status, 200);
}
END_TEST

static bool say(size_t length)
{
	static const char text[64 * 1024];
	struct buffer message = { 0 };

	while (message.length < length)
		mcps__buffer_add(&message, text, sizeof text);
	return say_to_session(&message, STREAM_MAY_DROP);
}

START_TEST(what_waits_for_the_store_is_bounded_in_bytes)
{
	struct flight *flight = open_get(NULL);
	struct flight *other;
	size_t taken = 0;

	parse_events(harness_await_events(flight));
	harness_hang_up(flight);
	other = occupy_store();
	if (_i == 0)
		ck_assert(say(2 * STREAM_PENDING_BYTES)); /* one by itself */
	else
		while (say(1))
			taken += 64 * 1024;
	ck_assert(!say(1));
	if (_i != 0)
		ck_assert_uint_eq(taken, STREAM_PENDING_BYTES);
	store_double_release(&harness.store, OP_commit);
	ck_assert_int_eq(harness_receive(other).status, 200);
}
END_TEST

static void *drain(void *arg)
{
	(void)arg;
	(void)mcps__drain(&harness.endpoint, 0);
	return NULL;
}

/* A call that has not begun is told so, behind what it is to resume from. */
START_TEST(a_drain_waits_for_what_is_on_its_way_to_the_store)
{
	struct flight *other = occupy_store();
	struct flight *call = send_call(TALK(7));
	pthread_t thread;

	mcps__drain_open_streams(&harness.endpoint, INT64_MAX);
	pthread_create(&thread, NULL, drain, NULL);
	while (!atomic_load(&harness.endpoint.is_drained))
		sched_yield();
	for (int i = 0; i < 1000; i++) /* time for what it must not do */
		sched_yield();
	store_double_release(&harness.store, OP_commit);
	pthread_join(thread, NULL);
	harness_open_stream(call);
	ck_assert_int_eq(parse_events(harness_events(call)), 2);
	check_ids(1);
	check_event(1, STOPPING(7));
	ck_assert(harness_stream_is_over(call));
	harness_hang_up(call);
	ck_assert_int_eq(harness_receive(other).status, 200);
}
END_TEST

TEST_MAIN("stream jobs")
{
	test_case("jobs");
	test_fixture(set_up, case_tear_down);
	test_add(what_a_call_says_in_a_row_is_stored_in_a_row);
	test_add(a_long_row_is_stored_without_a_gap);
	test_add(a_response_is_kept_though_what_was_said_before_it_is_not);
	test_add_loop(what_waits_for_the_store_is_bounded_in_bytes, 2);
	test_add(a_drain_waits_for_what_is_on_its_way_to_the_store);
}
