/* The table of sessions by itself: who claims, who waits, who is told. There
 * is no store job under way here but the test. */
#include "base/memory.h"
#include "session/table.h"
#include "session/job.h"
#include "store/writer.h"
#include "suite.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOT = 3 };

static int64_t steady = 1000000;
static struct sessions sessions;
static struct writer *writer;
static struct principal *alice;

static int64_t read_clock(void *arg)
{
	(void)arg;
	return steady;
}

static const struct clock_source clock_source = { .wall_ms = read_clock,
	                                          .steady_ms = read_clock };

/* ---- the layer of streams ------------------------------------------------ */

static struct {
	unsigned count;
	enum session_departure how[8];
} departures;

static void departs(struct streams *streams, struct session *session,
                    enum session_departure how)
{
	(void)session;
	ck_assert_ptr_eq(streams, &departures);
	if (departures.count < sizeof departures.how / sizeof how)
		departures.how[departures.count] = how;
	departures.count++;
}

/* Those so far, which are forgotten. */
static void check_departures(unsigned count,
                             const enum session_departure *expected)
{
	ck_assert_uint_eq(departures.count, count);
	for (unsigned i = 0; i < count; i++)
		ck_assert_int_eq(departures.how[i], expected[i]);
	departures.count = 0;
}

static void set_up(void)
{
	const struct writer_options how = { .inline_jobs = true };
	struct sessions_options options = {
		.clock = &clock_source,
		.random = &mcps__system_random,
		.resource = "/mcp",
		.idle_ms = INT64_C(86400000),
		.max_age_ms = INT64_C(864000000),
		.hot = HOT,
	};
	mcps_store *store;

	ck_assert_int_ge(sodium_init(), 0);
	ck_assert_int_eq(mcps_store_open(&store, "memory:", NULL, NULL),
	                 MCPS_OK);
	ck_assert_int_eq(mcps__writer_start(&writer, store, &how, NULL),
	                 MCPS_OK);
	options.writer = writer;
	options.layer.session_departs = departs;
	options.layer.streams = (struct streams *)&departures;
	departures.count = 0;
	ck_assert_int_eq(mcps__sessions_init(&sessions, &options, NULL),
	                 MCPS_OK);
	alice = mcps__principal_new(NULL, "alice");
}

static void tear_down(void)
{
	mcps__sessions_finish(&sessions);
	mcps__writer_stop(writer);
	mcps__principal_unref(alice);
}

/* ---- waiting ------------------------------------------------------------- */

struct waiter {
	struct session_wait wait;
	int turn; /* 0: not told yet */
	enum session_found found;
	mcps_status status;
};

static int turns;

/* WAIT is the first member. */
static void told(struct session_wait *wait, enum session_found found,
                 struct session *session, mcps_status status)
{
	struct waiter *waiter = (struct waiter *)wait;

	ck_assert_int_eq(waiter->turn, 0);
	ck_assert_int_eq(session != NULL, found == FOUND_LIVE);
	waiter->turn = ++turns;
	waiter->found = found;
	waiter->status = status;
	mcps__session_unref(session);
}

static struct waiter waiters[8];

static struct session_wait *waiter(int i)
{
	waiters[i] = (struct waiter){ .wait.fn = told };
	return &waiters[i].wait;
}

static uint8_t *key_of(int number)
{
	static uint8_t keys[64][MCPS_SESSION_KEY_SIZE];

	keys[number][0] = (uint8_t)number;
	keys[number][MCPS_SESSION_KEY_SIZE - 1] = (uint8_t)number;
	return keys[number];
}

static struct session *claim(int number, int i)
{
	struct session *session;

	ck_assert_int_eq(mcps__table_claim(&sessions, key_of(number), alice,
	                                   waiter(i), &session),
	                 CLAIM_MINE);
	return session;
}

static void start_waiting(int number, int i)
{
	struct session *session;

	ck_assert_int_eq(mcps__table_claim(&sessions, key_of(number), alice,
	                                   waiter(i), &session),
	                 CLAIM_WAITING);
	ck_assert_ptr_null(session);
}

static void bring_in(int number)
{
	struct session *session = claim(number, 0);

	session->touched_ms = steady;
	session->old_at_ms = steady + sessions.options.max_age_ms;
	mcps__table_complete(&sessions, session, FOUND_LIVE, MCPS_OK);
}

static bool is_hot(int number)
{
	struct session *session;
	enum session_found found =
		mcps__sessions_find(&sessions, key_of(number), &session);

	mcps__session_unref(session);
	return found == FOUND_LIVE;
}

static void check_told(int i, int turn, enum session_found found,
                       mcps_status status)
{
	ck_assert_int_eq(waiters[i].turn, turn);
	ck_assert_int_eq(waiters[i].found, found);
	ck_assert_int_eq(waiters[i].status, status);
}

/* ---- tests --------------------------------------------------------------- */

START_TEST(what_was_never_seen_is_not_loaded)
{
	ck_assert(!is_hot(1));
	ck_assert_uint_eq(mcps__sessions_hot(&sessions), 0);
}
END_TEST

START_TEST(a_busy_session_is_not_found_until_its_job_is_complete)
{
	struct session *session = claim(1, 0);

	session->old_at_ms = steady + 1000;
	session->touched_ms = steady;
	ck_assert(!is_hot(1));
	mcps__table_complete(&sessions, session, FOUND_LIVE, MCPS_OK);
	ck_assert(is_hot(1));
	check_told(0, 1, FOUND_LIVE, MCPS_OK);
}
END_TEST

START_TEST(the_wait_queue_is_told_in_order)
{
	struct session *session = claim(1, 0);

	session->touched_ms = steady;
	for (int i = 1; i < 5; i++)
		start_waiting(1, i);
	mcps__table_complete(&sessions, session, FOUND_LIVE, MCPS_OK);
	for (int i = 0; i < 5; i++)
		check_told(i, i + 1, FOUND_LIVE, MCPS_OK);
}
END_TEST

START_TEST(what_is_over_leaves_the_table)
{
	static const enum session_found found[] = { FOUND_ENDED, FOUND_UNKNOWN,
		                                    FOUND_NOT_LOADED };
	struct session *session = claim(1, 0);

	start_waiting(1, 1);
	mcps__table_complete(&sessions, session, found[_i], MCPS_E_STORE);
	ck_assert_uint_eq(mcps__sessions_hot(&sessions), 0);
	ck_assert_int_eq(waiters[0].turn, 1);
	ck_assert_int_eq(waiters[1].turn, 2);
	mcps__session_unref(claim(1, 2)); /* may be claimed again */
}
END_TEST

START_TEST(a_failure_is_everybodys_but_an_end_only_the_firsts)
{
	struct session *session = claim(1, 0);

	start_waiting(1, 1);
	mcps__table_complete(&sessions, session, FOUND_NOT_LOADED,
	                     MCPS_E_STORE);
	check_told(0, 1, FOUND_NOT_LOADED, MCPS_E_STORE);
	check_told(1, 2, FOUND_NOT_LOADED, MCPS_E_STORE);

	session = claim(1, 2);
	start_waiting(1, 3);
	mcps__table_complete(&sessions, session, FOUND_ENDED, MCPS_OK);
	check_told(2, 3, FOUND_ENDED, MCPS_OK);
	check_told(3, 4, FOUND_ENDED, MCPS_E_GONE);
}
END_TEST

START_TEST(a_live_session_is_not_claimed_but_handed_out)
{
	struct session *session;

	bring_in(1);
	ck_assert_int_eq(mcps__table_claim(&sessions, key_of(1), alice,
	                                   waiter(1), &session),
	                 CLAIM_LIVE);
	ck_assert_int_eq(waiters[1].turn, 0);
	mcps__session_unref(session);
}
END_TEST

START_TEST(an_ending_session_takes_no_second_end)
{
	struct session *session;

	bring_in(1);
	ck_assert_int_eq(mcps__sessions_find(&sessions, key_of(1), &session),
	                 FOUND_LIVE);
	ck_assert(mcps__table_start_end(&sessions, session, waiter(1)));
	ck_assert(!mcps__session_has_ended(&sessions, session));
	ck_assert(!is_hot(1));
	ck_assert(!mcps__table_start_end(&sessions, session, waiter(2)));
	start_waiting(1, 3);
	turns = 0;
	mcps__table_complete(&sessions, mcps__session_ref(session), FOUND_ENDED,
	                     MCPS_OK);
	ck_assert(mcps__session_has_ended(&sessions, session));
	mcps__session_unref(session);
	check_told(1, 1, FOUND_ENDED, MCPS_OK);
	check_told(2, 2, FOUND_ENDED, MCPS_E_GONE);
	check_told(3, 3, FOUND_ENDED, MCPS_E_GONE);
}
END_TEST

START_TEST(what_left_the_table_is_looked_for_again_before_it_ends)
{
	struct session *session;

	bring_in(1);
	mcps__sessions_find(&sessions, key_of(1), &session);
	mcps__sessions_forget(&sessions, session);
	ck_assert(!is_hot(1));
	ck_assert(!mcps__table_start_end(&sessions, session, waiter(1)));
	ck_assert_int_eq(waiters[1].found, FOUND_NOT_LOADED);
	ck_assert_int_eq(waiters[1].status, MCPS_OK);
	mcps__sessions_forget(&sessions, session);
	mcps__session_unref(session);
}
END_TEST

/* The first in the wait queue makes it busy again: the others go on waiting. */
static struct session *again;

static void claim_again(struct session_wait *wait, enum session_found found,
                        struct session *session, mcps_status status)
{
	(void)status;
	ck_assert_int_eq(found, FOUND_UNKNOWN);
	ck_assert_ptr_null(session);
	wait->fn = told;
	ck_assert_int_eq(
		mcps__table_claim(&sessions, key_of(1), alice, wait, &again),
		CLAIM_MINE);
}

START_TEST(the_first_that_waits_may_claim_it_again_before_the_others_are_told)
{
	struct session *session = claim(1, 0);

	waiters[0].wait.fn = claim_again;
	start_waiting(1, 1);
	start_waiting(1, 2);
	mcps__table_complete(&sessions, session, FOUND_UNKNOWN, MCPS_OK);
	ck_assert_int_eq(waiters[0].turn, 0);
	ck_assert_int_eq(waiters[1].turn, 0);
	start_waiting(1, 3);
	again->touched_ms = steady;
	mcps__table_complete(&sessions, again, FOUND_LIVE, MCPS_OK);
	for (int i = 0; i < 4; i++)
		check_told(i, i + 1, FOUND_LIVE, MCPS_OK);
	ck_assert_uint_eq(mcps__sessions_hot(&sessions), 1);
}
END_TEST

START_TEST(the_least_recently_used_is_paged_out)
{
	for (int i = 0; i < HOT; i++)
		bring_in(i);
	ck_assert(is_hot(0)); /* used: 1 is the oldest now */
	bring_in(HOT);
	ck_assert_uint_eq(mcps__sessions_hot(&sessions), HOT);
	ck_assert(!is_hot(1));
	ck_assert(is_hot(0));
	ck_assert(is_hot(2));
	ck_assert(is_hot(HOT));
}
END_TEST

START_TEST(who_is_in_use_is_not_paged_out)
{
	struct session *used;

	bring_in(0);
	mcps__sessions_find(&sessions, key_of(0), &used);
	for (int i = 1; i < 20; i++)
		bring_in(i);
	ck_assert_uint_eq(mcps__sessions_hot(&sessions), HOT);
	ck_assert(is_hot(0));
	mcps__session_unref(used);
}
END_TEST

START_TEST(more_than_the_bound_are_kept_while_all_are_in_use)
{
	struct session *used[20];

	for (int i = 0; i < 20; i++) {
		bring_in(i);
		mcps__sessions_find(&sessions, key_of(i), &used[i]);
	}
	ck_assert_uint_eq(mcps__sessions_hot(&sessions), 20);
	for (int i = 0; i < 20; i++)
		mcps__session_unref(used[i]);
	for (int i = 20; i < 24; i++)
		bring_in(i);
	ck_assert_uint_eq(mcps__sessions_hot(&sessions), HOT);
}
END_TEST

START_TEST(an_idle_or_old_session_is_asked_of_the_store)
{
	bring_in(1);
	steady += sessions.options.idle_ms;
	ck_assert(is_hot(1));
	steady += sessions.options.idle_ms + 1;
	ck_assert(!is_hot(1));
	ck_assert_uint_eq(mcps__sessions_hot(&sessions), 0);
}
END_TEST

START_TEST(an_eviction_takes_what_nobody_uses)
{
	struct session *used;

	ck_assert(mcps__table_evict(&sessions, key_of(1)));
	bring_in(1);
	mcps__sessions_find(&sessions, key_of(1), &used);
	ck_assert(!mcps__table_evict(&sessions, key_of(1)));
	mcps__session_unref(used);
	ck_assert(mcps__table_evict(&sessions, key_of(1)));
	ck_assert(!is_hot(1));
	used = claim(1, 1);
	ck_assert(!mcps__table_evict(&sessions, key_of(1)));
	mcps__table_complete(&sessions, used, FOUND_UNKNOWN, MCPS_OK);
}
END_TEST

static int allocations;

static void *counted(void *arg, void *old, size_t size)
{
	(void)arg;
	return allocations-- > 0 ? realloc(old, size) : NULL;
}

START_TEST(without_memory_nothing_is_claimed_and_nobody_is_lost)
{
	const struct memory_hook hook = { counted, NULL };
	struct session *session;
	enum table_claim result = CLAIM_NOMEM;

	mcps__memory_set_hook(&hook);
	for (int have = 0; result == CLAIM_NOMEM; have++) {
		ck_assert_int_lt(have, 20);
		allocations = have;
		result = mcps__table_claim(&sessions, key_of(1), alice,
		                           waiter(0), &session);
		ck_assert_uint_eq(mcps__sessions_hot(&sessions),
		                  result == CLAIM_MINE);
	}
	mcps__memory_set_hook(NULL);
	ck_assert_int_eq(result, CLAIM_MINE);
	mcps__table_complete(&sessions, session, FOUND_UNKNOWN, MCPS_OK);
	check_told(0, 1, FOUND_UNKNOWN, MCPS_OK);
}
END_TEST

START_TEST(session_that_leaves_memory_departs_and_is_freed_last)
{
	static const enum session_departure order[] = { DEPARTS_FROM_MEMORY,
		                                        DEPARTS_LAST };
	struct session *session;

	bring_in(1);
	check_departures(0, NULL);
	ck_assert(mcps__table_evict(&sessions, key_of(1)));
	check_departures(2, order);

	bring_in(2);
	session = mcps__table_hold(&sessions, key_of(2));
	mcps__sessions_forget(&sessions, session);
	check_departures(1, order);
	mcps__session_unref(session);
	check_departures(1, order + 1);
}
END_TEST

START_TEST(session_of_a_revoked_caller_departs_for_good)
{
	static const enum session_departure order[] = { DEPARTS_FOR_GOOD,
		                                        DEPARTS_FROM_MEMORY,
		                                        DEPARTS_LAST };

	bring_in(1);
	mcps__table_drop(&sessions, alice->digest, true);
	check_departures(3, order);
}
END_TEST

/* Nothing closes: who carries its streams may be gone. */
START_TEST(session_that_is_in_memory_at_the_end_only_departs_last)
{
	bring_in(1);
	mcps__sessions_finish(&sessions);
	ck_assert_uint_ge(departures.count, 1);
	ck_assert_int_eq(departures.how[0], DEPARTS_LAST);
	mcps__writer_stop(writer);
	mcps__principal_unref(alice);
	set_up(); /* for tear_down() */
}
END_TEST

TEST_MAIN("session table")
{
	test_fixture(set_up, tear_down);
	test_add(what_was_never_seen_is_not_loaded);
	test_add(a_busy_session_is_not_found_until_its_job_is_complete);
	test_add(the_wait_queue_is_told_in_order);
	test_add_loop(what_is_over_leaves_the_table, 3);
	test_add(a_failure_is_everybodys_but_an_end_only_the_firsts);
	test_add(a_live_session_is_not_claimed_but_handed_out);
	test_add(an_ending_session_takes_no_second_end);
	test_add(what_left_the_table_is_looked_for_again_before_it_ends);
	test_add(
		the_first_that_waits_may_claim_it_again_before_the_others_are_told);
	test_add(the_least_recently_used_is_paged_out);
	test_add(who_is_in_use_is_not_paged_out);
	test_add(more_than_the_bound_are_kept_while_all_are_in_use);
	test_add(an_idle_or_old_session_is_asked_of_the_store);
	test_add(an_eviction_takes_what_nobody_uses);
	test_add(without_memory_nothing_is_claimed_and_nobody_is_lost);
	test_add(session_that_leaves_memory_departs_and_is_freed_last);
	test_add(session_of_a_revoked_caller_departs_for_good);
	test_add(session_that_is_in_memory_at_the_end_only_departs_last);
}
