/* Several requests for one session at once, while the store takes its time. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { MANY = 6 };

static void set_up(void)
{
	harness_init(&harness,
	             &(const struct harness_options){
			     .tools = test_tools, .has_writer_thread = true });
}

static void hold(enum store_op op)
{
	store_double_hold(&harness.store, op);
}

static void release(enum store_op op)
{
	store_double_release(&harness.store, op);
}

static void check_served(struct flight *flight)
{
	struct answer answer = harness_receive(flight);

	answer_check_json(&answer, 200, PONG(1));
}

static void check_gone(struct flight *flight)
{
	struct answer answer = harness_receive(flight);

	answer_check_gone(&answer, GONE(1));
}

/* ---- bringing a session in ----------------------------------------------- */

START_TEST(requests_for_one_cold_id_share_one_load_and_are_served_in_order)
{
	const char *id = case_begin();
	struct flight *flights[MANY];
	unsigned loads;

	harness_restart(&harness, KEEP_ALL);
	loads = case_store_count(OP_session_load);
	hold(OP_session_load);
	for (int i = 0; i < MANY; i++)
		flights[i] = case_send(id, PING(1));
	for (int i = 0; i < MANY; i++)
		ck_assert(!harness_is_over(flights[i]));
	release(OP_session_load);
	for (int i = 0; i < MANY; i++)
		while (harness_turn(flights[i]) == 0)
			;
	for (int i = 1; i < MANY; i++)
		ck_assert_uint_lt(harness_turn(flights[i - 1]),
		                  harness_turn(flights[i]));
	for (int i = 0; i < MANY; i++)
		check_served(flights[i]);
	ck_assert_uint_eq(case_store_count(OP_session_load), loads + 1);
}
END_TEST

START_TEST(different_cold_ids_are_loaded_each_for_itself)
{
	const char *ids[] = { case_begin(), case_begin() };
	struct flight *flights[2];

	harness_restart(&harness, KEEP_ALL);
	for (int i = 0; i < 2; i++)
		flights[i] = case_send(ids[i], PING(1));
	for (int i = 0; i < 2; i++)
		check_served(flights[i]);
	ck_assert_uint_eq(mcps__sessions_hot(&harness.sessions), 2);
}
END_TEST

START_TEST(recreating_asked_for_by_several_makes_one_row)
{
	const char *id = case_begin();
	struct flight *flights[MANY];
	unsigned inserts;

	harness_restart(&harness, KEEP_KEY);
	inserts = case_store_count(OP_session_insert);
	hold(OP_session_load);
	for (int i = 0; i < MANY; i++)
		flights[i] = case_send(id, PING(1));
	release(OP_session_load);
	for (int i = 0; i < MANY; i++)
		check_served(flights[i]);
	ck_assert_uint_eq(case_store_count(OP_session_insert), inserts + 1);
	ck_assert_int_eq(harness_live(&harness, "alice"), 1);
}
END_TEST

START_TEST(who_comes_while_it_is_recreated_gets_the_same_session)
{
	struct flight *flights[MANY];
	char incarnation[64] = "";

	hold(OP_commit);
	for (int i = 0; i < MANY; i++) {
		flights[i] = case_send("foreign", CALL(1, "whoami", "{}"));
		if (i == 0)
			store_double_await(&harness.store, OP_commit);
	}
	release(OP_commit);
	for (int i = 0; i < MANY; i++) {
		struct answer answer = harness_receive(flights[i]);
		const char *text = answer_text(&harness, &answer);

		if (i == 0)
			snprintf(incarnation, sizeof incarnation, "%s", text);
		ck_assert_str_eq(text, incarnation);
	}
	ck_assert_int_eq(harness_live(&harness, "alice"), 1);
}
END_TEST

START_TEST(requests_that_wait_for_an_ended_session_are_all_told)
{
	const char *id = case_begin();
	struct flight *flights[MANY];
	struct flight *first;

	harness_receive(case_send_delete(id));
	harness_restart(&harness, KEEP_ALL);
	hold(OP_session_load);
	for (int i = 0; i < MANY; i++)
		flights[i] = case_send(id, PING(1));
	first = case_send(id, INITIALIZE(1, "2025-06-18"));
	release(OP_session_load);
	for (int i = 0; i < MANY; i++)
		check_gone(flights[i]);
	ck_assert_int_eq(harness_receive(first).status, 200);
	ck_assert_uint_eq(mcps__sessions_hot(&harness.sessions), 1);
}
END_TEST

START_TEST(requests_that_wait_when_the_store_fails_are_told_to_come_again)
{
	const char *id = case_begin();
	struct flight *flights[MANY];

	harness_restart(&harness, KEEP_ALL);
	store_double_fail(&harness.store, OP_session_load, MCPS_E_STORE, 1);
	hold(OP_session_load);
	for (int i = 0; i < MANY; i++)
		flights[i] = case_send(id, PING(1));
	release(OP_session_load);
	for (int i = 0; i < MANY; i++) {
		struct answer answer = harness_receive(flights[i]);

		answer_check_json(&answer, 503,
		                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{"
		                  "\"code\":-32603,\"message\":\"Session store "
		                  "failed, try again\"}}");
		ck_assert_uint_eq(answer.retry_after_s, 1);
		ck_assert_str_eq(answer.session_id, "");
	}
	check_served(case_send(id, PING(1)));
}
END_TEST

START_TEST(requests_that_wait_for_different_things_each_get_their_own)
{
	const char *id = case_begin();
	struct flight *ping, *renewal, *other, *end, *late;
	struct answer answer;

	harness_restart(&harness, KEEP_ALL);
	hold(OP_session_load);
	ping = case_send(id, PING(1));
	renewal = case_send(id, INITIALIZE(1, "2025-06-18"));
	other = case_send(id, INITIALIZE(1, "2025-11-25"));
	end = case_send_delete(id);
	late = case_send(id, PING(1));
	release(OP_session_load);
	check_served(ping);
	ck_assert_str_eq(harness_receive(renewal).session_id, id);
	answer = harness_receive(other);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_ne(answer.session_id, id);
	ck_assert_int_eq(harness_receive(end).status, 204);
	check_gone(late);
}
END_TEST

/* ---- ending one ---------------------------------------------------------- */

START_TEST(who_comes_after_a_delete_waits_for_it_and_gets_404)
{
	const char *id = case_begin();
	struct flight *end, *late[MANY], *again, *get, *renewal;
	struct answer answer;

	hold(OP_commit);
	end = case_send_delete(id);
	store_double_await(&harness.store, OP_commit);
	for (int i = 0; i < MANY; i++)
		late[i] = case_send(id, PING(1));
	again = case_send_delete(id);
	get = SEND(&harness, .method = "GET", .caller = "alice", .id = id);
	renewal = case_send(id, INITIALIZE(1, "2025-06-18"));
	ck_assert(!harness_is_over(end));
	for (int i = 0; i < MANY; i++)
		ck_assert(!harness_is_over(late[i]));
	ck_assert(!harness_is_over(again));
	ck_assert(!harness_is_over(get));
	ck_assert(!harness_is_over(renewal));
	release(OP_commit);

	ck_assert_int_eq(harness_receive(end).status, 204);
	for (int i = 0; i < MANY; i++)
		check_gone(late[i]);
	answer = harness_receive(again);
	answer_check_gone(&answer, GONE_WITHOUT_ID);
	answer = harness_receive(get);
	answer_check_gone(&answer, GONE_WITHOUT_ID);
	answer = harness_receive(renewal);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_ne(answer.session_id, id);
}
END_TEST

START_TEST(a_delete_whose_commit_fails_is_503_for_all_and_ends_nothing)
{
	const char *id = case_begin();
	struct flight *end, *late;
	struct answer answer;

	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	hold(OP_commit);
	end = case_send_delete(id);
	late = case_send(id, PING(1));
	release(OP_commit);
	answer = harness_receive(end);
	answer_check_json(&answer, 503,
	                  "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32603,"
	                  "\"message\":\"Session store failed, try again\"}}");
	ck_assert_uint_eq(answer.retry_after_s, 1);
	ck_assert_int_eq(harness_receive(late).status, 503);
	check_served(case_send(id, PING(1)));
	ck_assert_int_eq(harness_receive(case_send_delete(id)).status, 204);
}
END_TEST

START_TEST(a_delete_of_unknown_outcome_is_looked_up_again)
{
	const char *id = case_begin();

	harness.store.commits_all_the_same = true;
	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	ck_assert_int_eq(harness_receive(case_send_delete(id)).status, 503);
	check_gone(case_send(id, PING(1)));
}
END_TEST

/* It was done while the session lived, and its client may know. */
START_TEST(a_call_whose_commit_is_before_that_of_a_delete_has_its_result)
{
	const char *id = case_begin();
	struct flight *call, *end;
	struct answer answer;

	hold(OP_commit);
	call = case_send(id, CALL(1, "count", "{}"));
	store_double_await(&harness.store, OP_commit);
	end = case_send_delete(id);
	release(OP_commit);
	answer = harness_receive(call);
	ck_assert_str_eq(answer_text(&harness, &answer), "1");
	ck_assert_int_eq(harness_receive(end).status, 204);
	ck_assert_ptr_null(harness_state(&harness, "alice", id, "n"));
}
END_TEST

START_TEST(a_call_of_another_session_is_not_touched_by_a_delete)
{
	const char *id = case_begin();
	const char *other = case_begin();
	struct flight *call, *end;
	struct answer answer;

	hold(OP_commit);
	call = case_send(other, CALL(1, "count", "{}"));
	end = case_send_delete(id);
	release(OP_commit);
	answer = harness_receive(call);
	ck_assert_str_eq(answer_text(&harness, &answer), "1");
	ck_assert_int_eq(harness_receive(end).status, 204);
}
END_TEST

START_TEST(a_tombstone_is_stored_before_its_404_is_sent)
{
	const char *id = case_begin();
	struct flight *end, *late;

	harness_restart(&harness, KEEP_KEY);
	hold(OP_commit);
	end = case_send_delete(id);
	store_double_await(&harness.store, OP_commit);
	late = case_send(id, PING(1));
	ck_assert(!harness_is_over(end));
	ck_assert(!harness_is_over(late));
	release(OP_commit);
	ck_assert_int_eq(harness_receive(end).status, 404);
	check_gone(late);
	ck_assert_int_eq(harness_row(&harness, "alice", id).phase,
	                 MCPS_PHASE_ENDED);
}
END_TEST

/* The state is in the store, so the result is given, whatever was cancelled
 * meanwhile. */
START_TEST(a_cancel_during_the_commit_comes_too_late)
{
	const char *id = case_begin();
	struct flight *call;
	struct answer answer;

	hold(OP_commit);
	call = case_send(id, CALL(7, "count", "{}"));
	store_double_await(&harness.store, OP_commit);
	answer = harness_receive(
		case_send(id, NOTICE_WITH("notifications/cancelled",
	                                  "{\"requestId\":7}")));
	ck_assert_int_eq(answer.status, 202);
	ck_assert(!harness_is_over(call));
	release(OP_commit);
	answer = harness_receive(call);
	ck_assert_str_eq(answer_text(&harness, &answer), "1");
	answer = harness_receive(case_send(id, CALL(8, "count", "{}")));
	ck_assert_str_eq(answer_text(&harness, &answer), "2");
}
END_TEST

/* ---- initialize and its kin ---------------------------------------------- */

START_TEST(initialize_is_answered_after_its_commit)
{
	struct flight *flight;
	struct answer answer;

	hold(OP_commit);
	flight = case_send(NULL, INITIALIZE(1, "2025-06-18"));
	store_double_await(&harness.store, OP_commit);
	ck_assert(!harness_is_over(flight));
	release(OP_commit);
	answer = harness_receive(flight);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_int_eq(
		harness_row(&harness, "alice", answer.session_id).phase,
		MCPS_PHASE_LIVE);
}
END_TEST

START_TEST(initialized_is_answered_before_its_commit)
{
	const char *id = case_begin();

	hold(OP_commit);
	ck_assert_int_eq(
		harness_receive(
			case_send(id, NOTICE("notifications/initialized")))
			.status,
		202);
	check_served(case_send(id, PING(1)));
	store_double_await(&harness.store, OP_commit);
	release(OP_commit);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_uint_eq(harness_row(&harness, "alice", id).flags,
	                  SESSION_INITIALIZED);
}
END_TEST

START_TEST(initialized_that_is_said_again_and_again_is_one_write)
{
	const char *id = case_begin();
	unsigned saves = case_store_count(OP_session_save);

	hold(OP_commit);
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(
			harness_receive(
				case_send(id,
		                          NOTICE("notifications/initialized")))
				.status,
			202);
	release(OP_commit);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_uint_eq(case_store_count(OP_session_save), saves + 1);
}
END_TEST

START_TEST(a_state_change_is_answered_after_its_commit)
{
	const char *id = case_begin();
	struct flight *flight;
	struct answer answer;

	hold(OP_commit);
	flight = case_send(id, CALL(1, "count", "{}"));
	store_double_await(&harness.store, OP_commit);
	ck_assert(!harness_is_over(flight));
	release(OP_commit);
	answer = harness_receive(flight);
	ck_assert_str_eq(answer_text(&harness, &answer), "1");
}
END_TEST

START_TEST(a_renewal_before_a_delete_is_answered_and_then_ended)
{
	const char *id = case_begin();
	struct flight *renewal, *end;

	hold(OP_commit);
	renewal = case_send(id, INITIALIZE(1, "2025-06-18"));
	end = case_send_delete(id);
	release(OP_commit);
	ck_assert_str_eq(harness_receive(renewal).session_id, id);
	ck_assert_int_eq(harness_receive(end).status, 204);
	check_gone(case_send(id, PING(1)));
}
END_TEST

START_TEST(a_renewal_that_finds_the_row_ended_begins_a_new_session)
{
	const char *id = case_begin();
	struct answer answer;

	harness_end_row(&harness, "alice", id);
	answer = harness_receive(case_send(id, INITIALIZE(1, "2025-06-18")));
	ck_assert_int_eq(answer.status, 200);
	ck_assert_uint_eq(strlen(answer.session_id), ID_TEXT_LENGTH);
	ck_assert_str_ne(answer.session_id, id);
	check_gone(case_send(id, PING(1)));
}
END_TEST

TEST_MAIN("races")
{
	test_fixture(set_up, case_tear_down);
	test_add(
		requests_for_one_cold_id_share_one_load_and_are_served_in_order);
	test_add(a_cancel_during_the_commit_comes_too_late);
	test_add(different_cold_ids_are_loaded_each_for_itself);
	test_add(recreating_asked_for_by_several_makes_one_row);
	test_add(who_comes_while_it_is_recreated_gets_the_same_session);
	test_add(requests_that_wait_for_an_ended_session_are_all_told);
	test_add(
		requests_that_wait_when_the_store_fails_are_told_to_come_again);
	test_add(requests_that_wait_for_different_things_each_get_their_own);
	test_add(who_comes_after_a_delete_waits_for_it_and_gets_404);
	test_add(a_delete_whose_commit_fails_is_503_for_all_and_ends_nothing);
	test_add(a_delete_of_unknown_outcome_is_looked_up_again);
	test_add(a_call_whose_commit_is_before_that_of_a_delete_has_its_result);
	test_add(a_call_of_another_session_is_not_touched_by_a_delete);
	test_add(a_tombstone_is_stored_before_its_404_is_sent);
	test_add(initialize_is_answered_after_its_commit);
	test_add(initialized_is_answered_before_its_commit);
	test_add(initialized_that_is_said_again_and_again_is_one_write);
	test_add(a_state_change_is_answered_after_its_commit);
	test_add(a_renewal_before_a_delete_is_answered_and_then_ended);
	test_add(a_renewal_that_finds_the_row_ended_begins_a_new_session);
}
