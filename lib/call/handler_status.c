#include "call/handler_status.h"

#include "base/clock.h"
#include "base/incident.h"
#include "call/run.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- what handlers may return ---- */

/* Statuses that functions of <mcps/call.h> and <mcps/state.h> return, and those
 * that say something of the call itself. All others speak of HTTP, of sessions
 * or of the server: a client would believe them. */
static bool handler_may_return(const struct mcps_call *call, mcps_status status)
{
	switch ((int)status) {
	case MCPS_E_NOMEM:
	case MCPS_E_INVAL:
	case MCPS_E_PARAMS:
	case MCPS_E_FORBIDDEN:
	case MCPS_E_SCOPE:
	case MCPS_E_CONFLICT:
	case MCPS_E_STORE:
	case MCPS_E_LOCKED:
	case MCPS_E_CORRUPT:
	case MCPS_E_UNSUPPORTED:
	case MCPS_E_SYSTEM:
	case MCPS_E_PERMISSION:
	case MCPS_E_CANCELLED:
	case MCPS_E_RESULT:
	case MCPS_E_NO_STATE:
	case MCPS_E_STATE_BUSY:
	case MCPS_E_STATE_TYPE:
	case MCPS_E_STATE_TOO_LARGE:
	case MCPS_E_HANDLER:
	case MCPS_E_STOPPING:
		return true;
	case MCPS_E_NO_RESOURCE:
		return call->handler_kind->shape == RESULT_CONTENTS;
	default:
		return false;
	}
}

/* A text that a tool added may be its reason. */
static mcps_status handler_failed_without_reason(struct mcps_call *call)
{
	if (call->handler_kind->shape == RESULT_BLOCKS &&
	    call->result.has_text) {
		call->result.is_error = true;
		return MCPS_E_TOOL;
	}
	call->fault = FAULT_NO_REASON;
	return mcps__call_fail_unexplained(call);
}

static mcps_status handler_check_result(struct mcps_call *call)
{
	mcps_status status = call->handler_kind->check != NULL
	                             ? call->handler_kind->check(call)
	                             : MCPS_OK;

	if (status != MCPS_OK)
		call->fault = FAULT_NOT_STRUCTURED;
	return status;
}

mcps_status mcps__handler_returned(struct mcps_call *call, mcps_status status)
{
	const struct result *result = &call->result;
	bool has_failed = mcps__result_has_failed(result);

	/* The list of suggestions is full: mcps_suggest() said so. */
	if (status == MCPS_E_LIMIT &&
	    result->suggested > RESULT_SUGGESTIONS_MAX)
		status = MCPS_OK;
	/* mcps_fail() cannot be taken back. */
	if (status == MCPS_OK && has_failed)
		return MCPS_E_TOOL;
	if (status == MCPS_OK)
		return handler_check_result(call);
	if (status == MCPS_E_TOOL)
		return has_failed ? status
		                  : handler_failed_without_reason(call);
	if (handler_may_return(call, status))
		return status;
	call->fault = FAULT_STATUS;
	call->returned = status;
	return MCPS_E_HANDLER;
}

/* ---- the log ---- */

static enum handler_fault handler_find_fault(const struct mcps_call *call,
                                             mcps_status status)
{
	if (status == MCPS_E_OUTCOME) /* another thread may set the fault */
		return FAULT_OUTCOME;
	if (call->fault != FAULT_NONE)
		return call->fault;
	if (status == MCPS_E_TOOL)
		return FAULT_TOLD;
	if (status == MCPS_E_RESULT)
		return FAULT_RESULT;
	return status != MCPS_OK && mcps_status_rpc(status) == -32603
	               ? FAULT_ERROR
	               : FAULT_NONE;
}

static void handler_write_sentence(char *out, size_t size,
                                   const struct mcps_call *call,
                                   enum handler_fault fault, mcps_status status)
{
	switch (fault) {
	case FAULT_NO_REASON:
		snprintf(out, size,
		         "failed and gave no reason: it returned MCPS_E_TOOL "
		         "without mcps_fail()");
		break;
	case FAULT_STATUS:
		snprintf(out, size,
		         "returned the status %d (%s), which no handler may "
		         "return",
		         (int)call->returned, mcps_status_text(call->returned));
		break;
	case FAULT_NOT_STRUCTURED:
		snprintf(out, size,
		         "has an output schema and gave no structured result");
		break;
	case FAULT_RESULT:
		snprintf(out, size,
		         "gave a result that is too large (--max-result)");
		break;
	case FAULT_TOLD:
		snprintf(out, size, "failed and told its client why");
		break;
	case FAULT_OUTCOME:
		snprintf(out, size,
		         "began and its result is not kept: its session "
		         "ended, the drain was over or the store failed; its "
		         "client was told that the outcome is unknown");
		break;
	case FAULT_ERROR:
	case FAULT_NONE:
	case FAULT_KINDS:
		snprintf(out, size, "failed: %s", mcps_status_text(status));
		break;
	}
}

void mcps__handler_report(struct mcps_call *call, mcps_status status)
{
	enum handler_fault fault = handler_find_fault(call, status);
	struct incident_state *state = &call->entry->faults[fault];
	uint_fast64_t times;
	char sentence[200];

	if (fault == FAULT_NONE ||
	    !mcps__incident_is_due(
		    state, mcps__steady_ms(call->mcp->sessions->options.clock),
		    &times))
		return;
	handler_write_sentence(sentence, sizeof sentence, call, fault, status);
	mcps__log(&call->mcp->log,
	          fault <= FAULT_NOT_STRUCTURED ? MCPS_LOG_ERROR
	                                        : MCPS_LOG_WARN,
	          "mcp", "%s \"%.200s\" %s times=%" PRIuFAST64,
	          call->handler_kind->subject, call->entry->name, sentence,
	          times);
}
