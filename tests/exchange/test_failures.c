/* The store fails: nobody is told that something is durable which is not, and
 * everybody is told to come again. */
#include "exchange/case_harness.h"
#include "suite.h"

#include <string.h>

#define FAILED(member)                                               \
	"{\"jsonrpc\":\"2.0\"," member "\"error\":{\"code\":-32603," \
	"\"message\":\"Session store failed, try again\"}}"

static void let_fail(enum store_op op)
{
	store_double_fail(&harness.store, op, MCPS_E_STORE, 1);
}

static void check_failed(struct answer answer, const char *body)
{
	answer_check_json(&answer, 503, body);
	ck_assert_uint_eq(answer.retry_after_s, 1);
	ck_assert_str_eq(answer.session_id, "");
}

static const char *counted(const char *id)
{
	struct answer answer = case_post(id, CALL(1, "count", "{}"));

	return answer_text(&harness, &answer);
}

static const enum store_op session_init_ops[] = {
	OP_begin,     OP_principal_intern, OP_session_insert,
	OP_savepoint, OP_release,          OP_commit,
};

/* The writer tries a job again when its savepoint failed. */
static bool is_tried_again(enum store_op op)
{
	return op == OP_savepoint || op == OP_release;
}

START_TEST(initialize_fails_without_an_id_and_without_a_row)
{
	enum store_op op = session_init_ops[_i];
	struct answer answer;

	let_fail(op);
	answer = case_post(NULL, INITIALIZE(1, "2025-06-18"));
	if (is_tried_again(op)) {
		ck_assert_int_eq(answer.status, 200);
		ck_assert_int_eq(harness_live(&harness, "alice"), 1);
		return;
	}
	check_failed(answer, FAILED("\"id\":1,"));
	ck_assert_int_eq(harness_live(&harness, "alice"), 0);
	ck_assert_uint_eq(mcps__sessions_hot(&harness.sessions), 0);
	case_begin();
}
END_TEST

START_TEST(a_recreation_that_fails_can_be_tried_again)
{
	enum store_op op = session_init_ops[_i];

	let_fail(op);
	if (!is_tried_again(op)) {
		check_failed(case_post("foreign", PING(1)),
		             FAILED("\"id\":1,"));
		ck_assert_int_eq(harness_live(&harness, "alice"), 0);
		ck_assert_uint_eq(mcps__sessions_hot(&harness.sessions), 0);
	}
	ck_assert_int_eq(case_post("foreign", PING(1)).status, 200);
}
END_TEST

START_TEST(a_load_that_fails_is_no_404)
{
	static const enum store_op ops[] = { OP_principal_get,
		                             OP_session_load };
	const char *id = case_begin();

	harness_restart(&harness, KEEP_ALL);
	let_fail(ops[_i]);
	check_failed(case_post(id, PING(1)), FAILED("\"id\":1,"));
	let_fail(ops[_i]);
	check_failed(case_delete(id), FAILED(""));
	let_fail(ops[_i]);
	check_failed(EXCHANGE(&harness, .method = "GET", .caller = "alice",
	                      .id = id),
	             FAILED(""));
	ck_assert_int_eq(case_ping(id), 200);
}
END_TEST

static void check_outcome(struct answer answer, const char *body)
{
	answer_check_outcome(&answer, body);
}

/* The handler has done all that it does, whatever that is. */
START_TEST(a_state_change_that_fails_is_not_kept)
{
	static const enum store_op ops[] = { OP_begin, OP_session_guard,
		                             OP_state_put, OP_state_usage,
		                             OP_commit };
	const char *id = case_begin();

	ck_assert_str_eq(counted(id), "1");
	let_fail(ops[_i]);
	check_outcome(case_post(id, CALL(1, "count", "{}")),
	              ops[_i] == OP_commit ? OUTCOME_OF(1, "unknown")
	                                   : OUTCOME_OF(1, "dropped"));
	ck_assert_str_eq(harness_state(&harness, "alice", id, "n"), "1");
	ck_assert_str_eq(counted(id), "2");
}
END_TEST

START_TEST(a_state_change_of_unknown_outcome_is_read_anew)
{
	const char *id = case_begin();

	harness.store.commits_all_the_same = true;
	let_fail(OP_commit);
	check_outcome(case_post(id, CALL(1, "count", "{}")),
	              OUTCOME_OF(1, "unknown"));
	ck_assert_str_eq(counted(id), "2");
}
END_TEST

START_TEST(a_state_that_cannot_be_read_is_an_error_of_the_call)
{
	const char *id = case_begin();

	let_fail(OP_state_get);
	check_outcome(case_post(id, CALL(1, "count", "{}")),
	              FAILED("\"id\":1,"));
	ck_assert_str_eq(counted(id), "1");
}
END_TEST

START_TEST(initialized_that_is_not_stored_is_stored_when_said_again)
{
	static const enum store_op ops[] = { OP_session_load, OP_session_save,
		                             OP_commit };
	const char *id = case_begin();

	let_fail(ops[_i]);
	ck_assert_int_eq(
		case_post(id, NOTICE("notifications/initialized")).status, 202);
	ck_assert_uint_eq(harness_row(&harness, "alice", id).flags, 0);
	ck_assert_int_eq(
		case_post(id, NOTICE("notifications/initialized")).status, 202);
	ck_assert_uint_eq(harness_row(&harness, "alice", id).flags,
	                  SESSION_INITIALIZED);
}
END_TEST

START_TEST(a_renewal_that_fails_leaves_the_session_as_it_was)
{
	const char *id = case_begin();

	ck_assert_str_eq(counted(id), "1");
	let_fail(OP_commit);
	check_failed(case_post(id, INITIALIZE(1, "2025-06-18")),
	             FAILED("\"id\":1,"));
	ck_assert_str_eq(counted(id), "2");
	ck_assert_str_eq(case_post(id, INITIALIZE(1, "2025-06-18")).session_id,
	                 id);
}
END_TEST

START_TEST(a_delete_that_fails_ends_nothing)
{
	static const enum store_op ops[] = { OP_session_end, OP_commit };
	const char *id = case_begin();

	ck_assert_str_eq(counted(id), "1");
	let_fail(ops[_i]);
	check_failed(case_delete(id), FAILED(""));
	ck_assert_str_eq(counted(id), "2");
}
END_TEST

START_TEST(a_tombstone_that_fails_is_503_and_no_404)
{
	const char *id = case_begin();

	harness_restart(&harness, KEEP_KEY);
	let_fail(OP_session_tombstone);
	check_failed(case_delete(id), FAILED(""));
	ck_assert_int_eq(harness_row(&harness, "alice", id).phase, 0);
}
END_TEST

START_TEST(a_touch_that_fails_bothers_nobody)
{
	const char *id = case_begin();

	harness_pass(&harness, 60000);
	let_fail(OP_session_touch);
	ck_assert_int_eq(case_ping(id), 200);
	harness_pass(&harness, 60000);
	ck_assert_int_eq(case_ping(id), 200);
	ck_assert_int_eq(harness_row(&harness, "alice", id).seen_ms,
	                 atomic_load(&harness.time.wall_ms));
}
END_TEST

START_TEST(a_batch_that_cannot_store_initialized_runs_its_calls)
{
	const char *id = case_begin_with("2025-03-26");

	let_fail(OP_session_save);
	ck_assert_int_eq(
		case_post(id, "[" NOTICE("notifications/initialized") "," CALL(
				      1, "count", "{}") "]")
			.status,
		200);
	ck_assert_str_eq(counted(id), "2");
}
END_TEST

TEST_MAIN("failures of the store")
{
	test_fixture(case_set_up, case_tear_down);
	test_add_loop(initialize_fails_without_an_id_and_without_a_row, 6);
	test_add_loop(a_recreation_that_fails_can_be_tried_again, 6);
	test_add_loop(a_load_that_fails_is_no_404, 2);
	test_add_loop(a_state_change_that_fails_is_not_kept, 5);
	test_add(a_state_change_of_unknown_outcome_is_read_anew);
	test_add(a_state_that_cannot_be_read_is_an_error_of_the_call);
	test_add_loop(initialized_that_is_not_stored_is_stored_when_said_again,
	              3);
	test_add(a_renewal_that_fails_leaves_the_session_as_it_was);
	test_add_loop(a_delete_that_fails_ends_nothing, 2);
	test_add(a_tombstone_that_fails_is_503_and_no_404);
	test_add(a_touch_that_fails_bothers_nobody);
	test_add(a_batch_that_cannot_store_initialized_runs_its_calls);
}
