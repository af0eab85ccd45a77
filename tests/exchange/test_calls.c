/* Calls under way: cancelled, overtaken by a DELETE, too many, drained. Work
 * runs when the test says so. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "http/drain.h"
#include "suite.h"

#include <mcps/call.h>
#include <mcps/state.h>
#include <stdio.h>
#include <string.h>

/* The tools "meanwhile" and "quick_meanwhile" call it while they run. */
static void (*meanwhile)(mcps_call *call);
static unsigned runs;

static mcps_status run_meanwhile(mcps_call *call, const void *args)
{
	int64_t sum = 0;
	mcps_status status = MCPS_OK;

	(void)args;
	runs++;
	if (!call->entry->quick)
		status = mcps_state_add(call, "n", 1, &sum);
	if (meanwhile != NULL)
		meanwhile(call);
	return status == MCPS_OK ? mcps_text(call, "%d", (int)sum) : status;
}

static mcps_status run_out_of_time(mcps_call *call, const void *args)
{
	(void)args;
	ck_assert_int_eq(mcps_time_left_ms(call), 500);
	harness_pass(&harness, 500);
	ck_assert(mcps_cancelled(call));
	return MCPS_E_CANCELLED;
}

static const mcps_tool tools[] = { { .size = sizeof(mcps_tool),
	                             .name = "meanwhile",
	                             .run = run_meanwhile },
	                           { .size = sizeof(mcps_tool),
	                             .name = "quick_meanwhile",
	                             .run = run_meanwhile,
	                             .quick = true },
	                           { .size = sizeof(mcps_tool),
	                             .name = "slow",
	                             .run = run_out_of_time,
	                             .timeout_ms = 500 },
	                           { .name = NULL } };

#define MEANWHILE(id) CALL(id, "meanwhile", "{}")
#define COUNTED(id, sum)                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"result\":{\"content\":[{" \
	"\"type\":\"text\",\"text\":\"" #sum "\"}]}}"
#define CANCEL(id) \
	NOTICE_WITH("notifications/cancelled", "{\"requestId\":" #id "}")

static void set_up(void)
{
	meanwhile = NULL;
	runs = 0;
	harness_init(&harness,
	             &(const struct harness_options){
			     .tools = tools, .is_manual = true, .queue = 3 });
}

static const char *begin(const char *version)
{
	the_id = case_begin_with(version);
	return the_id;
}

static const char *state(const char *id)
{
	return harness_state(&harness, "alice", id, "n");
}

static void check_silence(struct flight *flight)
{
	struct answer answer = harness_receive(flight);

	ck_assert_int_eq(answer.status, 200);
	ck_assert_int_eq(answer.kind, PLAN_EVENTS);
	ck_assert_str_eq(answer.body, EVENT_COMMENT);
	ck_assert_str_eq(answer.session_id, "");
}

static void check_result(struct flight *flight, const char *body)
{
	struct answer answer = harness_receive(flight);

	answer_check_json(&answer, 200, body);
}

/* ---- cancelled by the client --------------------------------------------- */

START_TEST(a_call_that_is_cancelled_in_the_queue_does_not_run)
{
	const char *id = begin("2025-06-18");
	struct flight *call = case_send(id, MEANWHILE(7));

	ck_assert_int_eq(case_post(id, CANCEL(7)).status, 202);
	ck_assert(!harness_is_over(call));
	case_work();
	check_silence(call);
	ck_assert_uint_eq(runs, 0);
	ck_assert_ptr_null(state(id));
}
END_TEST

static void cancel_it(mcps_call *call)
{
	ck_assert(!mcps_cancelled(call));
	case_post(the_id, CANCEL(7));
	ck_assert(mcps_cancelled(call));
}

START_TEST(a_call_that_is_cancelled_while_it_runs_commits_nothing)
{
	const char *id = begin("2025-06-18");
	struct flight *call = case_send(id, MEANWHILE(7));

	meanwhile = cancel_it;
	case_work();
	check_silence(call);
	ck_assert_uint_eq(runs, 1);
	ck_assert_ptr_null(state(id));
	meanwhile = NULL;
	call = case_send(id, MEANWHILE(7));
	case_work();
	check_result(call, COUNTED(7, 1));
}
END_TEST

START_TEST(only_the_same_id_of_the_same_session_is_cancelled)
{
	const char *id = begin("2025-06-18");
	const char *other = case_begin();
	struct flight *call = case_send(id, MEANWHILE(7));

	case_post(other, CANCEL(7));
	EXCHANGE(&harness, .caller = "bob", .id = id, .body = CANCEL(7));
	case_post(id, CANCEL(70));
	case_post(id, CANCEL("7"));
	case_post(id, CANCEL(7.0));
	case_post(id, NOTICE("notifications/cancelled"));
	case_work();
	check_result(call, COUNTED(7, 1));
}
END_TEST

START_TEST(cancelling_what_is_over_does_nothing)
{
	const char *id = begin("2025-06-18");
	struct flight *call = case_send(id, MEANWHILE(7));

	case_work();
	check_result(call, COUNTED(7, 1));
	ck_assert_int_eq(case_post(id, CANCEL(7)).status, 202);
	call = case_send(id, MEANWHILE(7));
	case_work();
	check_result(call, COUNTED(7, 2));
}
END_TEST

START_TEST(of_a_batch_the_cancelled_call_alone_is_silent)
{
	const char *id = begin("2025-03-26");
	struct flight *batch =
		case_send(id, "[" MEANWHILE(7) "," MEANWHILE(8) "]");

	case_post(id, CANCEL(7));
	case_work();
	check_result(batch, "[" COUNTED(8, 1) "]");
	batch = case_send(id, "[" MEANWHILE(7) "," MEANWHILE(8) "]");
	case_post(id, "[" CANCEL(7) "," CANCEL(8) "]");
	case_work();
	check_silence(batch);
}
END_TEST

START_TEST(a_call_that_runs_out_of_time_is_answered_all_the_same)
{
	const char *id = begin("2025-06-18");
	struct flight *call = case_send(id, CALL(7, "slow", "{}"));
	struct answer answer;

	case_work();
	answer = harness_receive(call);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_int_eq(answer.kind, PLAN_JSON);
	ck_assert_str_eq(case_at(&answer, "id"), "7");
	ck_assert_str_eq(case_at(&answer, "result.isError"), "true");
}
END_TEST

/* ---- overtaken by a DELETE ----------------------------------------------- */

START_TEST(a_delete_overtakes_a_call_in_the_queue)
{
	const char *id = begin("2025-06-18");
	struct flight *call = case_send(id, MEANWHILE(7));
	struct answer answer;

	ck_assert_int_eq(case_delete(id).status, 204);
	case_work();
	answer = harness_receive(call);
	answer_check_gone(&answer, GONE(7));
	ck_assert_uint_eq(runs, 0);
}
END_TEST

static void delete_it(mcps_call *call)
{
	ck_assert_int_eq(case_delete(the_id).status, 204);
	ck_assert(mcps_cancelled(call));
}

START_TEST(a_call_whose_session_is_deleted_under_it_is_not_404)
{
	const char *id = begin("2025-06-18");
	struct flight *call = case_send(id, MEANWHILE(7));
	struct answer answer;

	meanwhile = delete_it;
	case_work();
	answer = harness_receive(call);
	answer_check_outcome(&answer, OUTCOME(7));
	ck_assert_ptr_null(state(id));
	ck_assert_int_eq(harness_row(&harness, "alice", id).phase,
	                 MCPS_PHASE_ENDED);
}
END_TEST

static void fail_to_delete_it(mcps_call *call)
{
	store_double_fail(&harness.store, OP_session_end, MCPS_E_STORE, 1);
	ck_assert_int_eq(case_delete(the_id).status, 503);
	ck_assert(!mcps_cancelled(call));
}

START_TEST(a_delete_that_fails_leaves_the_calls_alone)
{
	const char *id = begin("2025-06-18");
	struct flight *call = case_send(id, MEANWHILE(7));

	meanwhile = fail_to_delete_it;
	case_work();
	check_result(call, COUNTED(7, 1));
	ck_assert_str_eq(state(id), "1");
}
END_TEST

START_TEST(each_call_of_a_batch_is_answered_when_its_session_is_deleted)
{
	const char *id = begin("2025-03-26");
	struct flight *batch = case_send(id, "[" PING(6) "," MEANWHILE(7) "]");
	struct answer answer;

	case_delete(id);
	case_work();
	answer = harness_receive(batch);
	answer_check_json(
		&answer, 200,
		"[" PONG(6) ",{\"jsonrpc\":\"2.0\",\"id\":7," ERROR_HEAD(
			-32001) "\"Session not found\",\"data\":{"
				"\"reason\":\"mcp_session_terminated\"}}}]");
}
END_TEST

/* ---- renewal ------------------------------------------------------------- */

START_TEST(a_renewal_leaves_running_calls_and_state_alone)
{
	const char *id = begin("2025-06-18");
	struct flight *call = case_send(id, MEANWHILE(7));
	struct answer answer = case_post(id, INITIALIZE(1, "2025-06-18"));

	ck_assert_str_eq(answer.session_id, id);
	case_work();
	check_result(call, COUNTED(7, 1));
	case_post(id, INITIALIZE(1, "2025-06-18"));
	call = case_send(id, MEANWHILE(7));
	case_work();
	check_result(call, COUNTED(7, 2));
}
END_TEST

/* ---- too many ------------------------------------------------------------ */

START_TEST(a_full_queue_is_503_and_the_client_may_come_again)
{
	const char *id = begin("2025-06-18");
	struct flight *calls[3];
	struct answer answer;

	for (int i = 0; i < 3; i++)
		calls[i] = case_send(id, MEANWHILE(1));
	answer = case_post(id, MEANWHILE(9));
	answer_check_json(&answer, 503,
	                  "{\"jsonrpc\":\"2.0\",\"id\":9,\"error\":{\"code\":"
	                  "-32603,\"message\":\"Server busy, try again\"}}");
	ck_assert_uint_eq(answer.retry_after_s, 1);
	ck_assert_int_eq(case_ping(id), 200);
	case_work();
	check_result(calls[0], COUNTED(1, 1));
	check_result(calls[1], COUNTED(1, 2));
	check_result(calls[2], COUNTED(1, 3));
	calls[0] = case_send(id, MEANWHILE(9));
	case_work();
	check_result(calls[0], COUNTED(9, 4));
}
END_TEST

START_TEST(of_a_batch_what_does_not_fit_is_an_error_among_the_answers)
{
	const char *id = begin("2025-03-26");
	struct flight *calls[2];
	struct flight *batch;

	for (int i = 0; i < 2; i++)
		calls[i] = case_send(id, MEANWHILE(1));
	batch = case_send(id,
	                  "[" MEANWHILE(7) "," MEANWHILE(8) "," PING(9) "]");
	case_work();
	check_result(calls[0], COUNTED(1, 1));
	check_result(calls[1], COUNTED(1, 2));
	check_result(batch, "[" COUNTED(7, 3) ",{\"jsonrpc\":\"2.0\",\"id\":8,"
	                                      "\"error\":{\"code\":-32603,"
	                                      "\"message\":\"Server busy, try "
	                                      "again\"}}," PONG(9) "]");
}
END_TEST

/* ---- drained ------------------------------------------------------------- */

static void check_stopping(struct answer answer, const char *body)
{
	answer_check_json(&answer, 503, body);
	ck_assert_uint_eq(answer.retry_after_s, 1);
}

START_TEST(without_calls_a_drain_is_over_at_once)
{
	begin("2025-06-18");
	ck_assert(mcps__drain(&harness.endpoint, 60000));
	check_stopping(case_post(the_id, PING(1)), STOPPING_WITHOUT_ID);
	check_stopping(case_post(NULL, INITIALIZE(1, "2025-06-18")),
	               STOPPING_WITHOUT_ID);
}
END_TEST

START_TEST(a_drain_answers_what_waits_and_drops_what_comes_later)
{
	const char *id = begin("2025-06-18");
	struct flight *call = case_send(id, MEANWHILE(7));
	struct flight *batch;

	batch = case_send(case_begin_with("2025-03-26"),
	                  "[" MEANWHILE(1) "," MEANWHILE(2) "]");
	ck_assert(!mcps__drain(&harness.endpoint, 0));
	check_stopping(harness_receive(call), STOPPING(7));
	check_stopping(harness_receive(batch), STOPPING_WITHOUT_ID);
	case_work();
	ck_assert_uint_eq(runs, 0);
	ck_assert_ptr_null(state(id));
}
END_TEST

static void drain_it(mcps_call *call)
{
	ck_assert(!mcps__drain(&harness.endpoint, 0));
	if (!call->entry->quick)
		ck_assert(mcps_cancelled(call));
}

/* From inside of a request that has not parked yet: it is waited for. */
static void drain_all(mcps_call *call)
{
	(void)call;
	ck_assert(!mcps__drain(&harness.endpoint, 0));
}

START_TEST(a_drain_cancels_what_runs_and_commits_nothing_of_it)
{
	const char *id = begin("2025-06-18");
	struct flight *call = case_send(id, MEANWHILE(7));
	struct answer answer;

	meanwhile = drain_it;
	case_work();
	answer = harness_receive(call);
	answer_check_outcome(&answer, OUTCOME(7));
	ck_assert_uint_eq(runs, 1);
	ck_assert_ptr_null(state(id));
}
END_TEST

START_TEST(a_drain_between_two_calls_of_a_batch_parks_it_no_second_time)
{
	const char *id = begin("2025-03-26");
	struct flight *batch;

	meanwhile = drain_it;
	batch = case_send(id,
	                  "[" MEANWHILE(1) "," CALL(2, "quick_meanwhile",
	                                            "{}") "," MEANWHILE(3) "]");
	check_result(batch,
	             "[" STOPPING(1) "," COUNTED(2, 0) "," STOPPING(3) "]");
	case_work();
	ck_assert_uint_eq(runs, 1);
	ck_assert_ptr_null(state(id));
}
END_TEST

/* The drain finds nothing to wait for, and then the batch goes on. */
START_TEST(
	of_a_batch_what_is_too_late_for_a_drain_is_an_error_among_the_answers)
{
	const char *id = begin("2025-03-26");
	struct flight *batch;

	meanwhile = drain_all;
	batch = case_send(
		id, "[" CALL(2, "quick_meanwhile", "{}") "," MEANWHILE(3) "]");
	case_work();
	check_result(batch, "[" COUNTED(2, 0) "," STOPPING(3) "]");
	ck_assert_uint_eq(runs, 1);
	ck_assert_ptr_null(state(id));
}
END_TEST

static unsigned hooks;

static void hook(void *arg, enum mcps_session_event event, const char *subject,
                 const struct mcps_session_view *session)
{
	(void)arg, (void)event, (void)subject, (void)session;
	hooks++;
}

START_TEST(a_call_that_is_admitted_after_the_drain_is_told_to_come_again)
{
	struct flight *call;

	harness.options.hook = hook;
	harness_restart(&harness, KEEP_ALL);
	call = case_send("foreign", MEANWHILE(7)); /* it waits for the hook */
	mcps__drain(&harness.endpoint, 0);
	case_work();
	ck_assert_uint_eq(hooks, 1);
	ck_assert(harness_is_over(call));
	harness_run(call);
	case_work();
	check_stopping(harness_receive(call), STOPPING(7));
	ck_assert_uint_eq(runs, 0);
}
END_TEST

TEST_MAIN("calls")
{
	test_fixture(set_up, case_tear_down);
	test_add(a_call_that_is_cancelled_in_the_queue_does_not_run);
	test_add(a_call_that_is_cancelled_while_it_runs_commits_nothing);
	test_add(only_the_same_id_of_the_same_session_is_cancelled);
	test_add(cancelling_what_is_over_does_nothing);
	test_add(of_a_batch_the_cancelled_call_alone_is_silent);
	test_add(a_call_that_runs_out_of_time_is_answered_all_the_same);
	test_add(a_delete_overtakes_a_call_in_the_queue);
	test_add(a_call_whose_session_is_deleted_under_it_is_not_404);
	test_add(a_delete_that_fails_leaves_the_calls_alone);
	test_add(each_call_of_a_batch_is_answered_when_its_session_is_deleted);
	test_add(a_renewal_leaves_running_calls_and_state_alone);
	test_add(a_full_queue_is_503_and_the_client_may_come_again);
	test_add(of_a_batch_what_does_not_fit_is_an_error_among_the_answers);
	test_add(without_calls_a_drain_is_over_at_once);
	test_add(a_drain_answers_what_waits_and_drops_what_comes_later);
	test_add(a_drain_cancels_what_runs_and_commits_nothing_of_it);
	test_add(a_drain_between_two_calls_of_a_batch_parks_it_no_second_time);
	test_add(
		of_a_batch_what_is_too_late_for_a_drain_is_an_error_among_the_answers);
	test_add(a_call_that_is_admitted_after_the_drain_is_told_to_come_again);
}
