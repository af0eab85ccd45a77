#include "http/answer.h"

#include <stdio.h>

static const char *const content_types[] = {
	[PLAN_EMPTY] = NULL,
	[PLAN_JSON] = "application/json",
	[PLAN_EVENTS] = "text/event-stream",
	[PLAN_STREAM] = "text/event-stream",
};

static void answer_add(struct answer_headers *out, const char *name,
                       const char *value)
{
	if (value != NULL)
		out->list[out->count++] = (struct mcps_header){ name, value };
}

/* What a page must be able to read of an answer, and send with a request. */
static void answer_add_cors(struct answer_headers *out, const struct plan *plan)
{
	if (plan->origin == NULL)
		return;
	answer_add(out, "Access-Control-Allow-Origin", plan->origin);
	answer_add(out, "Vary", "Origin");
	answer_add(out, "Access-Control-Expose-Headers",
	           "Mcp-Session-Id, MCP-Protocol-Version, WWW-Authenticate, "
	           "Retry-After");
	if (!plan->is_preflight)
		return;
	answer_add(out, "Access-Control-Allow-Methods", "GET, POST, DELETE");
	answer_add(out, "Access-Control-Allow-Headers",
	           plan->allowed.length != 0 ? plan->allowed.data
	                                     : MCPS__CORS_HEADERS);
	answer_add(out, "Access-Control-Max-Age", "7200");
}

static void answer_add_retry(struct answer_headers *out, unsigned seconds)
{
	if (seconds == 0)
		return;
	snprintf(out->retry_after, sizeof out->retry_after, "%u", seconds);
	answer_add(out, "Retry-After", out->retry_after);
}

/* Caches may keep answers to GET, 404 and 405 among them, unless told not to,
 * and know nothing of session ids. Answers to POST and DELETE they may keep
 * only if told to, so those are spared the header. */
void mcps__answer_headers(struct answer_headers *out, const struct plan *plan,
                          bool is_get, bool closes)
{
	bool is_stream = plan->kind == PLAN_STREAM || plan->kind == PLAN_EVENTS;

	out->count = 0;
	answer_add(out, "Content-Type", content_types[plan->kind]);
	answer_add(out, "Mcp-Session-Id",
	           plan->session_id[0] != '\0' ? plan->session_id : NULL);
	answer_add(out, "Allow", plan->allow);
	answer_add(out, "Accept-Encoding", plan->encoding);
	answer_add(out, "WWW-Authenticate", plan->challenge);
	answer_add(out, "Cache-Control",
	           is_get || is_stream ? "no-store" : NULL);
	answer_add(out, "X-Accel-Buffering", is_stream ? "no" : NULL);
	answer_add(out, "Connection", plan->close || closes ? "close" : NULL);
	answer_add_cors(out, plan);
	answer_add_retry(out, plan->retry_after_s);
	out->list[out->count] = (struct mcps_header){ NULL, NULL };
}
