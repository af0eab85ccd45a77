/* Rate limits to the millisecond: time is the test's. */
#include "http/rate.h"
#include "suite.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { START_MS = 1000000, TABLE = 4096 };

static struct rate *rate_of(uint32_t per_s, uint32_t burst)
{
	const struct rate_limit limit = { per_s, burst };
	struct rate *rate;

	ck_assert_int_ge(sodium_init(), 0);
	ck_assert_int_eq(mcps__rate_new(&rate, &limit, &mcps__system_random),
	                 MCPS_OK);
	ck_assert_ptr_nonnull(rate);
	return rate;
}

static uint32_t take(struct rate *rate, const char *name, int64_t now_ms)
{
	return mcps__rate_take(rate, name, strlen(name), now_ms);
}

/* How many pass at NOW_MS until one does not. */
static unsigned take_all(struct rate *rate, const char *name, int64_t now_ms)
{
	unsigned passed = 0;

	while (take(rate, name, now_ms) == 0)
		passed++;
	return passed;
}

START_TEST(a_rest_allows_exactly_a_burst)
{
	struct rate *rate = rate_of(10, 25);

	ck_assert_uint_eq(take_all(rate, "ann", START_MS), 25);
	ck_assert_uint_eq(take_all(rate, "ann", START_MS), 0);
	/* However long the rest was. */
	ck_assert_uint_eq(take_all(rate, "ann", START_MS * 1000), 25);
	mcps__rate_free(rate);
}
END_TEST

START_TEST(without_a_burst_it_is_one_second_of_requests)
{
	struct rate *rate = rate_of(7, 0);

	ck_assert_uint_eq(take_all(rate, "ann", START_MS), 7);
	mcps__rate_free(rate);
}
END_TEST

START_TEST(who_waits_as_long_as_told_passes_and_not_sooner)
{
	struct rate *rate = rate_of(4, 3); /* one in 250 ms */
	int64_t now = START_MS;

	ck_assert_uint_eq(take_all(rate, "ann", now), 3);
	for (int i = 0; i < 100; i++) {
		uint32_t wait = take(rate, "ann", now);

		ck_assert_uint_eq(wait, 250);
		ck_assert_uint_eq(take(rate, "ann", now + wait - 1), 1);
		now += wait;
		ck_assert_uint_eq(take(rate, "ann", now), 0);
	}
	mcps__rate_free(rate);
}
END_TEST

/* Refused ones cost nothing: who keeps asking is not locked out. */
START_TEST(over_a_long_time_it_is_the_rate)
{
	static const uint32_t rates[] = { 1, 3, 10, 333, 1000, 2000000 };

	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		struct rate *rate = rate_of(rates[i], 1);
		int64_t passed = 0, wanted = (int64_t)rates[i] * 100;
		/* Asking once in a millisecond. */
		int64_t most = wanted < 100000 ? wanted : 100000;

		for (int64_t ms = 0; ms < 100000; ms++)
			passed += take(rate, "ann", START_MS + ms) == 0;
		ck_assert_msg(passed >= most * 66 / 100 && passed <= most + 1,
		              "%u per s: %ld", rates[i], (long)passed);
		mcps__rate_free(rate);
	}
}
END_TEST

START_TEST(others_do_not_notice)
{
	struct rate *rate = rate_of(5, 5);

	ck_assert_uint_eq(take_all(rate, "ann", START_MS), 5);
	ck_assert_uint_eq(take_all(rate, "bob", START_MS), 5);
	ck_assert_uint_eq(take_all(rate, "ann\n", START_MS), 5);
	ck_assert_uint_eq(take_all(rate, "", START_MS), 5);
	mcps__rate_free(rate);
}
END_TEST

START_TEST(no_limit_is_no_table)
{
	const struct rate_limit none = { 0, 10 };
	struct rate *rate;

	ck_assert_int_eq(mcps__rate_new(&rate, &none, &mcps__system_random),
	                 MCPS_OK);
	ck_assert_ptr_null(rate);
	ck_assert_uint_eq(take(rate, "ann", START_MS), 0);
	mcps__rate_free(NULL);
}
END_TEST

static mcps_status no_entropy(void *arg, void *bytes, size_t length)
{
	(void)arg;
	memset(bytes, 0, length);
	return MCPS_E_SYSTEM;
}

START_TEST(without_entropy_there_is_none)
{
	const struct random_source random = { no_entropy, NULL };
	const struct rate_limit limit = { 1, 1 };
	struct rate *rate;

	ck_assert_int_eq(mcps__rate_new(&rate, &limit, &random), MCPS_E_SYSTEM);
	ck_assert_ptr_null(rate);
}
END_TEST

/* More callers than the table holds: who is at rest is forgotten, who is over
 * the limit is not, though he is the oldest. */
START_TEST(a_full_table_forgets_those_longest_at_rest)
{
	struct rate *rate = rate_of(1, 2);
	int64_t now = START_MS;

	/* Busy for a long time to come. */
	ck_assert_uint_eq(take_all(rate, "ann", now), 2);
	for (int i = 0; i < 2 * TABLE; i++) {
		char name[16];

		memset(name, 0, sizeof name);
		memcpy(name, &i, sizeof i);
		/* One request each, long before: all at rest by now. */
		(void)mcps__rate_take(rate, name, sizeof name, now - 100000);
	}
	ck_assert_uint_gt(take(rate, "ann", now), 0);
	mcps__rate_free(rate);
}
END_TEST

/* ---- two threads ---- */

struct taker {
	struct rate *rate;
	atomic_uint *passed;
};

static void *take_many(void *arg)
{
	struct taker *taker = arg;

	for (int i = 0; i < 50000; i++)
		if (take(taker->rate, "ann", START_MS + i / 100) == 0)
			atomic_fetch_add(taker->passed, 1);
	return NULL;
}

START_TEST(two_threads_share_one_limit)
{
	atomic_uint passed = 0;
	struct rate *rate = rate_of(100, 50);
	struct taker taker = { rate, &passed };
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, take_many, &taker),
			0);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	/* 500 ms at one in 10 ms, after the burst. */
	ck_assert_uint_ge(atomic_load(&passed), 50 + 49);
	ck_assert_uint_le(atomic_load(&passed), 50 + 51);
	mcps__rate_free(rate);
}
END_TEST

TEST_MAIN("rate")
{
	test_timeout(120);
	test_add(a_rest_allows_exactly_a_burst);
	test_add(without_a_burst_it_is_one_second_of_requests);
	test_add(who_waits_as_long_as_told_passes_and_not_sooner);
	test_add(over_a_long_time_it_is_the_rate);
	test_add(others_do_not_notice);
	test_add(no_limit_is_no_table);
	test_add(without_entropy_there_is_none);
	test_add(a_full_table_forgets_those_longest_at_rest);
	test_add(two_threads_share_one_limit);
}
