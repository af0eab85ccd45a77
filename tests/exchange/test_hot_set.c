/* Sessions in memory: what they spare the store, when they leave, and what is
 * written of their use. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define OPEN(...)                                               \
	harness_init(&harness, &(const struct harness_options){ \
				       .tools = test_tools, __VA_ARGS__ })

/* ---- the hot path -------------------------------------------------------- */

static const char *const hot_bodies[] = {
	PING(1),
	REQUEST(2, "tools/list"),
	CALL(3, "echo", "{\"text\":\"x\"}"),
	CALL(4, "whoami", "{}"),
	CALL(5, "no_such_tool", "{}"),
	REQUEST(6, "no/such"),
	NOTICE("notifications/x"),
	NOTICE_WITH("notifications/cancelled", "{\"requestId\":1}"),
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
};

START_TEST(a_hot_session_asks_nothing_of_the_store)
{
	const char *id;
	unsigned before;

	OPEN(.hot = 100);
	id = case_begin();
	before = store_double_total(&harness.store);
	for (int round = 0; round < 59; round++) {
		for (int i = 0; i < COUNT(hot_bodies); i++)
			ck_assert_int_lt(case_post(id, hot_bodies[i]).status,
			                 300);
		harness_pass(&harness, 1000);
	}
	ck_assert_uint_eq(store_double_total(&harness.store), before);
}
END_TEST

START_TEST(a_recreated_and_a_restored_session_are_as_hot)
{
	const char *id;
	unsigned before;

	OPEN(.hot = 100);
	id = case_begin();
	harness_restart(&harness, KEEP_ALL);
	case_post(id, PING(1));
	case_post("foreign", PING(1));
	before = store_double_total(&harness.store);
	case_post(id, PING(1));
	case_post("foreign", PING(1));
	ck_assert_uint_eq(store_double_total(&harness.store), before);
}
END_TEST

/* ---- last seen ----------------------------------------------------------- */

START_TEST(last_seen_is_written_once_a_minute)
{
	const char *id;
	int64_t now;

	OPEN(.hot = 100);
	id = case_begin();
	for (int second = 0; second < 180; second++) {
		ck_assert_uint_eq(case_store_count(OP_session_touch),
		                  (unsigned)second / 60);
		harness_pass(&harness, 1000);
		case_post(id, PING(1));
		case_post(id, PING(1));
	}
	now = atomic_load(&harness.time.wall_ms);
	ck_assert_int_eq(harness_row(&harness, "alice", id).seen_ms, now);
}
END_TEST

START_TEST(a_session_that_is_used_now_and_then_never_gets_idle)
{
	const char *id;

	OPEN(.hot = 100);
	id = case_begin();
	case_post(id, CALL(1, "count", "{}"));
	for (int day = 0; day < 24; day += 6) {
		harness_pass(&harness, 6 * DAY_MS);
		if (day % 12 == 0)
			harness_restart(&harness, KEEP_ALL);
		ck_assert_int_eq(case_ping(id), 200);
		harness_sweep(&harness);
	}
	ck_assert_str_eq(harness_state(&harness, "alice", id, "n"), "1");
}
END_TEST

START_TEST(being_restored_counts_as_being_seen)
{
	const char *id;
	int64_t now;

	OPEN(.hot = 100);
	id = case_begin();
	case_post(id, CALL(1, "count", "{}"));
	harness_restart(&harness, KEEP_ALL);
	harness_pass(&harness, 6 * DAY_MS);
	ck_assert_int_eq(case_ping(id), 200);
	now = atomic_load(&harness.time.wall_ms);
	ck_assert_int_eq(harness_row(&harness, "alice", id).seen_ms, now);
	harness_pass(&harness, 2 * DAY_MS);
	harness_sweep(&harness);
	ck_assert_str_eq(harness_state(&harness, "alice", id, "n"), "1");
}
END_TEST

START_TEST(a_short_idle_time_does_not_end_what_is_in_use)
{
	const char *id;
	struct answer answer;

	OPEN(.idle_ms = 30000);
	id = case_begin();
	for (int round = 1; round <= 30; round++) {
		char sum[16];

		harness_pass(&harness, 10000);
		harness_sweep(&harness);
		answer = case_post(id, CALL(1, "count", "{}"));
		snprintf(sum, sizeof sum, "%d", round);
		ck_assert_str_eq(answer_text(&harness, &answer), sum);
	}
}
END_TEST

START_TEST(what_is_used_just_in_time_keeps_its_row)
{
	const char *id;
	struct answer answer;

	OPEN(.idle_ms = 40000);
	id = case_begin();
	case_post(id, CALL(1, "count", "{}"));
	harness_pass(&harness, 9999); /* not worth a write */
	case_post(id, PING(1));
	harness_pass(&harness, 40000);
	harness_sweep(&harness);
	answer = case_post(id, CALL(1, "count", "{}"));
	ck_assert_str_eq(answer_text(&harness, &answer), "2");
}
END_TEST

START_TEST(what_is_used_while_that_cannot_be_stored_keeps_its_row)
{
	const char *id;
	struct answer answer;

	OPEN(.idle_ms = 40000);
	id = case_begin();
	case_post(id, CALL(1, "count", "{}"));
	harness_pass(&harness, 39999);
	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	ck_assert_int_eq(case_ping(id), 200);
	harness_pass(&harness, 39999);
	harness_sweep(&harness);
	answer = case_post(id, CALL(1, "count", "{}"));
	ck_assert_str_eq(answer_text(&harness, &answer), "2");
}
END_TEST

/* The stored time is up to a quarter of the idle time older than the last use.
 */
START_TEST(a_session_used_just_in_time_survives_a_restart)
{
	const char *id;
	struct answer answer;

	OPEN(.idle_ms = 40000);
	id = case_begin();
	case_post(id, CALL(1, "count", "{}"));
	harness_pass(&harness, 9999); /* not worth a write */
	case_post(id, PING(1));
	harness_restart(&harness, KEEP_ALL);
	harness_pass(&harness, 39000);
	answer = case_post(id, CALL(1, "count", "{}"));
	ck_assert_str_eq(answer_text(&harness, &answer), "2");
}
END_TEST

START_TEST(a_use_that_could_not_be_stored_counts_after_leaving_memory)
{
	const char *id;
	struct answer answer;

	OPEN(.idle_ms = 40000, .hot = 1);
	id = case_begin();
	case_post(id, CALL(1, "count", "{}"));
	harness_pass(&harness, 39999);
	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	ck_assert_int_eq(case_ping(id), 200);
	case_begin(); /* it leaves memory */
	harness_pass(&harness, 39999);
	answer = case_post(id, CALL(1, "count", "{}"));
	ck_assert_str_eq(answer_text(&harness, &answer), "2");
}
END_TEST

START_TEST(a_long_call_keeps_its_session_from_being_idle)
{
	const char *id;
	struct flight *call;

	OPEN(.idle_ms = 40000, .is_manual = true);
	id = case_begin();
	call = case_send(id, CALL(1, "count", "{}"));
	for (int i = 0; i < 10; i++) {
		harness_pass(&harness, 60000);
		harness_sweep(&harness);
	}
	ck_assert_int_eq(case_ping(id), 200);
	harness_pass(&harness, 60000);
	ck_assert_int_eq(case_ping(id), 200);
	harness_work(&harness);
	ck_assert_int_eq(harness_receive(call).status, 200);
	ck_assert_str_eq(harness_state(&harness, "alice", id, "n"), "1");
}
END_TEST

/* A full disk: the use of one session finds no room, and another one is over.
 */
START_TEST(a_sweep_that_cannot_store_uses_removes_what_is_over)
{
	struct flight *call;
	const char *id;

	OPEN(.idle_ms = 40000, .is_manual = true);
	case_begin();
	harness_pass(&harness, HARNESS_AGE_DAYS * DAY_MS - 1000);
	id = case_begin();
	call = case_send(id, CALL(1, "count", "{}"));
	harness_pass(&harness, 60000);
	store_double_fail(&harness.store, OP_session_touch, MCPS_E_STORE, 1);
	ck_assert_uint_eq(harness_sweep(&harness), 1);
	harness_work(&harness);
	ck_assert_int_eq(harness_receive(call).status, 200);
	ck_assert_str_eq(harness_state(&harness, "alice", id, "n"), "1");
}
END_TEST

START_TEST(a_sweep_takes_idle_sessions_out_of_memory)
{
	OPEN(.idle_ms = 40000);
	case_begin();
	harness_pass(&harness, 40000);
	harness_sweep(&harness);
	ck_assert_uint_eq(mcps__sessions_hot(&harness.sessions), 1);
	harness_pass(&harness, 1);
	harness_sweep(&harness);
	ck_assert_uint_eq(mcps__sessions_hot(&harness.sessions), 0);
}
END_TEST

/* ---- leaving memory ------------------------------------------------------ */

START_TEST(what_leaves_memory_stays_in_the_store)
{
	const char *ids[10];

	OPEN(.hot = 3);
	for (int i = 0; i < COUNT(ids); i++) {
		ids[i] = case_begin();
		ck_assert_uint_le(mcps__sessions_hot(&harness.sessions), 3);
	}
	ck_assert_int_eq(harness_live(&harness, "alice"), COUNT(ids));
	for (int i = 0; i < COUNT(ids); i++)
		ck_assert_int_eq(case_ping(ids[i]), 200);
	ck_assert_int_eq(harness_live(&harness, "alice"), COUNT(ids));
	ck_assert_uint_eq(mcps__sessions_hot(&harness.sessions), 3);
}
END_TEST

START_TEST(the_least_recently_used_leaves_first)
{
	const char *ids[3];
	unsigned loads;

	OPEN(.hot = 3);
	for (int i = 0; i < 3; i++)
		ids[i] = case_begin();
	case_post(ids[0], PING(1));
	case_begin(); /* ids[1] has to go */
	loads = case_store_count(OP_session_load);
	case_post(ids[0], PING(1));
	case_post(ids[2], PING(1));
	ck_assert_uint_eq(case_store_count(OP_session_load), loads);
	case_post(ids[1], PING(1));
	ck_assert_uint_eq(case_store_count(OP_session_load), loads + 1);
}
END_TEST

START_TEST(a_session_with_a_running_call_does_not_leave)
{
	const char *busy;
	struct flight *call;
	unsigned loads;

	OPEN(.hot = 2, .is_manual = true);
	busy = case_begin();
	call = case_send(busy, CALL(7, "whoami", "{}"));
	for (int i = 0; i < 20; i++)
		case_begin();
	ck_assert_uint_eq(mcps__sessions_hot(&harness.sessions), 2);
	loads = case_store_count(OP_session_load);
	ck_assert_int_eq(case_post(busy, NOTICE_WITH("notifications/cancelled",
	                                             "{\"requestId\":7}"))
	                         .status,
	                 202);
	ck_assert_uint_eq(case_store_count(OP_session_load), loads);
	harness_work(&harness);
	ck_assert_int_eq(harness_receive(call).kind, PLAN_EVENTS);
}
END_TEST

/* ---- copies that the store does not bear out ----------------------------- */

START_TEST(a_copy_of_an_ended_row_is_dropped_when_a_call_finds_out)
{
	const char *id;
	struct answer answer;

	OPEN(.hot = 100);
	id = case_begin();
	harness_end_row(&harness, "alice", id);
	answer = case_post(id, CALL(1, "count", "{}"));
	answer_check_outcome(&answer, OUTCOME_OF(1, "dropped"));
	answer = case_post(id, PING(1));
	answer_check_gone(&answer, GONE(1));
}
END_TEST

START_TEST(a_copy_of_an_ended_row_is_dropped_when_a_touch_finds_out)
{
	const char *id;
	struct answer answer;

	OPEN(.hot = 100);
	id = case_begin();
	harness_end_row(&harness, "alice", id);
	harness_pass(&harness, 60000);
	case_post(id, PING(1));
	answer = case_post(id, PING(1));
	answer_check_gone(&answer, GONE(1));
}
END_TEST

START_TEST(a_copy_of_an_ended_row_is_dropped_when_a_change_finds_out)
{
	const char *id;
	struct answer answer;

	OPEN(.hot = 100);
	id = case_begin();
	harness_end_row(&harness, "alice", id);
	ck_assert_int_eq(
		case_post(id, NOTICE("notifications/initialized")).status, 202);
	answer = case_post(id, PING(1));
	answer_check_gone(&answer, GONE(1));
}
END_TEST

START_TEST(a_copy_of_a_lost_row_makes_room_for_a_recreated_session)
{
	const char *id;
	struct answer answer;

	OPEN(.hot = 100);
	id = case_begin();
	harness_forget_row(&harness, "alice", id);
	answer = case_post(id, CALL(1, "count", "{}"));
	answer_check_outcome(&answer, OUTCOME_OF(1, "dropped"));
	answer = case_post(id, CALL(2, "count", "{}"));
	ck_assert_str_eq(answer_text(&harness, &answer), "1");
}
END_TEST

START_TEST(the_absolute_lifetime_ends_a_session_in_use)
{
	const char *id;
	struct answer answer;

	OPEN(.hot = 100);
	id = case_begin();
	for (int day = 0; day < HARNESS_AGE_DAYS; day++) {
		harness_pass(&harness, DAY_MS);
		ck_assert_int_eq(case_ping(id), 200);
	}
	harness_pass(&harness, 1);
	answer = case_post(id, PING(1));
	answer_check_gone(&answer, GONE(1));
}
END_TEST

TEST_MAIN("the hot set")
{
	test_fixture(NULL, case_tear_down);
	test_add(a_hot_session_asks_nothing_of_the_store);
	test_add(a_recreated_and_a_restored_session_are_as_hot);
	test_add(last_seen_is_written_once_a_minute);
	test_add(a_session_that_is_used_now_and_then_never_gets_idle);
	test_add(being_restored_counts_as_being_seen);
	test_add(a_short_idle_time_does_not_end_what_is_in_use);
	test_add(what_is_used_just_in_time_keeps_its_row);
	test_add(what_is_used_while_that_cannot_be_stored_keeps_its_row);
	test_add(a_session_used_just_in_time_survives_a_restart);
	test_add(a_use_that_could_not_be_stored_counts_after_leaving_memory);
	test_add(a_long_call_keeps_its_session_from_being_idle);
	test_add(a_sweep_that_cannot_store_uses_removes_what_is_over);
	test_add(a_sweep_takes_idle_sessions_out_of_memory);
	test_add(what_leaves_memory_stays_in_the_store);
	test_add(the_least_recently_used_leaves_first);
	test_add(a_session_with_a_running_call_does_not_leave);
	test_add(a_copy_of_an_ended_row_is_dropped_when_a_call_finds_out);
	test_add(a_copy_of_an_ended_row_is_dropped_when_a_touch_finds_out);
	test_add(a_copy_of_an_ended_row_is_dropped_when_a_change_finds_out);
	test_add(a_copy_of_a_lost_row_makes_room_for_a_recreated_session);
	test_add(the_absolute_lifetime_ends_a_session_in_use);
}
