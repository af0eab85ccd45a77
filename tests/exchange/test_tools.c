/* tools/list and tools/call as each revision knows them. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static const char *const versions[] = { "2025-03-26", "2025-06-18",
	                                "2025-11-25" };

static void check_tool_error(const struct answer *answer, const char *text)
{
	ck_assert_int_eq(answer->status, 200);
	ck_assert_ptr_null(case_at(answer, "error"));
	ck_assert_str_eq(case_at(answer, "result.isError"), "true");
	ck_assert_str_eq(answer_text(&harness, answer), text);
}

/* ---- tools/list ---------------------------------------------------------- */

START_TEST(a_list_shows_the_tools_in_order_as_the_revision_knows_them)
{
	struct answer answer = case_post(case_begin_with(versions[_i]),
	                                 REQUEST(1, "tools/list"));
	const char *title = case_at(&answer, "result.tools.0.title");
	char path[64];

	ck_assert_int_eq(answer.status, 200);
	for (int i = 0; test_tools[i].name != NULL; i++) {
		snprintf(path, sizeof path, "result.tools.%d.name", i);
		ck_assert_str_eq(case_at(&answer, path), test_tools[i].name);
		snprintf(path, sizeof path, "result.tools.%d.inputSchema.type",
		         i);
		ck_assert_str_eq(case_at(&answer, path), "object");
		snprintf(path, sizeof path, "result.tools.%d.outputSchema", i);
		ck_assert_ptr_null(case_at(&answer, path));
	}
	ck_assert_ptr_null(case_at(&answer, "result.nextCursor"));
	ck_assert_str_eq(case_at(&answer, "result.tools.0.description"),
	                 "Count \"up\"");
	ck_assert_str_eq(case_at(&answer, "result.tools.1.annotations"),
	                 "{\"readOnlyHint\":false,\"destructiveHint\":true,"
	                 "\"idempotentHint\":true}");
	ck_assert_str_eq(case_at(&answer, "result.tools.2.annotations"),
	                 "{\"readOnlyHint\":true}");
	ck_assert_ptr_null(case_at(&answer, "result.tools.0.annotations"));
	if (_i == 0)
		ck_assert_ptr_null(title);
	else
		ck_assert_str_eq(title, "Count");
}
END_TEST

static struct answer list_from(const char *id, const char *cursor)
{
	char body[256];

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\","
	         "\"params\":{\"cursor\":%s}}",
	         cursor);
	return case_post(id, body);
}

static const char *quoted(const char *text)
{
	char *made = malloc(strlen(text) + 3);

	sprintf(made, "\"%s\"", text);
	return harness_keep(&harness, made);
}

static void turn_pages(uint32_t size)
{
	harness.options.page_size = size;
	harness_restart(&harness, KEEP_ALL);
}

START_TEST(pages_follow_each_other_to_the_end_of_the_list)
{
	static const uint32_t sizes[] = { 1, 3, 9, 10, 11 };
	const char *id = case_begin_with("2025-06-18");
	const char *cursor = NULL;
	int seen = 0;

	turn_pages(sizes[_i]);
	do {
		struct answer answer =
			cursor == NULL ? case_post(id, REQUEST(1, "tools/list"))
				       : list_from(id, quoted(cursor));
		char path[64];

		for (uint32_t i = 0; i < sizes[_i]; i++) {
			snprintf(path, sizeof path, "result.tools.%u.name", i);
			if (case_at(&answer, path) == NULL)
				break;
			ck_assert_str_eq(case_at(&answer, path),
			                 test_tools[seen++].name);
		}
		cursor = case_at(&answer, "result.nextCursor");
	} while (cursor != NULL);
	ck_assert_ptr_null(test_tools[seen].name);
}
END_TEST

static const char *a_cursor(const char *id)
{
	struct answer answer = case_post(id, REQUEST(1, "tools/list"));

	return case_at(&answer, "result.nextCursor");
}

START_TEST(a_cursor_lives_over_a_restart_and_belongs_to_no_session)
{
	const char *cursor;
	struct answer answer;

	turn_pages(2);
	cursor = quoted(a_cursor(case_begin_with("2025-06-18")));
	harness_restart(&harness, KEEP_KEY);
	answer = list_from(case_begin_with("2025-03-26"), cursor);
	ck_assert_str_eq(case_at(&answer, "result.tools.0.name"), "get");
}
END_TEST

START_TEST(a_cursor_that_was_not_made_here_is_32602)
{
	static const char *const forged[] = {
		"\"\"",
		"\"0\"",
		"\"AAAAAgAAAAAAAAAAAAAAAAAAAAA\"",
		"\"!\"",
		"7",
		"true",
		"{}",
		"\"AAAAAA\"",
		"\"AAAAAgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""
	};
	const char *id = case_begin_with("2025-06-18");
	struct answer answer;

	turn_pages(2);
	answer = list_from(id, forged[_i]);
	case_check_error(&answer, "-32602", "Invalid params: no such cursor");
}
END_TEST

START_TEST(every_changed_letter_of_a_cursor_is_noticed)
{
	const char *id = case_begin_with("2025-06-18");
	char cursor[64];

	turn_pages(2);
	snprintf(cursor, sizeof cursor, "%s", quoted(a_cursor(id)));
	for (size_t i = 1; i + 1 < strlen(cursor); i++) {
		char kept = cursor[i];
		struct answer answer;

		cursor[i] = kept == 'A' ? 'B' : 'A';
		answer = list_from(id, cursor);
		ck_assert_str_eq(case_at(&answer, "error.code"), "-32602");
		cursor[i] = kept;
	}
}
END_TEST

START_TEST(a_cursor_of_another_list_begins_nowhere)
{
	static mcps_tool others[12];
	const char *id = case_begin_with("2025-06-18");
	const char *cursor;
	struct answer answer;

	turn_pages(2);
	cursor = quoted(a_cursor(id));
	memcpy(others, test_tools, 11 * sizeof others[0]);
	others[0].description = "Changed";
	harness.options.tools = others;
	harness_restart(&harness, KEEP_ALL);
	answer = list_from(id, cursor);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32602");
}
END_TEST

/* ---- tools/call: the request --------------------------------------------- */

START_TEST(a_call_without_a_tool_is_32602_in_every_revision)
{
	static const struct {
		const char *params, *message;
	} cases[] = {
		{ "{}", "Invalid params: params.name must be a string" },
		{ "{\"name\":7}",
		  "Invalid params: params.name must be a string" },
		{ "{\"name\":\"no\"}", "Invalid params: unknown tool \"no\"" },
		{ "{\"name\":\"Echo\"}",
		  "Invalid params: unknown tool \"Echo\"" },
		{ "{\"name\":\"echo\\u0000\"}",
		  "Invalid params: no such tool" },
		{ "{\"name\":\"\"}", "Invalid params: unknown tool \"\"" },
		{ "{\"name\":\"echo\",\"arguments\":[]}",
		  "Invalid params: params.arguments must be an object" },
	};
	const char *id = case_begin_with(versions[_i]);

	for (int i = 0; i < COUNT(cases); i++) {
		char body[256];
		struct answer answer;

		snprintf(body, sizeof body,
		         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
		         "\"tools/call\",\"params\":%s}",
		         cases[i].params);
		answer = case_post(id, body);
		case_check_error(&answer, "-32602", cases[i].message);
	}
}
END_TEST

START_TEST(a_call_without_params_is_32602)
{
	struct answer answer = case_post(case_begin_with("2025-06-18"),
	                                 REQUEST(1, "tools/call"));

	case_check_error(&answer, "-32602",
	                 "Invalid params: params.name must be a string");
}
END_TEST

START_TEST(a_very_long_name_names_no_tool)
{
	char body[512];
	char name[301];
	struct answer answer;

	memset(name, 'a', 300);
	name[300] = '\0';
	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
	         "\"params\":{\"name\":\"%s\"}}",
	         name);
	answer = case_post(case_begin_with("2025-06-18"), body);
	case_check_error(&answer, "-32602", "Invalid params: no such tool");
}
END_TEST

START_TEST(bad_arguments_are_an_error_until_2025_11_25_makes_them_a_result)
{
	static const char *const arguments[] = {
		CALL(1, "echo", "{}"),
		CALL(1, "echo", "{\"text\":7}"),
		CALL(1, "echo", "{\"text\":\"12345678901\"}"),
		CALL(1, "echo", "{\"text\":\"x\",\"times\":4}"),
		CALL(1, "echo", "{\"text\":\"x\",\"unknown\":1}"),
	};
	const char *id = case_begin_with(versions[_i]);

	for (int i = 0; i < COUNT(arguments); i++) {
		struct answer answer = case_post(id, arguments[i]);

		ck_assert_int_eq(answer.status, 200);
		if (_i < 2) {
			ck_assert_str_eq(case_at(&answer, "error.code"),
			                 "-32602");
			continue;
		}
		ck_assert_str_eq(case_at(&answer, "result.isError"), "true");
		ck_assert_str_eq(case_at(&answer, "result.content.0.type"),
		                 "text");
	}
}
END_TEST

/* 2025-11-25, Tasks: who declares no tasks "MUST process requests [...] as
 * normal requests, ignoring any task-augmentation metadata". */
START_TEST(a_wish_for_a_task_changes_nothing)
{
	const char *id = case_begin_with(versions[_i]);
	struct answer plain =
		case_post(id, CALL(1, "echo", "{\"text\":\"x\"}"));
	struct answer wished =
		case_post(id, REQUEST_WITH(1, "tools/call",
	                                   "{\"name\":\"echo\",\"arguments\":{"
	                                   "\"text\":\"x\"},\"task\":{\"ttl\":"
	                                   "60000}}"));

	ck_assert_int_eq(plain.status, 200);
	answer_check_json(&wished, 200, plain.body);
	ck_assert_str_eq(answer_text(&harness, &wished), "x");
}
END_TEST

START_TEST(arguments_may_be_left_out)
{
	struct answer answer = case_post(
		case_begin_with("2025-06-18"),
		REQUEST_WITH(1, "tools/call", "{\"name\":\"count\"}"));

	ck_assert_str_eq(answer_text(&harness, &answer), "1");
	answer = case_post(case_begin_with("2025-06-18"),
	                   REQUEST_WITH(1, "tools/call", "{\"name\":\"raw\"}"));
	ck_assert_str_eq(answer_text(&harness, &answer), "{}");
}
END_TEST

START_TEST(a_tool_with_a_schema_text_gets_the_object_as_it_is)
{
	struct answer answer =
		case_post(case_begin_with("2025-06-18"),
	                  CALL(1, "raw", "{\"a\":[1,\"\\u00e9\"],\"b\":null}"));

	ck_assert_str_eq(answer_text(&harness, &answer),
	                 "{\"a\":[1,\"\xc3\xa9\"],\"b\":null}");
}
END_TEST

/* ---- tools/call: the result ---------------------------------------------- */

START_TEST(a_structured_result_is_what_the_revision_knows)
{
	static const char text[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{"
		"\"type\":\"text\",\"text\":\"{\\\"answer\\\":42}\"}]}}";
	static const char both[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{"
		"\"type\":\"text\",\"text\":\"{\\\"answer\\\":42}\"}],"
		"\"structuredContent\":{\"answer\":42}}}";
	struct answer answer = case_post(case_begin_with(versions[_i]),
	                                 CALL(1, "structured", "{}"));

	answer_check_json(&answer, 200, _i == 0 ? text : both);
}
END_TEST

START_TEST(a_call_knows_whose_it_is_and_in_which_session)
{
	struct answer answer = case_post(case_begin_with(versions[_i]),
	                                 CALL(1, "whoami", "{}"));
	char expected[64];

	snprintf(expected, sizeof expected, "alice created %s ", versions[_i]);
	ck_assert_mem_eq(answer_text(&harness, &answer), expected,
	                 strlen(expected));
	ck_assert_ptr_nonnull(strstr(answer_text(&harness, &answer), " test"));
}
END_TEST

START_TEST(a_tool_that_fails_says_so_in_a_result)
{
	struct answer answer =
		case_post(case_begin_with(versions[_i]),
	                  CALL(1, "fail_after_put", "{\"how\":\"tool\"}"));

	check_tool_error(&answer, "failed as told: tool");
}
END_TEST

/* A status that a handler returns is about its call; whether the session, the
 * credential or the path is good was decided before it ran. */
START_TEST(no_status_of_a_handler_is_mistaken_for_one_of_http)
{
	static const struct {
		const char *body, *code;
		int status;
	} cases[] = {
		{ CALL(1, "fail_after_put", "{\"how\":\"invalid\"}"), "-32603",
		  200 },
		{ CALL(1, "fail_after_put", "{\"how\":\"gone\"}"), "-32603",
		  200 },
		{ CALL(1, "fail_after_put", "{\"how\":\"later\"}"), "-32603",
		  200 },
		{ CALL(1, "fail_after_put", "{\"how\":\"auth\"}"), "-32603",
		  200 },
		{ CALL(1, "fail_after_put", "{\"how\":\"forbidden\"}"),
		  "-32600", 200 },
		{ CALL(1, "fail_after_put", "{\"how\":\"not found\"}"),
		  "-32603", 200 },
		{ CALL(1, "fail_after_put", "{\"how\":\"too large\"}"),
		  "-32603", 200 },
		{ CALL(1, "fail_after_put", "{\"how\":\"too much state\"}"),
		  "-32603", 200 },
		{ CALL(1, "fail_after_put", "{\"how\":\"no state\"}"), "-32603",
		  200 },
		{ CALL(1, "fail_after_put", "{\"how\":\"store\"}"), "-32603",
		  200 },
	};
	const char *id = case_begin_with("2025-06-18");
	struct answer answer = case_post(id, cases[_i].body);

	ck_assert_int_eq(answer.status, cases[_i].status);
	ck_assert_str_eq(case_at(&answer, "error.code"), cases[_i].code);
	ck_assert_str_eq(case_at(&answer, "id"), "1");
	ck_assert_ptr_null(answer.challenge);
	ck_assert_ptr_null(harness_state(&harness, "alice", id, "n"));
	ck_assert_int_eq(case_ping(id), 200);
}
END_TEST

START_TEST(who_gives_up_uncancelled_owes_an_answer)
{
	struct answer answer =
		case_post(case_begin_with("2025-06-18"),
	                  CALL(1, "fail_after_put", "{\"how\":\"cancelled\"}"));

	check_tool_error(&answer, "the tool gave up");
}
END_TEST

TEST_MAIN("tools")
{
	test_fixture(case_set_up, case_tear_down);
	test_add_loop(
		a_list_shows_the_tools_in_order_as_the_revision_knows_them, 3);
	test_add_loop(pages_follow_each_other_to_the_end_of_the_list, 5);
	test_add(a_cursor_lives_over_a_restart_and_belongs_to_no_session);
	test_add_loop(a_cursor_that_was_not_made_here_is_32602, 9);
	test_add(every_changed_letter_of_a_cursor_is_noticed);
	test_add(a_cursor_of_another_list_begins_nowhere);
	test_add_loop(a_call_without_a_tool_is_32602_in_every_revision, 3);
	test_add(a_call_without_params_is_32602);
	test_add(a_very_long_name_names_no_tool);
	test_add_loop(
		bad_arguments_are_an_error_until_2025_11_25_makes_them_a_result,
		3);
	test_add_loop(a_wish_for_a_task_changes_nothing, COUNT(versions));
	test_add(arguments_may_be_left_out);
	test_add(a_tool_with_a_schema_text_gets_the_object_as_it_is);
	test_add_loop(a_structured_result_is_what_the_revision_knows, 3);
	test_add_loop(a_call_knows_whose_it_is_and_in_which_session, 3);
	test_add_loop(a_tool_that_fails_says_so_in_a_result, 3);
	test_add_loop(no_status_of_a_handler_is_mistaken_for_one_of_http, 10);
	test_add(who_gives_up_uncancelled_owes_an_answer);
}
