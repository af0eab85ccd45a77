#include "exchange/status_case.h"

#include "http/drain.h"

#include <mcps/call.h>
#include <mcps/state.h>
#include <stdio.h>
#include <string.h>

/* ---- the log ---- */

char lines[4096];
unsigned line_count;

static void write_line(void *arg, enum mcps_log_level level, const char *module,
                       const char *text)
{
	size_t length = strlen(lines);

	(void)arg, (void)module;
	if (level < MCPS_LOG_WARN)
		return;
	snprintf(lines + length, sizeof lines - length, "%s\n", text);
	line_count++;
}

void forget_lines(void)
{
	lines[0] = '\0';
	line_count = 0;
}

/* ---- handlers that return what the test says ---- */

mcps_status to_return;
void (*before)(mcps_call *call); /* what they do before; may be NULL */

static mcps_status run_all(mcps_call *call)
{
	int64_t sum;

	if (call->on_worker)
		ck_assert_int_eq(mcps_state_add(call, "n", 1, &sum), MCPS_OK);
	if (before != NULL)
		before(call);
	return to_return;
}

static mcps_status run_tool(mcps_call *call, const void *args)
{
	(void)args;
	return run_all(call);
}

static mcps_status run_read(mcps_call *call, const char *uri)
{
	(void)uri;
	return run_all(call);
}

static mcps_status run_complete(mcps_call *call, const char *name,
                                const char *value)
{
	(void)name, (void)value;
	return run_all(call);
}

static const mcps_tool tools[] = {
	{ .size = sizeof(mcps_tool), .name = "works", .run = run_tool },
	{ .size = sizeof(mcps_tool),
	  .name = "quick",
	  .run = run_tool,
	  .quick = true },
	{ .size = sizeof(mcps_tool),
	  .name = "structured",
	  .run = run_tool,
	  .output_schema = "{\"type\":\"object\"}" },
	{ .name = NULL }
};
static const mcps_resource resources[] = { { .size = sizeof(mcps_resource),
	                                     .uri = "test://works",
	                                     .name = "works",
	                                     .read = run_read },
	                                   { .size = sizeof(mcps_resource),
	                                     .uri = "test://quick",
	                                     .name = "quick",
	                                     .read = run_read,
	                                     .quick = true },
	                                   { .name = NULL } };
static const mcps_template templates[] = { { .size = sizeof(mcps_template),
	                                     .uri_template = "test://works/{x}",
	                                     .name = "works",
	                                     .read = run_read,
	                                     .complete = run_complete },
	                                   { .size = sizeof(mcps_template),
	                                     .uri_template = "test://quick/{x}",
	                                     .name = "quick",
	                                     .read = run_read,
	                                     .complete = run_complete,
	                                     .quick = true },
	                                   { .name = NULL } };
static const mcps_argument arguments[] = { { .name = "x" },
	                                   MCPS_ARGUMENTS_END };
static const mcps_prompt prompts[] = { { .size = sizeof(mcps_prompt),
	                                 .name = "works",
	                                 .arguments = arguments,
	                                 .run = run_all,
	                                 .complete = run_complete },
	                               { .size = sizeof(mcps_prompt),
	                                 .name = "quick",
	                                 .arguments = arguments,
	                                 .run = run_all,
	                                 .complete = run_complete,
	                                 .quick = true },
	                               { .name = NULL } };

#define COMPLETE(ref)                                             \
	REQUEST_WITH(1, "completion/complete",                    \
	             "{\"ref\":{" ref "},\"argument\":{\"name\":" \
	             "\"x\",\"value\":\"\"}}")

const struct kind kinds[KINDS] = {
	{ CALL(1, "works", "{}"), CALL(1, "quick", "{}"), "tool \"works\"",
	  "tool \"quick\"", IS_TOOL },
	{ REQUEST_WITH(1, "resources/read", "{\"uri\":\"test://works\"}"),
	  REQUEST_WITH(1, "resources/read", "{\"uri\":\"test://quick\"}"),
	  "resource \"test://works\"", "resource \"test://quick\"",
	  IS_RESOURCE },
	{ REQUEST_WITH(1, "resources/read", "{\"uri\":\"test://works/1\"}"),
	  REQUEST_WITH(1, "resources/read", "{\"uri\":\"test://quick/1\"}"),
	  "resource \"test://works/{x}\"", "resource \"test://quick/{x}\"",
	  IS_RESOURCE },
	{ REQUEST_WITH(1, "prompts/get", "{\"name\":\"works\"}"),
	  REQUEST_WITH(1, "prompts/get", "{\"name\":\"quick\"}"),
	  "prompt \"works\"", "prompt \"quick\"", IS_OTHER },
	{ COMPLETE("\"type\":\"ref/prompt\",\"name\":\"works\""),
	  COMPLETE("\"type\":\"ref/prompt\",\"name\":\"quick\""),
	  "completion of \"works\"", "completion of \"quick\"", IS_OTHER },
	{ COMPLETE("\"type\":\"ref/resource\",\"uri\":\"test://works/{x}\""),
	  COMPLETE("\"type\":\"ref/resource\",\"uri\":\"test://quick/{x}\""),
	  "completion of \"test://works/{x}\"",
	  "completion of \"test://quick/{x}\"", IS_OTHER },
};

void statuses_set_up(void)
{
	to_return = MCPS_OK;
	before = NULL;
	forget_lines();
	harness_init(&harness, &(const struct harness_options){
				       .tools = tools,
				       .resources = resources,
				       .templates = templates,
				       .prompts = prompts,
				       .is_manual = true,
				       .log = write_line,
			       });
	the_id = harness_begin(&harness, "alice", "2025-06-18");
}

void statuses_tear_down(void)
{
	harness_finish(&harness);
}

/* ---- calling ---- */

/* The answer as JSON, also if it is the last event of a stream. A minute has
 * passed since the last one, so that everything is logged. */
struct answer call_it(const char *body, enum manner manner)
{
	struct flight *flight;
	struct answer answer;
	const char *data;

	harness_pass(&harness, 60001);
	forget_lines();
	flight = SEND(&harness, .caller = "alice", .id = the_id, .body = body);
	if (manner == STREAMED)
		mcps__drain_open_streams(&harness.endpoint, INT64_MAX);
	if (manner != QUICK)
		ck_assert(harness_work(&harness));
	answer = harness_receive(flight);
	ck_assert_int_eq(answer.status, 200);
	if (manner != STREAMED) {
		ck_assert_int_eq(answer.kind, PLAN_JSON);
		return answer;
	}
	ck_assert_int_eq(answer.kind, PLAN_STREAM);
	data = strstr(answer.body, "data: {");
	ck_assert_msg(data != NULL, "%s", answer.body);
	ck_assert_ptr_null(strstr(data + 1, "data: {"));
	answer.body = harness_keep(&harness,
	                           strndup(data + 6, strcspn(data + 6, "\n")));
	return answer;
}

struct answer call_kind(const struct kind *kind, enum manner manner)
{
	return call_it(manner == QUICK ? kind->quick : kind->works, manner);
}

const char *name_of(const struct kind *kind, enum manner manner)
{
	return manner == QUICK ? kind->quick_named : kind->named;
}

/* FN for everything that can be called, in every way. */
void for_each(void (*fn)(const struct kind *kind, enum manner manner))
{
	for (int i = 0; i < KINDS; i++)
		for (int manner = 0; manner < MANNERS; manner++)
			fn(&kinds[i], (enum manner)manner);
}

/* ---- looking ---- */

void check_error(const struct kind *kind, enum manner manner,
                 const struct answer *answer, const char *code,
                 const char *message)
{
	const char *told = answer_at(&harness, answer, "error.code");

	ck_assert_msg(told != NULL && strcmp(told, code) == 0,
	              "%s returned %d, manner %d: %s", name_of(kind, manner),
	              (int)to_return, (int)manner, answer->body);
	ck_assert_str_eq(answer_at(&harness, answer, "error.message"), message);
	ck_assert_str_eq(answer_at(&harness, answer, "id"), "1");
	ck_assert_ptr_null(answer_at(&harness, answer, "result"));
}

/* The log says what failed, once, if that is for the author to mend. */
void check_logged(const struct kind *kind, enum manner manner, const char *what)
{
	ck_assert_msg(line_count == 1, "%u lines: %s", line_count, lines);
	ck_assert_msg(strncmp(lines, name_of(kind, manner),
	                      strlen(name_of(kind, manner))) == 0,
	              "%s", lines);
	ck_assert_msg(strstr(lines, what) != NULL, "%s", lines);
}

void check_not_logged(void)
{
	ck_assert_msg(line_count == 0, "%s", lines);
}

void check_state_dropped(void)
{
	ck_assert_ptr_null(harness_state(&harness, "alice", the_id, "n"));
}
