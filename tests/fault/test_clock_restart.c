/* The wall clock is set, by hours or by years, and then or before that another
 * process starts; the machine sleeps, or is off for long: sessions in use go
 * on, and ended ones stay ended. tests/unit/test_session_time.c has the clock
 * itself. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "fault/vfs_shim.h"
#include "store/directory.h"
#include "suite.h"

#include <sqlite3.h>
#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define YEAR_MS (365 * DAY_MS)

/* From now to the wall clock of a machine without a battery. */
#define IN_1970 (-INT64_C(1000) * HARNESS_START_S)

static const int64_t jumps[] = { HOUR_MS, 8 * DAY_MS, 40 * DAY_MS, YEAR_MS,
	                         30 * YEAR_MS };
enum { JUMP_COUNT = sizeof jumps / sizeof *jumps };

static const struct harness_options options = {
	.policy = MCPS_UNKNOWN_NEVER,
	.tools = test_tools,
	.hot = 2,
	.max_gap_ms = DAY_MS,
};

static void set_up(void)
{
	harness_init(&harness, &options);
}

/* The machine goes down and comes up after so long, by its wall clock, with
 * another boot id, and a boot clock that begins anew. */
static void reboot(int64_t ms)
{
	harness_stop(&harness);
	atomic_fetch_add(&harness.time.wall_ms, ms);
	atomic_fetch_add(&harness.time.boot, 1);
	atomic_store(&harness.time.steady_ms, 60 * 1000);
	ck_assert_int_eq(harness_start(&harness, NULL), MCPS_OK);
}

/* How a process ends, and what the next one runs on. */
static const struct change {
	bool stores_clock; /* else it is killed before it can */
	bool reboots;
} changes[] = {
	{ true, false },
	{ false, false },
	{ true, true },
	{ false, true },
};
enum { CHANGE_COUNT = sizeof changes / sizeof *changes };

/* Down for so long by the wall clock. */
static void change_process(const struct change *change, int64_t down_ms)
{
	if (change->stores_clock)
		ck_assert_int_eq(mcps__sessions_store_clock(&harness.sessions),
		                 MCPS_OK);
	if (change->reboots) {
		reboot(down_ms);
		return;
	}
	atomic_fetch_add(&harness.time.wall_ms, down_ms);
	harness_restart(&harness, KEEP_ALL);
}

static int64_t session_time(void)
{
	return mcps__sessions_now(&harness.sessions);
}

/* The issue: 8 days ahead while the process runs, a call, a restart. */
START_TEST(a_jump_while_running_and_a_restart_end_no_session_in_use)
{
	const struct change *change = &changes[_i % CHANGE_COUNT];
	int64_t ms = jumps[_i / 2 / CHANGE_COUNT];
	bool is_forward = _i / CHANGE_COUNT % 2 == 0;
	const char *ids[6];

	for (int i = 0; i < 6; i++)
		ids[i] = case_begin();
	case_sweep();
	case_jump(is_forward ? ms : -ms);
	ck_assert_int_eq(case_ping(ids[0]), 200);
	change_process(change, 1000);
	case_sweep();
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(case_ping(ids[i]), 200);
	harness_pass(&harness, 4 * DAY_MS); /* each but the limit of a day */
	change_process(change, 1000);
	case_sweep();
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(case_ping(ids[i]), 200);
}
END_TEST

START_TEST(a_jump_while_down_ends_no_session_in_use)
{
	const struct change *change = &changes[_i % CHANGE_COUNT];
	int64_t ms = jumps[_i / 2 / CHANGE_COUNT];
	bool is_forward = _i / CHANGE_COUNT % 2 == 0;
	const char *id = case_begin();

	change_process(change, is_forward ? ms : -ms);
	case_sweep();
	ck_assert_int_eq(case_ping(id), 200);
	change_process(change, is_forward ? -ms : ms);
	case_sweep();
	ck_assert_int_eq(case_ping(id), 200);
	ck_assert_int_eq(case_ping(case_begin()), 200);
}
END_TEST

START_TEST(a_boot_in_1970_ends_no_session_and_revives_none)
{
	const char *live = case_begin();
	const char *ended = case_begin();
	const char *fresh;

	ck_assert_int_eq(case_delete(ended).status, 204);
	case_sweep();
	reboot(IN_1970);
	case_sweep();
	ck_assert_int_eq(case_ping(live), 200);
	ck_assert_int_eq(case_ping(ended), 404);
	fresh = case_begin();
	if (_i == 0) /* power fails before the right time comes */
		reboot(-IN_1970);
	else
		case_jump(-IN_1970);
	case_sweep();
	ck_assert_int_eq(case_ping(live), 200);
	ck_assert_int_eq(case_ping(fresh), 200);
	ck_assert_int_eq(case_ping(ended), 404);
	harness_pass(&harness, 6 * HOUR_MS);
	reboot(HOUR_MS);
	case_sweep();
	ck_assert_int_eq(case_ping(live), 200);
	ck_assert_int_eq(case_ping(fresh), 200);
	ck_assert_int_eq(case_ping(ended), 404);
}
END_TEST

/* The store itself is made then. */
START_TEST(a_store_made_in_1970_serves_when_the_time_is_right)
{
	const char *live;

	atomic_fetch_add(&harness.time.wall_ms, IN_1970);
	harness_restart(&harness, KEEP_KEY);
	live = case_begin();
	ck_assert_int_lt(session_time(), DAY_MS);
	case_jump(-IN_1970);
	case_sweep();
	ck_assert_int_eq(case_ping(live), 200);
	reboot(HOUR_MS);
	case_sweep();
	ck_assert_int_eq(case_ping(live), 200);
	ck_assert_int_eq(case_ping(case_begin()), 200);
}
END_TEST

/* Nobody uses the session meanwhile. */
START_TEST(a_hundred_reboots_between_1970_and_now_end_no_session)
{
	const char *id = case_begin();

	case_sweep();
	for (int i = 0; i < 100; i++) {
		harness_pass(&harness, 5 * 60 * 1000);
		if (i % 3 == 0)
			case_sweep();
		reboot(i % 2 == 0 ? IN_1970 : -IN_1970);
	}
	case_sweep();
	ck_assert_int_eq(case_ping(id), 200);
}
END_TEST

START_TEST(a_long_downtime_counts_as_one_day)
{
	const struct change *change = &changes[_i];
	const char *used;
	const char *id = case_begin();

	harness_pass(&harness, DAY_MS);
	case_sweep();
	if (!change->reboots) /* the boot clock goes on */
		atomic_fetch_add(&harness.time.steady_ms, 60 * DAY_MS);
	change_process(change, 60 * DAY_MS);
	case_sweep();
	used = case_begin();
	for (int day = 2; day < HARNESS_IDLE_DAYS; day++) {
		harness_pass(&harness, DAY_MS - HOUR_MS);
		case_sweep();
	}
	ck_assert_int_eq(case_ping(used), 200);
	ck_assert_int_eq(harness_row(&harness, "alice", id).phase,
	                 MCPS_PHASE_LIVE);
	harness_pass(&harness, 12 * HOUR_MS);
	case_sweep();
	ck_assert_int_eq(case_ping(id), 404);
	ck_assert_int_eq(case_ping(used), 200);
}
END_TEST

/* A downtime must not shorten the life of what begins after it either. */
START_TEST(sessions_begun_after_a_long_downtime_live_as_long_as_any)
{
	const char *ids[6];

	reboot(YEAR_MS);
	for (int i = 0; i < 6; i++)
		ids[i] = case_begin();
	for (int day = 0; day < HARNESS_IDLE_DAYS; day++) {
		harness_pass(&harness, DAY_MS);
		case_sweep();
	}
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(case_ping(ids[i]), 200);
}
END_TEST

START_TEST(a_machine_that_sleeps_for_weeks_ends_no_session_in_use)
{
	const char *id = case_begin();

	for (int week = 0; week < 4; week++) {
		harness_pass(&harness, 30 * DAY_MS); /* and nobody looks */
		case_sweep();
		ck_assert_int_eq(case_ping(id), 200);
		change_process(&changes[week % CHANGE_COUNT], 1000);
	}
}
END_TEST

/* Session time is stored with the revocation, here after the sweep has failed
 * for some minutes. */
START_TEST(a_revocation_ends_nothing_that_begins_after_it)
{
	const struct change *change = &changes[_i];
	struct principal *alice =
		mcps__principal_new("https://issuer.test", "alice");
	const char *before = case_begin();
	const char *after;

	case_sweep();
	harness_pass(&harness, 5 * 60 * 1000);
	ck_assert_int_eq(mcps__sessions_revoke(&harness.sessions, alice),
	                 MCPS_OK);
	change_process(change, IN_1970);
	after = case_begin();
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(case_ping(before), 404);
	ck_assert_int_eq(case_ping(after), 200);
	mcps__principal_unref(alice);
}
END_TEST

/* A session that the store has forgotten would begin anew under a signed id
 * that is not too old. */
START_TEST(no_jump_revives_an_ended_session_while_its_id_is_believed)
{
	uint64_t seed = (uint64_t)_i + 1;
	const char *id = case_begin();
	int64_t issued = session_time();

	ck_assert_int_eq(case_delete(id).status, 204);
	harness.endpoint.policy = MCPS_UNKNOWN_AUTHENTICATED;
	for (int i = 0; i < 200; i++) {
		int64_t before = session_time();
		uint32_t random = vfs_shim_random(&seed);
		int64_t ms = random % 16 == 0 ? YEAR_MS : HOUR_MS;

		if ((random >> 8 & 1) != 0)
			ms = -ms;
		switch (random >> 9 & 3) {
		case 0:
			case_jump(ms);
			break;
		case 1:
			harness_pass(&harness, 4 * HOUR_MS);
			case_sweep(); /* as the timer does once a minute */
			harness_pass(&harness, random >> 18 & 0x7fff);
			break;
		default:
			change_process(&changes[random >> 11 & 3], ms);
			ck_assert_int_le(session_time(), before + DAY_MS);
		}
		ck_assert_int_ge(session_time(), before);
		if ((random >> 16 & 1) != 0)
			case_sweep();
		harness.endpoint.policy = MCPS_UNKNOWN_AUTHENTICATED;
		ck_assert_int_eq(case_ping(id), 404);
	}
	ck_assert_int_ge(session_time() - issued, 5 * DAY_MS);
}
END_TEST

static void clock_case(void)
{
	const int times = 2 * JUMP_COUNT * CHANGE_COUNT;

	test_case("clock");
	test_fixture(set_up, case_tear_down);
	test_add_loop(a_jump_while_running_and_a_restart_end_no_session_in_use,
	              times);
	test_add_loop(a_jump_while_down_ends_no_session_in_use, times);
	test_add_loop(a_boot_in_1970_ends_no_session_and_revives_none, 2);
	test_add(a_store_made_in_1970_serves_when_the_time_is_right);
	test_add(a_hundred_reboots_between_1970_and_now_end_no_session);
	test_add_loop(a_long_downtime_counts_as_one_day, CHANGE_COUNT);
	test_add(sessions_begun_after_a_long_downtime_live_as_long_as_any);
	test_add(a_machine_that_sleeps_for_weeks_ends_no_session_in_use);
	test_add_loop(a_revocation_ends_nothing_that_begins_after_it,
	              CHANGE_COUNT);
	test_add_loop(no_jump_revives_an_ended_session_while_its_id_is_believed,
	              20);
}

/* ---- a store of version 0.1.0, which kept session time alone ---- */

static void set_up_file(void)
{
	struct harness_options with_file = options;

	directory_make();
	with_file.store = url_in_directory("test.db");
	harness_init(&harness, &with_file);
}

static void tear_down_file(void)
{
	harness_finish(&harness);
	directory_remove();
}

/* The rest of the file is as it was. */
static void make_old(void)
{
	sqlite3 *db;

	harness_stop(&harness);
	ck_assert_int_eq(sqlite3_open(in_directory("test.db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db,
	                              "DELETE FROM meta "
	                              "WHERE name = 'clock-readings'",
	                              NULL, NULL, NULL),
	                 SQLITE_OK);
	ck_assert_int_eq(sqlite3_changes(db), 1);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

START_TEST(a_store_of_the_version_before_goes_on)
{
	int64_t ms = jumps[_i / 2];
	bool is_forward = _i % 2 == 0;
	const char *live = case_begin();
	const char *ended = case_begin();
	int64_t before;

	ck_assert_int_eq(case_delete(ended).status, 204);
	harness_pass(&harness, DAY_MS);
	case_sweep();
	before = session_time();
	make_old();
	atomic_fetch_add(&harness.time.wall_ms, is_forward ? ms : -ms);
	ck_assert_int_eq(harness_start(&harness, NULL), MCPS_OK);
	ck_assert_int_gt(session_time(), before);
	ck_assert_int_le(session_time(), before + DAY_MS);
	case_sweep();
	ck_assert_int_eq(case_ping(live), 200);
	ck_assert_int_eq(case_ping(ended), 404);
	ck_assert_int_eq(case_ping(case_begin()), 200);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(case_ping(live), 200);
	ck_assert_int_eq(case_ping(ended), 404);
}
END_TEST

static void old_store_case(void)
{
	test_case("old_store");
	test_fixture(set_up_file, tear_down_file);
	test_add_loop(a_store_of_the_version_before_goes_on, 2 * JUMP_COUNT);
}

TEST_MAIN("clock_restart")
{
	clock_case();
	old_store_case();
}
