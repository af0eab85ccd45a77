/* Session time: how it goes on when a process starts, as a table, and how it
 * advances while one runs. */
#include "session/time.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_MS INT64_C(1000)
#define HOUR_MS   INT64_C(3600000)
#define DAY_MS    (24 * HOUR_MS)
#define YEAR_MS   (365 * DAY_MS)

/* The stored record: by a process that had run for an hour since the machine
 * was booted. */
#define SESSION INT64_C(1700000000000)
#define WALL    (SESSION + 5 * DAY_MS) /* there were long downtimes before */
#define BOOT    HOUR_MS

enum boots {
	SAME_BOOT,
	OTHER_BOOT,
	NO_BOOT_STORED, /* the store was last used by an older version */
	NO_BOOT_NOW,
};

#define NO_LIMIT 0

/* ---- when a process starts ---- */

static const struct start {
	const char *what;
	enum boots boots;
	int64_t wall_passed, boot_passed; /* since the record was stored */
	int64_t max_gap;
	int64_t counted;     /* so much session time has passed */
	int64_t wall_stored; /* since the record was stored, by the next one */
	bool is_told_by_stored;
} starts[] = {
	/* The boot clock shows the time that has passed. */
	{ "a restart", SAME_BOOT, 300, 300, DAY_MS, 300, 300, true },
	{ "a restart at once", SAME_BOOT, 0, 0, DAY_MS, 0, 0, true },
	{ "the issue: 8 days ahead", SAME_BOOT, 8 * DAY_MS + 300, 300, DAY_MS,
	  300, 8 * DAY_MS + 300, true },
	{ "a year back", SAME_BOOT, -YEAR_MS, 300, DAY_MS, 300, 300, true },
	{ "to 1970", SAME_BOOT, -WALL, 300, DAY_MS, 300, 300, true },
	{ "stopped for 20 hours", SAME_BOOT, 20 * HOUR_MS, 20 * HOUR_MS, DAY_MS,
	  20 * HOUR_MS, 20 * HOUR_MS, true },
	{ "stopped for 20 hours, clock set back", SAME_BOOT, -HOUR_MS,
	  20 * HOUR_MS, DAY_MS, 20 * HOUR_MS, 20 * HOUR_MS, true },
	{ "stopped for 30 days", SAME_BOOT, 30 * DAY_MS, 30 * DAY_MS, DAY_MS,
	  DAY_MS, 30 * DAY_MS, false },
	{ "stopped for 30 days, no limit", SAME_BOOT, 30 * DAY_MS, 30 * DAY_MS,
	  NO_LIMIT, 30 * DAY_MS, 30 * DAY_MS, true },
	{ "stopped for exactly the limit", SAME_BOOT, DAY_MS, DAY_MS, DAY_MS,
	  DAY_MS, DAY_MS, true },
	/* A virtual machine that goes on from a snapshot. */
	{ "the boot clock went back", SAME_BOOT, 3 * HOUR_MS, -300, DAY_MS,
	  3 * HOUR_MS, 3 * HOUR_MS, false },

	/* The wall clock shows it. */
	{ "a reboot", OTHER_BOOT, HOUR_MS, 0, DAY_MS, HOUR_MS, HOUR_MS, false },
	{ "a boot clock that is later by chance", OTHER_BOOT, HOUR_MS, 300,
	  DAY_MS, HOUR_MS, HOUR_MS, false },
	{ "off for 30 days", OTHER_BOOT, 30 * DAY_MS, 0, DAY_MS, DAY_MS,
	  30 * DAY_MS, false },
	{ "off for 30 days, no limit", OTHER_BOOT, 30 * DAY_MS, 0, NO_LIMIT,
	  30 * DAY_MS, 30 * DAY_MS, false },
	{ "off, 30 years ahead", OTHER_BOOT, 30 * YEAR_MS, 0, DAY_MS, DAY_MS,
	  30 * YEAR_MS, false },
	{ "a reboot into 1970", OTHER_BOOT, -WALL, 0, DAY_MS,
	  CLOCK_RECORD_EVERY_MS, 0, false },
	{ "a reboot, an hour back", OTHER_BOOT, -HOUR_MS, 0, DAY_MS,
	  CLOCK_RECORD_EVERY_MS, 0, false },
	/* The process before may have used time that it did not store. */
	{ "a fast reboot", OTHER_BOOT, 5 * SECOND_MS, 0, DAY_MS,
	  CLOCK_RECORD_EVERY_MS, 5 * SECOND_MS, false },
	{ "no boot id here", NO_BOOT_NOW, HOUR_MS, 300, DAY_MS, HOUR_MS,
	  HOUR_MS, false },
	{ "no boot id stored", NO_BOOT_STORED, HOUR_MS, 300, DAY_MS, HOUR_MS,
	  HOUR_MS, false },
	{ "no boot id stored, 30 years ahead", NO_BOOT_STORED, 30 * YEAR_MS,
	  300, DAY_MS, DAY_MS, 30 * YEAR_MS, false },
};

enum { STARTS = sizeof starts / sizeof *starts };

static struct clock_record stored(enum boots boots)
{
	struct clock_record record = {
		.session_ms = SESSION,
		.at = { .wall_ms = WALL,
		        .boot_ms = BOOT,
		        .has_boot_id = boots != NO_BOOT_STORED },
	};

	if (record.at.has_boot_id)
		memset(record.at.boot_id, 'a', BOOT_ID_SIZE);
	return record;
}

static struct clock_reading reading(const struct start *start)
{
	struct clock_reading now = {
		.wall_ms = WALL + start->wall_passed,
		.boot_ms = BOOT + start->boot_passed,
		.has_boot_id = start->boots != NO_BOOT_NOW,
	};

	if (now.has_boot_id)
		memset(now.boot_id, start->boots == OTHER_BOOT ? 'b' : 'a',
		       BOOT_ID_SIZE);
	return now;
}

START_TEST(session_time_goes_on_from_the_record)
{
	const struct start *start = &starts[_i];
	const struct clock_record before = stored(start->boots);
	const struct clock_reading now = reading(start);
	struct clock_record after;
	bool is_told =
		mcps__clock_resume(&after, &before, &now, start->max_gap);

	ck_assert_msg(after.session_ms - SESSION == start->counted,
	              "%s: %lld ms", start->what,
	              (long long)(after.session_ms - SESSION));
	ck_assert_msg(after.at.wall_ms - WALL == start->wall_stored,
	              "%s: wall time %lld ms", start->what,
	              (long long)(after.at.wall_ms - WALL));
	ck_assert_msg(is_told == start->is_told_by_stored, "%s", start->what);
	ck_assert_int_eq(after.at.boot_ms, now.boot_ms);
	ck_assert_int_eq(after.at.has_boot_id, now.has_boot_id);
	ck_assert_mem_eq(after.at.boot_id, now.boot_id, BOOT_ID_SIZE);
}
END_TEST

START_TEST(a_new_store_begins_at_the_wall_time)
{
	const struct clock_reading now = { .wall_ms = WALL, .boot_ms = BOOT };
	const struct clock_reading before_1970 = { .wall_ms = -5 };
	struct clock_record after;

	ck_assert(!mcps__clock_resume(&after, NULL, &now, DAY_MS));
	ck_assert_int_eq(after.session_ms, WALL);
	ck_assert_int_eq(after.at.wall_ms, WALL);
	ck_assert(!mcps__clock_resume(&after, NULL, &before_1970, DAY_MS));
	ck_assert_int_eq(after.session_ms, 1);
}
END_TEST

/* Each reboot begins in 1970; the right time comes before the process ends, or
 * does not: the record remembers it all the same. */
START_TEST(a_machine_without_a_battery_counts_no_decades)
{
	struct clock_record record = stored(SAME_BOOT), before;
	int64_t right = WALL;

	for (int boot = 0; boot < 1000; boot++) {
		struct clock_reading now = { .wall_ms = 0,
			                     .has_boot_id = true };

		right += 10 * 60 * SECOND_MS;
		memcpy(now.boot_id, &boot, sizeof boot);
		if (boot % 3 == 0)
			now.wall_ms = right;
		before = record;
		(void)mcps__clock_resume(&record, &before, &now, DAY_MS);
	}
	ck_assert_int_ge(record.session_ms - SESSION,
	                 1000 * CLOCK_RECORD_EVERY_MS);
	ck_assert_int_le(record.session_ms - SESSION,
	                 1000 * 10 * 60 * SECOND_MS +
	                         1000 * CLOCK_RECORD_EVERY_MS);
}
END_TEST

/* ---- while a process runs ---- */

struct fake {
	int64_t wall_ms;
	int64_t boot_ms;
};

static int64_t fake_wall(void *arg)
{
	return ((struct fake *)arg)->wall_ms;
}

static int64_t fake_boot(void *arg)
{
	return ((struct fake *)arg)->boot_ms;
}

static struct fake fake;
static struct session_clock session_clock;

static void set_up(void)
{
	static const struct clock_source source = { .wall_ms = fake_wall,
		                                    .steady_ms = fake_boot,
		                                    .arg = &fake };
	const struct clock_record start = stored(SAME_BOOT);

	fake = (struct fake){ WALL, BOOT };
	ck_assert(mcps__session_clock_init(&session_clock, &source, &start,
	                                   DAY_MS));
}

static void tear_down(void)
{
	mcps__session_clock_finish(&session_clock);
}

static int64_t now(void)
{
	return mcps__session_clock_now(&session_clock) - SESSION;
}

static struct clock_record record(void)
{
	struct clock_record out;

	mcps__session_clock_record(&session_clock, &out);
	return out;
}

START_TEST(session_time_advances_with_the_boot_clock_whatever_the_wall_says)
{
	static const int64_t jumps[] = { HOUR_MS,  -HOUR_MS,     8 * DAY_MS,
		                         -YEAR_MS, 30 * YEAR_MS, -WALL };
	int64_t passed = 0;

	for (int i = 0; i < 6000; i++) {
		fake.boot_ms += i;
		passed += i;
		if (i % 100 == 0)
			fake.wall_ms = WALL + jumps[i / 100 % 6];
		ck_assert_int_eq(now(), passed);
		ck_assert_int_eq(record().session_ms, SESSION + passed);
	}
}
END_TEST

START_TEST(a_boot_clock_that_went_back_stops_nothing)
{
	fake.boot_ms += HOUR_MS;
	ck_assert_int_eq(now(), HOUR_MS);
	fake.boot_ms -= 10;
	ck_assert_int_eq(now(), HOUR_MS);
	fake.boot_ms += 20;
	ck_assert_int_eq(now(), HOUR_MS + 10);
}
END_TEST

START_TEST(a_machine_that_slept_for_long_counts_max_gap)
{
	fake.boot_ms += DAY_MS;
	ck_assert_int_eq(now(), DAY_MS);
	fake.boot_ms += 8 * DAY_MS;
	fake.wall_ms += 9 * DAY_MS;
	ck_assert_int_eq(now(), 2 * DAY_MS);
	ck_assert_int_eq(record().at.wall_ms, WALL + 9 * DAY_MS);
	fake.boot_ms += HOUR_MS;
	ck_assert_int_eq(now(), 2 * DAY_MS + HOUR_MS);
}
END_TEST

START_TEST(the_record_has_the_latest_wall_time_brought_forward)
{
	fake.boot_ms += HOUR_MS;
	fake.wall_ms = 0;
	ck_assert_int_eq(record().at.wall_ms, WALL + HOUR_MS);
	ck_assert_int_eq(record().at.boot_ms, BOOT + HOUR_MS);
	ck_assert_mem_eq(record().at.boot_id, stored(SAME_BOOT).at.boot_id,
	                 BOOT_ID_SIZE);
	fake.wall_ms = WALL + DAY_MS;
	ck_assert_int_eq(record().at.wall_ms, WALL + DAY_MS);
	fake.boot_ms += 5;
	fake.wall_ms = WALL;
	ck_assert_int_eq(record().at.wall_ms, WALL + DAY_MS + 5);
}
END_TEST

/* ---- the system's clock ---- */

START_TEST(the_boot_id_of_the_system_is_its_text_in_bytes)
{
	char text[BOOT_ID_TEXT + 1];
	uint8_t id[BOOT_ID_SIZE];
	char hex[2 * BOOT_ID_SIZE + 1] = "";
	size_t length = 0;

	ck_assert_int_eq(mcps__boot_id(&mcps__system_clock, id),
	                 mcps__boot_id_text(text));
	if (text[0] == '\0')
		return; /* a sandbox without one */
	for (const char *c = text; *c != '\0'; c++)
		if (*c != '-')
			hex[length++] = *c;
	ck_assert_uint_eq(length, 2 * BOOT_ID_SIZE);
	for (size_t i = 0; i < BOOT_ID_SIZE; i++) {
		char byte[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		ck_assert_uint_eq(id[i], strtoul(byte, NULL, 16));
	}
}
END_TEST

START_TEST(a_clock_without_a_boot_id_has_none)
{
	const struct clock_source source = { .wall_ms = fake_wall,
		                             .steady_ms = fake_boot,
		                             .arg = &fake };
	struct clock_reading reading;

	mcps__clock_read(&reading, &source);
	ck_assert(!reading.has_boot_id);
	for (size_t i = 0; i < BOOT_ID_SIZE; i++)
		ck_assert_uint_eq(reading.boot_id[i], 0);
}
END_TEST

TEST_MAIN("session_time")
{
	test_fixture(set_up, tear_down);
	test_add_loop(session_time_goes_on_from_the_record, STARTS);
	test_add(a_new_store_begins_at_the_wall_time);
	test_add(a_machine_without_a_battery_counts_no_decades);
	test_add(
		session_time_advances_with_the_boot_clock_whatever_the_wall_says);
	test_add(a_boot_clock_that_went_back_stops_nothing);
	test_add(a_machine_that_slept_for_long_counts_max_gap);
	test_add(the_record_has_the_latest_wall_time_brought_forward);
	test_add(the_boot_id_of_the_system_is_its_text_in_bytes);
	test_add(a_clock_without_a_boot_id_has_none);
}
