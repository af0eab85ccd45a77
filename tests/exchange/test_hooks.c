/* What the application hears of sessions, and when: before anybody is served,
 * or after it was told. Hooks run when the test says so. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static char heard[1024]; /* a word for each event, and whose */

static void hook(void *arg, enum mcps_session_event event, const char *subject,
                 const struct mcps_session_view *session)
{
	static const char *const words[] = {
		[MCPS_SESSION_CREATED] = "created",
		[MCPS_SESSION_RESTORED] = "restored",
		[MCPS_SESSION_RECREATED] = "recreated",
		[MCPS_SESSION_EVICTED] = "evicted",
		[MCPS_SESSION_ENDED] = "ended",
	};
	size_t length = strlen(heard);

	ck_assert_ptr_eq(arg, &harness);
	ck_assert_uint_eq(strlen(session->digest), 8);
	snprintf(heard + length, sizeof heard - length, "%s %s; ", words[event],
	         subject != NULL ? subject : "-");
}

static void set_up(void)
{
	heard[0] = '\0';
	harness_init(&harness,
	             &(const struct harness_options){ .tools = test_tools,
	                                              .is_manual = true,
	                                              .hook = hook,
	                                              .hook_arg = &harness });
}

static void check_pong(struct flight *flight)
{
	struct answer answer = harness_receive(flight);

	answer_check_json(&answer, 200, PONG(1));
}

static const char *begin(void)
{
	struct flight *flight = case_send(NULL, INITIALIZE(1, "2025-06-18"));

	ck_assert(!harness_is_over(flight));
	ck_assert(harness_work(&harness));
	ck_assert(!harness_work(&harness));
	return harness_keep(&harness,
	                    strdup(harness_receive(flight).session_id));
}

START_TEST(initialize_is_answered_after_the_created_hook)
{
	begin();
	ck_assert_str_eq(heard, "created alice; ");
}
END_TEST

START_TEST(a_restored_session_is_served_after_its_hook)
{
	const char *id = begin();
	struct flight *first, *second;

	harness_restart(&harness, KEEP_ALL);
	first = case_send(id, PING(1));
	second = case_send(id, PING(1));
	ck_assert(!harness_is_over(first));
	ck_assert(!harness_is_over(second));
	ck_assert(harness_work(&harness));
	check_pong(first);
	check_pong(second);
	ck_assert(!harness_work(&harness));
	ck_assert_str_eq(heard, "created alice; restored alice; ");
}
END_TEST

START_TEST(a_recreated_session_is_served_after_its_hook)
{
	struct flight *first = case_send("foreign", PING(1));
	struct flight *second = case_send("foreign", PING(1));

	ck_assert(!harness_is_over(first));
	ck_assert(!harness_is_over(second));
	harness_work(&harness);
	check_pong(first);
	check_pong(second);
	ck_assert_str_eq(heard, "recreated alice; ");
}
END_TEST

START_TEST(a_delete_is_answered_before_the_ended_hook)
{
	const char *id = begin();
	struct flight *end = case_send_delete(id);
	struct answer answer;

	ck_assert_int_eq(harness_receive(end).status, 204);
	ck_assert_str_eq(heard, "created alice; ");
	answer = harness_receive(case_send(id, PING(1)));
	answer_check_gone(&answer, GONE(1));
	ck_assert(harness_work(&harness));
	ck_assert_str_eq(heard, "created alice; ended alice; ");
}
END_TEST

START_TEST(a_delete_waits_for_the_hook_of_the_session_it_ends)
{
	struct flight *ping = case_send("foreign", PING(1));
	struct flight *end = case_send_delete("foreign");

	ck_assert(!harness_is_over(end));
	while (harness_work(&harness))
		;
	check_pong(ping);
	ck_assert_int_eq(harness_receive(end).status, 204);
	ck_assert_str_eq(heard, "recreated alice; ended alice; ");
}
END_TEST

START_TEST(nothing_is_heard_of_what_did_not_happen)
{
	const char *id = begin();

	heard[0] = '\0';
	ck_assert_int_eq(harness_receive(case_send_delete("unknown")).status,
	                 404);
	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	ck_assert_int_eq(
		harness_receive(case_send(NULL, INITIALIZE(1, "2025-06-18")))
			.status,
		503);
	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	ck_assert_int_eq(harness_receive(case_send_delete(id)).status, 503);
	ck_assert(!harness_work(&harness));
	ck_assert_str_eq(heard, "");
}
END_TEST

START_TEST(a_renewal_is_not_heard_of)
{
	const char *id = begin();

	heard[0] = '\0';
	ck_assert_str_eq(
		harness_receive(case_send(id, INITIALIZE(1, "2025-06-18")))
			.session_id,
		id);
	ck_assert_str_eq(heard, "");
}
END_TEST

START_TEST(a_copy_that_comes_back_to_memory_is_heard_of_as_restored)
{
	const char *ids[3];
	struct flight *flight;

	harness.options.hot = 2;
	harness_restart(&harness, KEEP_ALL);
	for (int i = 0; i < 3; i++)
		ids[i] = begin();
	heard[0] = '\0';
	flight = case_send(ids[0], PING(1));
	harness_work(&harness);
	check_pong(flight);
	ck_assert_str_eq(heard, "restored alice; ");
}
END_TEST

TEST_MAIN("hooks")
{
	test_fixture(set_up, case_tear_down);
	test_add(initialize_is_answered_after_the_created_hook);
	test_add(a_restored_session_is_served_after_its_hook);
	test_add(a_recreated_session_is_served_after_its_hook);
	test_add(a_delete_is_answered_before_the_ended_hook);
	test_add(a_delete_waits_for_the_hook_of_the_session_it_ends);
	test_add(nothing_is_heard_of_what_did_not_happen);
	test_add(a_renewal_is_not_heard_of);
	test_add(a_copy_that_comes_back_to_memory_is_heard_of_as_restored);
}
