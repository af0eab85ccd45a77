/* How many streams that answer no call may be open: of one address, of one
 * caller, of all together; and that calls are not counted. */
#include "exchange/stream_case.h"
#include "http/listening.h"
#include "suite.h"

enum { ALL = 4, OF_ADDRESS = 2, RETRY_S = 10 };

static struct stream_limits limits;

static void set_up_with(bool is_anonymous)
{
	start_streams(&(const struct harness_options){ .page_size = 0 });
	limits = (struct stream_limits){ .most = ALL,
		                         .most_per_address = OF_ADDRESS };
	harness.streams = &limits;
	if (!is_anonymous)
		return;
	harness.endpoint.identify = NULL;
	the_id = harness_begin(&harness, NULL, "2025-11-25");
}

static void set_up_anonymous(void)
{
	set_up_with(true);
}

static void set_up_identified(void)
{
	set_up_with(false);
}

/* Whatever a test did: what was counted was taken off again. */
static void tear_down(void)
{
	ck_assert_uint_eq(atomic_load(&limits.open), 0);
	ck_assert_ptr_null(harness.mcp.listening.by_key);
	case_tear_down();
}

static struct flight *listen_from(const char *peer, const char *caller,
                                  const char *headers)
{
	return SEND(&harness, .caller = caller, .peer = peer, .id = the_id,
	            .method = "GET", .headers = headers);
}

/* One more listens. */
static struct flight *let_in(const char *peer, const char *caller)
{
	struct flight *flight = listen_from(peer, caller, NULL);

	harness_open_stream(flight);
	ck_assert_int_eq(parse_events(harness_events(flight)), 1);
	return flight;
}

static void check_refused(struct flight *flight, int status)
{
	struct answer answer = harness_receive(flight);

	ck_assert_int_eq(answer.status, status);
	ck_assert_uint_eq(answer.retry_after_s, status == 503 ? RETRY_S : 1);
	ck_assert(answer.close);
}

static void turn_away(const char *peer, const char *caller, int status)
{
	check_refused(listen_from(peer, caller, NULL), status);
}

static uint64_t reported(enum incident what)
{
	return harness_incidents(&harness, what);
}

/* ---- anonymous callers ---- */

static const struct {
	const char *one, *same, *other;
} addresses[] = {
	{ "192.0.2.1", "192.0.2.1", "192.0.2.2" },
	{ "192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2" },
	{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1" },
};

START_TEST(anonymous_callers_of_one_address_have_a_bound_of_their_own)
{
	struct flight *first = let_in(addresses[_i].one, NULL);
	struct flight *second = let_in(addresses[_i].same, NULL);
	struct flight *other;

	turn_away(addresses[_i].one, NULL, 429);
	turn_away(addresses[_i].same, NULL, 429);
	other = let_in(addresses[_i].other, NULL);
	ck_assert_uint_eq(reported(INCIDENT_ADDRESS_STREAMS), 2);
	ck_assert_uint_eq(reported(INCIDENT_CALLER_STREAMS), 0);
	ck_assert_uint_eq(reported(INCIDENT_STREAMS), 0);
	harness_hang_up(first);
	first = let_in(addresses[_i].same, NULL);
	harness_hang_up(first);
	harness_hang_up(second);
	harness_hang_up(other);
}
END_TEST

/* They may be a proxy, or one person with many programs. */
START_TEST(callers_of_this_machine_are_bounded_only_all_together)
{
	static const char *const peers[] = { "127.0.0.1", "127.1.2.3", "::1",
		                             "::ffff:127.0.0.1", NULL };
	struct flight *flights[ALL];

	for (int i = 0; i < ALL; i++)
		flights[i] = let_in(peers[_i], NULL);
	turn_away(peers[_i], NULL, 503);
	ck_assert_uint_eq(reported(INCIDENT_STREAMS), 1);
	ck_assert_uint_eq(reported(INCIDENT_ADDRESS_STREAMS), 0);
	for (int i = 0; i < ALL; i++)
		harness_hang_up(flights[i]);
}
END_TEST

/* ---- identified callers ---- */

START_TEST(address_of_identified_callers_does_not_matter)
{
	struct flight *flights[ALL];

	for (int i = 0; i < ALL; i++)
		flights[i] = let_in("192.0.2.1", "alice");
	turn_away("192.0.2.2", "alice", 503);
	for (int i = 0; i < ALL; i++)
		harness_hang_up(flights[i]);
}
END_TEST

START_TEST(caller_beyond_its_own_bound_takes_nothing_of_what_is_for_all)
{
	struct flight *flight;

	harness.mcp.listening.most = 1;
	flight = let_in(NULL, "alice");
	for (int i = 0; i < 2 * ALL; i++)
		turn_away(NULL, "alice", 429);
	ck_assert_uint_eq(atomic_load(&limits.open), 1);
	ck_assert_uint_eq(reported(INCIDENT_CALLER_STREAMS), 2 * ALL);
	harness_hang_up(flight);
}
END_TEST

START_TEST(refused_for_all_takes_nothing_of_the_callers_own)
{
	struct flight *flights[ALL];

	harness.mcp.listening.most = ALL + 1;
	for (int i = 0; i < ALL; i++)
		flights[i] = let_in(NULL, "alice");
	for (int i = 0; i < 3; i++)
		turn_away(NULL, "alice", 503);
	for (int i = 0; i < ALL; i++)
		harness_hang_up(flights[i]);
}
END_TEST

/* ---- streams of calls ---- */

static struct flight *take_all_room(void)
{
	limits.most = 1;
	return let_in(NULL, "alice");
}

/* A call has answered by a stream of five events: the id of the first. */
static const char *first_event_of_a_call(void)
{
	meanwhile = tells_thrice;
	ck_assert_int_eq(parse_events(finish_call(send_call(TALK(7))).body), 5);
	return keep_id(0);
}

START_TEST(a_call_answers_by_a_stream_although_no_listener_has_room)
{
	struct flight *listener = take_all_room();

	meanwhile = tells_thrice;
	ck_assert_int_eq(parse_events(finish_call(send_call(TALK(7))).body), 5);
	check_event(4, SAID(7));
	turn_away(NULL, "alice", 503);
	harness_hang_up(listener);
}
END_TEST

START_TEST(stream_of_a_call_is_resumed_although_no_listener_has_room)
{
	struct flight *listener = take_all_room();
	const char *id = first_event_of_a_call();

	for (int i = 0; i < 3; i++) {
		struct answer answer = harness_receive(resume_after(id));

		ck_assert_int_eq(answer.status, 200);
		ck_assert_int_eq(parse_events(answer.body), 4);
		check_event(3, SAID(7));
	}
	ck_assert_uint_eq(atomic_load(&limits.open), 1);
	ck_assert_uint_eq(reported(INCIDENT_STREAMS), 0);
	harness_hang_up(listener);
}
END_TEST

START_TEST(client_that_has_all_of_a_call_is_told_so_although_there_is_no_room)
{
	struct flight *listener = take_all_room();

	(void)first_event_of_a_call();
	ck_assert_int_eq(
		harness_receive(listen_from(NULL, "alice", last_id(keep_id(4))))
			.status,
		204);
	harness_hang_up(listener);
}
END_TEST

/* ---- resuming what is no call's ---- */

START_TEST(resumed_listener_without_room_is_refused_and_harms_no_other)
{
	struct flight *listener = take_all_room();
	const char *id = keep_id(0);
	struct buffer message = { 0 };

	check_refused(listen_from(NULL, "alice", last_id(id)), 503);
	ck_assert_uint_eq(reported(INCIDENT_STREAMS), 1);
	mcps__buffer_add_literal(&message, "{\"a\":1}");
	ck_assert(say_to_session(&message, 0));
	ck_assert_int_eq(parse_events(harness_events(listener)), 1);
	check_event(0, "{\"a\":1}");
	ck_assert(!harness_stream_is_over(listener));
	harness_hang_up(listener);
}
END_TEST

START_TEST(resumed_listener_is_counted)
{
	struct flight *listener = take_all_room();
	const char *id = keep_id(0);

	harness_hang_up(listener);
	listener = listen_from(NULL, "alice", last_id(id));
	harness_open_stream(listener);
	ck_assert_uint_eq(atomic_load(&limits.open), 1);
	turn_away(NULL, "alice", 503);
	harness_hang_up(listener);
}
END_TEST

/* An id that names nothing begins a fresh stream, which is no call's. */
START_TEST(unknown_event_id_does_not_get_around_the_bound)
{
	struct flight *listener = take_all_room();

	check_refused(listen_from(NULL, "alice", last_id("0123456789abcdef-1")),
	              503);
	harness_hang_up(listener);
}
END_TEST

TEST_MAIN("stream limits")
{
	test_case("anonymous");
	test_fixture(set_up_anonymous, tear_down);
	test_add_loop(
		anonymous_callers_of_one_address_have_a_bound_of_their_own,
		COUNT(addresses));
	test_add_loop(callers_of_this_machine_are_bounded_only_all_together, 5);
	test_case("identified");
	test_fixture(set_up_identified, tear_down);
	test_add(address_of_identified_callers_does_not_matter);
	test_add(caller_beyond_its_own_bound_takes_nothing_of_what_is_for_all);
	test_add(refused_for_all_takes_nothing_of_the_callers_own);
	test_add(a_call_answers_by_a_stream_although_no_listener_has_room);
	test_add(stream_of_a_call_is_resumed_although_no_listener_has_room);
	test_add(
		client_that_has_all_of_a_call_is_told_so_although_there_is_no_room);
	test_add(resumed_listener_without_room_is_refused_and_harms_no_other);
	test_add(resumed_listener_is_counted);
	test_add(unknown_event_id_does_not_get_around_the_bound);
}
