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

void statuses_set_up(void)
{
	to_return = MCPS_OK;
	before = NULL;
	forget_lines();
	entry_run = entry_complete = run_all;
	harness_init(&harness, &(const struct harness_options){
				       ENTRIES,
				       .is_manual = true,
				       .log = write_line,
			       });
	the_id = case_begin();
}

/* ---- calling ---- */

/* The last event of a stream. Those before it are notifications. */
static const char *last_event(const char *body)
{
	const char *data = strstr(body, "data: {");
	const char *next, *method;

	ck_assert_msg(data != NULL, "%s", body);
	while ((next = strstr(data + 1, "data: {")) != NULL) {
		method = strstr(data, "\"method\":\"notifications/");
		ck_assert_msg(method != NULL && method < next, "%s", body);
		data = next;
	}
	return data;
}

/* The answer as JSON, also if it is the last event of a stream. A minute has
 * passed since the last one, so that everything is logged. */
struct answer call_it(const char *body, enum manner manner)
{
	struct flight *flight;
	struct answer answer;
	const char *data;

	harness_pass(&harness, 60001);
	forget_lines();
	flight = case_send(the_id, body);
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
	data = last_event(answer.body);
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
	const char *told = case_at(answer, "error.code");

	ck_assert_msg(told != NULL && strcmp(told, code) == 0,
	              "%s returned %d, manner %d: %s", name_of(kind, manner),
	              (int)to_return, (int)manner, answer->body);
	ck_assert_str_eq(case_at(answer, "error.message"), message);
	ck_assert_str_eq(case_at(answer, "id"), "1");
	ck_assert_ptr_null(case_at(answer, "result"));
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
