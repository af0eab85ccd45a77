/* An operator learns of each limit that is reached: it is counted under its
 * own name, and nothing else is, and the log has one line about it a minute.
 * Limits that need a store that is held back, or an address that is not this
 * machine's, are in tests/exchange/test_limit_reports.c. */
#include "functional/clock_shift.h"
#include "functional/limit_cases.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* ---- the log ---- */

static struct {
	pthread_mutex_t lock;
	char text[1 << 16];
	size_t length;
} journal = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void collect(void *arg, enum mcps_log_level level, const char *module,
                    const char *text)
{
	(void)arg;
	(void)module;
	if (level < MCPS_LOG_WARN)
		return;
	pthread_mutex_lock(&journal.lock);
	journal.length += (size_t)snprintf(journal.text + journal.length,
	                                   sizeof journal.text - journal.length,
	                                   "\n%s", text);
	ck_assert_uint_lt(journal.length, sizeof journal.text);
	pthread_mutex_unlock(&journal.lock);
}

static unsigned lines_about(const char *name)
{
	char begin[64];
	unsigned count = 0;

	snprintf(begin, sizeof begin, "\n%s: ", name);
	pthread_mutex_lock(&journal.lock);
	for (const char *at = journal.text; (at = strstr(at, begin)) != NULL;
	     at++)
		count++;
	pthread_mutex_unlock(&journal.lock);
	return count;
}

/* Some lines are left to a timer. */
static void check_lines(const char *name, unsigned wanted)
{
	const struct timespec moment = { 0, 10000000 };
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	while (lines_about(name) < wanted && time(NULL) < end)
		nanosleep(&moment, NULL);
	ck_assert_msg(lines_about(name) == wanted, "%u lines, not %u:%s",
	              lines_about(name), wanted, journal.text);
}

/* ---- tests ---- */

START_TEST(each_limit_is_counted_under_its_name_and_logged_once_a_minute)
{
	const struct limit_case *one = &limit_cases[_i];
	const char *other;

	limit_case_start(one, collect);
	ck_assert_uint_eq(limit_count(one->name, NULL), 0);
	limit_case_reach(one);
	limit_case_reach(one);
	ck_assert(limit_count_reaches(one->name, 2));
	check_lines(one->name, 1);
	(void)limit_count(one->name, &other);
	ck_assert_msg(other == NULL, "%s, and %s", one->name, other);
	clock_shift(60);
	limit_case_reach(one);
	check_lines(one->name, 2);
	wire_stop();
}
END_TEST

static void count_one(void *arg, const char *name, uint64_t count)
{
	ck_assert_uint_gt(strlen(name), 0);
	ck_assert_uint_eq(count, 0);
	++*(unsigned *)arg;
}

START_TEST(counts_can_be_read_before_the_start)
{
	mcps_server *server = mcps_server_new("none", "1");
	unsigned kinds = 0;

	mcps_server_read_incidents(server, count_one, &kinds);
	ck_assert_uint_gt(kinds, 20);
	mcps_server_free(server);
}
END_TEST

TEST_MAIN("limit reports")
{
	test_timeout(4 * WIRE_DEADLINE_S);
	test_add_loop(
		each_limit_is_counted_under_its_name_and_logged_once_a_minute,
		limit_case_count);
	test_add(counts_can_be_read_before_the_start);
}
