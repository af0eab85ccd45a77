/* The harness that the tests of a program share one after the other. */
#include "exchange/case_harness.h"

#include "exchange/tools.h"

#include <stdio.h>

struct harness harness;
const char *the_id;

void case_set_up(void)
{
	harness_init(&harness,
	             &(const struct harness_options){ .tools = test_tools });
}

void case_tear_down(void)
{
	harness_finish(&harness);
}

const char *case_begin(void)
{
	return case_begin_with("2025-06-18");
}

const char *case_begin_with(const char *version)
{
	return harness_begin(&harness, "alice", version);
}

struct answer case_post(const char *id, const char *body)
{
	return EXCHANGE(&harness, .caller = "alice", .id = id, .body = body);
}

struct answer case_delete(const char *id)
{
	return EXCHANGE(&harness, .method = "DELETE", .caller = "alice",
	                .id = id);
}

int case_ping(const char *id)
{
	return case_post(id, PING(1)).status;
}

struct answer case_about(const char *id, const char *method, const char *uri)
{
	char body[2048];

	snprintf(body, sizeof body, REQUEST_WITH(1, "%s", "{\"uri\":\"%s\"}"),
	         method, uri);
	return case_post(id, body);
}

struct answer case_read(const char *id, const char *uri)
{
	return case_about(id, "resources/read", uri);
}

struct flight *case_send(const char *id, const char *body)
{
	return SEND(&harness, .caller = "alice", .id = id, .body = body);
}

struct flight *case_send_delete(const char *id)
{
	return SEND(&harness, .method = "DELETE", .caller = "alice", .id = id);
}

const char *case_at(const struct answer *answer, const char *path)
{
	return answer_at(&harness, answer, path);
}

void case_check_error(const struct answer *answer, const char *code,
                      const char *message)
{
	answer_check_error(&harness, answer, code, message);
}

void case_work(void)
{
	while (harness_work(&harness))
		;
}

void case_sweep(void)
{
	while (harness_sweep(&harness) > 0)
		;
}

unsigned case_store_count(enum store_op op)
{
	return store_double_count(&harness.store, op);
}

void case_jump(int64_t ms)
{
	atomic_fetch_add(&harness.time.wall_ms, ms);
	harness_pass(&harness, 1);
}
