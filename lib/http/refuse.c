#include "http/refuse.h"

#include "rpc/write.h"

enum { RETRY_AFTER_S = 1 };

static void refusal_begin(struct plan *plan, int status)
{
	if (mcps_status_rpc(status) == 0)
		status = MCPS_E_INVAL; /* a refusal is an error */
	plan->ready = true;
	plan->status = status;
	plan->kind = PLAN_JSON;
	plan->session_id[0] = '\0';
	if (plan->status == 503 || plan->status == 429)
		plan->retry_after_s = RETRY_AFTER_S;
	mcps__buffer_reset(&plan->body);
}

static void refusal_end(struct plan *plan)
{
	if (plan->body.failed)
		plan->kind = PLAN_EMPTY;
}

void mcps__refuse(struct plan *plan, mcps_status status, struct reply_id id,
                  const char *detail, const char *data)
{
	refusal_begin(plan, mcps_status_http(status));
	mcps__reply_error(&plan->body, id, mcps_status_rpc(status),
	                  mcps_status_text(status), detail, data);
	refusal_end(plan);
}

void mcps__refuse_path(struct plan *plan, const char *endpoint,
                       bool wants_credential)
{
	struct buffer *out = &plan->body;
	struct buffer text = { 0 };

	refusal_begin(plan, mcps_status_http(MCPS_E_NOT_FOUND));
	mcps__buffer_add_format(
		&text, "There is nothing here. The MCP endpoint is %s.%s",
		endpoint,
		wants_credential
			? " It expects the header Authorization: Bearer TOKEN,"
			  " with a token that its operator issued."
			: "");
	mcps__buffer_add_literal(
		out, "{\"error\":\"not_found\",\"error_description\":");
	mcps__write_string(out, text.data, text.length);
	mcps__buffer_add_byte(out, '}');
	out->failed = out->failed || text.failed;
	mcps__buffer_finish(&text);
	refusal_end(plan);
}

/* Some clients show and look at nothing but the text. */
void mcps__refuse_gone(struct plan *plan, struct reply_id id)
{
	refusal_begin(plan, mcps_status_http(MCPS_E_GONE));
	mcps__reply_error(&plan->body, id, mcps_status_rpc(MCPS_E_GONE),
	                  "Session not found (HTTP 404): initialize again",
	                  NULL, REPLY_GONE_DATA);
	refusal_end(plan);
}

void mcps__plan_finish(struct plan *plan)
{
	mcps__buffer_finish(&plan->body);
	mcps__buffer_finish(&plan->allowed);
}
