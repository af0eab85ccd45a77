/* Damage to streams and events that SQLite does not see: what is wrong is
 * never handed out, a gap is never passed over, and nothing stands in the way
 * of what comes after. */
#include "sqlite_cases.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ID = 4711, OTHER = 4712 };

static const char *const stream_columns[] = {
	"ref = ref + 100",
	"id = id + 100",
	"session = session + 1",
	"opened_ms = opened_ms - 1",
	"seen_ms = seen_ms + 1",
	"seen_ms = seen_ms - 1",
	"last = last + 1",
	"last = 0",
	"is_ended = 1",
	"is_ended = 2",
	"request = x'22'",
	"request = zeroblob(300)",
	"checksum = checksum + 1",
};

/* The second event of three. */
static const char *const event_changes[] = {
	"UPDATE event SET session = session + 1 WHERE seq = 2",
	"UPDATE event SET stream = stream + 100 WHERE seq = 2",
	"UPDATE event SET seq = 100 WHERE seq = 2",
	"UPDATE event SET at_ms = at_ms + 1 WHERE seq = 2",
	"UPDATE event SET data = CAST('B' AS BLOB) WHERE seq = 2",
	"UPDATE event SET data = x'' WHERE seq = 2",
	"UPDATE event SET checksum = 0 WHERE seq = 2",
	"DELETE FROM event WHERE seq = 2",
	/* another event, whole, in its place */
	("UPDATE event SET seq = CASE seq WHEN 2 THEN 30 ELSE 20 END "
	 "WHERE seq > 1; UPDATE event SET seq = seq / 10 WHERE seq > 3"),
};

static const char *const usage_changes[] = {
	"UPDATE usage SET event_bytes = 1",
	"UPDATE usage SET event_bytes = 1000000",
	"UPDATE usage SET event_bytes = -1",
	"UPDATE usage SET checksum = 1",
	"UPDATE usage SET session = session + 100",
	"DELETE FROM usage",
};

/* A session with a stream of three events, damaged by SQL. */
static void open_damaged(const char *sql)
{
	open_store();
	ok(open_stream(ID, insert(1, intern(1), 1000), 2000));
	event(ID, "a", 2000);
	event(ID, "b", 2000);
	event(ID, "c", 2000);
	close_store();
	run_sql(sql);
	log_forget();
	open_store();
}

static void open_damaged_stream(const char *change)
{
	char sql[100];

	snprintf(sql, sizeof sql, "UPDATE stream SET %s", change);
	open_damaged(sql);
}

static size_t sweep_events(int64_t events_before_ms, int64_t streams_before_ms)
{
	return sweep(
		(struct mcps_sweep){ .events_before_ms = events_before_ms,
	                             .streams_before_ms = streams_before_ms });
}

/* Returns the events that a replay hands out before it fails. */
static const char *replay_fails(uint64_t after)
{
	static struct seen seen;

	memset(&seen, 0, sizeof seen);
	gives(store->ops->event_replay(store, ID, after, see_event, &seen),
	      MCPS_E_CORRUPT);
	return seen.events;
}

/* ---- streams ---------------------------------------------------------- */

START_TEST(a_damaged_stream_is_never_handed_out)
{
	open_damaged_stream(stream_columns[_i]);
	ck_assert_uint_eq(get_stream(ID)->calls, 0);
	ck_assert_uint_eq(get_stream(ID + 100)->calls, 0);
	ck_assert_str_eq(replay(ID, 0), "");
	gives(append(ID, "d", 3000, false, 0), MCPS_E_GONE);
	begin();
	gives(store->ops->stream_touch(store, ID, 9000), MCPS_E_GONE);
	commit();
	ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 1); /* once per row */
	ck_assert_uint_eq(log_count(MCPS_LOG_ERROR), 0);
	close_store();
}
END_TEST

START_TEST(a_damaged_stream_is_swept_with_its_events)
{
	open_damaged_stream(stream_columns[_i]);
	sweep_events(9000, 9000);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM stream"), 0);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM event"), 0);
}
END_TEST

START_TEST(a_stream_after_a_damaged_one_has_events_of_its_own)
{
	open_damaged_stream(stream_columns[_i]);
	ok(open_stream(OTHER, load(1)->session.ref, 2000));
	ck_assert_str_eq(replay(OTHER, 0), "");
	ck_assert_uint_eq(event(OTHER, "x", 2000), 1);
	ck_assert_str_eq(replay(OTHER, 0), "1:x ");
	close_store();
}
END_TEST

/* The events that a lost stream leaves behind are there under the number that
 * the next one gets. */
START_TEST(events_of_a_lost_stream_are_not_those_of_the_next)
{
	open_damaged("DELETE FROM stream");
	ok(open_stream(OTHER, load(1)->session.ref, 2000));
	ck_assert_str_eq(replay(OTHER, 0), "");
	ck_assert_uint_eq(event(OTHER, "x", 2000), 1);
	ck_assert_uint_eq(event(OTHER, "y", 2000), 2);
	ck_assert_str_eq(replay(OTHER, 0), "1:x 2:y ");
	ck_assert_uint_eq(get_stream(OTHER)->stream.first, 1);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT max(ref) FROM stream"), 1);
}
END_TEST

/* Have the damaged row of session N dropped. */
static void replace_damaged(unsigned n)
{
	begin();
	ok(store->ops->session_tombstone(store, key(n),
	                                 look_up(1)->principal.ref, 20000));
	commit();
}

START_TEST(streams_vanish_with_a_damaged_session)
{
	open_damaged("UPDATE session SET flags = flags + 1");
	replace_damaged(1);
	ck_assert_uint_eq(get_stream(ID)->calls, 0);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM stream"), 0);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM event"), 0);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM usage"), 0);
}
END_TEST

/* ---- events ----------------------------------------------------------- */

START_TEST(a_replay_stops_where_an_event_is_damaged)
{
	open_damaged(event_changes[_i]);
	ck_assert_str_eq(replay_fails(0), "1:a ");
	ck_assert_str_eq(replay_fails(1), "");
	ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 1); /* once per row */
	ck_assert_uint_eq(event(ID, "d", 2000), 4);
	close_store();
}
END_TEST

START_TEST(what_comes_after_a_damaged_event_can_be_replayed)
{
	open_damaged("UPDATE event SET checksum = 0 WHERE seq = 2");
	ck_assert_str_eq(replay(ID, 2), "3:c ");
	close_store();
}
END_TEST

START_TEST(the_loss_of_the_last_event_is_noticed)
{
	open_damaged("DELETE FROM event WHERE seq = 3");
	ck_assert_str_eq(replay_fails(0), "1:a 2:b ");
	ck_assert_str_eq(replay_fails(2), "");
	close_store();
}
END_TEST

START_TEST(the_loss_of_the_first_event_is_as_if_it_were_too_old)
{
	open_damaged("DELETE FROM event WHERE seq = 1");
	ck_assert_uint_eq(get_stream(ID)->stream.first, 2);
	ck_assert_str_eq(replay(ID, 0), "2:b 3:c ");
	close_store();
}
END_TEST

/* It says a time that will never come. */
START_TEST(a_damaged_event_does_not_stop_the_sweep)
{
	open_damaged("UPDATE event SET at_ms = 1 << 60 WHERE seq < 3");
	ck_assert_uint_eq(sweep_events(2001, 0), 3);
	ck_assert_uint_eq(get_stream(ID)->stream.first, 4);
	close_store();
}
END_TEST

START_TEST(damaged_events_make_room)
{
	open_damaged(event_changes[_i]);
	ok(append(ID, "new", 2000, false, 3));
	ck_assert_str_eq(replay(ID, 0), "4:new ");
	close_store();
}
END_TEST

START_TEST(a_damaged_usage_is_summed_up_again)
{
	open_damaged(usage_changes[_i]);
	ok(append(ID, "d", 2000, false, SMALL(3)));
	ck_assert_str_eq(replay(ID, 0), "2:b 3:c 4:d ");
	ok(append(ID, "e", 2000, false, SMALL(4)));
	ck_assert_str_eq(replay(ID, 0), "2:b 3:c 4:d 5:e ");
	close_store();
}
END_TEST

/* ---- indexes ---------------------------------------------------------- */

static void open_without_its_second_row(void)
{
	open_damaged("SELECT 1");
	close_store();
	run_behind("event_seq", "DELETE FROM event WHERE seq = 2");
	seal_again();
	log_forget();
	open_store();
}

START_TEST(an_index_that_names_a_lost_event_does_not_stop_the_sweep)
{
	open_without_its_second_row();
	ck_assert_str_eq(replay_fails(0), "1:a ");
	sweep_events(0, 9000);
	ck_assert_uint_eq(get_stream(ID)->calls, 0);
	ck_assert(log_has("indexes were damaged and are rebuilt"));
	close_store();
}
END_TEST

START_TEST(an_index_that_names_a_lost_event_does_not_stop_an_append)
{
	open_without_its_second_row();
	ok(append(ID, "d", 2000, false, SMALL(2)));
	ok(append(ID, "e", 2000, false, SMALL(2)));
	ck_assert_str_eq(replay(ID, 3), "4:d 5:e ");
	ck_assert(log_has("indexes were damaged and are rebuilt"));
	close_store();
}
END_TEST

START_TEST(an_index_that_names_a_lost_stream_does_not_stop_the_sweep)
{
	open_damaged("SELECT 1");
	ok(open_stream(OTHER, load(1)->session.ref, 3000));
	close_store();
	run_behind("stream_seen", "DELETE FROM stream WHERE ref = 1");
	seal_again();
	log_forget();
	open_store();
	sweep_events(0, 9000);
	ck_assert_uint_eq(get_stream(OTHER)->calls, 0);
	ck_assert(log_has("indexes were damaged and are rebuilt"));
	close_store();
}
END_TEST

/* Two streams of no call. */
static int64_t open_listening(void)
{
	int64_t session;

	open_store();
	session = insert(1, intern(1), 1000);
	listen_to(ID, session, 0);
	listen_to(OTHER, session, 0);
	event(ID, "a", 2000);
	event(OTHER, "b", 2000);
	close_store();
	return session;
}

START_TEST(an_index_that_names_a_lost_stream_does_not_stop_a_new_one)
{
	int64_t session = open_listening();

	run_behind("stream_no_call", "DELETE FROM stream WHERE ref = 1");
	seal_again();
	log_forget();
	open_store();
	ck_assert_uint_eq(listen_to(1, session, 2), 0); /* there was one less */
	ck_assert_str_eq(replay(OTHER, 0), "1:b ");
	ck_assert(log_has("indexes were damaged and are rebuilt"));
	close_store();
}
END_TEST

START_TEST(a_damaged_stream_makes_room_first)
{
	int64_t session = open_listening();

	run_sql("UPDATE stream SET last = 7 WHERE ref = 1");
	log_forget();
	open_store();
	ck_assert_uint_eq(listen_to(1, session, 2), 0); /* it had no name */
	ck_assert_str_eq(replay(OTHER, 0), "1:b ");
	ck_assert_uint_eq(listen_to(2, session, 2), OTHER);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM stream"), 2);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM event"), 0);
}
END_TEST

START_TEST(an_index_that_names_a_lost_event_does_not_stop_an_end)
{
	int64_t session = open_listening();

	run_behind("event_seq", "DELETE FROM event WHERE stream = 2");
	seal_again();
	log_forget();
	open_store();
	listen_to(1, session, 0);
	end(1, 9000);
	ck_assert(is_ended(1));
	ck_assert_uint_eq(get_stream(ID)->calls, 0);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM event NOT INDEXED"), 0);
}
END_TEST

/* ---- what outlives its session ---------------------------------------- */

static void end_damaged(const char *sql)
{
	open_damaged("SELECT 1");
	end(1, 9000);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM ended"), 1);
	run_sql(sql);
	log_forget();
	open_store();
}

START_TEST(without_its_row_nobody_knows_whose_a_stream_was)
{
	static const char *const changes[] = {
		"UPDATE ended SET key = zeroblob(22)",
		"UPDATE ended SET key = x'00'",
		"UPDATE ended SET checksum = checksum + 1",
		"UPDATE ended SET session = session + 1",
		"DELETE FROM ended",
	};

	end_damaged(changes[_i]);
	ck_assert(!get_stream(ID)->has_ended_key);
	sweep_events(9000, 9000);
	ck_assert_uint_eq(get_stream(ID)->calls, 0);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM event"), 0);
}
END_TEST

START_TEST(nothing_is_left_of_what_outlived_its_session)
{
	end_damaged("SELECT 1");
	ok(append(ID, "d", 3000, true, SMALL(10)));
	ck_assert_str_eq(replay(ID, 2), "3:c 4:d ");
	sweep_events(9000, 9000);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM stream"), 0);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM event"), 0);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM usage"), 0);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM ended"), 0);
}
END_TEST

START_TEST(a_session_that_leaves_no_stream_leaves_nothing)
{
	open_listening();
	open_store();
	end(1, 9000);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM stream"), 0);
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM ended"), 0);
}
END_TEST

/* The streams of a damaged session go; those of an ended session stay. */
START_TEST(stream_of_an_ended_session_outlives_the_damage_of_another_session)
{
	open_damaged("SELECT 1");
	ok(open_stream(OTHER, insert(2, intern(1), 1000), 2000));
	end(1, 9000);
	close_store();
	run_sql("UPDATE session SET flags = flags + 1 WHERE phase = 1");
	open_store();
	replace_damaged(2);
	ck_assert_uint_eq(get_stream(OTHER)->calls, 0);
	ck_assert(get_stream(ID)->has_ended_key);
	ck_assert_str_eq(replay(ID, 0), "1:a 2:b 3:c ");
	close_store();
}
END_TEST

/* A time of six bytes that stands nowhere else. */
#define SEEN 0x314253647586

START_TEST(an_index_that_lies_ends_no_stream)
{
	/* Its record: a header of 3 bytes, six bytes of time, the ref 1. */
	static const uint8_t record[] = { 0x03, 0x05, 0x09, 0x31, 0x42,
		                          0x53, 0x64, 0x75, 0x86 };
	unsigned flipped = 0;
	size_t size;
	uint8_t *bytes;

	open_store();
	ok(open_stream(ID, insert(1, intern(1), 1000), SEEN));
	close_store();
	bytes = read_file(in_directory("test.db"), &size);
	for (size_t at = 0; at + sizeof record <= size; at++)
		if (memcmp(bytes + at, record, sizeof record) == 0) {
			bytes[at + 3] ^= 0x01; /* 0x30: long ago */
			flipped++;
		}
	ck_assert_uint_eq(flipped, 1);
	write_file(in_directory("test.db"), bytes, size);
	free(bytes);
	log_forget();
	open_store();
	ck_assert_uint_eq(sweep_events(0, SEEN), 0);
	ck_assert_uint_eq(get_stream(ID)->calls, 1);
	ck_assert(log_has("indexes were damaged and are rebuilt"));
	close_store();
}
END_TEST

void sqlite_event_damage_case(void)
{
	test_case("event damage");
	test_fixture(directory_make, directory_remove);
	test_add_loop(a_damaged_stream_is_never_handed_out,
	              COUNT(stream_columns));
	test_add_loop(a_damaged_stream_is_swept_with_its_events,
	              COUNT(stream_columns));
	test_add_loop(a_stream_after_a_damaged_one_has_events_of_its_own,
	              COUNT(stream_columns));
	test_add(events_of_a_lost_stream_are_not_those_of_the_next);
	test_add(streams_vanish_with_a_damaged_session);
	test_add_loop(a_replay_stops_where_an_event_is_damaged,
	              COUNT(event_changes));
	test_add(what_comes_after_a_damaged_event_can_be_replayed);
	test_add(the_loss_of_the_last_event_is_noticed);
	test_add(the_loss_of_the_first_event_is_as_if_it_were_too_old);
	test_add(a_damaged_event_does_not_stop_the_sweep);
	test_add_loop(damaged_events_make_room, COUNT(event_changes));
	test_add_loop(a_damaged_usage_is_summed_up_again, COUNT(usage_changes));
	test_add(an_index_that_names_a_lost_event_does_not_stop_the_sweep);
	test_add(an_index_that_names_a_lost_event_does_not_stop_an_append);
	test_add(an_index_that_names_a_lost_stream_does_not_stop_a_new_one);
	test_add(a_damaged_stream_makes_room_first);
	test_add(an_index_that_names_a_lost_stream_does_not_stop_the_sweep);
	test_add(an_index_that_names_a_lost_event_does_not_stop_an_end);
	test_add(an_index_that_lies_ends_no_stream);
	test_add_loop(without_its_row_nobody_knows_whose_a_stream_was, 5);
	test_add(nothing_is_left_of_what_outlived_its_session);
	test_add(a_session_that_leaves_no_stream_leaves_nothing);
	test_add(
		stream_of_an_ended_session_outlives_the_damage_of_another_session);
}
