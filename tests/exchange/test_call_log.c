/* A server with the option log_calls logs each call: method, name, how it
 * ended. Any other server logs none. */
#include "exchange/status_case.h"

#include "http/drain.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static char journal[4096];

static void write_line(void *arg, enum mcps_log_level level, const char *module,
                       const char *text)
{
	size_t length = strlen(journal);

	(void)arg;
	if (level != MCPS_LOG_INFO || strncmp(text, "call ", 5) != 0)
		return;
	ck_assert_str_eq(module, "mcp");
	snprintf(journal + length, sizeof journal - length, "%s\n", text);
}

static void set_up(void)
{
	statuses_set_up();
	journal[0] = '\0';
	harness.mcp.log.write = write_line;
	harness.mcp.log_calls = true;
}

static void check_journal(const char *text)
{
	ck_assert_str_eq(journal, text);
	journal[0] = '\0';
}

static struct answer exchange(const char *body)
{
	return case_post(the_id, body);
}

static void passes_time(mcps_call *call)
{
	(void)call;
	harness_pass(&harness, 1234);
}

static void check_success(const struct kind *kind, enum manner manner)
{
	char line[200];
	const char *name = strchr(name_of(kind, manner), '"');

	(void)call_kind(kind, manner);
	ck_assert_msg(strstr(journal, name) != NULL, "%s", journal);
	snprintf(line, sizeof line, "%s ok ms=1234\n", name);
	ck_assert_msg(strcmp(strchr(journal, '"'), line) == 0, "%s", journal);
	journal[0] = '\0';
}

START_TEST(each_call_is_logged_with_its_name_and_how_long_it_took)
{
	before = passes_time;
	for_each(check_success);
	(void)call_kind(&kinds[0], ON_WORKER);
	check_journal("call tools/call \"works\" ok ms=1234\n");
}
END_TEST

static void fails(mcps_call *call)
{
	(void)mcps_fail(call, "no");
}

START_TEST(a_call_that_fails_is_logged_with_its_error)
{
	to_return = MCPS_E_STORE;
	(void)call_kind(&kinds[0], ON_WORKER);
	check_journal("call tools/call \"works\" failed with -32603 (Session "
	              "store failed, try again) ms=0\n");
	to_return = MCPS_E_TOOL;
	before = fails;
	(void)call_kind(&kinds[0], QUICK);
	check_journal("call tools/call \"quick\" isError ms=0\n");
}
END_TEST

static void fails_at_length(mcps_call *call)
{
	char text[8192];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	(void)mcps_text(call, "%s", text);
	(void)mcps_fail(call, "no");
}

START_TEST(a_call_that_fails_with_a_long_text_is_logged_as_a_failure)
{
	to_return = MCPS_E_TOOL;
	before = fails_at_length;
	(void)call_kind(&kinds[0], QUICK);
	check_journal("call tools/call \"quick\" isError ms=0\n");
	(void)call_kind(&kinds[0], ON_WORKER);
	check_journal("call tools/call \"works\" isError ms=0\n");
}
END_TEST

/* Neither names nor arguments of a client's making. */
START_TEST(other_methods_are_logged_too)
{
	(void)exchange(PING(1));
	check_journal("call ping ok ms=0\n");
	(void)exchange(CALL(1, "nobody", "{}"));
	check_journal("call tools/call failed with -32602 (Invalid params) "
	              "ms=0\n");
	(void)exchange(REQUEST(1, "no/such/method"));
	check_journal("call of an unknown method failed with -32601 (Method "
	              "not found) ms=0\n");
	(void)exchange(
		REQUEST_WITH(1, "logging/setLevel", "{\"level\":\"error\"}"));
	check_journal("call logging/setLevel ok ms=0\n");
	(void)exchange(NOTICE("notifications/initialized"));
	check_journal("");
}
END_TEST

START_TEST(a_call_that_the_drain_cut_off_is_logged_once)
{
	struct flight *flight = case_send(the_id, kinds[0].works);

	ck_assert(!mcps__drain(&harness.endpoint, 0));
	check_journal("call tools/call \"works\" failed with -32603 (Server is "
	              "stopping, try again) ms=0\n");
	ck_assert(harness_work(&harness));
	ck_assert_int_eq(harness_receive(flight).status, 503);
	check_journal("");
}
END_TEST

START_TEST(a_cancelled_call_is_logged_as_that)
{
	struct flight *flight = case_send(the_id, kinds[0].works);

	(void)exchange(
		NOTICE_WITH("notifications/cancelled", "{\"requestId\":1}"));
	ck_assert(harness_work(&harness));
	(void)harness_receive(flight);
	check_journal("call tools/call \"works\" cancelled ms=0\n");
}
END_TEST

START_TEST(without_the_option_no_call_is_logged)
{
	harness.mcp.log_calls = false;
	(void)call_kind(&kinds[0], ON_WORKER);
	(void)exchange(PING(1));
	check_journal("");
}
END_TEST

TEST_MAIN("call log")
{
	test_fixture(set_up, case_tear_down);
	test_add(each_call_is_logged_with_its_name_and_how_long_it_took);
	test_add(a_call_that_fails_is_logged_with_its_error);
	test_add(a_call_that_fails_with_a_long_text_is_logged_as_a_failure);
	test_add(other_methods_are_logged_too);
	test_add(a_call_that_the_drain_cut_off_is_logged_once);
	test_add(a_cancelled_call_is_logged_as_that);
	test_add(without_the_option_no_call_is_logged);
}
