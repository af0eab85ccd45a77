#include "call/answer_memory.h"

#include "call/call.h"

static struct memory_limit *answer_limit_of(const struct mcps_call *call)
{
	return call->mcp->sessions->options.answers;
}

mcps_status mcps__answer_admit(const struct mcps_call *call)
{
	if (call->batch != NULL && atomic_load(&call->batch->are_full))
		return MCPS_E_RESULT;
	return mcps__memory_limit_admit(answer_limit_of(call), call->caller);
}

const char *mcps__answer_reason(mcps_status status)
{
	return status == MCPS_E_LIMIT
	               ? "this caller has too many answers that it has not read"
	               : "clients have too many answers that they have not "
	                 "read";
}

/* Add LENGTH to *BYTES if that does not become more than MOST. */
static bool answer_take(atomic_size_t *bytes, size_t length, size_t most)
{
	size_t taken = atomic_load(bytes);

	do {
		if (length > most || taken > most - length)
			return false;
	} while (!atomic_compare_exchange_weak(bytes, &taken, taken + length));
	return true;
}

bool mcps__answer_fits(struct mcps_call *call)
{
	struct batch_answers *batch = call->batch;

	if (batch == NULL || call->mcp->max_result == 0 ||
	    answer_take(&batch->bytes, call->reply.length,
	                call->mcp->max_result))
		return true;
	atomic_store(&batch->are_full, true);
	mcps__sessions_report(call->mcp->sessions, INCIDENT_RESULT_SIZE);
	return false;
}

void mcps__answer_count(struct mcps_call *call)
{
	if (call->reply.length > ANSWER_SMALL && call->answer.bytes == 0)
		mcps__memory_claim_take(answer_limit_of(call), &call->answer,
		                        call->caller, call->reply.length);
}

void mcps__answer_forget(struct mcps_call *call)
{
	if (call->answer.bytes != 0)
		mcps__memory_claim_release(answer_limit_of(call),
		                           &call->answer);
}
