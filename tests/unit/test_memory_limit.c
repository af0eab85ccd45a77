/* Limits of the memory that requests hold together, and when freed memory is
 * given back. */
#include "server/give_back.h"
#include "session/memory_limit.h"
#include "suite.h"

#include <string.h>

enum { MOST = 1000, MIB = 1024 * 1024 };

static struct memory_limit limit;

static struct caller caller(uint8_t name)
{
	struct caller one = { .key = { name } };

	return one;
}

static void set_up(void)
{
	memset(&limit, 0, sizeof limit);
	ck_assert_int_eq(
		mcps__memory_limit_init(&limit, MOST, &mcps__system_random),
		MCPS_OK);
}

static struct memory_claim take(uint8_t name, size_t bytes)
{
	const struct caller one = caller(name);
	struct memory_claim claim = { 0 };

	mcps__memory_claim_take(&limit, &claim, &one, bytes);
	return claim;
}

static mcps_status admit(uint8_t name)
{
	const struct caller one = caller(name);

	return mcps__memory_limit_admit(&limit, &one);
}

START_TEST(a_caller_that_is_alone_is_admitted_until_it_has_half)
{
	(void)take(1, MOST / 2);
	ck_assert_int_eq(admit(1), MCPS_OK);
	(void)take(1, 1);
	ck_assert_int_eq(admit(1), MCPS_E_LIMIT);
	ck_assert_int_eq(admit(2), MCPS_OK);
}
END_TEST

START_TEST(the_share_of_a_caller_is_what_others_leave_free)
{
	(void)take(1, 600);
	ck_assert_int_eq(admit(2), MCPS_OK);
	(void)take(2, 150);
	ck_assert_int_eq(admit(2), MCPS_OK); /* 150 of 250 that are free */
	(void)take(2, 100);
	ck_assert_int_eq(admit(2), MCPS_E_LIMIT);
	ck_assert_int_eq(admit(3), MCPS_OK);
}
END_TEST

START_TEST(nobody_is_admitted_when_all_is_used)
{
	(void)take(1, MOST - 1);
	ck_assert_int_eq(admit(2), MCPS_OK);
	(void)take(2, 1);
	ck_assert_int_eq(admit(3), MCPS_E_BUSY);
	(void)take(2, MOST); /* an answer of a call that ran */
	ck_assert_int_eq(admit(3), MCPS_E_BUSY);
}
END_TEST

START_TEST(released_memory_may_be_used_again_by_anyone)
{
	struct memory_claim one = take(1, 700), two = take(2, 500);

	ck_assert_int_eq(admit(3), MCPS_E_BUSY);
	mcps__memory_claim_release(&limit, &one);
	mcps__memory_claim_release(&limit, &one); /* once */
	ck_assert_uint_eq(limit.used, 500);
	ck_assert_int_eq(admit(1), MCPS_OK);
	mcps__memory_claim_release(&limit, &two);
	ck_assert_uint_eq(limit.used, 0);
	for (int i = 0; i < MEMORY_SHARES; i++)
		ck_assert_uint_eq(limit.of_callers[i], 0);
}
END_TEST

/* As of one body, which comes in pieces. */
START_TEST(a_caller_with_one_holder_may_use_all)
{
	struct memory_claim claim = take(1, MOST);

	ck_assert_int_eq(
		mcps__memory_limit_check(&limit, claim.of_caller, claim.bytes),
		MCPS_OK);
	(void)take(1, 1);
	ck_assert_int_eq(
		mcps__memory_limit_check(&limit, claim.of_caller, claim.bytes),
		MCPS_E_BUSY);
}
END_TEST

START_TEST(without_a_limit_nothing_is_counted)
{
	struct memory_claim claim = { 0 };
	const struct caller one = caller(1);

	limit.most = 0;
	ck_assert_uint_eq(take(1, MOST).bytes, 0);
	ck_assert_int_eq(admit(1), MCPS_OK);
	mcps__memory_claim_take(NULL, &claim, &one, MOST);
	ck_assert_uint_eq(claim.bytes, 0);
	ck_assert_int_eq(mcps__memory_limit_admit(NULL, &one), MCPS_OK);
}
END_TEST

START_TEST(a_peak_between_two_looks_is_seen)
{
	struct memory_claim claim = take(1, 700);

	mcps__memory_claim_release(&limit, &claim);
	(void)take(1, 10);
	ck_assert_uint_eq(mcps__memory_limit_take_peak(&limit), 700);
	ck_assert_uint_eq(mcps__memory_limit_take_peak(&limit), 10);
}
END_TEST

/* ---- giving back ---- */

START_TEST(memory_is_given_back_once_a_second_after_a_load)
{
	struct give_back self = { 0 };

	ck_assert(!mcps__give_back_is_due(&self, 100 * MIB, 100 * MIB, 1000));
	ck_assert(!mcps__give_back_is_due(&self, 100 * MIB, 0, 2000));
	ck_assert(!mcps__give_back_is_due(&self, 0, 0, 2999));
	ck_assert(mcps__give_back_is_due(&self, 0, 0, 3000));
	ck_assert(!mcps__give_back_is_due(&self, 0, 0, 60000));
}
END_TEST

START_TEST(a_load_that_only_pauses_keeps_its_memory)
{
	struct give_back self = { 0 };

	for (int64_t now = 0; now < 100000; now += 900) {
		ck_assert(!mcps__give_back_is_due(&self, 100 * MIB, 0, now));
		ck_assert(!mcps__give_back_is_due(&self, 100 * MIB, 90 * MIB,
		                                  now + 450));
	}
}
END_TEST

START_TEST(loads_that_follow_each_other_give_back_every_five_seconds)
{
	struct give_back self = { 0 };
	unsigned times = 0;

	for (int64_t now = 0; now < 100000; now += 250)
		times += mcps__give_back_is_due(
			&self, now / 250 % 8 == 0 ? 100 * MIB : 0, 0, now);
	ck_assert_uint_le(times, 20);
	ck_assert_uint_ge(times, 10);
}
END_TEST

START_TEST(little_memory_is_not_worth_giving_back)
{
	struct give_back self = { 0 };

	for (int64_t now = 0; now < 100000; now += 250)
		ck_assert(!mcps__give_back_is_due(&self, MIB, 0, now));
}
END_TEST

TEST_MAIN("memory limit")
{
	test_fixture(set_up, NULL);
	test_add(a_caller_that_is_alone_is_admitted_until_it_has_half);
	test_add(the_share_of_a_caller_is_what_others_leave_free);
	test_add(nobody_is_admitted_when_all_is_used);
	test_add(released_memory_may_be_used_again_by_anyone);
	test_add(a_caller_with_one_holder_may_use_all);
	test_add(without_a_limit_nothing_is_counted);
	test_add(a_peak_between_two_looks_is_seen);
	test_add(memory_is_given_back_once_a_second_after_a_load);
	test_add(a_load_that_only_pauses_keeps_its_memory);
	test_add(loads_that_follow_each_other_give_back_every_five_seconds);
	test_add(little_memory_is_not_worth_giving_back);
}
