/* Mistakes of authors that no client sees: what a quick handler may not do, and
 * NULL where something is needed. Each is logged once, with the name of what
 * was called. And auth hooks that never answer. */
#include "exchange/status_case.h"

#include "http/asking.h"
#include "http/drain.h"
#include "suite.h"

#include <json-c/json.h>
#include <mcps/auth.h>
#include <mcps/state.h>
#include <string.h>

/* Null that compilers do not know, as they would warn. */
static void *volatile nothing;
#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

/* ---- what a quick handler does ---- */

static void report(mcps_call *call)
{
	mcps_progress(call, 1, 2, NULL);
}

static void notify(mcps_call *call)
{
	mcps_notify_log(call, MCPS_SEVERITY_ERROR, NULL, "help");
}

static void notify_json(mcps_call *call)
{
	mcps_notify_log_json(call, MCPS_SEVERITY_ERROR, NULL,
	                     json_object_new_int(1));
}

static void leave(mcps_call *call)
{
	mcps_disconnect(call, 100);
}

static void count(mcps_call *call)
{
	int64_t now;

	ck_assert_int_eq(mcps_state_add(call, "m", 1, &now), MCPS_E_INVAL);
}

static void sleep_long(mcps_call *call)
{
	(void)call;
	harness_pass(&harness, 250);
}

static void work_briefly(mcps_call *call)
{
	(void)call;
	harness_pass(&harness, 50);
}

static const struct {
	void (*what)(mcps_call *call);
	const char *sentence;
} not_quick[] = {
	{ report, "called mcps_progress(), which works on workers only" },
	{ notify, "called mcps_notify_log(), which works on workers only" },
	{ notify_json,
	  "called mcps_notify_log_json(), which works on workers only" },
	{ leave, "called mcps_disconnect(), which works on workers only" },
	{ count, "called mcps_state_add(), which works on workers only" },
	{ sleep_long, "held its network thread for 250 ms" },
};

/* A tool, a resource, a template and a prompt. */
enum { CALLED = 4 };

START_TEST(quick_handler_that_needs_a_worker_is_logged_once)
{
	unsigned logged = 0;

	to_return = MCPS_OK;
	before = not_quick[_i].what;
	for (int i = 0; i < 3 * KINDS; i++) {
		call_it(kinds[i % KINDS].quick, QUICK);
		logged += line_count;
		if (line_count == 0)
			continue;
		ck_assert_msg(strstr(lines, not_quick[_i].sentence) != NULL,
		              "%s", lines);
		ck_assert_int_lt(i, KINDS);
	}
	ck_assert_uint_eq(logged, CALLED);
}
END_TEST

START_TEST(handler_on_a_worker_may_do_all_that)
{
	if (not_quick[_i].what == count)
		return;
	to_return = MCPS_OK;
	before = not_quick[_i].what;
	call_it(kinds[0].works,
	        not_quick[_i].what == sleep_long ? ON_WORKER : STREAMED);
	check_not_logged();
}
END_TEST

START_TEST(quick_handler_that_is_quick_is_not_logged)
{
	to_return = MCPS_OK;
	before = work_briefly;
	call_it(kinds[0].quick, QUICK);
	check_not_logged();
}
END_TEST

/* ---- NULL ---- */

static void say_nothing(mcps_call *call)
{
	ck_assert_int_eq(mcps_text(call, nothing), MCPS_E_INVAL);
}

static void look_for_nothing(mcps_call *call)
{
	ck_assert_ptr_null(mcps_call_param(call, nothing));
	ck_assert(!mcps_has_scope(call, nothing));
}

START_TEST(null_for_what_is_needed_is_logged_once_with_the_name)
{
	to_return = MCPS_OK;
	before = say_nothing;
	call_it(kinds[0].works, ON_WORKER);
	ck_assert_uint_eq(line_count, 1);
	ck_assert_ptr_nonnull(strstr(lines, kinds[0].named));
	ck_assert_ptr_nonnull(
		strstr(lines, "called mcps_text() with NULL for format"));
	call_it(kinds[0].works, ON_WORKER);
	check_not_logged();
	before = look_for_nothing; /* the same kind of mistake */
	call_it(kinds[0].works, ON_WORKER);
	check_not_logged();
}
END_TEST

static void link_without_size(mcps_call *call)
{
	const mcps_resource link = { .uri = "a:b", .name = "b" };

	ck_assert_int_eq(mcps_resource_link(call, &link), MCPS_E_INVAL);
}

START_TEST(link_whose_size_is_not_set_is_logged_once_with_the_name)
{
	to_return = MCPS_OK;
	before = link_without_size;
	call_it(kinds[0].works, ON_WORKER);
	ck_assert_uint_eq(line_count, 1);
	ck_assert_ptr_nonnull(strstr(lines, kinds[0].named));
	ck_assert_ptr_nonnull(
		strstr(lines, "called mcps_resource_link(): link: its size is "
	                      "0: set it to sizeof(mcps_resource)"));
	call_it(kinds[0].works, ON_WORKER);
	check_not_logged();
}
END_TEST

/* The other scale is as wrong as any number. */
static void notify_on_the_wrong_scale(mcps_call *call)
{
	const int wrong[] = { MCPS_LOG_DEBUG, MCPS_LOG_ERROR, 15, 24, -1 };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		enum mcps_severity severity = (enum mcps_severity)wrong[i];

		ck_assert(!mcps_log_enabled(call, severity));
		mcps_notify_log(call, severity, NULL, "help");
		mcps_notify_log_json(call, severity, NULL, NULL);
	}
}

START_TEST(severity_of_another_scale_is_logged_once_and_nothing_is_sent)
{
	to_return = MCPS_OK;
	before = notify_on_the_wrong_scale;
	call_it(kinds[0].works, ON_WORKER); /* no stream: nothing was sent */
	ck_assert_uint_eq(line_count, 1);
	ck_assert_ptr_nonnull(strstr(lines, kinds[0].named));
	ck_assert_ptr_nonnull(
		strstr(lines, "called mcps_notify_log() with severity 0, "
	                      "which is none of enum mcps_severity"));
}
END_TEST

static void fail_without_words(mcps_call *call)
{
	ck_assert_int_eq(mcps_fail(call, nothing), MCPS_E_TOOL);
}

START_TEST(failure_with_null_for_its_words_is_a_failure)
{
	struct answer answer;

	to_return = MCPS_OK;
	before = fail_without_words;
	answer = call_it(kinds[0].works, ON_WORKER);
	ck_assert_str_eq(case_at(&answer, "result.isError"), "true");
	ck_assert_ptr_nonnull(strstr(answer_text(&harness, &answer),
	                             "failed and gave no reason"));
}
END_TEST

/* ---- hooks that never answer ---- */

static mcps_grant *unfinished;

static mcps_status say_later(void *arg, const mcps_request *request,
                             mcps_grant *grant)
{
	(void)arg;
	(void)request;
	unfinished = grant;
	return MCPS_LATER;
}

static struct exchange *exchange;
static unsigned parks, wakes;

static void park(void *arg)
{
	(void)arg;
	parks++;
}

static void wake(void *arg)
{
	(void)arg;
	wakes++;
}

static void ask_hook(void)
{
	const struct exchange_glue glue = { .park = park, .wake = wake };
	const struct mcps_request request = {
		.method = mcps__method_find("DELETE"),
		.method_text = "DELETE",
		.path = "/mcp",
	};
	enum exchange_state state;

	forget_lines();
	parks = wakes = 0;
	harness.endpoint.identify = say_later;
	exchange =
		mcps__exchange_open(&harness.endpoint, &request, &glue, &state);
	ck_assert_int_eq(state, EXCHANGE_PARKED);
	ck_assert_uint_eq(parks, 1);
}

static void give_up_now(void)
{
	mcps__asking_give_up(&harness.endpoint,
	                     mcps__steady_ms(&harness.clock) - ASKING_MOST_MS);
}

static void answer_hook(void)
{
	ck_assert_int_eq(mcps_grant_subject(unfinished, NULL, "alice"),
	                 MCPS_OK);
	mcps_grant_finish(unfinished, MCPS_OK);
}

static void check_busy(void)
{
	ck_assert_uint_eq(wakes, 1);
	ck_assert_int_eq(mcps__exchange_run(exchange), EXCHANGE_READY);
	ck_assert_int_eq(mcps__exchange_plan(exchange)->status, 503);
}

START_TEST(request_after_the_drain_does_not_wait_for_the_hook)
{
	(void)mcps__drain(&harness.endpoint, 0);
	ask_hook();
	check_busy();
	mcps__exchange_close(exchange);
	answer_hook(); /* too late: dropped */
}
END_TEST

START_TEST(hook_that_never_answers_is_503_after_the_deadline)
{
	ask_hook();
	harness_pass(&harness, ASKING_MOST_MS);
	give_up_now();
	ck_assert_uint_eq(wakes, 0);
	harness_pass(&harness, 1);
	give_up_now();
	check_busy();
	mcps__exchange_close(exchange);
	ck_assert_uint_eq(harness_incidents(&harness, INCIDENT_AUTH_DEADLINE),
	                  1);
	ck_assert_ptr_nonnull(strstr(lines, "mcps_grant_finish()"));
	answer_hook(); /* after all: dropped, and its memory is released */
	ck_assert_uint_eq(wakes, 1);
}
END_TEST

START_TEST(answer_after_the_deadline_does_not_change_the_503)
{
	ask_hook();
	harness_pass(&harness, ASKING_MOST_MS + 1);
	give_up_now();
	answer_hook(); /* before the request goes on */
	check_busy();
	mcps__exchange_close(exchange);
}
END_TEST

START_TEST(hooks_that_do_not_answer_are_given_up_when_the_server_stops)
{
	ask_hook();
	mcps__asking_give_up(&harness.endpoint, INT64_MAX);
	check_busy();
	answer_hook();
	mcps__exchange_close(exchange);
}
END_TEST

START_TEST(hook_that_answers_in_time_is_not_given_up)
{
	ask_hook();
	answer_hook();
	harness_pass(&harness, ASKING_MOST_MS + 1);
	give_up_now();
	ck_assert_uint_eq(wakes, 1);
	ck_assert_int_eq(mcps__exchange_run(exchange), EXCHANGE_READING);
	mcps__exchange_close(exchange);
	ck_assert_uint_eq(harness_incidents(&harness, INCIDENT_AUTH_DEADLINE),
	                  0);
}
END_TEST

static int64_t hook_takes_ms;

static mcps_status think(void *arg, const mcps_request *request,
                         mcps_grant *grant)
{
	(void)arg;
	(void)request;
	harness_pass(&harness, hook_takes_ms);
	return mcps_grant_subject(grant, NULL, "alice");
}

START_TEST(hook_that_holds_its_thread_is_reported)
{
	harness.endpoint.identify = think;
	hook_takes_ms = 50;
	case_post(the_id, PING(1));
	ck_assert_uint_eq(harness_incidents(&harness, INCIDENT_AUTH_BLOCKS), 0);
	hook_takes_ms = 100;
	case_post(the_id, PING(1));
	ck_assert_uint_eq(harness_incidents(&harness, INCIDENT_AUTH_BLOCKS), 1);
	ck_assert_ptr_nonnull(strstr(lines, "auth_hook_blocks"));
}
END_TEST

TEST_MAIN("misuse")
{
	enum { NOT_QUICK = sizeof not_quick / sizeof *not_quick };

	test_fixture(statuses_set_up, case_tear_down);
	test_add_loop(quick_handler_that_needs_a_worker_is_logged_once,
	              NOT_QUICK);
	test_add_loop(handler_on_a_worker_may_do_all_that, NOT_QUICK);
	test_add(quick_handler_that_is_quick_is_not_logged);
	test_add(null_for_what_is_needed_is_logged_once_with_the_name);
	test_add(link_whose_size_is_not_set_is_logged_once_with_the_name);
	test_add(severity_of_another_scale_is_logged_once_and_nothing_is_sent);
	test_add(failure_with_null_for_its_words_is_a_failure);
	test_add(request_after_the_drain_does_not_wait_for_the_hook);
	test_add(hook_that_never_answers_is_503_after_the_deadline);
	test_add(answer_after_the_deadline_does_not_change_the_503);
	test_add(hooks_that_do_not_answer_are_given_up_when_the_server_stops);
	test_add(hook_that_holds_its_thread_is_reported);
	test_add(hook_that_answers_in_time_is_not_given_up);
}
