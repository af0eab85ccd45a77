/* The n-th allocation fails, for n = 1, 2, ... until a request passes: no
 * crash, no leak, no lock held; the answer is one that is documented, and the
 * next request succeeds. A handler that has begun is answered with 200. */
#define _GNU_SOURCE /* dl_iterate_phdr */
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "fault/failing_heap.h"
#include "fault/ledger.h"
#include "store/directory.h"
#include "suite.h"

#include <mcps/call.h>
#include <stdio.h>

enum { MOST = 20000 };

/* ---- what is offered ---- */

static unsigned begun; /* handlers */

/* The tools of test_tools, each counted. */
static mcps_tool tools[32];

static mcps_status run_counted(mcps_call *call, const void *args)
{
	const mcps_tool *tool = mcps_call_data(call);

	begun++;
	return tool->run(call, args);
}

static void tools_make(void)
{
	size_t count = 0;

	for (; test_tools[count].name != NULL &&
	       count + 1 < sizeof tools / sizeof *tools;
	     count++) {
		tools[count] = test_tools[count];
		tools[count].data = (void *)(uintptr_t)&test_tools[count];
		tools[count].run = run_counted;
	}
}

static mcps_status read_uri(mcps_call *call, const char *uri)
{
	mcps_status status;

	begun++;
	status = mcps_text(call, "%s", mcps_call_param(call, "x"));
	if (status == MCPS_OK)
		status = mcps_resource_bytes(call, uri, NULL, "b", 1);
	return status;
}

static mcps_status say(mcps_call *call)
{
	static const mcps_annotations hint = { .priority = 1 };
	static const mcps_resource link = { .size = sizeof link,
		                            .uri = "a:l",
		                            .name = "l" };
	mcps_status status;

	begun++;
	status = mcps_text(call, "%s", mcps_call_param(call, "a"));
	if (status == MCPS_OK)
		status = mcps_annotate(call, &hint);
	if (status == MCPS_OK)
		status = mcps_resource_link(call, &link);
	return status;
}

static mcps_status complete(mcps_call *call, const char *name,
                            const char *value)
{
	mcps_status status;

	begun++;
	status = mcps_suggest(call, name);
	return status == MCPS_OK ? mcps_suggest(call, value) : status;
}

static const mcps_resource resources[] = { { .size = sizeof(mcps_resource),
	                                     .uri = "a:r",
	                                     .name = "r",
	                                     .text = "text" },
	                                   { .name = NULL } };

static const mcps_template templates[] = { { .size = sizeof(mcps_template),
	                                     .uri_template = "a:t/{x}/{+y}",
	                                     .name = "t",
	                                     .read = read_uri },
	                                   { .name = NULL } };

static const mcps_argument arguments[] = { { .name = "a", .required = true },
	                                   { .name = "b" },
	                                   MCPS_ARGUMENTS_END };

static const mcps_prompt prompts[] = { { .size = sizeof(mcps_prompt),
	                                 .name = "p",
	                                 .arguments = arguments,
	                                 .run = say,
	                                 .complete = complete },
	                               { .name = NULL } };

/* ---- requests ---- */

static const char *known; /* a live session */

static const struct scenario {
	const char *name;
	const char *method;
	const char *id; /* "known", with blanks after it, or itself */
	const char *body;
	int status, otherwise; /* of the request when nothing fails */
	bool is_cold;
} scenarios[] = {
	{ "initialize", "POST", NULL, INITIALIZE(1, "2025-06-18"), 200, 0,
	  false },
	{ "ping", "POST", "known", PING(1), 200, 0, false },
	{ "load", "POST", "known", PING(1), 200, 0, true },
	{ "blanks after an id", "POST", "known ", PING(1), 200, 0, false },
	{ "recreate", "POST", "foreign", PING(1), 200, 0, false },
	{ "renew", "POST", "known", INITIALIZE(1, "2025-06-18"), 200, 0,
	  false },
	{ "initialized", "POST", "known", NOTICE("notifications/initialized"),
	  202, 0, false },
	{ "end", "DELETE", "known", NULL, 204, 404, false },
	{ "load and end", "DELETE", "known", NULL, 204, 404, true },
	{ "end unknown", "DELETE", "foreign", NULL, 404, 0, false },
	{ "stream", "GET", "known", NULL, 200, 0, true },
	{ "list", "POST", "known", REQUEST(1, "tools/list"), 200, 0, false },
	{ "quick tool", "POST", "known",
	  CALL(1, "echo", "{\"text\":\"a\\u00e9\\ud83d\\ude00\",\"times\":3}"),
	  200, 0, false },
	{ "state", "POST", "known", CALL(1, "count", "{}"), 200, 0, false },
	{ "put", "POST", "known",
	  CALL(1, "put",
	       "{\"key\":\"k\",\"value\":{\"a\":[1,2.5,\"x\",null,true]}}"),
	  200, 0, false },
	{ "get", "POST", "known", CALL(1, "get", "{\"key\":\"kept\"}"), 200, 0,
	  false },
	{ "delete state", "POST", "known",
	  CALL(1, "delete", "{\"key\":\"kept\"}"), 200, 0, true },
	{ "structured", "POST", "known", CALL(1, "structured", "{}"), 200, 0,
	  false },
	{ "raw", "POST", "known", CALL(1, "raw", "{\"x\":[{}]}"), 200, 0,
	  false },
	{ "bad arguments", "POST", "known", CALL(1, "count", "{\"by\":\"x\"}"),
	  200, 0, false },
	{ "no such tool", "POST", "known", CALL(1, "none", "{}"), 200, 0,
	  false },
	{ "resource", "POST", "known",
	  REQUEST_WITH(1, "resources/read", "{\"uri\":\"a:r\"}"), 200, 0,
	  false },
	{ "template", "POST", "known",
	  REQUEST_WITH(1, "resources/read", "{\"uri\":\"a:t/%41/b/c\"}"), 200,
	  0, false },
	{ "no such resource", "POST", "known",
	  REQUEST_WITH(1, "resources/read", "{\"uri\":\"a:none\"}"), 200, 0,
	  false },
	{ "prompt", "POST", "known",
	  REQUEST_WITH(1, "prompts/get",
	               "{\"name\":\"p\",\"arguments\":{\"a\":\"1\"}}"),
	  200, 0, false },
	{ "completion", "POST", "known",
	  REQUEST_WITH(1, "completion/complete",
	               "{\"ref\":{\"type\":\"ref/prompt\",\"name\":\"p\"},"
	               "\"argument\":{\"name\":\"b\",\"value\":\"v\"},"
	               "\"context\":{\"arguments\":{\"a\":\"1\"}}}"),
	  200, 0, false },
	{ "log level", "POST", "known",
	  REQUEST_WITH(1, "logging/setLevel", "{\"level\":\"error\"}"), 200, 0,
	  true },
	{ "subscribe", "POST", "known",
	  REQUEST_WITH(1, "resources/subscribe", "{\"uri\":\"a:t/1/2\"}"), 200,
	  0, true },
	{ "unsubscribe", "POST", "known",
	  REQUEST_WITH(1, "resources/unsubscribe", "{\"uri\":\"a:r\"}"), 200, 0,
	  true },
	{ "no such method", "POST", "known", REQUEST(1, "none"), 200, 0,
	  false },
	{ "not json", "POST", "known", "{\"jsonrpc\":", 400, 0, false },
	{ "no session", "POST", NULL, PING(1), 400, 0, false },
	{ "batch", "POST", "known",
	  "[" PING(1) "," CALL(2, "count", "{}") "," PING(3) "]", 200, 400,
	  false },
};
enum { SCENARIO_COUNT = sizeof scenarios / sizeof *scenarios };

/* Two stores, and failing once or for ever. */
enum { VARIANT_COUNT = 4 };

static const struct mcps_store_options store_options = {
	.size = sizeof store_options,
};

static void start(bool on_disk, bool is_cold)
{
	directory_make();
	harness_prepare(
		&harness,
		&(const struct harness_options){
			.tools = tools,
			.resources = resources,
			.templates = templates,
			.prompts = prompts,
			.max_tombstones = 1,
			.store = on_disk ? url_in_directory("test.db") : NULL,
			.store_options = &store_options,
		});
	ck_assert_int_eq(harness_start(&harness, NULL), MCPS_OK);
	known = case_begin();
	ck_assert_int_eq(
		case_post(known, CALL(1, "put",
	                              "{\"key\":\"kept\",\"value\":[1,\"x\"]}"))
			.status,
		200);
	ck_assert_int_eq(case_post(known, REQUEST_WITH(1, "resources/subscribe",
	                                               "{\"uri\":\"a:r\"}"))
	                         .status,
	                 200);
	if (is_cold)
		harness_restart(&harness, KEEP_ALL);
	harness.may_lack_memory = true;
}

static struct answer run(const struct scenario *scenario)
{
	const char *id = scenario->id;
	char padded[160];

	if (id != NULL && strcmp(id, "known") == 0)
		id = known;
	if (id != NULL && strcmp(id, "known ") == 0) {
		snprintf(padded, sizeof padded, "%s \t ", known);
		id = padded;
	}
	return EXCHANGE(&harness, .method = scenario->method, .caller = "alice",
	                .id = id, .body = scenario->body);
}

static bool is_expected(const struct scenario *scenario, int status)
{
	return status == scenario->status ||
	       (scenario->otherwise != 0 && status == scenario->otherwise);
}

/* Only what was not carried out may be repeated. */
static void check_begun(const struct scenario *scenario,
                        const struct answer *answer)
{
	ck_assert_msg(answer->status == 200, "%s has begun: %d %s",
	              scenario->name, answer->status, answer->body);
	ck_assert_uint_eq(answer->retry_after_s, 0);
	ck_assert_msg(strstr(answer->body, "\"result\"") != NULL ||
	                      strstr(answer->body, "\"error\"") != NULL,
	              "%s: %s", scenario->name, answer->body);
	ck_assert_msg(strstr(answer->body, "\"id\":1") != NULL, "%s: %s",
	              scenario->name, answer->body);
}

/* 0: the connection is closed without an answer. */
static void check_answer(const struct scenario *scenario,
                         const struct answer *answer)
{
	if (begun != 0)
		check_begun(scenario, answer);
	if (answer->status == 0 || is_expected(scenario, answer->status))
		return;
	ck_assert_msg(answer->status == 503, "%s: %d %s", scenario->name,
	              answer->status, answer->body);
	ck_assert_uint_ne(answer->retry_after_s, 0);
	if (answer->kind == PLAN_JSON)
		ck_assert_ptr_nonnull(strstr(answer->body, "\"error\""));
}

/* A request that failed may have done its work; what comes after must not
 * suffer. After a store that failed, the first may still be told to return. */
static void check_after(const struct scenario *scenario)
{
	struct answer answer = run(scenario);

	if (answer.status == 503)
		answer = run(scenario);
	ck_assert_msg(is_expected(scenario, answer.status), "%s, after: %d %s",
	              scenario->name, answer.status, answer.body);
	ck_assert_int_eq(EXCHANGE(&harness, .caller = "bob",
	                          .body = INITIALIZE(1, "2025-06-18"))
	                         .status,
	                 200);
}

static bool run_with(const struct scenario *scenario, unsigned n, bool on_disk,
                     bool for_ever)
{
	struct answer answer;
	bool has_failed;

	start(on_disk, scenario->is_cold);
	begun = 0;
	failing_heap_start(n, for_ever);
	answer = run(scenario);
	has_failed = failing_heap_stop();
	check_answer(scenario, &answer);
	check_after(scenario);
	harness_finish(&harness);
	directory_remove();
	return has_failed;
}

START_TEST(a_request_without_memory_harms_nobody)
{
	const struct scenario *scenario = &scenarios[_i / VARIANT_COUNT];
	unsigned n = 1;

	while (run_with(scenario, n, (_i & 1) != 0, (_i & 2) != 0))
		n = fault_next(n, (_i & 1) != 0);
	ck_assert_uint_gt(n, 1);
	ck_assert_uint_lt(n, MOST);
}
END_TEST

/* ---- starting ---- */

static bool start_with(unsigned n, bool for_ever)
{
	struct mcps_error error = { MCPS_OK, "" };
	mcps_status status;
	bool has_failed;

	harness_prepare(&harness,
	                &(const struct harness_options){
				.store = url_in_directory("test.db"),
				.store_options = &ledger_store_options,
			});
	/* Random numbers repeat themselves, ids in a store that is kept must
	 * not. */
	atomic_store(&harness.time.seed, 1000u * n);
	failing_heap_start(n, for_ever);
	status = harness_start(&harness, &error);
	has_failed = failing_heap_stop();
	if (status != MCPS_OK) {
		ck_assert(has_failed);
		ck_assert_msg(status == MCPS_E_NOMEM || status == MCPS_E_STORE,
		              "%s", error.text);
		ck_assert_int_eq(harness_start(&harness, NULL), MCPS_OK);
	}
	(void)case_begin();
	harness_finish(&harness);
	ledger_check_file();
	return has_failed;
}

START_TEST(a_start_without_memory_is_refused_and_can_be_tried_again)
{
	unsigned n = 1;
	bool on_existing = (_i & 2) != 0;

	directory_make();
	while (start_with(n, (_i & 1) != 0)) {
		n = fault_next(n, true);
		if (!on_existing) {
			directory_remove();
			directory_make();
		}
	}
	directory_remove();
	ck_assert_uint_lt(n, MOST);
}
END_TEST

TEST_MAIN("memory")
{
	failing_heap_install();
	directory_in_memory();
	tools_make();
	test_timeout(600);
	test_add_loop(a_request_without_memory_harms_nobody,
	              SCENARIO_COUNT * VARIANT_COUNT);
	test_add_loop(a_start_without_memory_is_refused_and_can_be_tried_again,
	              4);
}
