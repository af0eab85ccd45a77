/* Functions for every stage of an exchange: refuse it, park it, keep it. */
#include "http/exchange_internal.h"

#include "base/memory.h"
#include "http/refusal.h"
#include "http/refuse.h"
#include "http/running.h"
#include "stream/stream.h"

/* The id of a response names a request of ours: an error that bore it would
 * look like the answer to a request of the client's. */
struct reply_id mcps__exchange_id(const struct exchange *exchange)
{
	struct reply_id id = { NULL, 0 };

	if (exchange->batch == 0 && exchange->message.scan != NULL &&
	    exchange->message.kind != MESSAGE_RESPONSE)
		id.text = mcps__message_id(&exchange->message, &id.length);
	return id;
}

void mcps__exchange_refuse(struct exchange *exchange, mcps_status status,
                           const char *detail, const char *data)
{
	exchange->stage = STAGE_DONE;
	mcps__refusal_report_status(exchange->endpoint, status);
	if (status != MCPS_E_GONE) {
		mcps__refuse(&exchange->plan, status,
		             mcps__exchange_id(exchange), detail, data);
		return;
	}
	atomic_fetch_add_explicit(&exchange->endpoint->refused, 1,
	                          memory_order_relaxed);
	mcps__refuse_gone(&exchange->plan, mcps__exchange_id(exchange));
}

void mcps__exchange_plan_empty(struct exchange *exchange, int status)
{
	exchange->plan.ready = true;
	exchange->plan.status = status;
	exchange->plan.kind = PLAN_EMPTY;
	exchange->stage = STAGE_DONE;
}

void mcps__exchange_park(struct exchange *exchange)
{
	if (exchange->is_parked)
		return;
	exchange->is_parked = true;
	exchange->glue.park(exchange->glue.arg);
}

void mcps__exchange_wake(struct exchange *exchange)
{
	exchange->glue.wake(exchange->glue.arg);
}

struct exchange *mcps__exchange_ref(struct exchange *exchange)
{
	atomic_fetch_add(&exchange->refs, 1);
	return exchange;
}

void mcps__exchange_unref(struct exchange *exchange)
{
	if (atomic_fetch_sub(&exchange->refs, 1) != 1)
		return;
	mcps__running_entered(exchange);
	for (uint32_t i = 0; i < exchange->call_count; i++)
		mcps__call_finish(&exchange->calls[i]);
	mcps__memory_claim_release(&exchange->endpoint->bodies,
	                           &exchange->body_claim);
	if (exchange->calls != &exchange->one)
		mcps__free(exchange->calls);
	mcps__stream_unref(exchange->stream);
	mcps__session_unref(exchange->session);
	mcps__session_unref(exchange->held);
	mcps__principal_unref(exchange->principal);
	mcps__principal_unref(exchange->grant.principal); /* never let in */
	mcps__scan_finish(&exchange->scan);
	mcps__buffer_finish(&exchange->body);
	mcps__plan_finish(&exchange->plan);
	mcps__request_finish(&exchange->request);
	mcps__free(exchange->initialize);
	mcps__free(exchange);
}
