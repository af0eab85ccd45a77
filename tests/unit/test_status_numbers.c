/* Numbers of statuses: one for each meaning, in the order of the list. */
#include "base/error.h"
#include "suite.h"

#include <string.h>

static const struct {
	const char *name;
	mcps_status status;
} statuses[] = {
#define X(name, value, http, rpc, text) { #name, MCPS_##name },
	MCPS_STATUS_MAP(X)
#undef X
};

enum { STATUSES = sizeof statuses / sizeof *statuses };

/* 0 and 1 are no failures; then -1, -2, -3, ... */
START_TEST(statuses_are_numbered_in_the_order_of_the_list)
{
	ck_assert_int_eq(MCPS_OK, 0);
	ck_assert_int_eq(MCPS_LATER, 1);
	for (int i = 0; i < STATUSES; i++)
		ck_assert_msg((int)statuses[i].status == (i < 2 ? i : 1 - i),
		              "%s", statuses[i].name);
}
END_TEST

START_TEST(code_that_ends_a_list_of_rows_is_no_status)
{
	for (int i = 0; i < STATUSES; i++)
		ck_assert_int_ne(statuses[i].status, STATUS_STOP);
	ck_assert_str_eq(mcps_status_text(STATUS_STOP), "Unknown status");
}
END_TEST

TEST_MAIN("status_numbers")
{
	test_add(statuses_are_numbered_in_the_order_of_the_list);
	test_add(code_that_ends_a_list_of_rows_is_no_status);
}
