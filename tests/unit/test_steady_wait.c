/* Timed waits: what they are measured by, and when they end. */
#include "base/little_endian.h"
#include "base/steady_wait.h"
#include "suite.h"

#include <errno.h>
#include <stdbool.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition;
static bool is_told;

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t in_ms(struct timespec at)
{
	return (int64_t)at.tv_sec * 1000 + at.tv_nsec / 1000000;
}

/* A wait by the wall clock, whose time is decades ahead, would end at once. */
START_TEST(wait_lasts_until_its_time_on_the_monotonic_clock)
{
	const struct timespec until = mcps__steady_deadline(20);
	int result = 0;

	ck_assert_int_eq(mcps__steady_condition_init(&condition), 0);
	pthread_mutex_lock(&lock);
	while (result == 0)
		result = mcps__steady_wait(&condition, &lock, &until);
	pthread_mutex_unlock(&lock);
	ck_assert_int_eq(result, ETIMEDOUT);
	ck_assert_int_ge(monotonic_ms(), in_ms(until));
	pthread_cond_destroy(&condition);
}
END_TEST

static void *tell(void *arg)
{
	pthread_mutex_lock(&lock);
	is_told = true;
	pthread_cond_signal(&condition);
	pthread_mutex_unlock(&lock);
	return arg;
}

START_TEST(signal_ends_a_wait)
{
	const struct timespec until = mcps__steady_deadline(INT32_MAX);
	pthread_t thread;
	int result = 0;

	ck_assert_int_eq(mcps__steady_condition_init(&condition), 0);
	pthread_mutex_lock(&lock);
	ck_assert_int_eq(pthread_create(&thread, NULL, tell, NULL), 0);
	while (!is_told && result == 0)
		result = mcps__steady_wait(&condition, &lock, &until);
	pthread_mutex_unlock(&lock);
	ck_assert_int_eq(result, 0);
	pthread_join(thread, NULL);
	pthread_cond_destroy(&condition);
}
END_TEST

START_TEST(deadline_is_a_valid_time_that_far_ahead)
{
	static const int64_t waits[] = { 0, 1, 999, 1000, 1999, 86400000 };

	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		int64_t before = monotonic_ms();
		struct timespec at = mcps__steady_deadline(waits[i]);
		int64_t after = monotonic_ms();

		ck_assert_int_ge(at.tv_nsec, 0);
		ck_assert_int_lt(at.tv_nsec, 1000000000);
		ck_assert_int_ge(in_ms(at), before + waits[i]);
		ck_assert_int_le(in_ms(at), after + waits[i]);
	}
	ck_assert_int_le(in_ms(mcps__steady_deadline(-5)), monotonic_ms());
}
END_TEST

START_TEST(stored_numbers_begin_with_their_lowest_byte)
{
	static const uint8_t expected[] = { 8, 7, 6, 5, 4, 3, 2, 1 };
	uint8_t bytes[LITTLE_ENDIAN_64];

	mcps__put_le64(bytes, UINT64_C(0x0102030405060708));
	ck_assert_mem_eq(bytes, expected, sizeof expected);
	ck_assert_uint_eq(mcps__get_le64(expected),
	                  UINT64_C(0x0102030405060708));
}
END_TEST

TEST_MAIN("steady wait")
{
	test_add(wait_lasts_until_its_time_on_the_monotonic_clock);
	test_add(signal_ends_a_wait);
	test_add(deadline_is_a_valid_time_that_far_ahead);
	test_add(stored_numbers_begin_with_their_lowest_byte);
}
