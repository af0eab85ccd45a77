#include "http/refuse.h"

enum { RETRY_AFTER_S = 1 };

void mcps__refuse(struct plan *plan, mcps_status status, struct reply_id id,
                  const char *detail, const char *data)
{
	plan->ready = true;
	plan->status = mcps_status_http(status);
	plan->kind = PLAN_JSON;
	plan->session_id[0] = '\0';
	if (plan->status == 503 || plan->status == 429)
		plan->retry_after_s = RETRY_AFTER_S;
	mcps__buffer_reset(&plan->body);
	mcps__reply_error(&plan->body, id, mcps_status_rpc(status),
	                  mcps_status_text(status), detail, data);
	if (plan->body.failed)
		plan->kind = PLAN_EMPTY;
}

void mcps__refuse_gone(struct plan *plan, struct reply_id id)
{
	mcps__refuse(plan, MCPS_E_GONE, id, NULL,
	             "{\"reason\":\"mcp_session_terminated\"}");
}

void mcps__plan_finish(struct plan *plan)
{
	mcps__buffer_finish(&plan->body);
}
