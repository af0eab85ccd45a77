/* Batches: what 2025-03-26 has and no other revision. */
#include "exchange/case_harness.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *body, *answer; /* NULL: 202 */
} batches[] = {
	{ "[" PING(1) "]", "[" PONG(1) "]" },
	{ "[" PING(1) "," PING("two") "]", NULL /* set below */ },
	{ "[" PING(1) "," NOTICE("notifications/x") "," PING(2) "]",
	  "[" PONG(1) "," PONG(2) "]" },
	{ "[" NOTICE("notifications/x") "]", NULL },
	{ "[" NOTICE("notifications/x") "," NOTICE("y") "]", NULL },
	{ "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}]", NULL },
	{ "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}},{\"jsonrpc\":\"2.0\","
	  "\"id\":2,\"error\":{\"code\":1,\"message\":\"\"}}]",
	  NULL },
	{ "[" CALL(1, "count", "{}") "," CALL(2, "echo",
	                                      "{\"text\":\"x\"}") "]",
	  "[{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"content\":[{\"type\":"
	  "\"text\",\"text\":\"1\"}]}},{\"jsonrpc\":\"2.0\",\"id\":2,"
	  "\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}}]" },
	{ "[" PING(1) "," REQUEST(2, "no/such") "]",
	  "[" PONG(1) ",{\"jsonrpc\":\"2.0\",\"id\":2,\"error\":{\"code\":"
	              "-32601,\"message\":\"Method not found: no/such\"}}]" },
};

START_TEST(a_batch_of_2025_03_26_is_answered_as_one)
{
	const char *id = case_begin_with("2025-03-26");
	struct answer answer;

	if (_i == 1) {
		answer = case_post(id,
		                   "[" PING(1) ",{\"jsonrpc\":\"2.0\",\"id\":"
		                               "\"two\",\"method\":\"ping\"}]");
		answer_check_json(&answer, 200,
		                  "[" PONG(1) ",{\"jsonrpc\":\"2.0\",\"id\":"
		                              "\"two\",\"result\":{}}]");
		return;
	}
	answer = case_post(id, batches[_i].body);
	if (batches[_i].answer != NULL) {
		answer_check_json(&answer, 200, batches[_i].answer);
		return;
	}
	ck_assert_int_eq(answer.status, 202);
	ck_assert_int_eq(answer.kind, PLAN_EMPTY);
	ck_assert_uint_eq(answer.length, 0);
}
END_TEST

static const char *const mixed_batches[] = {
	"[]",
	"[" PING(1) ",{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}]",
	"[" NOTICE("x") ",{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}]",
	"[" INITIALIZE(1, "2025-03-26") "]",
	"[" PING(1) "," INITIALIZE(2, "2025-03-26") "]",
	"[" PING(1) ",7]",
	"[" PING(1) ",{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"ping\"}]",
};

START_TEST(a_mixed_or_empty_batch_or_one_that_initializes_is_refused_whole)
{
	const char *id = case_begin_with("2025-03-26");
	struct answer answer = case_post(id, mixed_batches[_i]);

	ck_assert_int_eq(answer.status, 400);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32600");
	ck_assert_ptr_null(strstr(answer.body, "\"id\""));
}
END_TEST

START_TEST(a_batch_has_at_most_so_many_messages)
{
	const char *id = case_begin_with("2025-03-26");
	char body[51 * 64] = "[";
	struct answer answer;

	for (int i = 0; i < 50; i++)
		strcat(body, i > 0 ? "," PING(1) : PING(1));
	strcat(body, "]");
	answer = case_post(id, body);
	ck_assert_int_eq(answer.status, 200);
	strcpy(body + strlen(body) - 1, "," PING(1) "]");
	answer = case_post(id, body);
	ck_assert_int_eq(answer.status, 400);
	ck_assert_str_eq(case_at(&answer, "error.message"),
	                 "Invalid request: more than 50 messages in a batch");
}
END_TEST

START_TEST(later_revisions_have_no_batches)
{
	static const char *const versions[] = { "2025-06-18", "2025-11-25" };
	const char *id = case_begin_with(versions[_i]);
	struct answer answer = case_post(id, "[" PING(1) "]");

	ck_assert_int_eq(answer.status, 400);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32600");
	ck_assert_ptr_null(strstr(answer.body, "\"id\""));
}
END_TEST

START_TEST(initialized_among_the_requests_of_a_batch_is_durable)
{
	const char *id = case_begin_with("2025-03-26");
	struct answer answer =
		case_post(id, "[" NOTICE("notifications/"
	                                 "initialized") "," PING(1) "]");

	answer_check_json(&answer, 200, "[" PONG(1) "]");
	ck_assert_uint_eq(harness_row(&harness, "alice", id).flags,
	                  SESSION_INITIALIZED);
}
END_TEST

TEST_MAIN("batches")
{
	test_fixture(case_set_up, case_tear_down);
	test_add_loop(a_batch_of_2025_03_26_is_answered_as_one, COUNT(batches));
	test_add_loop(
		a_mixed_or_empty_batch_or_one_that_initializes_is_refused_whole,
		COUNT(mixed_batches));
	test_add(a_batch_has_at_most_so_many_messages);
	test_add_loop(later_revisions_have_no_batches, 2);
	test_add(initialized_among_the_requests_of_a_batch_is_durable);
}
