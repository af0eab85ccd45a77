#include "http/answer.h"

#include <stdio.h>

static const char *const content_types[] = {
	[PLAN_EMPTY] = NULL,
	[PLAN_JSON] = "application/json",
	[PLAN_EVENTS] = "text/event-stream",
	[PLAN_STREAM] = "text/event-stream",
};

static void add(struct answer_headers *out, const char *name, const char *value)
{
	if (value != NULL)
		out->list[out->count++] = (struct mcps_header){ name, value };
}

/* What a page must be able to read of an answer, and send with a request. */
static void add_cors(struct answer_headers *out, const struct plan *plan)
{
	if (plan->origin == NULL)
		return;
	add(out, "Access-Control-Allow-Origin", plan->origin);
	add(out, "Vary", "Origin");
	add(out, "Access-Control-Expose-Headers",
	    "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, "
	    "Retry-After");
	if (!plan->is_preflight)
		return;
	add(out, "Access-Control-Allow-Methods", "GET, POST, DELETE");
	add(out, "Access-Control-Allow-Headers",
	    plan->allowed.length != 0 ? plan->allowed.data
	                              : MCPS__CORS_HEADERS);
	add(out, "Access-Control-Max-Age", "7200");
}

static void add_retry(struct answer_headers *out, unsigned seconds)
{
	if (seconds == 0)
		return;
	snprintf(out->retry_after, sizeof out->retry_after, "%u", seconds);
	add(out, "Retry-After", out->retry_after);
}

/* Caches may keep answers to GET, 404 and 405 among them, unless told not to,
 * and know nothing of session ids. Answers to POST and DELETE they may keep
 * only if told to, so those are spared the header. */
void mcps__answer_headers(struct answer_headers *out, const struct plan *plan,
                          bool is_get, bool closes)
{
	bool is_stream = plan->kind == PLAN_STREAM || plan->kind == PLAN_EVENTS;

	out->count = 0;
	add(out, "Content-Type", content_types[plan->kind]);
	add(out, "Mcp-Session-Id",
	    plan->session_id[0] != '\0' ? plan->session_id : NULL);
	add(out, "Allow", plan->allow);
	add(out, "Accept-Encoding", plan->encoding);
	add(out, "WWW-Authenticate", plan->challenge);
	add(out, "Cache-Control", is_get || is_stream ? "no-store" : NULL);
	add(out, "X-Accel-Buffering", is_stream ? "no" : NULL);
	add(out, "Connection", plan->close || closes ? "close" : NULL);
	add_cors(out, plan);
	add_retry(out, plan->retry_after_s);
	out->list[out->count] = (struct mcps_header){ NULL, NULL };
}
