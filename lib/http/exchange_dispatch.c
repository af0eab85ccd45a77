/* The messages of an admitted request, and the plan of their answers. */
#include "http/exchange_internal.h"

#include "base/container.h"
#include "base/memory.h"
#include "http/refusal.h"
#include "http/refuse.h"
#include "http/running.h"
#include "mcp/dispatch.h"

/* A client that takes nothing but event streams gets one, whole. It has no id:
 * there is nothing to resume. Failures of HTTP stay JSON. A response for whose
 * event there is no memory is sent as JSON, too: a call that was carried out is
 * answered. */
static void exchange_plan_as_event(struct plan *plan)
{
	const struct event_id none = { 0, 0 };
	struct buffer event = { 0 };

	mcps__event_write(&event, &none, plan->body.data, plan->body.length);
	if (event.failed) {
		mcps__buffer_finish(&event);
		return;
	}
	mcps__buffer_finish(&plan->body);
	plan->body = event;
	plan->kind = PLAN_EVENTS;
}

static void exchange_plan_json(struct exchange *exchange, int status)
{
	exchange->plan.ready = true;
	exchange->plan.status = status;
	exchange->plan.kind = PLAN_JSON;
	exchange->stage = STAGE_DONE;
	if (status == 200 && exchange->plan.wants_events)
		exchange_plan_as_event(&exchange->plan);
}

/* ---- the answers of calls ---- */

/* A cancelled call sends no message: its answer is a stream that ends
 * (2025-11-25, Cancellation). */
static void exchange_plan_nothing(struct exchange *exchange)
{
	mcps__buffer_reset(&exchange->plan.body);
	mcps__buffer_add_literal(&exchange->plan.body, EVENT_COMMENT);
	exchange->plan.ready = true;
	exchange->plan.status = 200;
	exchange->plan.kind = PLAN_EVENTS;
	exchange->stage = STAGE_DONE;
}

static void exchange_plan_single(struct exchange *exchange)
{
	struct mcps_call *call = &exchange->calls[0];
	struct plan *plan = &exchange->plan;

	if (call->status == MCPS_E_CANCELLED) {
		exchange_plan_nothing(exchange);
		return;
	}
	if (call->status == MCPS_E_GONE || call->reply.failed) {
		mcps__exchange_refuse(exchange,
		                      call->status == MCPS_E_GONE
		                              ? MCPS_E_GONE
		                              : MCPS_E_NOMEM,
		                      NULL, NULL);
		return;
	}
	mcps__buffer_finish(&plan->body);
	plan->body = call->reply;
	call->reply = (struct buffer){ 0 };
	exchange_plan_json(exchange, mcps_status_http(call->status));
	plan->challenge = call->challenge;
	if (plan->status == 503 || plan->status == 429)
		plan->retry_after_s = 1;
}

/* A batch travels with 200: each of its calls has an answer of its own. Only
 * one of which nothing was carried out may be repeated as a whole. */
static bool exchange_is_refused_whole(const struct exchange *exchange)
{
	for (uint32_t i = 0; i < exchange->call_count; i++)
		if (exchange->calls[i].status != MCPS_E_STOPPING)
			return false;
	return true;
}

static bool exchange_has_begun(const struct mcps_call *call)
{
	return (atomic_load(&call->running.steps) & CALL_BEGUN) != 0;
}

/* There is no memory for the answers: room for these was made before. */
static void exchange_write_failure(struct buffer *out,
                                   const struct mcps_call *call)
{
	struct reply_id id = mcps__call_id(call);

	if (exchange_has_begun(call))
		mcps__reply_outcome(out, id, NULL);
	else
		mcps__reply_error(out, id, mcps_status_rpc(MCPS_E_NOMEM),
		                  mcps_status_text(MCPS_E_NOMEM), NULL, NULL);
}

/* How many answers there are. */
static uint32_t exchange_write_answers(struct exchange *exchange,
                                       bool all_failed)
{
	struct buffer *out = &exchange->plan.body;
	uint32_t answers = 0;

	mcps__buffer_reset(out);
	mcps__buffer_add_byte(out, '[');
	for (uint32_t i = 0; i < exchange->call_count; i++) {
		const struct mcps_call *call = &exchange->calls[i];

		if (call->status == MCPS_E_CANCELLED)
			continue;
		if (answers++ > 0)
			mcps__buffer_add_byte(out, ',');
		if (all_failed || call->reply.failed)
			exchange_write_failure(out, call);
		else
			mcps__buffer_add(out, call->reply.data,
			                 call->reply.length);
	}
	mcps__buffer_add_byte(out, ']');
	return answers;
}

/* The plan has all of them. They stay counted until it is sent. */
static void exchange_free_answers(struct exchange *exchange)
{
	for (uint32_t i = 0; i < exchange->call_count; i++)
		mcps__buffer_finish(&exchange->calls[i].reply);
}

static void exchange_plan_batch(struct exchange *exchange)
{
	uint32_t answers;

	if (exchange_is_refused_whole(exchange)) {
		mcps__exchange_refuse(exchange, MCPS_E_STOPPING, NULL, NULL);
		return;
	}
	answers = exchange_write_answers(exchange, false);
	if (exchange->plan.body.failed) {
		mcps__refusal_report(exchange->endpoint,
		                     INCIDENT_REQUEST_MEMORY);
		(void)exchange_write_answers(exchange, true);
	}
	exchange_free_answers(exchange);
	if (answers == 0)
		exchange_plan_nothing(exchange);
	else
		exchange_plan_json(exchange, 200);
}

static void exchange_plan_calls(struct exchange *exchange)
{
	if (exchange->batch == 0)
		exchange_plan_single(exchange);
	else
		exchange_plan_batch(exchange);
}

/* ---- calls under way ---- */

/* Before the first hand-over, and so before any call can finish elsewhere. */
static void exchange_call_parking(struct mcps_call *call)
{
	struct exchange *exchange = call->owner;

	mcps__exchange_park(exchange);
	if (!mcps__running_add(exchange))
		atomic_fetch_or(&call->running.steps, CALL_STOPPED);
	mcps__exchange_ref(exchange); /* the call's */
	call->was_parked = true;
}

/* One less to wait for; true for who has to make the plan. */
static bool exchange_count_down(struct exchange *exchange)
{
	if (atomic_fetch_sub(&exchange->pending, 1) != 1)
		return false;
	mcps__running_remove(exchange);
	return exchange->is_claimed || mcps__exchange_claim(exchange);
}

static void exchange_call_answered(struct mcps_call *call)
{
	struct exchange *exchange = call->owner;

	if (exchange_count_down(exchange)) {
		exchange_plan_calls(exchange);
		mcps__exchange_wake(exchange);
	}
}

static void exchange_call_released(struct mcps_call *call)
{
	mcps__exchange_unref(call->owner);
}

/* Only a call that is alone in its request can have a stream: the answers of
 * a batch go together. */
static struct stream *exchange_call_emits(struct mcps_call *call)
{
	struct exchange *exchange = call->owner;

	return exchange->batch == 0 ? mcps__exchange_stream(exchange) : NULL;
}

static struct stream *exchange_call_final_stream(struct mcps_call *call)
{
	struct exchange *exchange = call->owner;

	if (exchange->batch != 0)
		return NULL;
	exchange->is_claimed = mcps__exchange_claim(exchange);
	return exchange->is_claimed ? NULL : exchange_call_emits(call);
}

static void exchange_call_begin(struct exchange *exchange,
                                struct mcps_call *call,
                                const struct message *message)
{
	call->mcp = exchange->endpoint->mcp;
	call->session = exchange->session;
	call->principal = exchange->principal;
	call->caller = &exchange->caller;
	call->revision = mcps__revision_by_number(exchange->session->revision);
	call->message = *message;
	if (exchange->batch != 0)
		call->batch = &exchange->batch_answers;
	call->owner = exchange;
	call->parking = exchange_call_parking;
	call->answered = exchange_call_answered;
	call->released = exchange_call_released;
	call->emits = exchange_call_emits;
	call->final_stream = exchange_call_final_stream;
}

static enum dispatch_end exchange_run_call(struct mcps_call *call)
{
	struct exchange *exchange = call->owner;
	enum dispatch_end end;

	atomic_fetch_add(&exchange->pending, 1);
	end = mcps__dispatch(call);
	if (end == DISPATCH_ANSWERED) {
		if (call->batch != NULL)
			mcps__answer_count(call);
		atomic_fetch_sub(&exchange->pending, 1);
		if (call->was_parked)
			mcps__exchange_unref(exchange); /* queue full */
	}
	return end;
}

/* Dispatch itself counts as one, so that calls that finish early do not make
 * the plan while others are still to be started. */
static bool exchange_run_calls(struct exchange *exchange)
{
	atomic_store(&exchange->pending, 1);
	for (uint32_t i = 0; i < exchange->call_count; i++)
		exchange_run_call(&exchange->calls[i]);
	if (!exchange_count_down(exchange))
		return false;
	exchange_plan_calls(exchange);
	if (!exchange->is_parked)
		return true;
	mcps__exchange_wake(exchange); /* parked, but nothing to wait for */
	return false;
}

/* ---- one message ---- */

static bool dispatch_single(struct exchange *exchange)
{
	struct mcps_call *call = &exchange->one;

	exchange_call_begin(exchange, call, &exchange->message);
	exchange->calls = call;
	exchange->call_count = 1;
	if (exchange->message.kind == MESSAGE_REQUEST)
		return exchange_run_calls(exchange);
	if (exchange->message.kind == MESSAGE_NOTIFICATION)
		mcps__dispatch_notification(call);
	mcps__exchange_plan_empty(exchange, 202);
	return true;
}

/* ---- a batch ---- */

/* For what can still be said when there is no memory any more. */
static bool exchange_reserve_answers(struct exchange *exchange)
{
	size_t size = 2;

	for (uint32_t i = 0; i < exchange->call_count; i++)
		size += 1 + mcps__call_outcome_size(&exchange->calls[i]);
	return mcps__buffer_reserve(&exchange->plan.body, size);
}

static bool exchange_batch_begin(struct exchange *exchange)
{
	const struct scan *scan = &exchange->scan;
	struct message message;

	exchange->calls =
		mcps__calloc(exchange->batch, sizeof *exchange->calls);
	if (exchange->calls == NULL)
		return false;
	for (uint32_t token = 1; token < scan->count;
	     token = scan->tokens[token].next) {
		struct mcps_call *call = &exchange->calls[exchange->call_count];

		if (mcps__message_read(&message, scan, token, NULL) != MCPS_OK)
			continue; /* read_batch has refused such ones */
		if (message.kind == MESSAGE_RESPONSE)
			continue;
		exchange_call_begin(exchange, call, &message);
		if (message.kind == MESSAGE_REQUEST)
			exchange->call_count++;
		else
			mcps__dispatch_notification(call);
	}
	return exchange_reserve_answers(exchange);
}

static void exchange_refuse_batch(struct exchange *exchange)
{
	mcps__refusal_report(exchange->endpoint, INCIDENT_MESSAGE_INVALID);
	mcps__exchange_refuse(exchange, MCPS_E_REQUEST,
	                      "this revision has no batches", NULL);
}

static bool dispatch_batch(struct exchange *exchange)
{
	const struct revision *revision =
		mcps__revision_by_number(exchange->session->revision);

	if (!revision->has_batch) {
		exchange_refuse_batch(exchange);
		return true;
	}
	if (!exchange_batch_begin(exchange)) {
		mcps__exchange_refuse(exchange, MCPS_E_NOMEM, NULL, NULL);
		return true;
	}
	if (exchange->call_count > 0)
		return exchange_run_calls(exchange);
	mcps__exchange_plan_empty(exchange, 202);
	return true;
}

/* ---- the stage ---- */

/* The program around us answers it. */
static void exchange_leave_to_program(struct exchange *exchange)
{
	const struct revision *revision =
		mcps__revision_by_number(exchange->session->revision);

	exchange->stage = STAGE_DONE;
	if (exchange->batch != 0 && !revision->has_batch)
		exchange_refuse_batch(exchange);
}

static void dispatch_initialize(struct exchange *exchange)
{
	struct mcps_call *call = &exchange->one;

	exchange_call_begin(exchange, call, &exchange->message);
	exchange->calls = call;
	exchange->call_count = 1;
	mcps__initialize_reply(call);
	exchange_plan_single(exchange);
}

bool mcps__exchange_dispatch(struct exchange *exchange)
{
	if (exchange->glue.admits_only) {
		exchange_leave_to_program(exchange);
		return true;
	}
	switch (exchange->view.kind) {
	case ADMIT_INITIALIZE:
		dispatch_initialize(exchange);
		return true;
	case ADMIT_GET:
		return mcps__exchange_listen(exchange);
	case ADMIT_POST:
	case ADMIT_DELETE:
		break;
	}
	return exchange->batch != 0 ? dispatch_batch(exchange)
	                            : dispatch_single(exchange);
}
