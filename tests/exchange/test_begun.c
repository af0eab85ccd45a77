/* Everything that runs a handler, and everything that can go wrong once one has
 * begun: no status says that it was not carried out. */
#include "exchange/entries.h"
#include "exchange/case_harness.h"
#include "http/drain.h"
#include "suite.h"

#include <mcps/call.h>
#include <sched.h>
#include <string.h>

static void (*meanwhile)(void); /* what handlers do */
static mcps_status says;        /* ... and return */
static unsigned begun;

/* ---- what is offered ---- */

static mcps_status run(mcps_call *call)
{
	begun++;
	if (meanwhile != NULL)
		meanwhile();
	return says != MCPS_OK ? says : mcps_text(call, "done");
}

static mcps_status complete(mcps_call *call)
{
	begun++;
	if (meanwhile != NULL)
		meanwhile();
	return says != MCPS_OK ? says : mcps_suggest(call, "done");
}

/* ---- requests: of each kind on a worker, then quick, then a read-only tool */

enum { REQUESTS = 2 * KINDS + 1 };

static bool is_quick(int request)
{
	return request >= KINDS && request < 2 * KINDS;
}

static const char *body_of(int request)
{
	if (request == 2 * KINDS)
		return CALL(1, "reads", "{}");
	return is_quick(request) ? kinds[request - KINDS].quick
	                         : kinds[request].works;
}

static void set_up(void)
{
	meanwhile = NULL;
	says = MCPS_OK;
	begun = 0;
	entry_run = run;
	entry_complete = complete;
	harness_init(&harness, &(const struct harness_options){
				       ENTRIES, .is_manual = true });
	the_id = case_begin();
}

static struct flight *send(const char *body)
{
	return case_send(the_id, body);
}

static struct answer receive(struct flight *flight)
{
	while (harness_work(&harness))
		;
	return harness_receive(flight);
}

static void delete_it(void)
{
	ck_assert_int_eq(case_delete(the_id).status, 204);
}

static void drain_it(void)
{
	(void)mcps__drain(&harness.endpoint, 0);
}

static bool has_result(const struct answer *answer)
{
	return case_at(answer, "result") != NULL;
}

/* ---- every kind ---- */

START_TEST(outcome_is_unknown_if_the_handler_began_before_its_session_ended)
{
	struct answer answer;

	meanwhile = delete_it;
	answer = receive(send(body_of(_i)));
	ck_assert_uint_eq(begun, 1);
	if (is_quick(_i)) { /* nothing comes between it and its answer */
		ck_assert_int_eq(answer.status, 200);
		ck_assert(has_result(&answer));
		return;
	}
	answer_check_outcome(&answer, OUTCOME(1));
}
END_TEST

START_TEST(handler_that_has_not_begun_when_its_session_ends_never_does)
{
	struct flight *flight;
	struct answer answer;

	case_tear_down();
	harness_init(&harness, &(const struct harness_options){
				       ENTRIES, .is_manual = true,
				       .has_writer_thread = true });
	the_id = case_begin();
	harness_restart(&harness, KEEP_ALL);
	flight = send(body_of(_i));
	while (!harness_is_over(flight)) /* until it is let in */
		sched_yield();
	delete_it();
	harness_run(flight);
	answer = receive(flight);
	answer_check_gone(&answer, GONE(1));
	ck_assert_uint_eq(begun, 0);
}
END_TEST

START_TEST(outcome_is_unknown_if_the_handler_began_before_the_drain_ended)
{
	struct answer answer;

	meanwhile = drain_it;
	answer = receive(send(body_of(_i)));
	ck_assert_uint_eq(begun, 1);
	if (is_quick(_i))
		ck_assert(has_result(&answer));
	else
		answer_check_outcome(&answer, OUTCOME(1));
}
END_TEST

static const mcps_status statuses[] = {
#define X(name, value, http, rpc, text) MCPS_##name,
	MCPS_STATUS_MAP(X)
#undef X
};

START_TEST(every_status_of_a_handler_travels_with_200)
{
	for (int i = 0; i < COUNT(statuses); i++) {
		struct answer answer;

		says = statuses[i];
		answer = receive(send(body_of(_i)));
		ck_assert_msg(answer.status == 200, "%s, %s: %d", body_of(_i),
		              mcps_status_text(says), answer.status);
		ck_assert_uint_eq(answer.retry_after_s, 0);
		ck_assert_ptr_null(answer.challenge);
		ck_assert_str_eq(case_at(&answer, "id"), "1");
	}
}
END_TEST

START_TEST(a_result_that_is_too_large_travels_with_200)
{
	struct answer answer;

	harness.mcp.max_result = 10;
	answer = receive(send(body_of(_i)));
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32603");
	ck_assert_uint_eq(begun, 1);
}
END_TEST

/* ---- what is in use is not evicted ---- */

static struct answer crowd_out(void)
{
	harness.sessions.options.quota = 1;
	return case_post(NULL, INITIALIZE(1, "2025-06-18"));
}

static void is_crowded_out(void)
{
	ck_assert_int_eq(crowd_out().status, 429);
}

START_TEST(no_session_is_evicted_while_a_call_waits_or_runs)
{
	struct flight *flight = send(CALL(1, "works", "{}"));
	struct answer answer;

	is_crowded_out();
	meanwhile = is_crowded_out;
	answer = receive(flight);
	ck_assert(has_result(&answer));
	ck_assert_int_eq(crowd_out().status, 200);
}
END_TEST

/* ---- streams that cannot be stored ---- */

static struct flight *the_call;

static const enum store_op stream_ops[] = { OP_stream_insert, OP_event_append,
	                                    OP_begin, OP_commit };

static void open_unstored(void)
{
	mcps__drain_open_streams(&harness.endpoint, INT64_MAX);
}

/* Its client is told the end, though it could not resume it. */
START_TEST(a_stream_that_cannot_be_opened_ends_with_the_response)
{
	struct answer answer;

	store_double_fail(&harness.store, stream_ops[_i], MCPS_E_STORE, 1);
	the_call = send(CALL(1, "works", "{}"));
	open_unstored();
	answer = receive(the_call);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_int_eq(answer.kind, PLAN_STREAM);
	ck_assert_ptr_nonnull(strstr(answer.body, "\"text\":\"done\""));
}
END_TEST

static void fails_from_now_on(void)
{
	store_double_fail(&harness.store, OP_event_append, MCPS_E_STORE, 9);
}

START_TEST(a_stream_whose_end_cannot_be_stored_ends_with_it)
{
	struct answer answer;

	the_call = send(CALL(1, "works", "{}"));
	open_unstored();
	meanwhile = fails_from_now_on;
	answer = receive(the_call);
	ck_assert_ptr_nonnull(strstr(answer.body, "\"text\":\"done\""));
}
END_TEST

static void fails_and_drains(void)
{
	fails_from_now_on();
	drain_it();
}

START_TEST(a_stream_whose_end_at_the_drain_cannot_be_stored_ends_with_it)
{
	struct answer answer;

	the_call = send(CALL(1, "works", "{}"));
	open_unstored();
	meanwhile = fails_and_drains;
	answer = receive(the_call);
	ck_assert_ptr_nonnull(strstr(answer.body, OUTCOME(1)));
}
END_TEST

TEST_MAIN("begun")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(
		outcome_is_unknown_if_the_handler_began_before_its_session_ended,
		REQUESTS);
	test_add_loop(
		handler_that_has_not_begun_when_its_session_ends_never_does,
		REQUESTS);
	test_add_loop(
		outcome_is_unknown_if_the_handler_began_before_the_drain_ended,
		REQUESTS);
	test_add_loop(every_status_of_a_handler_travels_with_200, REQUESTS);
	test_add_loop(a_result_that_is_too_large_travels_with_200, REQUESTS);
	test_add(no_session_is_evicted_while_a_call_waits_or_runs);
	test_add_loop(a_stream_that_cannot_be_opened_ends_with_the_response,
	              COUNT(stream_ops));
	test_add(a_stream_whose_end_cannot_be_stored_ends_with_it);
	test_add(a_stream_whose_end_at_the_drain_cannot_be_stored_ends_with_it);
}
