#include "mcp/run.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/memory.h"
#include "session/stream.h"

#include <string.h>

/* ---- the answer ---- */

static void answer_result(struct mcps_call *call)
{
	struct buffer *out = mcps__call_begin_result(call);

	call->activity->write(call, out);
	mcps__call_end_result(call);
	if (call->status != MCPS_OK)
		mcps__call_fail(call, call->status, NULL, NULL);
	else if (call->mcp->max_result != 0 &&
	         call->reply.length > call->mcp->max_result)
		mcps__call_fail(call, MCPS_E_RESULT, NULL, NULL);
}

/* The request was good, so what failed travels with 200 (2025-11-25: a 404
 * would end the session, a 401 ask for another credential); but who is to come
 * again sees that in the HTTP status, too. */
static void answer_failure(struct mcps_call *call, mcps_status status)
{
	const struct buffer *failure = &call->result.failure;
	int http = mcps_status_http(status);
	const char *detail = NULL;

	if (status == MCPS_E_TOOL) {
		status = MCPS_E_HANDLER;
		detail = failure->length != 0 && !failure->failed
		                 ? failure->data
		                 : NULL;
	}
	if (status == MCPS_E_NO_RESOURCE &&
	    call->activity->shape == RESULT_CONTENTS)
		mcps__call_fail_uri(call, status, detail, call->text);
	else
		mcps__call_fail(call, status, detail, NULL);
	if (http != 503 && http != 429)
		call->status = MCPS_E_TOOL;
}

static mcps_status check_result(const struct mcps_call *call)
{
	return call->activity->check != NULL ? call->activity->check(call)
	                                     : MCPS_OK;
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
		                   call->activity->noun);
	if (status == MCPS_OK)
		status = check_result(call);
	if (status == MCPS_OK ||
	    (status == MCPS_E_TOOL && call->activity->shape == RESULT_BLOCKS))
		answer_result(call);
	else
		answer_failure(call, status);
}

/* No handler can say that its session is over, nor that it answers later. */
static mcps_status run_handler(struct mcps_call *call)
{
	mcps_status status = call->activity->run(call);

	return status == MCPS_E_GONE || status > MCPS_OK ? MCPS_E_INVAL
	                                                 : status;
}

/* ---- on a worker ---- */

/* A call whose session ended under it answers like one that came too late;
 * one that its client cancelled does not answer. The end of a session cancels,
 * too: who was cancelled by it, finds that it has ended. */
static void answer(struct mcps_call *call, mcps_status status)
{
	bool is_cancelled = atomic_load(&call->running.cancelled);
	bool has_ended =
		mcps__session_has_ended(call->mcp->sessions, call->session);

	if (status == MCPS_E_GONE)
		mcps__sessions_forget(call->mcp->sessions, call->session);
	if (has_ended || status == MCPS_E_GONE)
		mcps__call_fail(call, MCPS_E_GONE, NULL, NULL);
	else if (is_cancelled)
		call->status = MCPS_E_CANCELLED;
	else
		mcps__run_answer(call, status);
}

static void leave(struct mcps_call *call)
{
	mcps__session_remove_call(call->session, &call->running);
	mcps__state_finish(&call->state, &call->mcp->locks);
	mcps__inflight_leave(&call->mcp->inflight, call->caller);
	call->finished(call);
}

static void conclude(struct mcps_call *call, mcps_status status)
{
	answer(call, status);
	leave(call);
}

static mcps_status commit_run(struct writer_job *job, mcps_store *store)
{
	struct mcps_call *call = container_of(job, struct mcps_call, commit);

	return mcps__state_commit(&call->state, store, call->session->ref);
}

/* What is committed is answered, whatever was cancelled meanwhile. */
static void commit_done(struct writer_job *job, mcps_status status)
{
	struct mcps_call *call = container_of(job, struct mcps_call, commit);

	if (status == MCPS_OK)
		atomic_store(&call->running.cancelled, false);
	conclude(call, status);
}

/* ---- the end of a stream ---- */

static void submit_last(struct mcps_call *call);

/* State, if there is any to be kept, and the response go together. */
static mcps_status last_run(struct writer_job *job, mcps_store *store)
{
	struct mcps_call *call = container_of(job, struct mcps_call, commit);
	mcps_status status = MCPS_OK;

	if (call->commits_state)
		status = mcps__state_commit(&call->state, store,
		                            call->session->ref);
	if (status == MCPS_OK)
		status = mcps__stream_store(call->stream, store, &call->reply,
		                            true, &call->last_seq);
	return status;
}

static void leave_stream(struct mcps_call *call)
{
	mcps__session_drop_stream(call->session, call->stream);
	leave(call);
}

/* What could not be kept is not said; why is. */
static void last_done(struct writer_job *job, mcps_status status)
{
	struct mcps_call *call = container_of(job, struct mcps_call, commit);

	if (status == MCPS_OK) {
		mcps__stream_stored(call->stream, &call->reply, true,
		                    call->last_seq);
	} else if (call->commits_state && status != MCPS_E_STORE &&
	           status != MCPS_E_GONE) {
		call->commits_state = false;
		answer(call, status);
		submit_last(call);
		return;
	} else {
		if (call->commits_state || status == MCPS_E_GONE)
			answer(call, status);
		mcps__stream_abandon(call->stream, &call->reply);
	}
	leave_stream(call);
}

/* With others it may have failed for their sake. */
static void last_joined(struct stream_ending *ending, mcps_status status)
{
	struct mcps_call *call = container_of(ending, struct mcps_call, ending);

	if (status == MCPS_OK)
		leave_stream(call);
	else
		submit_last(call);
}

/* What keeps state may fail, and then takes nothing else along. */
static void join_last(struct mcps_call *call)
{
	call->ending = (struct stream_ending){ .message.text = call->reply,
		                               .done = last_joined };
	if (call->commits_state ||
	    !mcps__stream_join(call->stream, &call->ending))
		submit_last(call);
}

static void submit_last(struct mcps_call *call)
{
	call->commit.run = last_run;
	call->commit.done = last_done;
	mcps__writer_submit(call->mcp->sessions->options.writer, &call->commit);
}

/* A cancelled call ends its stream without a response. If the process ends,
 * the next one tells who resumes. */
static void conclude_stream(struct mcps_call *call, mcps_status status)
{
	answer(call, status);
	if (call->status == MCPS_E_CANCELLED &&
	    atomic_load(&call->mcp->is_stopping)) {
		leave_stream(call);
		return;
	}
	if (call->status == MCPS_E_CANCELLED)
		mcps__buffer_reset(&call->reply);
	call->commits_state = status == MCPS_OK && call->state.has_changes &&
	                      call->status == MCPS_OK;
	join_last(call);
}

/* ---- the work ---- */

static void work_run(struct work *work)
{
	struct mcps_call *call = container_of(work, struct mcps_call, work);
	mcps_status status = MCPS_E_CANCELLED;

	if (!atomic_load(&call->running.cancelled))
		status = run_handler(call);
	if (status == MCPS_OK)
		status = check_result(call);
	call->stream = call->settles(call);
	if (call->stream != NULL) {
		conclude_stream(call, status);
		return;
	}
	if (status != MCPS_OK || !call->state.has_changes ||
	    atomic_load(&call->running.cancelled)) {
		conclude(call, status);
		return;
	}
	call->commit.run = commit_run;
	call->commit.done = commit_done;
	mcps__writer_submit(call->mcp->sessions->options.writer, &call->commit);
}

static void start_clock(struct mcps_call *call)
{
	uint32_t timeout_ms = call->offer->timeout_ms;

	if (timeout_ms != 0)
		call->deadline_ms =
			mcps__steady_ms(call->mcp->sessions->options.clock) +
			timeout_ms;
}

static enum dispatch_end run_on_worker(struct mcps_call *call)
{
	const struct executor *executor = &call->mcp->executor;
	struct reply_id id = mcps__call_id(call);
	mcps_status status =
		mcps__inflight_enter(&call->mcp->inflight, call->caller);

	if (status != MCPS_OK) {
		mcps__call_fail(call, status, "too many calls under way", NULL);
		return DISPATCH_ANSWERED;
	}
	mcps__call_hold(call);
	start_clock(call);
	call->on_worker = true;
	call->work.run = work_run;
	call->running.id = id.text;
	call->running.id_length = id.length;
	mcps__session_add_call(call->session, &call->running);
	call->parking(call);
	if (executor->submit(executor->arg, &call->work, false))
		return DISPATCH_PARKED;
	mcps__inflight_leave(&call->mcp->inflight, call->caller);
	mcps__session_remove_call(call->session, &call->running);
	mcps__call_fail(call, MCPS_E_BUSY, NULL, NULL);
	return DISPATCH_ANSWERED;
}

/* ---- beginning ---- */

bool mcps__run_is_allowed(struct mcps_call *call)
{
	if (call->offer->scopes == NULL ||
	    mcps__principal_has_scopes(call->principal, call->offer->scopes))
		return true;
	mcps__call_fail(call, MCPS_E_SCOPE, NULL, NULL);
	mcps__call_hold(call);
	call->challenge = call->offer->challenge;
	return false;
}

enum dispatch_end mcps__run(struct mcps_call *call,
                            const struct activity *activity)
{
	call->activity = activity;
	call->result.shape = activity->shape;
	call->result.revision = call->revision;
	if (!call->offer->quick)
		return run_on_worker(call);
	mcps__run_answer(call, run_handler(call));
	return DISPATCH_ANSWERED;
}
