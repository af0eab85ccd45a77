/* Limits of streams are reported when they are reached. Those that a client
 * can reach without a slow store are in tests/functional/limit_cases.c. */
#include "exchange/stream_case.h"
#include "suite.h"

static bool notify(void)
{
	struct buffer message = { 0 };

	mcps__buffer_add_text(&message, "{\"a\":1}");
	return say_to_session(&message, STREAM_MAY_DROP);
}

static void check_reported(enum incident what, uint64_t times)
{
	for (int i = 0; i < INCIDENT_COUNT; i++)
		ck_assert_msg(harness_incidents(&harness, (enum incident)i) ==
		                      ((enum incident)i == what ? times : 0),
		              "%s", mcps__incident_name((enum incident)i));
}

START_TEST(a_client_that_does_not_read_its_stream_is_reported)
{
	struct flight *flight = open_get(NULL);

	for (int i = 0; i < 2 * SSE_EVENTS_MAX; i++)
		ck_assert(notify());
	check_reported(INCIDENT_SLOW_READER, 1);
	(void)harness_events(flight);
	ck_assert(harness_stream_is_over(flight));
	harness_hang_up(flight);
}
END_TEST

START_TEST(events_that_wait_for_a_slow_store_are_reported)
{
	struct flight *flight, *other;
	int taken = 0;

	case_tear_down();
	start_streams(
		&(const struct harness_options){ .has_writer_thread = true });
	flight = open_get(NULL);
	parse_events(harness_await_events(flight));
	harness_hang_up(flight);
	store_double_hold(&harness.store, OP_commit);
	other = case_send(NULL, INITIALIZE(1, "2025-11-25"));
	store_double_await(&harness.store, OP_commit);
	while (notify())
		taken++;
	ck_assert_int_eq(taken, STREAM_PENDING_MAX);
	check_reported(INCIDENT_STREAM_BACKLOG, 1);
	store_double_release(&harness.store, OP_commit);
	ck_assert_int_eq(harness_receive(other).status, 200);
}
END_TEST

/* A call has answered by a stream: the id of its first event. */
static const char *stream_of_a_call(int64_t event_bytes)
{
	case_tear_down();
	start_streams(
		&(const struct harness_options){ .event_bytes = event_bytes });
	meanwhile = tells_thrice;
	parse_events(finish_call(send_call(TALK(3))).body);
	return keep_id(0);
}

static void resume(const char *id)
{
	struct flight *flight = resume_after(id);

	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	check_event(0, PURGED(3));
	harness_hang_up(flight);
}

START_TEST(events_that_a_client_comes_back_for_in_vain_are_reported)
{
	resume(stream_of_a_call(300));
	check_reported(INCIDENT_EVENTS, 1);
}
END_TEST

/* That is a fault of the disk, and no limit. */
START_TEST(events_that_are_damaged_are_no_limit)
{
	const char *id = stream_of_a_call(0);

	store_double_fail(&harness.store, OP_event_replay, MCPS_E_CORRUPT, 1);
	resume(id);
	check_reported(INCIDENT_COUNT, 0);
}
END_TEST

START_TEST(streams_of_a_session_are_bounded_on_a_store_without_streams)
{
	static struct mcps_store_ops older;
	struct flight *flights[2];
	struct mcps_error error;

	case_tear_down();
	harness_prepare(&harness,
	                &(const struct harness_options){ .session_streams = 1,
	                                                 .is_manual = true });
	older = *harness.store.base.ops;
	older.stream_insert = NULL;
	older.stream_get = NULL;
	older.stream_touch = NULL;
	older.event_append = NULL;
	older.event_replay = NULL;
	harness.store.base.ops = &older;
	ck_assert_int_eq(harness_start(&harness, &error), MCPS_OK);
	the_id = case_begin_with("2025-11-25");
	for (int i = 0; i < 2; i++)
		flights[i] = open_get(NULL);
	check_reported(INCIDENT_SESSION_STREAMS, 1);
	for (int i = 0; i < 2; i++)
		harness_hang_up(flights[i]);
}
END_TEST

TEST_MAIN("limit reports")
{
	test_fixture(streams_set_up, case_tear_down);
	test_add(a_client_that_does_not_read_its_stream_is_reported);
	test_add(events_that_wait_for_a_slow_store_are_reported);
	test_add(events_that_a_client_comes_back_for_in_vain_are_reported);
	test_add(events_that_are_damaged_are_no_limit);
	test_add(streams_of_a_session_are_bounded_on_a_store_without_streams);
}
