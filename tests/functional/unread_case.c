#include "functional/unread_case.h"

#include <check.h>
#include <mcps/call.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SMALL_BUFFER = 4096 };

/* ---- the tools ---- */

struct text {
	int64_t size;
};

static const mcps_field text_fields[] = {
	MCPS_FIELD(struct text, size, "Bytes of text"), MCPS_FIELDS_END
};

static mcps_status run_text(mcps_call *call, const void *args)
{
	const struct text *in = args;

	return mcps_text(call, "%0*d", (int)in->size, 0);
}

static mcps_status run_said(mcps_call *call, const void *args)
{
	mcps_progress(call, 1, 2, "soon");
	return run_text(call, args);
}

static void add_tools(mcps_server *server)
{
	mcps_add_tool(server, struct text, .name = "text",
	              .fields = text_fields, .quick = true, .run = run_text);
	mcps_add_tool(server, struct text, .name = "said",
	              .fields = text_fields, .run = run_said);
}

void unread_add(void)
{
	wire_add(add_tools);
}

/* ---- the requests ---- */

const char *unread_call(const char *tool, unsigned size)
{
	static char body[256];

	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\","
	         "\"params\":{\"name\":\"%s\",\"arguments\":{\"size\":%u},"
	         "\"_meta\":{\"progressToken\":1}}}",
	         tool, size);
	return body;
}

char *unread_batch(const char *tool, unsigned count, unsigned size)
{
	char *body = malloc(count * 128 + 3);
	size_t length = 0;

	ck_assert_ptr_nonnull(body);
	for (unsigned i = 0; i < count; i++)
		length += (size_t)sprintf(
			body + length,
			"%c{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":"
			"\"tools/call\",\"params\":{\"name\":\"%s\","
			"\"arguments\":{\"size\":%u}}}",
			i == 0 ? '[' : ',', i, tool, size);
	memcpy(body + length, "]", 2);
	return body;
}

struct wire unread_begin(const char *lines, const char *body, int *status)
{
	struct wire wire = wire_open_small(wire_port(), SMALL_BUFFER);

	wire_post(&wire, lines, body);
	*status = wire_read_head(&wire).status;
	return wire;
}

int unread_fill(struct unread *all, const char *lines)
{
	int status = 200;

	while (status == 200) {
		ck_assert_uint_lt(all->count, 64);
		all->wires[all->count++] = unread_begin(
			lines, unread_call("text", UNREAD_LONG), &status);
	}
	return status;
}

void unread_leave(struct unread *all)
{
	while (all->count > 0)
		wire_reset(&all->wires[--all->count]);
}

struct reply unread_ask_until_not(int old, const char *lines, const char *body)
{
	const struct timespec moment = { 0, 2000000 };
	time_t end = time(NULL) + WIRE_DEADLINE_S;
	struct reply reply = wire_once(lines, body);

	while (reply.status == old && time(NULL) < end) {
		nanosleep(&moment, NULL);
		reply = wire_once(lines, body);
	}
	return reply;
}
