/* Contract: what becomes of streams when their session ends. */
#include "contract_stream.h"
#include "suite.h"

#include <string.h>

/* ---- the end of the session ------------------------------------------- */

enum { CALL = 4713 }; /* of the first session, as ID, which is of no call */

static void two_sessions_with_streams(void)
{
	int64_t other = insert(2, intern(2), 1000);

	listen_to(ID, session, 0);
	listen_to(OTHER, other, 0);
	ok(open_stream(CALL, session, 2000));
	event(ID, "a", 2000);
	event(OTHER, "b", 2000);
	event(CALL, "x", 2000);
	event(ID, "c", 2000);
}

/* Each way in which a session ends. */
static void end_by_delete(void)
{
	end(1, 9000);
}

static void end_by_removal(void)
{
	begin();
	ok(store->ops->session_remove(store, key(1)));
	commit();
}

static void end_by_idleness(void)
{
	begin();
	ok(store->ops->session_touch(store, key(2), 9000));
	commit();
	ck_assert_uint_eq(sweep((struct mcps_sweep){ .idle_before_ms = 9000 }),
	                  1);
}

static void end_by_age(void)
{
	const struct mcps_sweep how = { .aged_before_ms = INT64_MAX,
		                        .tombstone_until_ms = 9000,
		                        .limit = 1 };

	ck_assert_uint_eq(sweep(how), 1);
}

static void (*const ends[])(void) = { end_by_delete, end_by_removal,
	                              end_by_idleness, end_by_age };
enum { ENDS = sizeof ends / sizeof *ends };

static bool is_left_by(uint64_t id, unsigned n)
{
	const struct seen *seen = get_stream(id);

	return seen->calls == 1 && seen->has_ended_key &&
	       memcmp(seen->ended_key, key(n), MCPS_SESSION_KEY_SIZE) == 0;
}

static void assert_gone_with_session(void)
{
	ck_assert(!is_there(ID));
	ck_assert_str_eq(replay(ID, 0), "");
	gives(append(ID, "d", 3000, false, 0), MCPS_E_GONE);
	gives(touch(ID, 3000), MCPS_E_GONE);
	ck_assert_str_eq(replay(OTHER, 0), "1:b ");
	ck_assert(!get_stream(OTHER)->has_ended_key);
}

START_TEST(streams_of_no_call_vanish_with_their_session)
{
	two_sessions_with_streams();
	ends[_i]();
	assert_gone_with_session();
}
END_TEST

START_TEST(streams_of_calls_outlive_their_session)
{
	two_sessions_with_streams();
	ck_assert(!get_stream(CALL)->has_ended_key);
	ends[_i]();
	ck_assert(is_left_by(CALL, 1));
	ck_assert_int_eq(get_stream(CALL)->stream.session, session);
	ck_assert_str_eq(get_stream(CALL)->name, "\"a\"");
	ck_assert_str_eq(replay(CALL, 0), "1:x ");
	ok(touch(CALL, 3000));
	ok(append(CALL, "y", 3000, false, 0));
	ok(append(CALL, "z", 3000, true, 0));
	gives(append(CALL, "more", 3000, false, 0), MCPS_E_GONE);
	ck_assert_str_eq(replay(CALL, 1), "2:y 3:z ");
	ck_assert(is_left_by(CALL, 1));
	ck_assert(get_stream(CALL)->stream.is_ended);
}
END_TEST

START_TEST(stream_of_an_ended_session_is_removed_when_nobody_reads_it)
{
	two_sessions_with_streams();
	ok(open_stream(CALL + 1, session, 5000));
	ends[_i]();
	ck_assert_uint_eq(
		sweep((struct mcps_sweep){ .streams_before_ms = 3000 }), 4);
	ck_assert(!is_there(CALL));
	ck_assert_str_eq(replay(CALL, 0), "");
	gives(append(CALL, "y", 3000, false, 0), MCPS_E_GONE);
	ck_assert(is_left_by(CALL + 1, 1));
	ck_assert_uint_eq(
		sweep((struct mcps_sweep){ .streams_before_ms = 6000 }), 1);
	ck_assert(!is_there(CALL + 1));
}
END_TEST

START_TEST(streams_of_ended_sessions_stay_bounded)
{
	two_sessions_with_streams();
	ok(open_stream(CALL + 1, session, 2000));
	event(CALL + 1, "u", 2000);
	ends[_i]();
	ok(append(CALL, "y", 3000, false, SMALL(3)));
	ck_assert_str_eq(replay(CALL, 0), "1:x 2:y ");
	ok(append(CALL + 1, "v", 3000, true, SMALL(2)));
	ck_assert_str_eq(replay(CALL, 0), "");
	ck_assert_str_eq(replay(CALL + 1, 0), "1:u 2:v ");
	ck_assert(is_left_by(CALL, 1));
}
END_TEST

/* A new session of the same key does not get the streams of the old one. */
START_TEST(a_session_of_the_same_key_begins_without_streams)
{
	int64_t again;

	two_sessions_with_streams();
	end_by_removal();
	again = insert(1, intern(1), 3000);
	assert_gone_with_session();
	ok(open_stream(ID, again, 3000));
	ck_assert_str_eq(replay(ID, 0), "");
	ck_assert_uint_eq(event(ID, "new", 3000), 1);
	ck_assert(!get_stream(ID)->has_ended_key);
	ck_assert(is_left_by(CALL, 1));
	ck_assert_int_ne(get_stream(CALL)->stream.session, again);
	end_by_removal();
	ck_assert(is_left_by(ID, 1));
	ck_assert(is_left_by(CALL, 1));
	ck_assert_str_eq(replay(ID, 0), "1:new ");
	ck_assert_str_eq(replay(CALL, 0), "1:x ");
}
END_TEST

START_TEST(an_end_that_is_rolled_back_leaves_streams_as_they_were)
{
	two_sessions_with_streams();
	begin();
	ok(store->ops->session_end(store, key(1), 9000));
	ck_assert(is_left_by(CALL, 1));
	ck_assert(!is_there(ID));
	store->ops->rollback(store);
	ck_assert(is_there(CALL));
	ck_assert(!get_stream(CALL)->has_ended_key);
	ck_assert_str_eq(replay(ID, 0), "1:a 2:c ");
	ok(append(ID, "d", 3000, false, SMALL(3)));
	ck_assert_str_eq(replay(ID, 0), "2:c 3:d ");
	ck_assert_str_eq(replay(CALL, 0), "1:x ");
}
END_TEST

START_TEST(a_session_that_changes_keeps_its_streams)
{
	struct mcps_session_row row;

	two_sessions_with_streams();
	row = make_row(1, load(1)->session.principal, 5000);
	row.version = 1;
	begin();
	ok(store->ops->session_save(store, &row));
	ok(store->ops->session_touch(store, key(1), 6000));
	commit();
	ck_assert_str_eq(replay(ID, 0), "1:a 2:c ");
	ck_assert(!get_stream(CALL)->has_ended_key);
	ok(append(ID, "d", 3000, false, SMALL(3))); /* "c", "d" and "x" */
	ck_assert_str_eq(replay(ID, 0), "2:c 3:d ");
}
END_TEST

START_TEST(removed_streams_come_back_with_a_rollback)
{
	const struct mcps_sweep how = { .events_before_ms = 9000,
		                        .streams_before_ms = 2002,
		                        .limit = 100 };
	size_t removed;

	two_sessions_with_streams();
	event(ID, "d", 3000);
	begin();
	ok(store->ops->sweep(store, &how, &removed));
	ck_assert_uint_eq(removed, 1 + 1 + 1 + 1 + 3);
	ok(store->ops->session_end(store, key(1), 9000));
	store->ops->rollback(store);
	ck_assert(is_there(CALL));
	ck_assert_str_eq(replay(ID, 0), "1:a 2:c 3:d ");
	ck_assert_str_eq(replay(OTHER, 0), "1:b ");
	ok(append(ID, "e", 3000, false, SMALL(4)));
	ck_assert_str_eq(replay(ID, 0), "2:c 3:d 4:e ");
}
END_TEST

void contract_stream_end_case(void)
{
	test_case("stream end");
	test_fixture(stream_setup, contract_close);
	test_add_loop(streams_of_no_call_vanish_with_their_session, ENDS);
	test_add_loop(streams_of_calls_outlive_their_session, ENDS);
	test_add_loop(
		stream_of_an_ended_session_is_removed_when_nobody_reads_it,
		ENDS);
	test_add_loop(streams_of_ended_sessions_stay_bounded, ENDS);
	test_add(a_session_of_the_same_key_begins_without_streams);
	test_add(an_end_that_is_rolled_back_leaves_streams_as_they_were);
	test_add(a_session_that_changes_keeps_its_streams);
	test_add(removed_streams_come_back_with_a_rollback);
}
