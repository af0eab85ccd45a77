/* From initialize to the last message: what a well-behaved client gets, and
 * what is refused by headers, media types and sizes. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void set_up(void)
{
	harness_init(&harness,
	             &(const struct harness_options){ .tools = test_tools,
	                                              .max_body = 64 * 1024 });
}

/* ---- initialize ---------------------------------------------------------- */

START_TEST(initialize_answers_with_the_revision_asked_for_if_it_is_served)
{
	static const struct {
		const char *asked, *answered;
	} cases[] = {
		{ "2025-03-26", "2025-03-26" }, { "2025-06-18", "2025-06-18" },
		{ "2025-11-25", "2025-11-25" }, { "2024-11-05", "2024-11-05" },
		{ "2024-10-07", "2025-11-25" }, { "2026-07-28", "2025-11-25" },
		{ "", "2025-11-25" },           { "2025-06-1", "2025-11-25" },
		{ "1.0", "2025-11-25" },
	};
	char body[512];
	struct answer answer;

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
	         "\"params\":{\"protocolVersion\":\"%s\",\"capabilities\":{},"
	         "\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}",
	         cases[_i].asked);
	answer = case_post(NULL, body);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_int_eq(answer.kind, PLAN_JSON);
	ck_assert_str_eq(case_at(&answer, "result.protocolVersion"),
	                 cases[_i].answered);
	ck_assert_uint_eq(strlen(answer.session_id), ID_TEXT_LENGTH);
}
END_TEST

START_TEST(server_info_has_what_the_revision_knows)
{
	static const struct {
		const char *version, *result;
	} cases[] = {
		{ "2025-03-26",
		  "{\"protocolVersion\":\"2025-03-26\",\"capabilities\":{"
		  "\"logging\":{},\"tools\":{}},\"serverInfo\":{\"name\":"
		  "\"harness\","
		  "\"version\":\"1.2.3\"},\"instructions\":\"Call the "
		  "tools.\"}" },
		{ "2025-06-18",
		  "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{"
		  "\"logging\":{},\"tools\":{}},\"serverInfo\":{\"name\":"
		  "\"harness\","
		  "\"version\":\"1.2.3\",\"title\":\"The "
		  "\\\"Harness\\\"\"},\"instructions\":\"Call the "
		  "tools.\"}" },
		{ "2025-11-25",
		  "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{"
		  "\"logging\":{},\"tools\":{}},\"serverInfo\":{\"name\":"
		  "\"harness\","
		  "\"version\":\"1.2.3\",\"title\":\"The \\\"Harness\\\"\","
		  "\"description\":\"A server without "
		  "sockets\",\"websiteUrl\":\"https://harness.test/\"},"
		  "\"instructions\":\"Call the tools.\"}" },
	};
	char body[512];
	char expected[1024];
	struct answer answer;

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"method\":\"initialize\","
	         "\"params\":{\"protocolVersion\":\"%s\",\"capabilities\":{},"
	         "\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"}}}",
	         cases[_i].version);
	snprintf(expected, sizeof expected,
	         "{\"jsonrpc\":\"2.0\",\"id\":\"i\",\"result\":%s}",
	         cases[_i].result);
	answer = case_post(NULL, body);
	answer_check_json(&answer, 200, expected);
}
END_TEST

static const struct {
	const char *params, *why;
} bad_params[] = {
	{ "{}", "params.protocolVersion must be a string" },
	{ "{\"protocolVersion\":20250618}",
	  "params.protocolVersion must be a string" },
	{ "{\"protocolVersion\":null}",
	  "params.protocolVersion must be a string" },
	{ "{\"protocolVersion\":\"2025-06-18\"}",
	  "params.capabilities must be an object" },
	{ "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":[]}",
	  "params.capabilities must be an object" },
	{ "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{}}",
	  "params.clientInfo must be an object" },
	{ "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},"
	  "\"clientInfo\":\"me\"}",
	  "params.clientInfo must be an object" },
	{ "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},"
	  "\"clientInfo\":{\"name\":\"me\"}}",
	  "params.clientInfo must have a name and a version" },
	{ "{\"protocolVersion\":\"2025-06-18\",\"capabilities\":{},"
	  "\"clientInfo\":{\"name\":1,\"version\":\"1\"}}",
	  "params.clientInfo must have a name and a version" },
};

START_TEST(initialize_with_bad_params_is_a_json_rpc_error_and_makes_nothing)
{
	char body[512];
	char expected[512];
	unsigned inserts =
		store_double_count(&harness.store, OP_session_insert);
	struct answer answer;

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
	         "\"params\":%s}",
	         bad_params[_i].params);
	snprintf(expected, sizeof expected,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602,"
	         "\"message\":\"Invalid params: %s\"}}",
	         bad_params[_i].why);
	answer = case_post(NULL, body);
	answer_check_json(&answer, 200, expected);
	ck_assert_str_eq(answer.session_id, "");
	ck_assert_uint_eq(store_double_count(&harness.store, OP_session_insert),
	                  inserts);
}
END_TEST

START_TEST(initialize_without_params_is_invalid)
{
	struct answer answer = case_post(NULL, REQUEST(1, "initialize"));

	answer_check_json(&answer, 200,
	                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":"
	                  "-32602,\"message\":\"Invalid params: params are "
	                  "missing\"}}");
}
END_TEST

START_TEST(what_the_client_can_do_is_kept_with_the_session)
{
	struct answer answer = case_post(
		NULL,
		REQUEST_WITH(1, "initialize",
	                     "{\"protocolVersion\":\"2025-11-25\","
	                     "\"capabilities\":{\"roots\":{\"listChanged\":"
	                     "true},\"sampling\":{\"tools\":{}},"
	                     "\"elicitation\":{\"form\":{},\"url\":{}},"
	                     "\"unknown\":{\"x\":1}},\"clientInfo\":{"
	                     "\"name\":\"n\",\"version\":\"v\"}}"));
	struct mcps_session_row row =
		harness_row(&harness, "alice", answer.session_id);

	ck_assert_uint_eq(row.capabilities,
	                  CLIENT_ROOTS | CLIENT_ROOTS_CHANGED |
	                          CLIENT_SAMPLING | CLIENT_SAMPLING_TOOLS |
	                          CLIENT_ELICITATION | CLIENT_ELICITATION_URL);
	ck_assert_uint_eq(row.revision, 20251125);
}
END_TEST

START_TEST(a_very_long_client_name_is_cut_at_a_character)
{
	char body[2048];
	char name[601];
	struct answer answer;
	const char *text;

	for (int i = 0; i < 300; i++)
		memcpy(name + 2 * i, "\xc3\xa9", 3);
	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
	         "\"params\":{\"protocolVersion\":\"2025-06-18\","
	         "\"capabilities\":{},\"clientInfo\":{\"name\":\"%s\","
	         "\"version\":\"%s\"}}}",
	         name, name);
	answer = case_post(NULL, body);
	ck_assert_int_eq(answer.status, 200);
	harness_restart(&harness, KEEP_ALL);
	answer = case_post(harness_keep(&harness, strdup(answer.session_id)),
	                   CALL(2, "whoami", "{}"));
	text = strrchr(answer_text(&harness, &answer), ' ') + 1;
	ck_assert_uint_eq(strlen(text), 248);
	ck_assert_mem_eq(text, name, 248);
}
END_TEST

START_TEST(without_entropy_no_session_begins)
{
	struct answer answer;

	atomic_store(&harness.time.has_no_entropy, true);
	answer = case_post(NULL, INITIALIZE(1, "2025-06-18"));
	ck_assert_int_eq(answer.status, 503);
	ck_assert_str_eq(answer.session_id, "");
	ck_assert_int_eq(harness_live(&harness, "alice"), 0);
}
END_TEST

/* ---- after it ------------------------------------------------------------ */

START_TEST(initialized_is_remembered_over_a_restart)
{
	const char *id = case_begin();
	struct answer answer =
		case_post(id, NOTICE("notifications/initialized"));

	ck_assert_int_eq(answer.status, 202);
	ck_assert_int_eq(answer.kind, PLAN_EMPTY);
	ck_assert_uint_eq(answer.length, 0);
	ck_assert_uint_eq(harness_row(&harness, "alice", id).flags,
	                  SESSION_INITIALIZED);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_uint_eq(harness_row(&harness, "alice", id).flags,
	                  SESSION_INITIALIZED);
}
END_TEST

START_TEST(a_second_initialized_writes_nothing)
{
	const char *id = case_begin();
	unsigned before;

	case_post(id, NOTICE("notifications/initialized"));
	before = store_double_total(&harness.store);
	ck_assert_int_eq(
		case_post(id, NOTICE("notifications/initialized")).status, 202);
	ck_assert_uint_eq(store_double_total(&harness.store), before);
}
END_TEST

START_TEST(methods_work_before_initialized_was_said)
{
	const char *id = case_begin();
	struct answer answer = case_post(id, PING(1));

	answer_check_json(&answer, 200, PONG(1));
	ck_assert_int_eq(case_post(id, REQUEST(2, "tools/list")).status, 200);
}
END_TEST

START_TEST(an_unknown_method_is_32601_with_200)
{
	const char *id = case_begin();
	static const char *const methods[] = {
		"no/such",        "Ping",
		"tools/call ",    "",
		"resources/list", "server/discover",
		"tasks/list",     "notifications/initialized"
	};
	char body[256];
	struct answer answer;

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"%s\"}",
	         methods[_i]);
	answer = case_post(id, body);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32601");
	ck_assert_str_eq(case_at(&answer, "id"), "5");
}
END_TEST

START_TEST(notifications_and_responses_are_accepted_with_202_and_nothing)
{
	static const char *const bodies[] = {
		NOTICE("notifications/initialized"),
		NOTICE("notifications/roots/list_changed"),
		NOTICE("no/such"),
		NOTICE("ping"),
		NOTICE("initialize"),
		NOTICE_WITH("notifications/cancelled", "{}"),
		NOTICE_WITH("notifications/cancelled", "{\"requestId\":99}"),
		NOTICE_WITH("notifications/cancelled", "{\"requestId\":{}}"),
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
		"{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":-1,"
		"\"message\":\"no\"}}",
		"{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-1,\"message\":\"\"}"
		"}",
	};
	const char *id = case_begin();

	for (int i = 0; i < COUNT(bodies); i++) {
		struct answer answer = case_post(id, bodies[i]);

		ck_assert_msg(answer.status == 202, "%s", bodies[i]);
		ck_assert_int_eq(answer.kind, PLAN_EMPTY);
		ck_assert_uint_eq(answer.length, 0);
		ck_assert_str_eq(answer.session_id, "");
	}
}
END_TEST

START_TEST(an_id_comes_back_exactly_as_it_was_written)
{
	static const char *const ids[] = {
		"0",
		"-7",
		"9007199254740993",
		"123456789012345678901234567890",
		"\"\"",
		"\"a\"",
		"\"\\u00e9\\n\\\"\\/\"",
		"\"\xc3\xa9\"",
		"\"\\ud83d\\ude00\"",
		"\"1\"",
	};
	const char *id = case_begin();
	char body[256];
	char expected[256];
	struct answer answer;

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":%s,\"method\":\"ping\"}",
	         ids[_i]);
	snprintf(expected, sizeof expected,
	         "{\"jsonrpc\":\"2.0\",\"id\":%s,\"result\":{}}", ids[_i]);
	answer = case_post(id, body);
	answer_check_json(&answer, 200, expected);
}
END_TEST

/* ---- what is no message -------------------------------------------------- */

static const struct {
	const char *body, *code, *id; /* NULL: no id in the answer */
} bad_bodies[] = {
	{ "", "-32700", NULL },
	{ "{", "-32700", NULL },
	{ "null", "-32600", NULL },
	{ "7", "-32600", NULL },
	{ "\"ping\"", "-32600", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} x", "-32700",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"id\":2,\"method\":\"ping\"}",
	  "-32700", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":{"
	  "\"a\":NaN}}",
	  "-32700", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pi\nng\"}", "-32700",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\ud800\"}", "-32700",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", "-32700",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\\u0000\":\"ping\"}", "-32700",
	  NULL },
	{ "{}", "-32600", NULL },
	{ "{\"id\":1,\"method\":\"ping\"}", "-32600", "1" },
	{ "{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", "-32600", "1" },
	{ "{\"jsonrpc\":2.0,\"id\":1,\"method\":\"ping\"}", "-32600", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}", "-32600",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1.5,\"method\":\"ping\"}", "-32600",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1e0,\"method\":\"ping\"}", "-32600",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":true,\"method\":\"ping\"}", "-32600",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", "-32600",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":7}", "-32600", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"params\":[]}",
	  "-32600", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"Method\":\"ping\"}", "-32600", "1" },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{},\"error\":{}}", "-32600",
	  NULL },
	{ "{\"jsonrpc\":\"2.0\",\"result\":{}}", "-32600", NULL },
	{ "{\"jsonrpc\":\"2.0\",\"id\":1}", "-32600", "1" },
	{ "[]", "-32600", NULL },
	{ "[1]", "-32600", NULL },
	{ "[[" PING(1) "]]", "-32600", NULL },
};

START_TEST(what_is_no_message_is_400_before_any_session_is_looked_for)
{
	unsigned before = store_double_total(&harness.store);
	struct answer answer = case_post("some-id", bad_bodies[_i].body);

	ck_assert_msg(answer.status == 400, "%s: %d", bad_bodies[_i].body,
	              answer.status);
	ck_assert_int_eq(answer.kind, PLAN_JSON);
	ck_assert_str_eq(case_at(&answer, "error.code"), bad_bodies[_i].code);
	if (bad_bodies[_i].id != NULL)
		ck_assert_str_eq(case_at(&answer, "id"), bad_bodies[_i].id);
	else
		ck_assert_ptr_null(strstr(answer.body, "\"id\""));
	ck_assert_uint_eq(store_double_total(&harness.store), before);
}
END_TEST

START_TEST(a_nul_byte_ends_no_body)
{
	static const char body[] = PING(1) "\0" PING(2);
	struct answer answer =
		EXCHANGE(&harness, .caller = "alice", .id = "x", .body = body,
	                 .body_length = sizeof body - 1);

	ck_assert_int_eq(answer.status, 400);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32700");
}
END_TEST

TEST_MAIN("life cycle")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(
		initialize_answers_with_the_revision_asked_for_if_it_is_served,
		9);
	test_add_loop(server_info_has_what_the_revision_knows, 3);
	test_add_loop(
		initialize_with_bad_params_is_a_json_rpc_error_and_makes_nothing,
		COUNT(bad_params));
	test_add(initialize_without_params_is_invalid);
	test_add(what_the_client_can_do_is_kept_with_the_session);
	test_add(a_very_long_client_name_is_cut_at_a_character);
	test_add(without_entropy_no_session_begins);
	test_add(initialized_is_remembered_over_a_restart);
	test_add(a_second_initialized_writes_nothing);
	test_add(methods_work_before_initialized_was_said);
	test_add_loop(an_unknown_method_is_32601_with_200, 8);
	test_add(notifications_and_responses_are_accepted_with_202_and_nothing);
	test_add_loop(an_id_comes_back_exactly_as_it_was_written, 10);
	test_add_loop(
		what_is_no_message_is_400_before_any_session_is_looked_for,
		COUNT(bad_bodies));
	test_add(a_nul_byte_ends_no_body);
}
