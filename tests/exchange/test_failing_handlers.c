/* Handlers that fail, with a reason and without, or that contradict themselves:
 * what the client gets, what becomes of the state, what is logged. */
#include "exchange/status_case.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

/* ---- MCPS_E_TOOL ---- */

static void check_failed(const struct kind *kind, enum manner manner,
                         const char *reason)
{
	struct answer answer = call_kind(kind, manner);
	char message[200];

	if (kind->what == IS_TOOL) {
		ck_assert_str_eq(case_at(&answer, "result.isError"), "true");
		ck_assert_str_eq(answer_text(&harness, &answer), reason);
		ck_assert_ptr_null(case_at(&answer, "result.content.1"));
	} else {
		snprintf(message, sizeof message, "Internal error: %s", reason);
		check_error(kind, manner, &answer, "-32603", message);
	}
	check_state_dropped();
}

static void check_bare(const struct kind *kind, enum manner manner)
{
	char reason[160];

	snprintf(reason, sizeof reason, "the %s failed and gave no reason",
	         name_of(kind, manner));
	check_failed(kind, manner, reason);
	check_logged(kind, manner, "failed and gave no reason");
}

START_TEST(a_bare_failure_is_an_error_that_names_what_failed)
{
	to_return = MCPS_E_TOOL;
	for_each(check_bare);
}
END_TEST

static void give_reason(mcps_call *call)
{
	ck_assert_int_eq(mcps_fail(call, "the %s is full", "disk"),
	                 MCPS_E_TOOL);
}

static void check_reason(const struct kind *kind, enum manner manner)
{
	check_failed(kind, manner, "the disk is full");
	if (kind->what == IS_TOOL)
		check_not_logged();
	else
		check_logged(kind, manner, "told its client why");
}

START_TEST(a_failure_with_a_reason_tells_the_reason)
{
	before = give_reason;
	to_return = MCPS_E_TOOL;
	for_each(check_reason);
}
END_TEST

/* mcps_fail() and MCPS_OK contradict each other: it has failed. */
START_TEST(a_handler_that_failed_and_returns_success_has_failed)
{
	before = give_reason;
	to_return = MCPS_OK;
	for_each(check_reason);
}
END_TEST

static void add_text(mcps_call *call)
{
	ck_assert_int_eq(mcps_text(call, "the disk is full"), MCPS_OK);
}

START_TEST(a_text_of_a_tool_is_reason_enough)
{
	before = add_text;
	to_return = MCPS_E_TOOL;
	for (int manner = 0; manner < MANNERS; manner++)
		check_reason(&kinds[0], (enum manner)manner);
}
END_TEST

static void add_image(mcps_call *call)
{
	ck_assert_int_eq(mcps_image(call, "x", 1, "image/png"), MCPS_OK);
}

START_TEST(blocks_before_a_bare_failure_stay)
{
	struct answer answer;

	before = add_image;
	to_return = MCPS_E_TOOL;
	answer = call_it(kinds[0].works, ON_WORKER);
	ck_assert_str_eq(case_at(&answer, "result.content.0.type"), "image");
	ck_assert_str_eq(case_at(&answer, "result.content.1.text"),
	                 "the tool \"works\" failed and gave no reason");
	ck_assert_str_eq(case_at(&answer, "result.isError"), "true");
}
END_TEST

/* ---- MCPS_OK ---- */

static unsigned successes;

static void check_success(const struct kind *kind, enum manner manner)
{
	struct answer answer = call_kind(kind, manner);
	char sum[16];

	ck_assert_ptr_nonnull(case_at(&answer, "result"));
	ck_assert_ptr_null(case_at(&answer, "result.isError"));
	check_not_logged();
	successes += manner != QUICK;
	snprintf(sum, sizeof sum, "%u", successes);
	if (successes > 0)
		ck_assert_str_eq(harness_state(&harness, "alice", the_id, "n"),
		                 sum);
}

START_TEST(a_success_is_a_result_and_keeps_its_state)
{
	successes = 0;
	for_each(check_success);
}
END_TEST

START_TEST(a_tool_without_its_structured_result_is_an_error)
{
	struct answer answer = call_it(CALL(1, "structured", "{}"), ON_WORKER);

	case_check_error(&answer, "-32603", "Internal error: invalid argument");
	ck_assert_uint_eq(line_count, 1);
	ck_assert_ptr_nonnull(
		strstr(lines, "tool \"structured\" has an output schema"));
	check_state_dropped();
}
END_TEST

static void suggest_many(mcps_call *call)
{
	for (int i = 0; i <= RESULT_SUGGESTIONS_MAX; i++)
		(void)mcps_suggest(call, "x");
}

/* Handlers may return the status of mcps_suggest(). */
START_TEST(a_full_list_of_suggestions_is_no_failure)
{
	struct answer answer;

	before = suggest_many;
	to_return = MCPS_E_LIMIT;
	answer = call_kind(&kinds[KINDS - 1], ON_WORKER);
	ck_assert_str_eq(case_at(&answer, "result.completion.total"), "101");
	check_not_logged();
}
END_TEST

/* ---- a result that is not kept ---- */

static void ends_session(mcps_call *call)
{
	(void)call;
	ck_assert_int_eq(case_delete(the_id).status, 204);
}

START_TEST(a_call_of_unknown_outcome_is_logged_with_its_name)
{
	before = ends_session;
	(void)call_kind(&kinds[0], ON_WORKER);
	check_logged(&kinds[0], ON_WORKER, "the outcome is unknown times=1");
}
END_TEST

static void fails_its_commit(mcps_call *call)
{
	(void)call;
	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
}

START_TEST(a_call_whose_state_is_not_committed_is_logged_with_its_name)
{
	before = fails_its_commit;
	(void)call_kind(&kinds[0], ON_WORKER);
	check_logged(&kinds[0], ON_WORKER, "the outcome is unknown times=1");
}
END_TEST

/* ---- in a batch, and again and again ---- */

START_TEST(each_call_of_a_batch_is_answered_by_itself)
{
	struct flight *batch;
	struct answer answer;

	the_id = case_begin_with("2025-03-26");
	to_return = MCPS_E_GONE;
	batch = case_send(the_id, "[" PING(8) "," CALL(9, "works", "{}") "]");
	ck_assert(harness_work(&harness));
	answer = harness_receive(batch);
	answer_check_json(&answer, 200,
	                  "[" PONG(8) ",{\"jsonrpc\":\"2.0\",\"id\":9,"
	                              "\"error\":{\"code\":-32603,"
	                              "\"message\":\"Internal error\"}}]");
}
END_TEST

static void call_quick(void)
{
	case_post(the_id, kinds[0].quick);
}

START_TEST(a_tool_that_fails_all_the_time_is_logged_once_a_minute)
{
	to_return = MCPS_E_TOOL;
	for (int i = 0; i < 100; i++)
		call_quick();
	ck_assert_uint_eq(line_count, 1);
	to_return = MCPS_E_STORE; /* another fault */
	call_quick();
	ck_assert_uint_eq(line_count, 2);
	forget_lines();
	harness_pass(&harness, 60000);
	to_return = MCPS_E_TOOL;
	call_quick();
	ck_assert_uint_eq(line_count, 1);
	ck_assert_ptr_nonnull(strstr(lines, "times=100"));
}
END_TEST

TEST_MAIN("failing handlers")
{
	test_fixture(statuses_set_up, case_tear_down);
	test_add(a_bare_failure_is_an_error_that_names_what_failed);
	test_add(a_failure_with_a_reason_tells_the_reason);
	test_add(a_handler_that_failed_and_returns_success_has_failed);
	test_add(a_text_of_a_tool_is_reason_enough);
	test_add(blocks_before_a_bare_failure_stay);
	test_add(a_success_is_a_result_and_keeps_its_state);
	test_add(a_tool_without_its_structured_result_is_an_error);
	test_add(a_full_list_of_suggestions_is_no_failure);
	test_add(each_call_of_a_batch_is_answered_by_itself);
	test_add(a_call_of_unknown_outcome_is_logged_with_its_name);
	test_add(a_call_whose_state_is_not_committed_is_logged_with_its_name);
	test_add(a_tool_that_fails_all_the_time_is_logged_once_a_minute);
}
