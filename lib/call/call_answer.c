/* The answer of a call: a result, or an error in its place. */
#include "call/call.h"

#include "rpc/write.h"

#include <stdio.h>
#include <string.h>

struct reply_id mcps__call_id(const struct mcps_call *call)
{
	struct reply_id id;

	id.text = mcps__message_id(&call->message, &id.length);
	return id;
}

int mcps__call_error_code(const struct mcps_call *call, mcps_status status)
{
	if (status == MCPS_E_NO_RESOURCE && call->revision != NULL)
		return call->revision->no_resource_code;
	return mcps_status_rpc(status);
}

void mcps__call_fail(struct mcps_call *call, mcps_status status,
                     const char *detail, const char *data)
{
	if (status == MCPS_E_GONE)
		data = REPLY_GONE_DATA;
	mcps__buffer_reset(&call->reply);
	mcps__reply_error(&call->reply, mcps__call_id(call),
	                  mcps__call_error_code(call, status),
	                  mcps_status_text(status), detail, data);
	call->status = call->failed = status;
}

/* With what is to be done about it. */
static void answer_fail_in_batch(struct mcps_call *call, const char *then)
{
	char detail[160];

	snprintf(detail, sizeof detail,
	         "the answers of a batch have at most %zu bytes together; %s",
	         call->mcp->max_result, then);
	mcps__call_fail(call, MCPS_E_RESULT, detail, NULL);
}

void mcps__answer_refuse(struct mcps_call *call, mcps_status status)
{
	if (status == MCPS_E_RESULT) {
		answer_fail_in_batch(call, "this call was not carried out");
		return;
	}
	mcps__sessions_report(call->mcp->sessions, INCIDENT_ANSWERS);
	mcps__call_fail(call, status, mcps__answer_reason(status), NULL);
}

struct buffer *mcps__call_begin_result(struct mcps_call *call)
{
	call->failed = MCPS_OK;
	mcps__buffer_reset(&call->reply);
	mcps__reply_begin(&call->reply, mcps__call_id(call));
	return &call->reply;
}

void mcps__call_end_result(struct mcps_call *call)
{
	mcps__reply_end(&call->reply);
	call->status = call->reply.failed ? MCPS_E_NOMEM : MCPS_OK;
	if (call->status == MCPS_OK && !mcps__answer_fits(call))
		answer_fail_in_batch(call, "this one was dropped");
}

size_t mcps__call_outcome_size(const struct mcps_call *call)
{
	return REPLY_OUTCOME_MAX + mcps__call_id(call).length;
}

bool mcps__call_reserve(struct mcps_call *call)
{
	mcps__buffer_reset(&call->reply);
	if (mcps__buffer_reserve(&call->reply, mcps__call_outcome_size(call)))
		return true;
	mcps__call_fail(call, MCPS_E_NOMEM, NULL, NULL);
	return false;
}

void mcps__call_fail_outcome(struct mcps_call *call, const char *state)
{
	mcps__buffer_reset(&call->reply);
	mcps__reply_outcome(&call->reply, mcps__call_id(call), state);
	call->status = call->failed = MCPS_E_OUTCOME;
}

void mcps__call_fail_uri(struct mcps_call *call, mcps_status status,
                         const char *detail, const char *uri)
{
	struct buffer data = { 0 };

	mcps__buffer_add_literal(&data, "{\"uri\":");
	mcps__write_string(&data, uri, strlen(uri));
	mcps__buffer_add(&data, "}", 2);
	mcps__call_fail(call, status, detail, data.failed ? NULL : data.data);
	mcps__buffer_finish(&data);
}
