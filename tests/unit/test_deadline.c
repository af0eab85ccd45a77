/* Deadlines of connections: socket pairs stand for them, time is the test's.
 * Cut is what the other end sees as the end. */
#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "mhd/deadline.h"
#include "suite.h"

#include <sys/socket.h>
#include <unistd.h>

enum { SOME = 5, NOW = 50000 };

static struct deadlines all;
static struct deadline ones[SOME];
static int ours[SOME], theirs[SOME];

static void set_up(void)
{
	all = (struct deadlines){ 0 };
	for (int i = 0; i < SOME; i++) {
		int pair[2];

		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC,
		                            0, pair),
		                 0);
		ours[i] = pair[0];
		theirs[i] = pair[1];
		mcps__deadlines_add(&all, &ones[i], ours[i]);
	}
}

static void tear_down(void)
{
	for (int i = 0; i < SOME; i++) {
		close(ours[i]);
		close(theirs[i]);
	}
}

static bool is_cut(int i)
{
	char byte;

	return recv(theirs[i], &byte, 1, MSG_DONTWAIT) == 0;
}

static void set(int i, int64_t within_ms)
{
	mcps__deadline_set(&all, &ones[i], NOW, within_ms, false);
}

static void round_at(int64_t now_ms)
{
	mcps__deadlines_round(&all, now_ms);
}

START_TEST(without_a_deadline_nothing_is_due)
{
	ck_assert_int_eq(mcps__deadlines_timeout(&all, NOW), -1);
	round_at(INT64_MAX - 1);
	for (int i = 0; i < SOME; i++)
		ck_assert(!is_cut(i));
}
END_TEST

START_TEST(nobody_is_no_timeout)
{
	struct deadlines none = { 0 };

	ck_assert_int_eq(mcps__deadlines_timeout(&none, NOW), -1);
	mcps__deadlines_round(&none, NOW);
}
END_TEST

START_TEST(who_is_late_is_cut_and_not_before)
{
	set(1, 10000);
	ck_assert_int_eq(mcps__deadlines_timeout(&all, NOW), 10000);
	round_at(NOW + 9999);
	ck_assert(!is_cut(1));
	ck_assert_int_eq(mcps__deadlines_timeout(&all, NOW + 9999), 1);
	round_at(NOW + 10000);
	ck_assert(is_cut(1));
	for (int i = 0; i < SOME; i++)
		ck_assert(i == 1 || !is_cut(i));
}
END_TEST

START_TEST(the_soonest_is_due_first)
{
	set(0, 30000);
	set(3, 10000);
	set(2, 20000);
	ck_assert_int_eq(mcps__deadlines_timeout(&all, NOW), 10000);
	round_at(NOW + 10000);
	ck_assert(is_cut(3) && !is_cut(0) && !is_cut(2));
	ck_assert_int_eq(mcps__deadlines_timeout(&all, NOW + 10000), 10000);
	round_at(NOW + 30000);
	ck_assert(is_cut(0) && is_cut(2));
}
END_TEST

START_TEST(a_lifted_deadline_cuts_nobody)
{
	set(0, 10000);
	mcps__deadline_lift(&ones[0]);
	round_at(NOW + 10000);
	ck_assert(!is_cut(0));
	ck_assert_int_eq(mcps__deadlines_timeout(&all, NOW + 20000), -1);
}
END_TEST

START_TEST(a_later_deadline_takes_the_place_of_one)
{
	set(0, 10000);
	set(0, 20000);
	round_at(NOW + 19999);
	ck_assert(!is_cut(0));
	round_at(NOW + 20999); /* rounds are a second apart */
	ck_assert(is_cut(0));
}
END_TEST

START_TEST(who_is_cut_once_is_left_alone)
{
	set(0, 1000);
	round_at(NOW + 1000);
	ck_assert(is_cut(0));
	round_at(NOW + 2000);
	ck_assert_int_eq(mcps__deadlines_timeout(&all, NOW + 3000), -1);
}
END_TEST

/* However many are due, a round comes once in a second. */
START_TEST(rounds_are_at_least_a_second_apart)
{
	set(0, 1000);
	set(1, 1001);
	round_at(NOW + 1000);
	ck_assert(is_cut(0) && !is_cut(1));
	ck_assert_int_eq(mcps__deadlines_timeout(&all, NOW + 1000), 1000);
	round_at(NOW + 1999);
	ck_assert(!is_cut(1));
	round_at(NOW + 2000);
	ck_assert(is_cut(1));
}
END_TEST

START_TEST(what_is_gone_is_not_touched)
{
	for (int i = 0; i < SOME; i++)
		set(i, 1000);
	mcps__deadlines_remove(&all, &ones[4]); /* the first of the list */
	mcps__deadlines_remove(&all, &ones[2]);
	mcps__deadlines_remove(&all, &ones[0]); /* the last */
	round_at(NOW + 1000);
	ck_assert(is_cut(1) && is_cut(3));
	ck_assert(!is_cut(0) && !is_cut(2) && !is_cut(4));
	mcps__deadlines_remove(&all, &ones[1]);
	mcps__deadlines_remove(&all, &ones[3]);
	ck_assert_int_eq(mcps__deadlines_timeout(&all, NOW), -1);
}
END_TEST

/* ---- looking whether a client is still there ---- */

START_TEST(who_has_left_is_cut_after_a_second)
{
	mcps__deadline_set(&all, &ones[0], NOW, 10000, true);
	mcps__deadline_set(&all, &ones[1], NOW, 10000, true);
	ck_assert_int_eq(mcps__deadlines_timeout(&all, NOW), 1000);
	shutdown(theirs[0], SHUT_WR);
	round_at(NOW + 1000);
	ck_assert(is_cut(0));
	ck_assert(!is_cut(1)); /* silent, but there */
	round_at(NOW + 10000);
	ck_assert(is_cut(1));
}
END_TEST

START_TEST(who_has_left_something_to_read_is_not_gone)
{
	char byte;

	mcps__deadline_set(&all, &ones[0], NOW, 10000, true);
	ck_assert_int_eq(send(theirs[0], "x", 1, MSG_NOSIGNAL), 1);
	shutdown(theirs[0], SHUT_WR);
	round_at(NOW + 1000);
	ck_assert(!is_cut(0));
	ck_assert_int_eq(recv(ours[0], &byte, 1, MSG_DONTWAIT), 1);
}
END_TEST

START_TEST(who_may_close_his_side_is_not_looked_at)
{
	mcps__deadline_set(&all, &ones[0], NOW, 10000, false);
	shutdown(theirs[0], SHUT_WR);
	round_at(NOW + 9000);
	ck_assert(!is_cut(0));
}
END_TEST

START_TEST(only_clients_that_took_too_long_are_late)
{
	set(1, 10000);
	set(2, 10000);
	ones[2].may_lapse = true;
	mcps__deadline_set(&all, &ones[3], NOW, 20000, true);
	shutdown(theirs[3], SHUT_WR); /* it has left */
	round_at(NOW + 10000);
	for (int i = 1; i <= 3; i++)
		ck_assert(is_cut(i));
	ck_assert_uint_eq(all.late, 1);
	round_at(NOW + 30000);
	ck_assert_uint_eq(all.late, 1);
}
END_TEST

TEST_MAIN("deadline")
{
	test_fixture(set_up, tear_down);
	test_add(without_a_deadline_nothing_is_due);
	test_add(nobody_is_no_timeout);
	test_add(who_is_late_is_cut_and_not_before);
	test_add(the_soonest_is_due_first);
	test_add(a_lifted_deadline_cuts_nobody);
	test_add(a_later_deadline_takes_the_place_of_one);
	test_add(who_is_cut_once_is_left_alone);
	test_add(rounds_are_at_least_a_second_apart);
	test_add(what_is_gone_is_not_touched);
	test_add(who_has_left_is_cut_after_a_second);
	test_add(who_has_left_something_to_read_is_not_gone);
	test_add(who_may_close_his_side_is_not_looked_at);
	test_add(only_clients_that_took_too_long_are_late);
}
