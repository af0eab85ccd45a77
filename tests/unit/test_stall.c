/* Work that waits without progress: what is seen of it at each look. */
#include "mhd/stall.h"
#include "suite.h"

enum { NOW = 50000 };

static struct stall stall;

static void set_up(void)
{
	stall = (struct stall){ 0 };
}

static int look(int64_t after_ms, bool waits, uint64_t progress)
{
	return (int)mcps__stall_look(&stall, waits, progress, NOW + after_ms);
}

START_TEST(time_counts_from_the_first_look_that_saw_work)
{
	ck_assert_int_eq(look(0, true, 7), 0);
	ck_assert_int_eq(look(4000, true, 7), 4000);
	ck_assert_int_eq(look(9000, true, 7), 9000);
}
END_TEST

START_TEST(no_work_is_no_stall_however_long)
{
	ck_assert_int_eq(look(0, false, 7), 0);
	ck_assert_int_eq(look(3600000, false, 7), 0);
	ck_assert_int_eq(look(3600001, true, 7), 0);
	ck_assert_int_eq(look(3600002, true, 7), 1);
}
END_TEST

START_TEST(progress_begins_anew)
{
	ck_assert_int_eq(look(0, true, 7), 0);
	ck_assert_int_eq(look(4000, true, 8), 0);
	ck_assert_int_eq(look(5000, true, 8), 1000);
	ck_assert_int_eq(look(6000, true, 7), 0); /* a counter that wrapped */
}
END_TEST

START_TEST(work_that_is_gone_begins_anew_when_it_comes_back)
{
	ck_assert_int_eq(look(0, true, 7), 0);
	ck_assert_int_eq(look(4000, false, 7), 0);
	ck_assert_int_eq(look(5000, true, 7), 0);
	ck_assert_int_eq(look(6000, true, 7), 1000);
}
END_TEST

TEST_MAIN("stall")
{
	test_fixture(set_up, NULL);
	test_add(time_counts_from_the_first_look_that_saw_work);
	test_add(no_work_is_no_stall_however_long);
	test_add(progress_begins_anew);
	test_add(work_that_is_gone_begins_anew_when_it_comes_back);
}
