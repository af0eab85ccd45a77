/* Incidents are counted, and logged at most once a minute. */
#include "base/incident.h"
#include "suite.h"

#include <string.h>

static int64_t now_ms;
static unsigned lines;
static char last_line[512];
static enum mcps_log_level last_level;

static int64_t read_clock(void *arg)
{
	(void)arg;
	return now_ms;
}

static void write_line(void *arg, enum mcps_log_level level, const char *module,
                       const char *text)
{
	(void)arg;
	(void)module;
	last_level = level;
	lines++;
	strncpy(last_line, text, sizeof last_line - 1);
}

static const struct clock_source test_clock = { .wall_ms = read_clock,
	                                        .steady_ms = read_clock };
static const struct log_sink sink = { write_line, NULL, MCPS_LOG_DEBUG };
static struct incidents incidents;

static void set_up(void)
{
	now_ms = 1000;
	lines = 0;
	mcps__incidents_init(&incidents, &sink, &test_clock);
}

static void happen(unsigned times)
{
	while (times-- > 0)
		mcps__incident_happened(&incidents, INCIDENT_BODIES);
}

START_TEST(first_incident_is_logged_at_once)
{
	happen(1);
	ck_assert_uint_eq(lines, 1);
	ck_assert_int_eq(last_level, MCPS_LOG_WARN);
	ck_assert_ptr_nonnull(strstr(last_line, "body_memory_limit: "));
	ck_assert_ptr_nonnull(strstr(last_line, " times=1 total=1"));
}
END_TEST

START_TEST(several_incidents_at_once_are_one_line)
{
	mcps__incident_happened_times(&incidents, INCIDENT_BODIES, 0);
	ck_assert_uint_eq(lines, 0);
	mcps__incident_happened_times(&incidents, INCIDENT_BODIES, 64);
	ck_assert_uint_eq(lines, 1);
	ck_assert_ptr_nonnull(strstr(last_line, " times=64 total=64"));
}
END_TEST

START_TEST(one_line_a_minute_tells_how_often)
{
	happen(500);
	ck_assert_uint_eq(lines, 1);
	now_ms += 59999;
	happen(1);
	ck_assert_uint_eq(lines, 1);
	now_ms += 1;
	happen(1);
	ck_assert_uint_eq(lines, 2);
	ck_assert_ptr_nonnull(strstr(last_line, " times=501 total=502"));
}
END_TEST

START_TEST(end_of_a_series_is_told_by_the_timer)
{
	happen(7);
	mcps__incidents_flush(&incidents);
	ck_assert_uint_eq(lines, 1); /* not yet due */
	now_ms += 60000;
	mcps__incidents_flush(&incidents);
	ck_assert_uint_eq(lines, 2);
	ck_assert_ptr_nonnull(strstr(last_line, " times=6 total=7"));
	now_ms += 60000;
	mcps__incidents_flush(&incidents);
	ck_assert_uint_eq(lines, 2);
}
END_TEST

START_TEST(each_kind_is_counted_and_logged_by_itself)
{
	happen(3);
	mcps__incident_happened(&incidents, INCIDENT_STREAMS);
	ck_assert_uint_eq(lines, 2);
	ck_assert_uint_eq(mcps__incident_count(&incidents, INCIDENT_BODIES), 3);
	ck_assert_uint_eq(mcps__incident_count(&incidents, INCIDENT_STREAMS),
	                  1);
	ck_assert_uint_eq(
		mcps__incident_count(&incidents, INCIDENT_WORKER_QUEUE), 0);
}
END_TEST

/* As under a lock, where the log function must not be called. */
START_TEST(noted_incident_is_logged_by_the_timer)
{
	for (int i = 0; i < 3; i++)
		mcps__incident_note(&incidents, INCIDENT_SLOW_READER);
	ck_assert_uint_eq(lines, 0);
	ck_assert_uint_eq(
		mcps__incident_count(&incidents, INCIDENT_SLOW_READER), 3);
	mcps__incidents_flush(&incidents);
	ck_assert_uint_eq(lines, 1);
	ck_assert_ptr_nonnull(strstr(last_line, " times=3 total=3"));
	mcps__incident_note(&incidents, INCIDENT_SLOW_READER);
	mcps__incidents_flush(&incidents);
	ck_assert_uint_eq(lines, 1);
	now_ms += 60000;
	mcps__incidents_flush(&incidents);
	ck_assert_uint_eq(lines, 2);
}
END_TEST

START_TEST(a_state_that_belongs_to_no_list_has_the_same_bound)
{
	struct incident_state state = { 0 };
	uint_fast64_t times;

	ck_assert(mcps__incident_is_due(&state, 5, &times));
	ck_assert_uint_eq(times, 1);
	for (int i = 0; i < 9; i++)
		ck_assert(!mcps__incident_is_due(&state, 60004, &times));
	ck_assert(mcps__incident_is_due(&state, 60005, &times));
	ck_assert_uint_eq(times, 10);
}
END_TEST

START_TEST(usual_requests_of_clients_log_no_warning)
{
	mcps__incident_happened(&incidents, INCIDENT_ANONYMOUS_ENDED);
	ck_assert_int_eq(last_level, MCPS_LOG_INFO);
	mcps__incident_happened(&incidents, INCIDENT_ANONYMOUS_RECREATED);
	ck_assert_int_eq(last_level, MCPS_LOG_INFO);
	mcps__incident_happened(&incidents, INCIDENT_ANONYMOUS_EVICTED);
	ck_assert_int_eq(last_level, MCPS_LOG_WARN);
}
END_TEST

START_TEST(nobody_has_to_count)
{
	mcps__incident_note(NULL, INCIDENT_BODIES);
	mcps__incident_happened(NULL, INCIDENT_BODIES);
	ck_assert_uint_eq(lines, 0);
}
END_TEST

TEST_MAIN("incident")
{
	test_case("incidents");
	test_fixture(set_up, NULL);
	test_add(first_incident_is_logged_at_once);
	test_add(several_incidents_at_once_are_one_line);
	test_add(one_line_a_minute_tells_how_often);
	test_add(end_of_a_series_is_told_by_the_timer);
	test_add(each_kind_is_counted_and_logged_by_itself);
	test_add(noted_incident_is_logged_by_the_timer);
	test_add(a_state_that_belongs_to_no_list_has_the_same_bound);
	test_add(usual_requests_of_clients_log_no_warning);
	test_add(nobody_has_to_count);
}
