#include "call/call_log.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t call_log_now_ms(const struct mcps_call *call)
{
	return mcps__steady_ms(call->mcp->sessions->options.clock);
}

void mcps__call_log_begin(struct mcps_call *call, const char *method)
{
	if (!call->mcp->log_calls)
		return;
	call->method = method;
	call->begun_ms = call_log_now_ms(call);
}

/* Neither arguments nor what was said about them are logged, so of an error
 * only the kind is. */
static void call_log_write_end(char *out, size_t size,
                               const struct mcps_call *call)
{
	if (call->status == MCPS_E_CANCELLED)
		snprintf(out, size, "cancelled");
	else if (call->reply.failed)
		snprintf(out, size, "failed for lack of memory");
	else if (call->failed != MCPS_OK)
		snprintf(out, size, "failed with %d (%s)",
		         mcps__call_error_code(call, call->failed),
		         mcps_status_text(call->failed));
	else
		snprintf(out, size, "%s",
		         call->result.is_error ? "isError" : "ok");
}

void mcps__call_log_end(const struct mcps_call *call, const struct entry *entry)
{
	char end[160], name[220] = "";

	if (!call->mcp->log_calls)
		return;
	if (entry != NULL)
		snprintf(name, sizeof name, " \"%.200s\"", entry->name);
	call_log_write_end(end, sizeof end, call);
	mcps__log(&call->mcp->log, MCPS_LOG_INFO, "mcp",
	          "call %s%s %s ms=%" PRId64,
	          call->method != NULL ? call->method : "of an unknown method",
	          name, end, call_log_now_ms(call) - call->begun_ms);
}
