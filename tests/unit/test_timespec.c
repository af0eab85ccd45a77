/* Deadlines from milliseconds, whatever size a long has. */
#include "base/clock.h"
#include "suite.h"

static void check_sum(struct timespec at, int64_t ms, time_t seconds,
                      long nanoseconds)
{
	mcps__timespec_add(&at, ms);
	ck_assert_int_eq(at.tv_sec, seconds);
	ck_assert_int_eq(at.tv_nsec, nanoseconds);
}

START_TEST(milliseconds_are_added_to_a_moment)
{
	check_sum((struct timespec){ 5, 7 }, 0, 5, 7);
	check_sum((struct timespec){ 5, 7 }, 999, 5, 999000007);
	check_sum((struct timespec){ 5, 999999999 }, 1, 6, 999999);
	check_sum((struct timespec){ 5, 1000000 }, 999, 6, 0);
}
END_TEST

/* Their nanoseconds do not fit into 32 bits. */
START_TEST(minutes_and_days_are_added_to_a_moment)
{
	check_sum((struct timespec){ 1, 0 }, 60000, 61, 0);
	check_sum((struct timespec){ 1, 0 }, UINT32_MAX, 4294968, 295000000);
}
END_TEST

TEST_MAIN("timespec")
{
	test_add(milliseconds_are_added_to_a_moment);
	test_add(minutes_and_days_are_added_to_a_moment);
}
