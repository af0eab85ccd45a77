/* The life of an exchange: open, body, run, close. */
#include "http/exchange_internal.h"

#include "base/memory.h"
#include "http/asking.h"
#include "http/gate.h"
#include "http/running.h"

static enum exchange_state exchange_pass_gate(struct exchange *exchange,
                                              enum gate gate)
{
	exchange->stage = STAGE_READ;
	mcps__request_client(&exchange->request, &exchange->client);
	if (exchange->principal != NULL)
		mcps__caller_init(&exchange->caller, exchange->principal,
		                  &exchange->client.address);
	if (gate == GATE_REFUSED)
		exchange->stage = STAGE_DONE;
	else if (atomic_load_explicit(&exchange->endpoint->is_stopping,
	                              memory_order_relaxed) &&
	         !mcps__exchange_listen_later(exchange))
		mcps__exchange_refuse(exchange, MCPS_E_STOPPING, NULL, NULL);
	if (exchange->stage == STAGE_READ)
		mcps__exchange_hold(exchange);
	return exchange->stage == STAGE_DONE ? EXCHANGE_READY
	                                     : EXCHANGE_READING;
}

static enum exchange_state exchange_gate_again(struct exchange *exchange)
{
	return exchange_pass_gate(
		exchange,
		mcps__gate_again(exchange->endpoint, &exchange->request,
	                         &exchange->grant, &exchange->plan,
	                         &exchange->principal));
}

static enum exchange_state exchange_gate_first(struct exchange *exchange)
{
	enum gate gate = mcps__gate(exchange->endpoint, &exchange->request,
	                            &exchange->grant, &exchange->plan,
	                            &exchange->principal);

	if (gate != GATE_LATER)
		return exchange_pass_gate(exchange, gate);
	exchange->stage = STAGE_GATE;
	mcps__exchange_park(exchange);
	if (!mcps__asking_begin(exchange))
		mcps__exchange_wake(exchange); /* it was quick after all */
	return EXCHANGE_PARKED;
}

struct exchange *mcps__exchange_open(struct endpoint *endpoint,
                                     const struct mcps_request *request,
                                     const struct exchange_glue *glue,
                                     enum exchange_state *state)
{
	struct exchange *exchange = mcps__calloc(1, sizeof *exchange);

	if (exchange == NULL)
		return NULL;
	atomic_init(&exchange->refs, 1);
	exchange->endpoint = endpoint;
	exchange->request = *request;
	exchange->glue = *glue;
	atomic_fetch_add_explicit(&endpoint->requests, 1, memory_order_relaxed);
	*state = exchange_gate_first(exchange);
	return exchange;
}

/* All requests together may hold only so much of our memory, and those of one
 * caller not all of that. */
static mcps_status exchange_reserve_body(struct exchange *exchange,
                                         size_t length)
{
	struct memory_limit *bodies = &exchange->endpoint->bodies;
	struct memory_claim *claim = &exchange->body_claim;

	mcps__memory_claim_take(bodies, claim, &exchange->caller, length);
	if (!mcps__memory_limit_is_scarce(bodies))
		return MCPS_OK;
	return mcps__memory_limit_check(bodies, claim->of_caller, claim->bytes);
}

static void exchange_refuse_large_body(struct exchange *exchange,
                                       mcps_status status)
{
	if (status != MCPS_E_NOMEM)
		mcps__endpoint_report(exchange->endpoint,
		                      status == MCPS_E_TOO_LARGE
		                              ? INCIDENT_BODY_SIZE
		                              : INCIDENT_BODIES);
	/* Refused, it keeps no memory from others. */
	mcps__buffer_finish(&exchange->body);
	mcps__memory_claim_release(&exchange->endpoint->bodies,
	                           &exchange->body_claim);
	exchange->plan.close = true; /* the rest is not going to be read */
	mcps__exchange_refuse(exchange, status, NULL, NULL);
}

void mcps__exchange_body(struct exchange *exchange, const void *bytes,
                         size_t length)
{
	mcps_status status;

	if (exchange->stage == STAGE_DONE)
		return;
	if (length > exchange->endpoint->max_body - exchange->body.length)
		status = MCPS_E_TOO_LARGE;
	else
		status = exchange_reserve_body(exchange, length);
	if (status == MCPS_OK)
		mcps__buffer_add(&exchange->body, bytes, length);
	if (exchange->body.failed)
		status = MCPS_E_NOMEM;
	if (status != MCPS_OK)
		exchange_refuse_large_body(exchange, status);
}

static bool exchange_awaits_opening(const struct exchange *exchange)
{
	return exchange->glue.admits_only && exchange->initialize != NULL &&
	       !exchange->may_open;
}

bool mcps__exchange_open_session(struct exchange *exchange)
{
	if (exchange->stage != STAGE_ADMIT ||
	    !exchange_awaits_opening(exchange))
		return false;
	exchange->may_open = true;
	return true;
}

void mcps__exchange_refuse_late(struct exchange *exchange)
{
	if (!exchange->plan.ready)
		mcps__exchange_refuse(exchange, MCPS_E_STOPPING, NULL, NULL);
}

enum exchange_state mcps__exchange_run(struct exchange *exchange)
{
	exchange->is_parked = false; /* whoever calls was woken, or is first */
	for (;;) {
		switch (exchange->stage) {
		case STAGE_GATE:
			return exchange_gate_again(exchange);
		case STAGE_READ:
			mcps__running_enter(exchange);
			mcps__exchange_read(exchange);
			break;
		case STAGE_ADMIT:
			if (exchange_awaits_opening(exchange))
				return EXCHANGE_READY;
			if (!mcps__exchange_admit(exchange))
				return EXCHANGE_PARKED;
			break;
		case STAGE_DISPATCH:
			if (!mcps__exchange_dispatch(exchange))
				return EXCHANGE_PARKED;
			break;
		case STAGE_DONE:
			return EXCHANGE_READY;
		}
	}
}

struct session *mcps__exchange_session(struct exchange *exchange)
{
	return exchange->session;
}

struct principal *mcps__exchange_principal(struct exchange *exchange)
{
	return exchange->principal;
}

void mcps__exchange_session_ended(struct exchange *exchange)
{
	mcps__exchange_refuse(exchange, MCPS_E_GONE, NULL, NULL);
}

struct plan *mcps__exchange_plan(struct exchange *exchange)
{
	return &exchange->plan;
}

/* A buffer grows by doubling: what is beyond the answer is given back. */
static void exchange_trim_answer(struct buffer *body)
{
	char *data;

	if (body->failed || body->capacity - body->length <= body->length / 8)
		return;
	data = mcps__realloc(body->data, body->length);
	if (data == NULL)
		return;
	body->data = data;
	body->capacity = body->length;
}

void mcps__exchange_count_answer(struct exchange *exchange,
                                 struct memory_claim *claim)
{
	struct buffer *body = &exchange->plan.body;

	if (body->length <= ANSWER_SMALL)
		return;
	exchange_trim_answer(body);
	mcps__memory_claim_take(exchange->endpoint->sessions->options.answers,
	                        claim, &exchange->caller, body->length);
}
