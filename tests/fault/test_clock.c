/* The wall clock is set, by hours or by years, while the server runs or while
 * it does not: sessions in use go on, and what is over stays over.
 * test_clock_restart.c has what the next process makes of it. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <string.h>

#define HOUR_MS INT64_C(3600000)
#define YEAR_MS (365 * DAY_MS)

static const int64_t jumps[] = { HOUR_MS, 10 * DAY_MS, 40 * DAY_MS, YEAR_MS,
	                         30 * YEAR_MS };
enum { JUMP_COUNT = sizeof jumps / sizeof *jumps };

static void set_up(void)
{
	harness_init(&harness, &(const struct harness_options){
				       .policy = MCPS_UNKNOWN_NEVER,
				       .tools = test_tools,
				       .hot = 2 });
}

START_TEST(a_jump_forward_ends_no_session_in_use)
{
	const char *id = case_begin();

	case_jump(jumps[_i]);
	case_sweep();
	ck_assert_int_eq(case_ping(id), 200);
	for (int day = 0; day < 6; day++) {
		harness_pass(&harness, DAY_MS);
		case_sweep();
		ck_assert_int_eq(case_ping(id), 200);
	}
}
END_TEST

START_TEST(a_jump_forward_ends_no_session_that_was_paged_out)
{
	const char *ids[6];

	for (int i = 0; i < 6; i++)
		ids[i] = case_begin();
	case_jump(jumps[_i]);
	case_sweep();
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(case_ping(ids[i]), 200);
}
END_TEST

START_TEST(a_session_in_memory_keeps_its_row_whatever_the_wall_says)
{
	const char *id = case_begin();

	case_jump(jumps[_i]);
	for (int i = 0; i < 4; i++) {
		harness_pass(&harness, 6 * DAY_MS);
		case_sweep();
		ck_assert_int_eq(case_ping(id), 200);
		ck_assert_int_eq(harness_row(&harness, "alice", id).phase,
		                 MCPS_PHASE_LIVE);
	}
}
END_TEST

START_TEST(a_clock_that_jumps_there_and_back_leaves_no_trace)
{
	const char *id = case_begin();

	case_jump(jumps[_i]);
	ck_assert_int_eq(case_ping(id), 200);
	case_sweep();
	case_jump(-jumps[_i]);
	case_sweep();
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(case_ping(id), 200);
	harness_pass(&harness, 6 * DAY_MS);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(case_ping(id), 200);
}
END_TEST

START_TEST(a_jump_back_ends_no_session_and_revives_none)
{
	const char *expired = case_begin();
	const char *live;

	harness_pass(&harness, (HARNESS_IDLE_DAYS + 1) * DAY_MS);
	live = case_begin();
	case_jump(-jumps[_i]);
	ck_assert_int_eq(case_ping(expired), 404);
	ck_assert_int_eq(case_ping(live), 200);
	case_sweep();
	ck_assert_int_eq(case_ping(live), 200);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(case_ping(expired), 404);
	ck_assert_int_eq(case_ping(live), 200);
	harness_pass(&harness, DAY_MS);
	ck_assert_int_eq(case_ping(live), 200);
}
END_TEST

START_TEST(a_jump_purges_no_tombstone)
{
	const char *id = "of-another-server";
	bool is_forward = _i % 2 == 0;

	harness.endpoint.policy = MCPS_UNKNOWN_AUTHENTICATED;
	ck_assert_int_eq(case_ping(id), 200);
	ck_assert_int_eq(case_delete(id).status, 204);
	case_jump(is_forward ? jumps[_i / 2] : -jumps[_i / 2]);
	case_sweep();
	ck_assert_int_eq(case_ping(id), 404);
	case_jump(is_forward ? -jumps[_i / 2] : jumps[_i / 2]);
	case_sweep();
	harness_restart(&harness, KEEP_ALL);
	harness.endpoint.policy = MCPS_UNKNOWN_AUTHENTICATED;
	ck_assert_int_eq(case_ping(id), 404);
}
END_TEST

/* Back by more than a year while it was down: what the store has seen counts.
 */
START_TEST(a_jump_back_between_two_processes_changes_nothing)
{
	const char *live = case_begin();

	case_sweep();
	case_jump(-jumps[_i]);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(case_ping(live), 200);
	harness_pass(&harness, 6 * DAY_MS);
	case_sweep();
	ck_assert_int_eq(case_ping(live), 200);
	ck_assert_int_eq(case_ping(case_begin()), 200);
}
END_TEST

TEST_MAIN("clock")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(a_jump_forward_ends_no_session_in_use, JUMP_COUNT);
	test_add_loop(a_jump_forward_ends_no_session_that_was_paged_out,
	              JUMP_COUNT);
	test_add_loop(a_session_in_memory_keeps_its_row_whatever_the_wall_says,
	              JUMP_COUNT);
	test_add_loop(a_clock_that_jumps_there_and_back_leaves_no_trace,
	              JUMP_COUNT);
	test_add_loop(a_jump_back_ends_no_session_and_revives_none, JUMP_COUNT);
	test_add_loop(a_jump_purges_no_tombstone, 2 * JUMP_COUNT);
	test_add_loop(a_jump_back_between_two_processes_changes_nothing,
	              JUMP_COUNT);
}
