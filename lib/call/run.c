#include "call/run.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/memory.h"
#include "call/call_log.h"
#include "call/handler_status.h"
#include "call/misuse.h"
#include "call/outcome.h"
#include "stream/stream.h"

#include <string.h>

/* ---- the answer ---- */

static void run_answer_result(struct mcps_call *call)
{
	struct buffer *out = mcps__call_begin_result(call);

	call->handler_kind->write(call, out);
	mcps__call_end_result(call);
	if (call->status == MCPS_E_NOMEM)
		mcps__call_fail(call, call->status, NULL, NULL);
	else if (call->status == MCPS_OK && call->mcp->max_result != 0 &&
	         call->reply.length > call->mcp->max_result) {
		mcps__sessions_report(call->mcp->sessions,
		                      INCIDENT_RESULT_SIZE);
		mcps__call_fail(call, MCPS_E_RESULT, NULL, NULL);
	}
	if (call->result.content.capacity > ANSWER_SMALL) {
		bool is_error = call->result.is_error;

		mcps__result_finish(&call->result); /* the answer has it all */
		call->result.is_error = is_error;   /* the log asks for it */
	}
}

/* The request was good, and its handler has begun: whatever failed travels with
 * 200. With a 404 clients would begin a new session and repeat the call, on 429
 * and 503 proxies do. */
static void run_answer_failure(struct mcps_call *call, mcps_status status)
{
	const struct buffer *failure = &call->result.failure;
	const char *detail = NULL;

	if (status == MCPS_E_TOOL) {
		status = MCPS_E_HANDLER;
		detail = failure->length != 0 && !failure->failed
		                 ? failure->data
		                 : NULL;
	}
	if (status == MCPS_E_NO_RESOURCE &&
	    call->handler_kind->shape == RESULT_CONTENTS)
		mcps__call_fail_uri(call, status, detail, call->text);
	else
		mcps__call_fail(call, status, detail, NULL);
	call->status = MCPS_E_TOOL;
}

/* Only a client that cancelled its call expects no answer; whoever gave up for
 * another reason owes it one. */
void mcps__run_answer(struct mcps_call *call, mcps_status status)
{
	if (status == MCPS_E_CANCELLED)
		status = mcps_fail(call,
		                   mcps_time_left_ms(call) == 0
		                           ? "the %s ran out of time"
		                           : "the %s gave up",
		                   call->handler_kind->noun);
	if (status == MCPS_OK || (status == MCPS_E_TOOL &&
	                          call->handler_kind->shape == RESULT_BLOCKS)) {
		run_answer_result(call);
		status = call->status;
	} else {
		run_answer_failure(call, status);
	}
	mcps__handler_report(call, status);
}

static mcps_status run_handler(struct mcps_call *call)
{
	return mcps__handler_returned(call, call->handler_kind->run(call));
}

/* STATE: see mcps__reply_outcome(). */
static void run_answer_outcome(struct mcps_call *call, const char *state)
{
	mcps__call_fail_outcome(call, state);
	mcps__handler_report(call, MCPS_E_OUTCOME);
}

/* The answer of a call whose handler returned STATUS, or never began: then
 * STATUS is why it may not begin. STEPS: what came before that. */
static void run_answer(struct mcps_call *call, mcps_status status,
                       unsigned steps)
{
	switch (mcps__call_outcome(steps)) {
	case OUTCOME_ANSWER:
		if ((steps & CALL_BEGUN) == 0) {
			mcps__answer_refuse(call, status);
			break;
		}
		mcps__run_answer(call, status);
		if (call->reply.failed)
			run_answer_outcome(call, call->state.has_changes
			                                 ? "dropped"
			                                 : NULL);
		break;
	case OUTCOME_SILENCE:
		call->status = MCPS_E_CANCELLED;
		break;
	case OUTCOME_GONE:
		mcps__call_fail(call, MCPS_E_GONE, NULL, NULL);
		break;
	case OUTCOME_STOPPING:
		mcps__call_fail(call, MCPS_E_STOPPING, NULL, NULL);
		break;
	case OUTCOME_UNKNOWN:
		run_answer_outcome(call, NULL);
		break;
	}
}

/* The changes of the handler were not committed, or nobody knows. Two failures
 * say all by themselves. */
static void run_answer_uncommitted(struct mcps_call *call, mcps_status status)
{
	if (status == MCPS_E_GONE)
		mcps__sessions_forget(call->mcp->sessions, call->session);
	if (status == MCPS_E_CONFLICT || status == MCPS_E_STATE_TOO_LARGE) {
		run_answer_failure(call, status);
		mcps__handler_report(call, status);
	} else {
		run_answer_outcome(call, status == MCPS_E_STORE &&
		                                         call->may_be_committed
		                                 ? "unknown"
		                                 : "dropped");
	}
}

/* ---- on a worker ---- */

/* Before it is answered: whoever reads the answer may begin the next call. */
static void run_let_go(struct mcps_call *call)
{
	mcps__session_remove_call(call->session, &call->running);
	mcps__state_finish(&call->state, &call->mcp->locks);
	mcps__caller_limit_leave(&call->mcp->call_limit, call->caller);
}

static void run_leave(struct mcps_call *call)
{
	run_let_go(call);
	mcps__call_finished(call);
}

/* Another thread has answered it. */
static void run_leave_answered(struct mcps_call *call)
{
	run_let_go(call);
	call->released(call);
}

static mcps_status run_commit_state(struct mcps_call *call, mcps_store *store)
{
	mcps_status status =
		mcps__state_commit(&call->state, store, call->session->ref);

	call->may_be_committed = status == MCPS_OK;
	return status;
}

static mcps_status run_commit_run(struct writer_job *job, mcps_store *store)
{
	return run_commit_state(container_of(job, struct mcps_call, commit),
	                        store);
}

static void run_report_commit(const struct mcps_call *call, mcps_status status)
{
	if (status == MCPS_E_STATE_TOO_LARGE)
		mcps__sessions_report(call->mcp->sessions, INCIDENT_STATE_SIZE);
}

static void run_commit_done(struct writer_job *job, mcps_status status)
{
	struct mcps_call *call = container_of(job, struct mcps_call, commit);

	run_report_commit(call, status);
	if (status != MCPS_OK)
		run_answer_uncommitted(call, status);
	run_leave(call);
}

/* ---- the end of a stream ---- */

static void run_submit_last(struct mcps_call *call);

/* State, if there is any to be kept, and the response go together. */
static mcps_status run_last_run(struct writer_job *job, mcps_store *store)
{
	struct mcps_call *call = container_of(job, struct mcps_call, commit);
	mcps_status status = MCPS_OK;

	if (call->commits_state)
		status = run_commit_state(call, store);
	if (status == MCPS_OK)
		status = mcps__stream_store(call->stream, store, &call->reply,
		                            true, &call->last_seq);
	return status;
}

static void run_leave_stream(struct mcps_call *call)
{
	mcps__session_drop_stream(call->session, call->stream);
	mcps__buffer_finish(&call->reply); /* its connection has a copy */
	mcps__answer_forget(call);
	run_leave(call);
}

/* A response that cannot be stored is sent nevertheless, if somebody is there:
 * no stream ends without one. With state that is not kept it is another one,
 * which is to be stored, unless the store fails. */
static void run_last_done(struct writer_job *job, mcps_status status)
{
	struct mcps_call *call = container_of(job, struct mcps_call, commit);
	bool is_other = status != MCPS_OK && call->commits_state;

	run_report_commit(call, status);
	if (is_other) {
		call->commits_state = false;
		run_answer_uncommitted(call, status);
	}
	if (is_other && status != MCPS_E_STORE) {
		run_submit_last(call);
		return;
	}
	if (status == MCPS_OK)
		mcps__stream_stored(call->stream, &call->reply, true,
		                    call->last_seq);
	else
		mcps__stream_abandon(call->stream, &call->reply);
	run_leave_stream(call);
}

/* With others it may have failed for their sake. */
static void run_last_joined(struct stream_ending *ending, mcps_status status)
{
	struct mcps_call *call = container_of(ending, struct mcps_call, ending);

	if (status == MCPS_OK)
		run_leave_stream(call);
	else
		run_submit_last(call);
}

static void run_submit_last(struct mcps_call *call)
{
	call->commit.run = run_last_run;
	call->commit.done = run_last_done;
	mcps__writer_submit(call->mcp->sessions->options.writer, &call->commit);
}

/* What keeps state may fail, and then takes nothing else along. */
static void run_join_last(struct mcps_call *call)
{
	call->ending = (struct stream_ending){ .message.text = call->reply,
		                               .done = run_last_joined };
	if (call->commits_state ||
	    !mcps__stream_join(call->stream, &call->ending))
		run_submit_last(call);
}

/* ---- the work ---- */

/* A cancelled call ends its stream without a response. */
static void run_conclude_stream(struct mcps_call *call)
{
	if (call->status == MCPS_E_CANCELLED)
		mcps__buffer_reset(&call->reply);
	run_join_last(call);
}

static void run_conclude(struct mcps_call *call)
{
	if (!call->commits_state) {
		run_leave(call);
		return;
	}
	call->commit.run = run_commit_run;
	call->commit.done = run_commit_done;
	mcps__writer_submit(call->mcp->sessions->options.writer, &call->commit);
}

/* Begin, if nothing came before that, and there is room for the answer. */
static mcps_status run_begin(struct mcps_call *call)
{
	mcps_status status = mcps__answer_admit(call);

	if (status != MCPS_OK)
		return status;
	if (mcps__session_has_ended(call->mcp->sessions, call->session))
		atomic_fetch_or(&call->running.steps, CALL_ENDED);
	return mcps__session_call_begin(&call->running) ? run_handler(call)
	                                                : MCPS_E_CANCELLED;
}

/* An absolute lifetime is over without anybody telling. */
static unsigned run_end(struct mcps_call *call)
{
	if (mcps__session_has_ended(call->mcp->sessions, call->session))
		atomic_fetch_or(&call->running.steps, CALL_ENDED);
	return mcps__session_call_return(&call->running);
}

/* The answer is made before the state is committed: only a whole result
 * changes anything. */
static void run_work(struct work *work)
{
	struct mcps_call *call = container_of(work, struct mcps_call, work);
	mcps_status status = run_begin(call);
	unsigned steps = run_end(call);

	if ((steps & CALL_STOPPED) != 0) { /* see mcps__run_stop() */
		run_leave_answered(call);
		return;
	}
	call->stream = call->final_stream(call);
	run_answer(call, status, steps);
	mcps__answer_count(call);
	call->commits_state = status == MCPS_OK && call->status == MCPS_OK &&
	                      call->state.has_changes;
	if (call->stream != NULL)
		run_conclude_stream(call);
	else
		run_conclude(call);
}

/* ---- the end of the drain ---- */

/* The thread that sets CALL_RETURNED or CALL_STOPPED first answers. */
void mcps__run_stop(struct mcps_call *call)
{
	unsigned steps = atomic_fetch_or(&call->running.steps, CALL_STOPPED);
	struct stream *stream;

	if ((steps & CALL_HANDED) == 0 ||
	    (steps & (CALL_RETURNED | CALL_STOPPED)) != 0)
		return;
	stream = call->final_stream(call);
	run_answer(call, MCPS_E_CANCELLED, steps | CALL_STOPPED);
	if (stream != NULL) {
		(void)mcps__stream_append(stream, &call->reply, STREAM_ENDS);
		mcps__session_drop_stream(call->session, stream);
	}
	mcps__call_log_end(call, call->held);
	call->answered(call);
}

/* ---- beginning ---- */

static void run_start_clock(struct mcps_call *call)
{
	uint32_t timeout_ms = call->entry->timeout_ms;

	if (timeout_ms != 0)
		call->deadline_ms =
			mcps__steady_ms(call->mcp->sessions->options.clock) +
			timeout_ms;
}

/* To a worker, unless the drain is over. A call that the queue does not take is
 * ours again, unless the drain has answered it meanwhile. */
static enum dispatch_end run_hand_over(struct mcps_call *call)
{
	const struct executor *executor = &call->mcp->executor;
	unsigned steps = atomic_fetch_or(&call->running.steps, CALL_HANDED);
	mcps_status status = MCPS_E_STOPPING;

	if ((steps & CALL_STOPPED) == 0) {
		status = executor->submit(executor->arg, &call->work,
		                          call->caller->key, false);
		if (status == MCPS_OK)
			return DISPATCH_PARKED;
		steps = mcps__session_call_return(&call->running);
		if ((steps & CALL_STOPPED) != 0) {
			run_leave_answered(call);
			return DISPATCH_PARKED;
		}
		mcps__sessions_report(call->mcp->sessions,
		                      status == MCPS_E_LIMIT
		                              ? INCIDENT_WORKER_SHARE
		                              : INCIDENT_WORKER_QUEUE);
	}
	mcps__caller_limit_leave(&call->mcp->call_limit, call->caller);
	mcps__session_remove_call(call->session, &call->running);
	mcps__call_fail(call, status,
	                status == MCPS_E_LIMIT ? "too many calls are waiting"
	                                       : NULL,
	                NULL);
	return DISPATCH_ANSWERED;
}

static enum dispatch_end run_on_worker(struct mcps_call *call)
{
	struct reply_id id = mcps__call_id(call);
	mcps_status status =
		mcps__caller_limit_enter(&call->mcp->call_limit, call->caller);

	if (status != MCPS_OK) {
		if (status == MCPS_E_LIMIT)
			mcps__sessions_report(call->mcp->sessions,
			                      INCIDENT_CALLER_CALLS);
		mcps__call_fail(call, status, "too many calls under way", NULL);
		return DISPATCH_ANSWERED;
	}
	mcps__call_hold(call);
	run_start_clock(call);
	call->on_worker = true;
	call->work.run = run_work;
	call->running.id = id.text;
	call->running.id_length = id.length;
	mcps__session_add_call(call->session, &call->running);
	call->parking(call);
	return run_hand_over(call);
}

/* On a network thread, where other clients wait until the handler returns. */
static mcps_status run_watched(struct mcps_call *call)
{
	const struct clock_source *clock = call->mcp->sessions->options.clock;
	int64_t began_ms = mcps__steady_ms(clock);
	mcps_status status = run_handler(call);

	mcps__misuse_blocks(call, mcps__steady_ms(clock) - began_ms);
	return status;
}

/* Once it has begun, nothing comes before its end. */
static enum dispatch_end run_quick(struct mcps_call *call)
{
	mcps_status status =
		call->batch != NULL ? mcps__answer_admit(call) : MCPS_OK;

	if (status != MCPS_OK) {
		mcps__answer_refuse(call, status);
		return DISPATCH_ANSWERED;
	}
	if (atomic_load(&call->session->has_ended))
		atomic_fetch_or(&call->running.steps, CALL_ENDED);
	if (mcps__session_call_begin(&call->running))
		run_answer(call, run_watched(call), CALL_BEGUN);
	else
		run_answer(call, MCPS_E_CANCELLED,
		           atomic_load(&call->running.steps));
	return DISPATCH_ANSWERED;
}

bool mcps__run_is_allowed(struct mcps_call *call)
{
	if (call->entry->scopes == NULL ||
	    mcps__principal_has_scopes(call->principal, call->entry->scopes))
		return true;
	mcps__sessions_report(call->mcp->sessions, INCIDENT_SCOPE_MISSING);
	mcps__call_fail(call, MCPS_E_SCOPE, NULL, NULL);
	mcps__call_hold(call);
	call->challenge = call->entry->challenge;
	return false;
}

enum dispatch_end mcps__run(struct mcps_call *call,
                            const struct handler_kind *handler_kind)
{
	call->handler_kind = handler_kind;
	call->result.shape = handler_kind->shape;
	call->result.revision = call->revision;
	if (!mcps__call_reserve(call)) {
		mcps__sessions_report(call->mcp->sessions,
		                      INCIDENT_REQUEST_MEMORY);
		return DISPATCH_ANSWERED;
	}
	return call->entry->quick ? run_quick(call) : run_on_worker(call);
}
