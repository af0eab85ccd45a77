/* Contract: the events of streams. */
#include "contract.h"
#include "suite.h"

#include <string.h>

enum { ID = 4711, OTHER = 4712 };

static int64_t session;

static void event_setup(void)
{
	contract_open();
	session = insert(1, intern(1), 1000);
	ok(open_stream(ID, session, 2000));
	ok(open_stream(OTHER, session, 2000));
}

static uint64_t first(uint64_t id)
{
	return get_stream(id)->stream.first;
}

/* ---- order ------------------------------------------------------------ */

START_TEST(events_are_numbered_from_1)
{
	ck_assert_uint_eq(event(ID, "a", 2000), 1);
	ck_assert_uint_eq(event(ID, "b", 2000), 2);
	ck_assert_uint_eq(event(OTHER, "c", 2000), 1);
	ck_assert_uint_eq(event(ID, "d", 2000), 3);
	ck_assert_uint_eq(get_stream(ID)->stream.first, 1);
	ck_assert_uint_eq(get_stream(ID)->stream.last, 3);
}
END_TEST

START_TEST(an_append_tells_the_number)
{
	const struct mcps_event_row row = { .seq = 77, .at_ms = 2000 };
	uint64_t seq = 0;

	event(ID, "a", 2000);
	begin();
	ok(store->ops->event_append(store, ID, &row, 1, false, 0, &seq));
	ck_assert_uint_eq(seq, 2);
	ok(store->ops->event_append(store, ID, &row, 1, false, 0, &seq));
	ck_assert_uint_eq(seq, 3);
	commit();
}
END_TEST

/* Texts of one letter each, which is also when they are appended. */
static mcps_status append_letters(const char *letters, bool ends,
                                  uint64_t session_bytes, uint64_t *seq)
{
	struct mcps_event_row rows[8] = { 0 };
	size_t count = strlen(letters);
	mcps_status status;

	ck_assert_uint_le(count, 8);
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct mcps_event_row){ .seq = 77,
			                           .at_ms = letters[i],
			                           .data = letters + i,
			                           .length = 1 };
	begin();
	status = store->ops->event_append(store, ID, rows, count, ends,
	                                  session_bytes, seq);
	commit();
	return status;
}

START_TEST(several_events_are_appended_at_once)
{
	uint64_t seq = 0;

	event(ID, "1", 2000);
	ok(append_letters("abc", false, 0, &seq));
	ck_assert_uint_eq(seq, 2);
	ok(append_letters("d", false, 0, &seq));
	ck_assert_uint_eq(seq, 5);
	ck_assert_str_eq(replay(ID, 0), "1:1 2:a 3:b 4:c 5:d ");
	ck_assert_uint_eq(get_stream(ID)->stream.last, 5);
	ck_assert(!get_stream(ID)->stream.is_ended);
	ok(append_letters("ef", true, 0, &seq));
	ck_assert(get_stream(ID)->stream.is_ended);
	gives(append_letters("gh", false, 0, &seq), MCPS_E_GONE);
	ck_assert_uint_eq(seq, 0);
	ck_assert_str_eq(replay(ID, 4), "5:d 6:e 7:f ");
}
END_TEST

START_TEST(no_events_at_all_cannot_be_appended)
{
	uint64_t seq = 4711;

	gives(append_letters("", true, 0, &seq), MCPS_E_INVAL);
	ck_assert_uint_eq(seq, 0);
	ck_assert(!get_stream(ID)->stream.is_ended);
}
END_TEST

START_TEST(the_latest_of_several_events_moves_seen_ms)
{
	const struct mcps_event_row rows[] = { { .at_ms = 2001 },
		                               { .at_ms = 2003 },
		                               { .at_ms = 2002 } };
	uint64_t seq;

	begin();
	ok(store->ops->event_append(store, ID, rows, 3, false, 0, &seq));
	commit();
	ck_assert_int_eq(get_stream(ID)->stream.seen_ms, 2003);
}
END_TEST

START_TEST(a_replay_hands_out_one_stream_in_order)
{
	event(ID, "a", 2000);
	event(OTHER, "x", 2000);
	event(ID, "b", 2000);
	event(ID, "c", 2000);
	ck_assert_str_eq(replay(ID, 0), "1:a 2:b 3:c ");
	ck_assert_str_eq(replay(OTHER, 0), "1:x ");
}
END_TEST

START_TEST(a_replay_begins_after_a_number)
{
	event(ID, "a", 2000);
	event(ID, "b", 2000);
	event(ID, "c", 2000);
	ck_assert_str_eq(replay(ID, 1), "2:b 3:c ");
	ck_assert_str_eq(replay(ID, 2), "3:c ");
	ck_assert_str_eq(replay(ID, 3), "");
	ck_assert_str_eq(replay(ID, 4), "");
	ck_assert_str_eq(replay(ID, UINT64_MAX), "");
}
END_TEST

START_TEST(a_replay_ends_as_the_callback_says)
{
	static struct seen seen;

	event(ID, "a", 2000);
	event(ID, "b", 2000);
	event(ID, "c", 2000);
	memset(&seen, 0, sizeof seen);
	seen.stop_after = 2;
	gives(store->ops->event_replay(store, ID, 0, see_event, &seen),
	      STATUS_STOP);
	ck_assert_str_eq(seen.events, "1:a 2:b ");
}
END_TEST

START_TEST(an_event_comes_back_byte_for_byte)
{
	static struct seen seen;
	const struct mcps_event_row row = { .at_ms = 2345,
		                            .data = "a\0b\xff",
		                            .length = 4 };
	uint64_t seq;

	begin();
	ok(store->ops->event_append(store, ID, &row, 1, false, 0, &seq));
	commit();
	memset(&seen, 0, sizeof seen);
	ok(store->ops->event_replay(store, ID, 0, see_event, &seen));
	ck_assert_uint_eq(seen.event.seq, 1);
	ck_assert_int_eq(seen.event.at_ms, 2345);
	ck_assert_uint_eq(seen.length, 4);
	ck_assert_mem_eq(seen.bytes, "a\0b\xff", 4);
}
END_TEST

START_TEST(an_event_may_be_empty)
{
	const struct mcps_event_row row = { .at_ms = 2000 };
	uint64_t seq;

	begin();
	ok(store->ops->event_append(store, ID, &row, 1, false, 0, &seq));
	commit();
	ck_assert_str_eq(replay(ID, 0), "1: ");
}
END_TEST

START_TEST(an_event_may_have_64_kib)
{
	static char data[64 * 1024 + 1];
	static struct seen seen;

	for (size_t i = 0; i < sizeof data - 1; i++)
		data[i] = (char)('a' + i % 26);
	event(ID, data, 2000);
	memset(&seen, 0, sizeof seen);
	ok(store->ops->event_replay(store, ID, 0, see_event, &seen));
	ck_assert_uint_eq(seen.length, 64 * 1024);
	ck_assert_mem_eq(seen.bytes, data, 64 * 1024);
}
END_TEST

/* ---- the end ---------------------------------------------------------- */

START_TEST(nothing_follows_the_final_event)
{
	event(ID, "a", 2000);
	ok(append(ID, "b", 2000, true, 0));
	ck_assert(get_stream(ID)->stream.is_ended);
	gives(append(ID, "c", 2000, false, 0), MCPS_E_GONE);
	gives(append(ID, "c", 2000, true, 0), MCPS_E_GONE);
	ck_assert_str_eq(replay(ID, 0), "1:a 2:b ");
	ck_assert(!get_stream(OTHER)->stream.is_ended);
}
END_TEST

START_TEST(an_unknown_stream_takes_no_events)
{
	gives(append(99, "a", 2000, false, 0), MCPS_E_GONE);
	gives(append(0, "a", 2000, false, 0), MCPS_E_GONE);
}
END_TEST

/* ---- room ------------------------------------------------------------- */

START_TEST(as_many_bytes_as_the_bound_stay)
{
	char large[101] = "";

	memset(large, 'a', sizeof large - 1);
	event(ID, large, 2000);
	event(OTHER, large, 2000);
	ok(append(ID, large, 2000, false, 300));
	ck_assert_uint_eq(first(ID), 1);
	ck_assert_uint_eq(first(OTHER), 1);
	ok(append(ID, "", 2000, false, 300 + SMALL(1) - 1));
	ck_assert_uint_eq(first(ID), 2);
}
END_TEST

START_TEST(an_event_counts_as_at_least_64_bytes)
{
	const uint64_t three = SMALL(3);

	ck_assert_uint_eq(three, 192);
	for (int i = 0; i < 3; i++)
		ok(append(ID, "", 2000, false, three));
	ck_assert_uint_eq(first(ID), 1);
	ok(append(ID, "", 2000, false, three));
	ck_assert_uint_eq(first(ID), 2);
	ok(append(ID, "1", 2000, false, three - 1));
	ck_assert_uint_eq(first(ID), 4);
}
END_TEST

START_TEST(the_oldest_stream_makes_room_first)
{
	event(OTHER, "1", 2000);
	event(ID, "2", 2000);
	event(OTHER, "3", 2000);
	event(ID, "4", 2000);
	ok(append(OTHER, "5", 2000, false, SMALL(4)));
	ck_assert_str_eq(replay(ID, 0), "2:4 ");
	ok(append(OTHER, "6", 2000, false, SMALL(4)));
	ck_assert_str_eq(replay(ID, 0), "");
	ck_assert_uint_eq(first(ID), 3);
	ck_assert_str_eq(replay(OTHER, 0), "1:1 2:3 3:5 4:6 ");
	ok(append(OTHER, "7", 2000, false, SMALL(4)));
	ck_assert_str_eq(replay(OTHER, 0), "2:3 3:5 4:6 5:7 ");
	ck_assert_uint_eq(first(OTHER), 2);
	ck_assert_uint_eq(get_stream(OTHER)->stream.last, 5);
}
END_TEST

START_TEST(a_stream_makes_room_for_itself)
{
	event(ID, "1", 2000);
	event(ID, "2", 2000);
	ok(append(ID, "34", 2000, false, SMALL(2)));
	ck_assert_str_eq(replay(ID, 0), "2:2 3:34 ");
}
END_TEST

START_TEST(the_appended_event_never_makes_room)
{
	event(ID, "1", 2000);
	event(OTHER, "2", 2000);
	ok(append(ID, "too long", 2000, false, 5));
	ck_assert_str_eq(replay(ID, 0), "2:too long ");
	ck_assert_str_eq(replay(OTHER, 0), "");
	ck_assert_uint_eq(first(OTHER), 2);
	ok(append(OTHER, "short", 2000, false, 5));
	ck_assert_str_eq(replay(ID, 0), "");
	ck_assert_str_eq(replay(OTHER, 0), "2:short ");
}
END_TEST

START_TEST(of_several_appended_events_the_last_never_makes_room)
{
	uint64_t seq;

	event(OTHER, "1", 2000);
	event(ID, "2", 2000);
	ok(append_letters("abc", false, SMALL(3), &seq));
	ck_assert_str_eq(replay(ID, 0), "3:b 4:c ");
	ck_assert_str_eq(replay(OTHER, 0), "1:1 ");
	ok(append_letters("def", false, 5, &seq));
	ck_assert_uint_eq(seq, 5);
	ck_assert_str_eq(replay(ID, 0), "7:f ");
	ck_assert_str_eq(replay(OTHER, 0), "");
	ok(append_letters("gh", false, SMALL(3), &seq));
	ck_assert_str_eq(replay(ID, 0), "7:f 8:g 9:h ");
}
END_TEST

START_TEST(an_old_stream_that_is_empty_is_passed_over)
{
	ok(append(OTHER, "1", 2000, false, 0));
	ok(append(OTHER, "2", 2000, false, 1));
	ck_assert_str_eq(replay(OTHER, 0), "2:2 ");
	ck_assert_uint_eq(first(ID), 1); /* it never held any */
}
END_TEST

START_TEST(sessions_make_no_room_for_each_other)
{
	ok(open_stream(99, insert(2, intern(2), 1000), 2000));
	event(ID, "12345678", 2000);
	ok(append(99, "1", 2000, false, 5));
	ck_assert_str_eq(replay(ID, 0), "1:12345678 ");
	ok(append(99, "23456", 2000, false, 5));
	ck_assert_str_eq(replay(ID, 0), "1:12345678 ");
	ck_assert_str_eq(replay(99, 0), "2:23456 ");
}
END_TEST

/* ---- undone ----------------------------------------------------------- */

START_TEST(a_rollback_takes_numbers_back)
{
	const struct mcps_event_row row = { .at_ms = 2000,
		                            .data = "x",
		                            .length = 1 };
	uint64_t seq;

	event(ID, "a", 2000);
	event(ID, "b", 2000);
	begin();
	ok(store->ops->savepoint(store));
	ok(store->ops->event_append(store, ID, &row, 1, true, 1, &seq));
	ok(store->ops->rollback_to(store));
	ok(store->ops->savepoint(store));
	ok(store->ops->event_append(store, ID, &row, 1, false, SMALL(2), &seq));
	ck_assert_uint_eq(seq, 3);
	ok(store->ops->release(store));
	commit();
	ck_assert_str_eq(replay(ID, 0), "2:b 3:x ");
	begin();
	ok(store->ops->event_append(store, ID, &row, 1, true, 1, &seq));
	store->ops->rollback(store);
	ck_assert_str_eq(replay(ID, 0), "2:b 3:x ");
	ck_assert(!get_stream(ID)->stream.is_ended);
	ok(append(ID, "y", 2000, false, SMALL(3)));
	ck_assert_str_eq(replay(ID, 0), "2:b 3:x 4:y ");
}
END_TEST

/* Events put back must be in order again: the oldest of them goes first. */
START_TEST(what_was_undone_keeps_its_order)
{
	const struct mcps_sweep how = { .events_before_ms = 9000, .limit = 3 };
	size_t removed;

	event(ID, "a", 2000);
	event(OTHER, "b", 2000);
	event(ID, "c", 2000);
	event(OTHER, "d", 2000);
	begin();
	ok(store->ops->sweep(store, &how, &removed));
	store->ops->rollback(store);
	begin();
	ok(store->ops->sweep(store, &how, &removed));
	ck_assert_uint_eq(removed, 3);
	commit();
	ck_assert_str_eq(replay(ID, 0), "");
	ck_assert_str_eq(replay(OTHER, 0), "2:d ");
}
END_TEST

void contract_event_case(void)
{
	test_case("event");
	test_fixture(event_setup, contract_close);
	test_add(events_are_numbered_from_1);
	test_add(several_events_are_appended_at_once);
	test_add(no_events_at_all_cannot_be_appended);
	test_add(the_latest_of_several_events_moves_seen_ms);
	test_add(of_several_appended_events_the_last_never_makes_room);
	test_add(an_append_tells_the_number);
	test_add(a_replay_hands_out_one_stream_in_order);
	test_add(a_replay_begins_after_a_number);
	test_add(a_replay_ends_as_the_callback_says);
	test_add(an_event_comes_back_byte_for_byte);
	test_add(an_event_may_be_empty);
	test_add(an_event_may_have_64_kib);
	test_add(nothing_follows_the_final_event);
	test_add(an_unknown_stream_takes_no_events);
	test_add(as_many_bytes_as_the_bound_stay);
	test_add(an_event_counts_as_at_least_64_bytes);
	test_add(the_oldest_stream_makes_room_first);
	test_add(a_stream_makes_room_for_itself);
	test_add(the_appended_event_never_makes_room);
	test_add(an_old_stream_that_is_empty_is_passed_over);
	test_add(sessions_make_no_room_for_each_other);
	test_add(a_rollback_takes_numbers_back);
	test_add(what_was_undone_keeps_its_order);
}
