/* Calls under way, counted for each caller. */
#include "base/memory.h"
#include "call/caller_limit.h"
#include "suite.h"

#include <pthread.h>
#include <sodium.h>

static struct caller_limit limit;
static struct caller ann, bob, nobody;

static struct caller caller_of(struct principal *principal)
{
	const struct address unknown = { ADDRESS_UNKNOWN, { 0 } };
	struct caller caller;

	ck_assert_ptr_nonnull(principal);
	mcps__caller_init(&caller, principal, &unknown);
	mcps__principal_unref(principal);
	return caller;
}

static void set_up(void)
{
	ck_assert_int_ge(sodium_init(), 0);
	ck_assert_int_eq(mcps__caller_limit_init(&limit, 3), MCPS_OK);
	ann = caller_of(mcps__principal_new("https://issuer.test", "ann"));
	bob = caller_of(mcps__principal_new("https://issuer.test", "bob"));
	nobody = caller_of(mcps__principal_anonymous());
}

static void tear_down(void)
{
	mcps__caller_limit_finish(&limit);
}

static void enter(struct caller who, mcps_status wanted)
{
	ck_assert_int_eq(mcps__caller_limit_enter(&limit, &who), wanted);
}

START_TEST(one_too_many_is_refused_and_not_counted)
{
	for (int i = 0; i < 3; i++)
		enter(ann, MCPS_OK);
	enter(ann, MCPS_E_LIMIT);
	enter(ann, MCPS_E_LIMIT);
	mcps__caller_limit_leave(&limit, &ann);
	enter(ann, MCPS_OK);
	enter(ann, MCPS_E_LIMIT);
}
END_TEST

START_TEST(each_caller_has_his_own_count)
{
	for (int i = 0; i < 3; i++)
		enter(ann, MCPS_OK);
	enter(ann, MCPS_E_LIMIT);
	enter(bob, MCPS_OK);
	mcps__caller_limit_leave(&limit, &bob);
	enter(ann, MCPS_E_LIMIT);
}
END_TEST

/* A fresh token makes another principal object of the same caller. */
START_TEST(the_same_identity_is_the_same_caller)
{
	struct caller again =
		caller_of(mcps__principal_new("https://issuer.test", "ann"));

	for (int i = 0; i < 3; i++)
		enter(i % 2 == 0 ? ann : again, MCPS_OK);
	enter(again, MCPS_E_LIMIT);
	mcps__caller_limit_leave(&limit, &again);
	enter(ann, MCPS_OK);
}
END_TEST

START_TEST(anonymous_callers_are_not_counted)
{
	for (int i = 0; i < 100; i++)
		enter(nobody, MCPS_OK);
	ck_assert_ptr_null(limit.by_key);
	mcps__caller_limit_leave(&limit, &nobody);
}
END_TEST

START_TEST(without_a_limit_nobody_is_counted)
{
	struct caller_limit unlimited;

	ck_assert_int_eq(mcps__caller_limit_init(&unlimited, 0), MCPS_OK);
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(mcps__caller_limit_enter(&unlimited, &ann),
		                 MCPS_OK);
	ck_assert_ptr_null(unlimited.by_key);
	mcps__caller_limit_leave(&unlimited, &ann);
	mcps__caller_limit_finish(&unlimited);
}
END_TEST

START_TEST(another_bound_holds_for_any_caller)
{
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
			mcps__caller_limit_enter_most(&limit, &nobody, 2),
			MCPS_OK);
	ck_assert_int_eq(mcps__caller_limit_enter_most(&limit, &nobody, 2),
	                 MCPS_E_LIMIT);
	ck_assert_int_eq(mcps__caller_limit_enter_most(&limit, &nobody, 0),
	                 MCPS_OK);
	mcps__caller_limit_leave_most(&limit, &nobody, 0);
	ck_assert_int_eq(mcps__caller_limit_enter_most(&limit, &nobody, 2),
	                 MCPS_E_LIMIT);
	for (int i = 0; i < 2; i++)
		mcps__caller_limit_leave_most(&limit, &nobody, 2);
	ck_assert_ptr_null(limit.by_key);
}
END_TEST

START_TEST(who_has_no_calls_takes_no_memory)
{
	for (int i = 0; i < 10; i++) {
		enter(ann, MCPS_OK);
		enter(bob, MCPS_OK);
		mcps__caller_limit_leave(&limit, &ann);
		mcps__caller_limit_leave(&limit, &bob);
		ck_assert_ptr_null(limit.by_key);
	}
}
END_TEST

/* ---- two threads ---- */

static void *enter_and_leave(void *arg)
{
	(void)arg;
	for (int i = 0; i < 20000; i++)
		if (mcps__caller_limit_enter(&limit, &ann) == MCPS_OK)
			mcps__caller_limit_leave(&limit, &ann);
	return NULL;
}

START_TEST(two_threads_leave_nothing_behind)
{
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL,
		                                enter_and_leave, NULL),
		                 0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ck_assert_ptr_null(limit.by_key);
}
END_TEST

TEST_MAIN("caller limit")
{
	test_fixture(set_up, tear_down);
	test_timeout(120);
	test_add(one_too_many_is_refused_and_not_counted);
	test_add(each_caller_has_his_own_count);
	test_add(the_same_identity_is_the_same_caller);
	test_add(anonymous_callers_are_not_counted);
	test_add(without_a_limit_nobody_is_counted);
	test_add(another_bound_holds_for_any_caller);
	test_add(who_has_no_calls_takes_no_memory);
	test_add(two_threads_leave_nothing_behind);
}
