/* Revoking a caller while other things happen to its sessions. Hooks and calls
 * run when the test says so. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <mcps/call.h>
#include <mcps/state.h>
#include <stdio.h>
#include <string.h>

static mcps_status revoke(void)
{
	struct principal *principal =
		mcps__principal_new("https://issuer.test", "alice");
	mcps_status status;

	harness_pass(&harness, 1);
	status = mcps__sessions_revoke(&harness.sessions, principal);
	mcps__principal_unref(principal);
	return status;
}

static void fail_to_revoke(void)
{
	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	ck_assert_int_eq(revoke(), MCPS_E_STORE);
}

static mcps_status run_revoked(mcps_call *call, const void *args)
{
	int64_t sum = 0;
	mcps_status status = mcps_state_add(call, "n", 1, &sum);

	(void)args;
	fail_to_revoke();
	ck_assert(!mcps_cancelled(call));
	return status == MCPS_OK ? mcps_text(call, "%d", (int)sum) : status;
}

static const mcps_tool tools[] = {
	{ .size = sizeof(mcps_tool), .name = "revoked", .run = run_revoked },
	{ .name = NULL }
};

static void hook(void *arg, enum mcps_session_event event, const char *subject,
                 const struct mcps_session_view *session)
{
	(void)arg, (void)event, (void)subject, (void)session;
}

static void set_up_with(const mcps_tool *with)
{
	harness_init(&harness,
	             &(const struct harness_options){
			     .tools = with, .is_manual = true, .hook = hook });
}

static void set_up(void)
{
	set_up_with(test_tools);
}

static struct answer answer_to(const char *id, const char *body)
{
	struct flight *flight = case_send(id, body);

	case_work();
	return harness_receive(flight);
}

static const char *begin(void)
{
	return harness_keep(&harness,
	                    strdup(answer_to(NULL, INITIALIZE(1, "2025-06-18"))
	                                   .session_id));
}

static void check_gone(struct answer answer)
{
	answer_check_gone(&answer, GONE(1));
}

static void check_served(struct answer answer)
{
	answer_check_json(&answer, 200, PONG(1));
}

/* ---- what is told of it ---- */

static char journal[1024];

static void write_line(void *arg, enum mcps_log_level level, const char *module,
                       const char *text)
{
	size_t length = strlen(journal);

	(void)arg, (void)module;
	if (level >= MCPS_LOG_INFO)
		snprintf(journal + length, sizeof journal - length, "%s\n",
		         text);
}

static uint64_t count_ended(void)
{
	return atomic_load(&harness.sessions.counts.ended);
}

/* In memory or not, and more than one step of the job ends. */
START_TEST(sessions_that_a_revocation_ends_are_counted_and_logged)
{
	for (int i = 0; i < 70; i++)
		(void)begin();
	harness_restart(&harness, KEEP_ALL);
	(void)begin();
	harness.sessions.options.log.write = write_line;
	journal[0] = '\0';
	ck_assert_int_eq(revoke(), MCPS_OK);
	ck_assert_uint_eq(count_ended(), 71);
	ck_assert_ptr_eq(strstr(journal, "caller revoked caller=#"), journal);
	ck_assert_ptr_nonnull(strstr(journal, " sessions_ended=71\n"));
	ck_assert_int_eq(revoke(), MCPS_OK);
	ck_assert_uint_eq(count_ended(), 71);
	ck_assert_ptr_nonnull(strstr(journal, " sessions_ended=0\n"));
}
END_TEST

START_TEST(a_revocation_that_fails_is_logged_and_counts_nothing)
{
	(void)begin();
	harness.sessions.options.log.write = write_line;
	journal[0] = '\0';
	fail_to_revoke();
	ck_assert_uint_eq(count_ended(), 0);
	ck_assert_ptr_eq(strstr(journal, "caller not revoked, try again"),
	                 journal);
}
END_TEST

/* ---- while the application is told of a session ---- */

START_TEST(a_session_that_is_restored_meanwhile_is_not_served)
{
	const char *id = begin();
	struct flight *before, *after;

	harness_restart(&harness, KEEP_ALL);
	before = case_send(id, PING(1));
	ck_assert_int_eq(revoke(), MCPS_OK);
	after = case_send(id, PING(1));
	case_work();
	check_gone(harness_receive(before));
	check_gone(harness_receive(after));
	check_gone(answer_to(id, PING(1)));
}
END_TEST

START_TEST(a_session_that_is_recreated_meanwhile_is_not_served)
{
	struct flight *before = case_send("foreign", PING(1));

	ck_assert_int_eq(revoke(), MCPS_OK);
	case_work();
	check_gone(harness_receive(before));
	check_gone(answer_to("foreign", PING(1)));
}
END_TEST

START_TEST(an_initialize_meanwhile_gets_a_session_that_lives)
{
	struct flight *initialize =
		case_send(NULL, INITIALIZE(1, "2025-06-18"));
	struct answer answer;

	ck_assert_int_eq(revoke(), MCPS_OK);
	case_work();
	answer = harness_receive(initialize);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_int_eq(harness_live(&harness, "alice"), 1);
	check_served(answer_to(answer.session_id, PING(1)));
}
END_TEST

START_TEST(a_session_that_is_restored_while_it_fails_is_served)
{
	const char *id = begin();
	struct flight *before;

	harness_restart(&harness, KEEP_ALL);
	before = case_send(id, PING(1));
	fail_to_revoke();
	case_work();
	check_served(harness_receive(before));
}
END_TEST

/* ---- when nobody knows whether it worked ---- */

START_TEST(one_of_unknown_outcome_is_looked_up_again)
{
	const char *id = begin();
	const char *cold = begin();
	struct flight *flight;

	harness_restart(&harness, KEEP_ALL);
	check_served(answer_to(id, PING(1)));
	flight = case_send(cold, PING(1));
	harness.store.commits_all_the_same = true;
	fail_to_revoke();
	case_work();
	check_gone(harness_receive(flight));
	check_gone(answer_to(id, PING(1)));
}
END_TEST

/* Its session was found before and left memory: its commit decides. */
START_TEST(a_call_that_begins_after_one_failed_has_its_result)
{
	const char *id = begin();
	struct flight *call;
	struct answer answer;

	harness_restart(&harness, KEEP_ALL);
	call = case_send(id, CALL(1, "count", "{}"));
	case_work();
	fail_to_revoke();
	harness_run(call);
	case_work();
	answer = harness_receive(call);
	ck_assert_str_eq(answer_text(&harness, &answer), "1");
	ck_assert_str_eq(harness_state(&harness, "alice", id, "n"), "1");
}
END_TEST

START_TEST(one_that_fails_leaves_the_calls_alone)
{
	const char *id;
	struct answer answer;

	case_tear_down();
	set_up_with(tools);
	id = begin();
	answer = answer_to(id, CALL(1, "revoked", "{}"));
	ck_assert_str_eq(answer_text(&harness, &answer), "1");
	ck_assert_str_eq(harness_state(&harness, "alice", id, "n"), "1");
}
END_TEST

TEST_MAIN("revocation")
{
	test_fixture(set_up, case_tear_down);
	test_add(sessions_that_a_revocation_ends_are_counted_and_logged);
	test_add(a_revocation_that_fails_is_logged_and_counts_nothing);
	test_add(a_session_that_is_restored_meanwhile_is_not_served);
	test_add(a_session_that_is_recreated_meanwhile_is_not_served);
	test_add(an_initialize_meanwhile_gets_a_session_that_lives);
	test_add(a_session_that_is_restored_while_it_fails_is_served);
	test_add(one_of_unknown_outcome_is_looked_up_again);
	test_add(a_call_that_begins_after_one_failed_has_its_result);
	test_add(one_that_fails_leaves_the_calls_alone);
}
