/* State of tools: committed with a call's result or not at all, bounded, and
 * nobody else's. */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "suite.h"

#include <json-c/json.h>
#include <mcps/call.h>
#include <mcps/state.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a tool whose body is the test's ------------------------------------- */

static mcps_status (*body)(mcps_call *call);

static mcps_status run_body(mcps_call *call, const void *args)
{
	mcps_status status = body(call);

	(void)args;
	return status == MCPS_OK ? mcps_text(call, "fine") : status;
}

static mcps_tool tools[16];

static void set_up(void)
{
	int count = 0;

	while (test_tools[count].name != NULL) {
		tools[count] = test_tools[count];
		count++;
	}
	tools[count++] = (mcps_tool){ .size = sizeof(mcps_tool),
		                      .name = "body",
		                      .run = run_body };
	tools[count].name = NULL;
	harness_init(&harness,
	             &(const struct harness_options){ .tools = tools });
}

static const char *begin(const char *caller)
{
	return harness_begin(&harness, caller, "2025-06-18");
}

static struct answer call(const char *caller, const char *id, const char *text)
{
	return EXCHANGE(&harness, .caller = caller, .id = id, .body = text);
}

static const char *says(const char *caller, const char *id, const char *text)
{
	struct answer answer = call(caller, id, text);

	return answer_text(&harness, &answer);
}

static struct answer run(const char *id, mcps_status (*what)(mcps_call *))
{
	body = what;
	return call("alice", id, CALL(1, "body", "{}"));
}

static void check_fine(const struct answer *answer)
{
	ck_assert_int_eq(answer->status, 200);
	ck_assert_str_eq(answer_text(&harness, answer), "fine");
}

static const char *code(const struct answer *answer)
{
	return case_at(answer, "error.code");
}

static const char *stored(const char *id, const char *key)
{
	return harness_state(&harness, "alice", id, key);
}

#define COUNT_SESSION   CALL(1, "count", "{}")
#define COUNT_PRINCIPAL CALL(1, "count", "{\"scope\":\"principal\"}")

/* ---- put, get, delete, add ----------------------------------------------- */

START_TEST(what_was_put_is_got_in_later_calls_and_after_a_restart)
{
	static const char *const values[] = {
		"7",
		"\"text \xc3\xa9 \\\" \\n\"",
		"{\"a\":[1,2,{\"b\":null}]}",
		"null",
		"true",
		"1.5",
		"[]",
		"\"\"",
	};
	const char *id = begin("alice");
	char text[512];

	snprintf(text, sizeof text,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
	         "\"params\":{\"name\":\"put\",\"arguments\":{\"key\":\"k\","
	         "\"value\":%s}}}",
	         values[_i]);
	ck_assert_str_eq(says("alice", id, text), "put");
	ck_assert_str_eq(says("alice", id, CALL(2, "get", "{\"key\":\"k\"}")),
	                 values[_i]);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_str_eq(says("alice", id, CALL(3, "get", "{\"key\":\"k\"}")),
	                 values[_i]);
}
END_TEST

START_TEST(what_is_not_there_is_no_state)
{
	const char *id = begin("alice");
	struct answer answer =
		call("alice", id, CALL(1, "get", "{\"key\":\"k\"}"));

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(code(&answer), "-32603");
	answer = call("alice", id, CALL(1, "delete", "{\"key\":\"k\"}"));
	ck_assert_str_eq(code(&answer), "-32603");
}
END_TEST

START_TEST(what_was_deleted_is_gone)
{
	const char *id = begin("alice");
	struct answer answer;

	says("alice", id, CALL(1, "put", "{\"key\":\"k\",\"value\":1}"));
	ck_assert_str_eq(
		says("alice", id, CALL(1, "delete", "{\"key\":\"k\"}")),
		"deleted");
	ck_assert_ptr_null(stored(id, "k"));
	answer = call("alice", id, CALL(1, "get", "{\"key\":\"k\"}"));
	ck_assert_str_eq(code(&answer), "-32603");
	ck_assert_str_eq(says("alice", id,
	                      CALL(1, "put", "{\"key\":\"k\",\"value\":2}")),
	                 "put");
	ck_assert_str_eq(stored(id, "k"), "2");
}
END_TEST

static mcps_status see_own_changes(mcps_call *it)
{
	struct json_object *value;
	int64_t sum;

	ck_assert_int_eq(mcps_state_get(it, "k", &value), MCPS_E_NO_STATE);
	ck_assert_ptr_null(value);
	ck_assert_int_eq(mcps_state_add(it, "k", 5, &sum), MCPS_OK);
	ck_assert_int_eq(sum, 5);
	ck_assert_int_eq(mcps_state_get(it, "k", &value), MCPS_OK);
	ck_assert_int_eq(json_object_get_int64(value), 5);
	json_object_put(value);
	ck_assert_int_eq(mcps_state_add(it, "k", -7, &sum), MCPS_OK);
	ck_assert_int_eq(sum, -2);
	ck_assert_int_eq(mcps_state_delete(it, "k"), MCPS_OK);
	ck_assert_int_eq(mcps_state_delete(it, "k"), MCPS_E_NO_STATE);
	ck_assert_int_eq(mcps_state_get(it, "k", &value), MCPS_E_NO_STATE);
	ck_assert_int_eq(mcps_state_put(it, "k", NULL), MCPS_OK);
	ck_assert_int_eq(mcps_state_get(it, "k", &value), MCPS_OK);
	ck_assert_ptr_null(value);
	return mcps_state_delete(it, "k");
}

START_TEST(a_call_sees_its_own_changes_first)
{
	const char *id = begin("alice");
	struct answer answer = run(id, see_own_changes);

	check_fine(&answer);
	ck_assert_ptr_null(stored(id, "k"));
}
END_TEST

static mcps_status add_wrongly(mcps_call *it)
{
	int64_t sum;

	ck_assert_int_eq(
		mcps_state_put(it, "text", json_object_new_string("1")),
		MCPS_OK);
	ck_assert_int_eq(mcps_state_add(it, "text", 1, &sum),
	                 MCPS_E_STATE_TYPE);
	ck_assert_int_eq(
		mcps_state_put(it, "most", json_object_new_int64(INT64_MAX)),
		MCPS_OK);
	ck_assert_int_eq(mcps_state_add(it, "most", 1, &sum),
	                 MCPS_E_STATE_TYPE);
	ck_assert_int_eq(mcps_state_add(it, "most", 0, NULL), MCPS_OK);
	ck_assert_int_eq(mcps_state_add(it, "least", INT64_MIN, &sum), MCPS_OK);
	ck_assert_int_eq(mcps_state_add(it, "least", -1, &sum),
	                 MCPS_E_STATE_TYPE);
	return MCPS_OK;
}

START_TEST(adding_wants_an_integer_and_room_for_the_sum)
{
	const char *id = begin("alice");
	struct answer answer = run(id, add_wrongly);

	check_fine(&answer);
	ck_assert_str_eq(stored(id, "most"), "9223372036854775807");
	ck_assert_str_eq(stored(id, "least"), "-9223372036854775808");
	ck_assert_str_eq(stored(id, "text"), "\"1\"");
}
END_TEST

static mcps_status use_bad_keys(mcps_call *it)
{
	struct json_object *value;
	char key[257];

	memset(key, 'k', 256);
	key[256] = '\0';
	ck_assert_int_eq(mcps_state_get(it, key, &value), MCPS_E_INVAL);
	ck_assert_int_eq(mcps_state_get(it, "", &value), MCPS_E_INVAL);
	ck_assert_int_eq(mcps_state_get(it, NULL, &value), MCPS_E_INVAL);
	ck_assert_int_eq(mcps_state_put(it, "", json_object_new_int(1)),
	                 MCPS_E_INVAL);
	ck_assert_int_eq(mcps_state_add(it, key, 1, NULL), MCPS_E_INVAL);
	ck_assert_int_eq(mcps_state_delete(it, ""), MCPS_E_INVAL);
	key[255] = '\0';
	return mcps_state_add(it, key, 1, NULL);
}

START_TEST(keys_have_1_to_255_bytes)
{
	struct answer answer = run(begin("alice"), use_bad_keys);

	check_fine(&answer);
}
END_TEST

/* ---- with the result or not at all --------------------------------------- */

START_TEST(a_handler_that_fails_changes_nothing)
{
	static const char *const ways[] = {
		CALL(1, "fail_after_put", "{\"how\":\"tool\"}"),
		CALL(1, "fail_after_put", "{\"how\":\"invalid\"}"),
		CALL(1, "fail_after_put", "{\"how\":\"cancelled\"}"),
		CALL(1, "fail_after_put", "{\"how\":\"store\"}"),
	};
	const char *id = begin("alice");

	says("alice", id, COUNT_SESSION);
	call("alice", id, ways[_i]);
	ck_assert_str_eq(stored(id, "n"), "1");
	ck_assert_str_eq(says("alice", id, COUNT_SESSION), "2");
	call("alice", id, CALL(1, "fail_after_put", "{\"how\":\"ok\"}"));
	ck_assert_str_eq(stored(id, "n"), "99");
}
END_TEST

static mcps_status change_two(mcps_call *it)
{
	ck_assert_int_eq(mcps_state_add(it, "one", 1, NULL), MCPS_OK);
	return mcps_state_add(it, "two", 1, NULL);
}

START_TEST(several_changes_are_kept_together_or_not_at_all)
{
	const char *id = begin("alice");
	unsigned commits = store_double_count(&harness.store, OP_commit);
	struct answer answer;

	store_double_fail(&harness.store, OP_state_put, MCPS_E_STORE, 0);
	answer = run(id, change_two);
	check_fine(&answer);
	ck_assert_uint_eq(store_double_count(&harness.store, OP_commit),
	                  commits + 1);
	store_double_fail(&harness.store, OP_state_usage, MCPS_E_STORE, 1);
	answer = run(id, change_two);
	answer_check_outcome(&answer, OUTCOME_OF(1, "dropped"));
	ck_assert_str_eq(stored(id, "one"), "1");
	ck_assert_str_eq(stored(id, "two"), "1");
}
END_TEST

static mcps_status only_look(mcps_call *it)
{
	struct json_object *value;

	return mcps_state_get(it, "k", &value) == MCPS_E_NO_STATE
	               ? MCPS_OK
	               : MCPS_E_INVAL;
}

START_TEST(a_call_that_only_reads_commits_nothing)
{
	const char *id = begin("alice");
	unsigned begins = store_double_count(&harness.store, OP_begin);
	struct answer answer = run(id, only_look);

	check_fine(&answer);
	ck_assert_uint_eq(store_double_count(&harness.store, OP_begin), begins);
}
END_TEST

START_TEST(a_quick_tool_has_no_state)
{
	const char *id = begin("alice");
	unsigned before = store_double_total(&harness.store);
	struct answer answer = call("alice", id, CALL(1, "quick_state", "{}"));

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(code(&answer), "-32603");
	ck_assert_uint_eq(store_double_total(&harness.store), before);
}
END_TEST

/* ---- limits -------------------------------------------------------------- */

static struct json_object *text_of(size_t length)
{
	char *text = malloc(length);
	struct json_object *value;

	memset(text, 'x', length);
	value = json_object_new_string_len(text, (int)length);
	free(text);
	return value;
}

static mcps_status put_64_kib(mcps_call *it)
{
	ck_assert_int_eq(mcps_state_put(it, "k", text_of(64 * 1024 - 1)),
	                 MCPS_E_STATE_TOO_LARGE);
	return mcps_state_put(it, "k", text_of(64 * 1024 - 2));
}

START_TEST(a_value_has_at_most_64_kib_as_json)
{
	const char *id = begin("alice");
	struct answer answer = run(id, put_64_kib);

	check_fine(&answer);
	ck_assert_uint_eq(strlen(stored(id, "k")), 64 * 1024);
}
END_TEST

static int next_key;

static mcps_status put_another(mcps_call *it)
{
	char key[8];

	snprintf(key, sizeof key, "%05d", next_key++);
	return mcps_state_put(it, key, text_of(32 * 1024 - 7));
}

/* Put one, then delete another, in an order that goes over the limit. */
static mcps_status swap_one(mcps_call *it)
{
	ck_assert_int_eq(mcps_state_delete(it, "00000"), MCPS_OK);
	return put_another(it);
}

START_TEST(a_session_keeps_at_most_1_mib_at_the_end_of_a_call)
{
	const char *id = begin("alice");
	struct answer answer;

	next_key = 0;
	for (int i = 0; i < 32; i++) { /* 5 + 32763 bytes each */
		answer = run(id, put_another);
		check_fine(&answer);
	}
	answer = run(id, put_another);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(code(&answer), "-32603");
	ck_assert_ptr_null(stored(id, "00032"));
	answer = run(id, swap_one);
	check_fine(&answer);
	ck_assert_ptr_null(stored(id, "00000"));
	ck_assert_ptr_nonnull(stored(id, "00033"));
}
END_TEST

/* ---- whose it is --------------------------------------------------------- */

START_TEST(sessions_of_one_caller_share_what_is_the_callers)
{
	const char *one = begin("alice");
	const char *two = begin("alice");

	ck_assert_str_eq(says("alice", one, COUNT_PRINCIPAL), "1");
	ck_assert_str_eq(says("alice", two, COUNT_PRINCIPAL), "2");
	ck_assert_str_eq(says("alice", one, COUNT_SESSION), "1");
	ck_assert_str_eq(says("alice", two, COUNT_SESSION), "1");
	case_delete(one);
	ck_assert_str_eq(says("alice", two, COUNT_PRINCIPAL), "3");
}
END_TEST

START_TEST(callers_do_not_see_each_others)
{
	const char *alice = begin("alice");
	const char *bob = begin("bob");

	ck_assert_str_eq(says("alice", alice, COUNT_PRINCIPAL), "1");
	ck_assert_str_eq(says("bob", bob, COUNT_PRINCIPAL), "1");
	ck_assert_str_eq(says("alice", alice, COUNT_PRINCIPAL), "2");
}
END_TEST

START_TEST(what_is_the_callers_outlives_a_lost_session)
{
	const char *id = begin("alice");

	says("alice", id, COUNT_PRINCIPAL);
	says("alice", id, COUNT_SESSION);
	harness_forget_row(&harness, "alice", id);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_str_eq(says("alice", id, COUNT_PRINCIPAL), "2");
	ck_assert_str_eq(says("alice", id, COUNT_SESSION), "1");
}
END_TEST

START_TEST(anonymous_callers_share_no_state)
{
	const char *id;
	struct answer answer;

	harness.options.is_anonymous = true;
	harness_restart(&harness, KEEP_ALL);
	id = begin(NULL);
	answer = call(NULL, id, COUNT_PRINCIPAL);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(code(&answer), "-32600");
	ck_assert_str_eq(says(NULL, id, COUNT_SESSION), "1");
	ck_assert_str_eq(says(NULL, begin(NULL), COUNT_SESSION), "1");
}
END_TEST

START_TEST(calls_of_a_batch_count_one_after_the_other)
{
	const char *id = case_begin_with("2025-03-26");
	struct answer answer =
		call("alice", id,
	             "[" COUNT_SESSION "," COUNT_SESSION "," COUNT_SESSION "]");

	ck_assert_str_eq(case_at(&answer, "2.result.content.0.text"), "3");
	ck_assert_str_eq(stored(id, "n"), "3");
}
END_TEST

TEST_MAIN("state")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(what_was_put_is_got_in_later_calls_and_after_a_restart,
	              8);
	test_add(what_is_not_there_is_no_state);
	test_add(what_was_deleted_is_gone);
	test_add(a_call_sees_its_own_changes_first);
	test_add(adding_wants_an_integer_and_room_for_the_sum);
	test_add(keys_have_1_to_255_bytes);
	test_add_loop(a_handler_that_fails_changes_nothing, 4);
	test_add(several_changes_are_kept_together_or_not_at_all);
	test_add(a_call_that_only_reads_commits_nothing);
	test_add(a_quick_tool_has_no_state);
	test_add(a_value_has_at_most_64_kib_as_json);
	test_add(a_session_keeps_at_most_1_mib_at_the_end_of_a_call);
	test_add(sessions_of_one_caller_share_what_is_the_callers);
	test_add(callers_do_not_see_each_others);
	test_add(what_is_the_callers_outlives_a_lost_session);
	test_add(anonymous_callers_share_no_state);
	test_add(calls_of_a_batch_count_one_after_the_other);
}
