/* Contract: streams, and how they go. */
#include "contract_stream.h"
#include "suite.h"

#include <string.h>

int64_t session;

void stream_setup(void)
{
	contract_open();
	session = insert(1, intern(1), 1000);
}

mcps_status touch(uint64_t id, int64_t seen_ms)
{
	mcps_status status;

	begin();
	status = store->ops->stream_touch(store, id, seen_ms);
	commit();
	return status;
}

bool is_there(uint64_t id)
{
	return get_stream(id)->calls == 1;
}

static uint64_t first(uint64_t id)
{
	return get_stream(id)->stream.first;
}

static uint64_t last(uint64_t id)
{
	return get_stream(id)->stream.last;
}

/* ---- opening ---------------------------------------------------------- */

START_TEST(an_unknown_stream_calls_nobody)
{
	ck_assert(!is_there(ID));
	ck_assert_str_eq(replay(ID, 0), "");
}
END_TEST

START_TEST(a_stream_comes_back_as_it_was_opened)
{
	const struct seen *seen;

	ok(open_stream(UINT64_MAX - 1, session, 2000));
	seen = get_stream(UINT64_MAX - 1);
	ck_assert_uint_eq(seen->calls, 1);
	ck_assert_uint_eq(seen->stream.id, UINT64_MAX - 1);
	ck_assert_int_eq(seen->stream.session, session);
	ck_assert_int_eq(seen->stream.opened_ms, 2000);
	ck_assert_int_eq(seen->stream.seen_ms, 2000);
	ck_assert_uint_eq(seen->stream.first, 1);
	ck_assert_uint_eq(seen->stream.last, 0);
	ck_assert(!seen->stream.is_ended);
	ck_assert_uint_eq(seen->stream.request_length, 3);
	ck_assert_str_eq(seen->name, "\"a\"");
}
END_TEST

START_TEST(a_stream_may_answer_no_request)
{
	const struct mcps_stream_row row = { .id = ID, .session = session };
	uint64_t gone;

	begin();
	ok(store->ops->stream_insert(store, &row, 0, &gone));
	commit();
	ck_assert(is_there(ID));
	ck_assert_uint_eq(get_stream(ID)->stream.request_length, 0);
}
END_TEST

START_TEST(a_request_has_at_most_255_bytes)
{
	char request[256];
	struct mcps_stream_row row = { .id = ID,
		                       .session = session,
		                       .request = request,
		                       .request_length = sizeof request };
	uint64_t gone;

	memset(request, '7', sizeof request);
	begin();
	gives(store->ops->stream_insert(store, &row, 0, &gone), MCPS_E_INVAL);
	row.request_length--;
	ok(store->ops->stream_insert(store, &row, 0, &gone));
	commit();
	ck_assert_uint_eq(get_stream(ID)->stream.request_length, 255);
	ck_assert_mem_eq(get_stream(ID)->name, request, 255);
}
END_TEST

START_TEST(no_stream_has_id_0)
{
	gives(open_stream(0, session, 2000), MCPS_E_INVAL);
	ck_assert(!is_there(0));
}
END_TEST

START_TEST(an_id_that_is_taken_is_a_conflict)
{
	int64_t other = insert(2, intern(2), 1000);

	ok(open_stream(ID, session, 2000));
	gives(open_stream(ID, session, 3000), MCPS_E_EXISTS);
	gives(open_stream(ID, other, 3000), MCPS_E_EXISTS);
	ck_assert_int_eq(get_stream(ID)->stream.session, session);
	ck_assert_int_eq(get_stream(ID)->stream.opened_ms, 2000);
}
END_TEST

START_TEST(only_a_live_session_opens_streams)
{
	gives(open_stream(ID, session + 1, 2000), MCPS_E_GONE);
	gives(open_stream(ID, 0, 2000), MCPS_E_GONE);
	end(1, 9000);
	gives(open_stream(ID, session, 2000), MCPS_E_GONE);
	ck_assert(!is_there(ID));
}
END_TEST

START_TEST(a_stream_is_written_inside_a_transaction_only)
{
	const struct mcps_stream_row row = { .id = OTHER, .session = session };
	const struct mcps_event_row what = { .at_ms = 3000 };
	uint64_t gone;
	uint64_t seq;

	ok(open_stream(ID, session, 2000));
	gives(store->ops->stream_insert(store, &row, 0, &gone), MCPS_E_INVAL);
	gives(store->ops->stream_touch(store, ID, 3000), MCPS_E_INVAL);
	gives(store->ops->event_append(store, ID, &what, 1, false, 0, &seq),
	      MCPS_E_INVAL);
	ck_assert(!is_there(OTHER));
	ck_assert_uint_eq(last(ID), 0);
}
END_TEST

/* ---- streams of no call ----------------------------------------------- */

START_TEST(one_stream_too_many_takes_the_place_of_the_oldest)
{
	ck_assert_uint_eq(listen_to(3, session, 2), 0);
	ck_assert_uint_eq(listen_to(1, session, 2), 0);
	ck_assert_uint_eq(listen_to(2, session, 2), 3);
	ck_assert(!is_there(3));
	ck_assert(is_there(1) && is_there(2));
	ck_assert_uint_eq(listen_to(4, session, 2), 1);
	ck_assert_uint_eq(listen_to(5, session, 2), 2);
	ck_assert(is_there(4) && is_there(5));
}
END_TEST

START_TEST(the_oldest_goes_with_its_events_and_they_count_no_more)
{
	listen_to(1, session, 0);
	listen_to(2, session, 0);
	event(1, "a", 2000);
	event(2, "b", 2000);
	event(1, "c", 2000);
	ck_assert_uint_eq(listen_to(3, session, 2), 1);
	ck_assert_str_eq(replay(1, 0), "");
	gives(append(1, "d", 2000, false, 0), MCPS_E_GONE);
	ok(append(3, "e", 2000, false, SMALL(2)));
	ck_assert_str_eq(replay(2, 0), "1:b ");
	ck_assert_str_eq(replay(3, 0), "1:e ");
	ck_assert_uint_eq(listen_to(1, session, 3), 0); /* free again */
	ck_assert_str_eq(replay(1, 0), "");
}
END_TEST

START_TEST(the_oldest_is_the_one_that_was_opened_first)
{
	listen_to(1, session, 2);
	listen_to(2, session, 2);
	ok(touch(1, 9000));
	event(1, "a", 9500);
	ck_assert_uint_eq(listen_to(3, session, 2), 1);
}
END_TEST

START_TEST(streams_of_calls_neither_count_nor_go)
{
	ok(open_stream(ID, session, 2000)); /* before those of no call */
	event(ID, "a", 2000);
	ok(open_stream(OTHER, session, 2000));
	ok(append(OTHER, "b", 2000, true, 0));
	ck_assert_uint_eq(listen_to(1, session, 1), 0);
	ok(open_stream(ID + 9, session, 2000)); /* makes no room, either */
	ck_assert(is_there(1));
	ck_assert_uint_eq(listen_to(2, session, 1), 1);
	ck_assert_str_eq(replay(ID, 0), "1:a ");
	ck_assert_str_eq(replay(OTHER, 0), "1:b ");
	ck_assert(is_there(ID + 9));
}
END_TEST

START_TEST(each_session_has_its_own_streams)
{
	int64_t other = insert(2, intern(2), 1000);

	ck_assert_uint_eq(listen_to(1, other, 1), 0);
	ck_assert_uint_eq(listen_to(2, session, 1), 0);
	ck_assert_uint_eq(listen_to(3, session, 1), 2);
	ck_assert(is_there(1));
}
END_TEST

START_TEST(without_a_bound_no_stream_goes)
{
	for (uint64_t id = 1; id <= 100; id++)
		ck_assert_uint_eq(listen_to(id, session, 0), 0);
	ck_assert(is_there(1));
	ck_assert_uint_eq(listen_to(101, session, 8), 1); /* one at a time */
	ck_assert(is_there(2));
}
END_TEST

START_TEST(a_stream_that_cannot_be_opened_takes_no_place)
{
	const struct mcps_stream_row row = { .id = 1, .session = session };
	uint64_t gone = 4711;

	listen_to(1, session, 1);
	begin();
	gives(store->ops->stream_insert(store, &row, 1, &gone), MCPS_E_EXISTS);
	commit();
	ck_assert_uint_eq(gone, 0);
	ck_assert(is_there(1));
}
END_TEST

START_TEST(what_made_room_comes_back_with_a_rollback)
{
	const struct mcps_stream_row row = { .id = 3, .session = session };
	uint64_t gone;

	listen_to(1, session, 2);
	listen_to(2, session, 2);
	event(1, "a", 2000);
	begin();
	ok(store->ops->stream_insert(store, &row, 2, &gone));
	ck_assert_uint_eq(gone, 1);
	store->ops->rollback(store);
	ck_assert(!is_there(3));
	ck_assert_str_eq(replay(1, 0), "1:a ");
	ck_assert_uint_eq(listen_to(4, session, 2), 1); /* still the oldest */
}
END_TEST

/* ---- seen ------------------------------------------------------------- */

START_TEST(a_touch_moves_seen_forward_only)
{
	ok(open_stream(ID, session, 2000));
	ok(touch(ID, 5000));
	ok(touch(ID, 4000));
	ck_assert_int_eq(get_stream(ID)->stream.seen_ms, 5000);
	ck_assert_int_eq(get_stream(ID)->stream.opened_ms, 2000);
	gives(touch(OTHER, 5000), MCPS_E_GONE);
}
END_TEST

START_TEST(an_append_moves_seen_forward_only)
{
	ok(open_stream(ID, session, 2000));
	event(ID, "a", 5000);
	event(ID, "b", 4000);
	ck_assert_int_eq(get_stream(ID)->stream.seen_ms, 5000);
}
END_TEST

START_TEST(a_stream_that_ended_can_still_be_touched)
{
	ok(open_stream(ID, session, 2000));
	ok(append(ID, "a", 2000, true, 0));
	ok(touch(ID, 5000));
	ck_assert_int_eq(get_stream(ID)->stream.seen_ms, 5000);
	ck_assert(get_stream(ID)->stream.is_ended);
}
END_TEST

/* ---- gone with time --------------------------------------------------- */

START_TEST(a_sweep_that_names_no_times_leaves_streams)
{
	ok(open_stream(ID, session, 0));
	event(ID, "a", 0);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .now_ms = INT64_MAX }), 0);
	ck_assert_str_eq(replay(ID, 0), "1:a ");
}
END_TEST

START_TEST(events_go_when_they_are_old)
{
	ok(open_stream(ID, session, 2000));
	ok(open_stream(OTHER, session, 2000));
	event(ID, "a", 2001);
	event(OTHER, "b", 2002);
	event(ID, "c", 2003);
	ck_assert_uint_eq(
		sweep((struct mcps_sweep){ .events_before_ms = 2001 }), 0);
	ck_assert_uint_eq(
		sweep((struct mcps_sweep){ .events_before_ms = 2003 }), 2);
	ck_assert_str_eq(replay(ID, 0), "2:c ");
	ck_assert_uint_eq(first(ID), 2);
	ck_assert_uint_eq(last(ID), 2);
	ck_assert_str_eq(replay(OTHER, 0), "");
	ck_assert_uint_eq(first(OTHER), 2);
	ck_assert_uint_eq(last(OTHER), 1);
	ck_assert_uint_eq(event(OTHER, "d", 2004), 2);
	ck_assert_str_eq(replay(OTHER, 0), "2:d ");
}
END_TEST

START_TEST(an_event_that_stays_keeps_those_after_it)
{
	ok(open_stream(ID, session, 2000));
	event(ID, "a", 5000);
	event(ID, "b", 2001); /* the clock went back */
	ck_assert_uint_eq(
		sweep((struct mcps_sweep){ .events_before_ms = 3000 }), 0);
	ck_assert_str_eq(replay(ID, 0), "1:a 2:b ");
}
END_TEST

START_TEST(streams_go_when_nobody_has_seen_them)
{
	ok(open_stream(ID, session, 2000));
	ok(open_stream(OTHER, session, 2000));
	event(ID, "a", 2001);
	event(ID, "b", 2002);
	ok(touch(OTHER, 3000));
	ck_assert_uint_eq(
		sweep((struct mcps_sweep){ .streams_before_ms = 2002 }), 0);
	ck_assert_uint_eq(
		sweep((struct mcps_sweep){ .streams_before_ms = 2003 }), 3);
	ck_assert(!is_there(ID));
	ck_assert(is_there(OTHER));
	ck_assert_str_eq(replay(ID, 0), "");
}
END_TEST

START_TEST(a_stream_goes_bit_by_bit_within_the_limit)
{
	const struct mcps_sweep two = { .streams_before_ms = 9000, .limit = 2 };

	ok(open_stream(ID, session, 2000));
	for (unsigned n = 0; n < 3; n++)
		event(ID, "a", 2000);
	ck_assert_uint_eq(sweep(two), 2);
	ck_assert_uint_eq(first(ID), 3);
	ck_assert_uint_eq(sweep(two), 2);
	ck_assert(!is_there(ID));
	ck_assert_uint_eq(sweep(two), 0);
}
END_TEST

START_TEST(the_limit_counts_events_too)
{
	ok(open_stream(ID, session, 2000));
	for (unsigned n = 0; n < 5; n++)
		event(ID, "a", 2000);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .events_before_ms = 9000,
	                                             .limit = 3 }),
	                  3);
	ck_assert_uint_eq(first(ID), 4);
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .events_before_ms = 9000,
	                                             .limit = 3 }),
	                  2);
	ck_assert_uint_eq(first(ID), 6);
}
END_TEST

START_TEST(what_a_sweep_removed_counts_no_more)
{
	ok(open_stream(ID, session, 2000));
	ok(open_stream(OTHER, session, 5000));
	event(ID, "12345678", 2000);
	event(OTHER, "12345678", 2000);
	event(OTHER, "12345678", 5000);
	sweep((struct mcps_sweep){ .events_before_ms = 3000,
	                           .streams_before_ms = 3000 });
	ok(append(OTHER, "12345678", 5000, false, SMALL(2)));
	ck_assert_str_eq(replay(OTHER, 0), "2:12345678 3:12345678 ");
}
END_TEST

void contract_stream_case(void)
{
	test_case("stream");
	test_fixture(stream_setup, contract_close);
	test_add(an_unknown_stream_calls_nobody);
	test_add(a_stream_comes_back_as_it_was_opened);
	test_add(a_stream_may_answer_no_request);
	test_add(a_request_has_at_most_255_bytes);
	test_add(no_stream_has_id_0);
	test_add(an_id_that_is_taken_is_a_conflict);
	test_add(only_a_live_session_opens_streams);
	test_add(a_stream_is_written_inside_a_transaction_only);
	test_add(one_stream_too_many_takes_the_place_of_the_oldest);
	test_add(the_oldest_goes_with_its_events_and_they_count_no_more);
	test_add(the_oldest_is_the_one_that_was_opened_first);
	test_add(streams_of_calls_neither_count_nor_go);
	test_add(each_session_has_its_own_streams);
	test_add(without_a_bound_no_stream_goes);
	test_add(a_stream_that_cannot_be_opened_takes_no_place);
	test_add(what_made_room_comes_back_with_a_rollback);
	test_add(a_touch_moves_seen_forward_only);
	test_add(an_append_moves_seen_forward_only);
	test_add(a_stream_that_ended_can_still_be_touched);
	test_add(a_sweep_that_names_no_times_leaves_streams);
	test_add(events_go_when_they_are_old);
	test_add(an_event_that_stays_keeps_those_after_it);
	test_add(streams_go_when_nobody_has_seen_them);
	test_add(a_stream_goes_bit_by_bit_within_the_limit);
	test_add(the_limit_counts_events_too);
	test_add(what_a_sweep_removed_counts_no_more);
}
