/* Every status that a handler can return has one answer, which tells the client
 * nothing that is not so. */
#include "exchange/status_case.h"
#include "suite.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* All there are, and some that there are not. */
static const mcps_status statuses[] = {
#define X(name, value, http, rpc, text) MCPS_##name,
	MCPS_STATUS_MAP(X)
#undef X
		(mcps_status) 2,
	(mcps_status)1000,
	(mcps_status)INT_MAX,
	(mcps_status)-1000,
	(mcps_status)INT_MIN,
};

/* ---- what is wanted ---- */

/* The statuses that handlers may return, and the answers to their clients. Any
 * other status is an internal error. */
static const struct {
	mcps_status status;
	const char *code, *message;
} errors[] = {
	{ MCPS_E_NOMEM, "-32603", "Out of memory" },
	{ MCPS_E_INVAL, "-32603", "Internal error: invalid argument" },
	{ MCPS_E_PARAMS, "-32602", "Invalid params" },
	{ MCPS_E_FORBIDDEN, "-32600", "Forbidden" },
	{ MCPS_E_SCOPE, "-32600", "Insufficient scope" },
	{ MCPS_E_CONFLICT, "-32603", "Changed by someone else" },
	{ MCPS_E_STORE, "-32603", "Session store failed, try again" },
	{ MCPS_E_LOCKED, "-32603",
	  "Session store is locked by another process" },
	{ MCPS_E_CORRUPT, "-32603", "Session store is damaged" },
	{ MCPS_E_UNSUPPORTED, "-32603", "Not supported here" },
	{ MCPS_E_SYSTEM, "-32603", "The operating system refused" },
	{ MCPS_E_PERMISSION, "-32603",
	  "The operating system does not permit it" },
	{ MCPS_E_RESULT, "-32603", "The tool's result is too large" },
	{ MCPS_E_NO_STATE, "-32603", "No such state" },
	{ MCPS_E_STATE_BUSY, "-32603", "State is in use, try again" },
	{ MCPS_E_STATE_TYPE, "-32603",
	  "State is no integer, or the sum is too large" },
	{ MCPS_E_STATE_TOO_LARGE, "-32603", "Too much state" },
	{ MCPS_E_STOPPING, "-32603", "Server is stopping, try again" },
	{ MCPS_E_HANDLER, "-32603", "Internal error" },
};

static int find_error(mcps_status status)
{
	for (int i = 0; i < COUNT(errors); i++)
		if (errors[i].status == status)
			return i;
	return -1;
}

/* These have tests of their own. */
static bool is_special(const struct kind *kind, mcps_status status)
{
	return status == MCPS_OK || status == MCPS_E_TOOL ||
	       status == MCPS_E_CANCELLED ||
	       (status == MCPS_E_NO_RESOURCE && kind->what == IS_RESOURCE);
}

/* ---- errors ---- */

static void check_status(const struct kind *kind, enum manner manner)
{
	int i = find_error(to_return);
	struct answer answer = call_kind(kind, manner);
	char number[40];

	if (i >= 0) {
		check_error(kind, manner, &answer, errors[i].code,
		            errors[i].message);
		if (strcmp(errors[i].code, "-32603") == 0)
			check_logged(kind, manner, "");
		else
			check_not_logged();
	} else {
		snprintf(number, sizeof number, "returned the status %d (",
		         (int)to_return);
		check_error(kind, manner, &answer, "-32603", "Internal error");
		check_logged(kind, manner, number);
	}
	check_state_dropped();
}

static void check_unless_special(const struct kind *kind, enum manner manner)
{
	if (!is_special(kind, to_return))
		check_status(kind, manner);
}

START_TEST(each_status_of_a_handler_has_one_answer)
{
	to_return = statuses[_i];
	for_each(check_unless_special);
}
END_TEST

static void check_absent(const struct kind *kind, enum manner manner)
{
	struct answer answer;

	if (kind->what != IS_RESOURCE)
		return;
	answer = call_kind(kind, manner);
	check_error(kind, manner, &answer, "-32002", "Resource not found");
	ck_assert_ptr_nonnull(case_at(&answer, "error.data.uri"));
	check_not_logged();
	check_state_dropped();
}

START_TEST(a_resource_that_says_there_is_none_is_not_found)
{
	to_return = MCPS_E_NO_RESOURCE;
	for_each(check_absent);
}
END_TEST

static void check_gave_up(const struct kind *kind, enum manner manner)
{
	struct answer answer = call_kind(kind, manner);

	if (kind->what == IS_TOOL) {
		ck_assert_str_eq(case_at(&answer, "result.isError"), "true");
		ck_assert_str_eq(answer_text(&harness, &answer),
		                 "the tool gave up");
		check_not_logged();
	} else {
		ck_assert_str_eq(case_at(&answer, "error.code"), "-32603");
		ck_assert_ptr_nonnull(strstr(answer.body, "gave up"));
		check_logged(kind, manner, "");
	}
	check_state_dropped();
}

START_TEST(a_handler_that_gives_up_owes_an_answer)
{
	to_return = MCPS_E_CANCELLED;
	for_each(check_gave_up);
}
END_TEST

TEST_MAIN("statuses")
{
	test_fixture(statuses_set_up, case_tear_down);
	test_add_loop(each_status_of_a_handler_has_one_answer, COUNT(statuses));
	test_add(a_resource_that_says_there_is_none_is_not_found);
	test_add(a_handler_that_gives_up_owes_an_answer);
}
