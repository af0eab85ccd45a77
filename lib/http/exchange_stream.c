/* Answers that are streams: of a call that says something before its end, and
 * of a GET. */
#include "http/exchange_internal.h"

#include "base/container.h"
#include "http/drain.h"
#include "http/media.h"

#include <sched.h>

enum { RETRY_LEAST_MS = 500, RETRY_SPREAD_MS = 2500 };

bool mcps__exchange_claim(struct exchange *exchange)
{
	int pending = ANSWER_PENDING;

	return atomic_compare_exchange_strong(&exchange->answer, &pending,
	                                      ANSWER_PLANNED);
}

/* ---- outlets ---- */

/* Spread, so that the clients of a server that stops do not come back all at
 * once. */
static uint32_t choose_retry(const struct sessions *sessions)
{
	uint32_t chance = 0;

	if (mcps__random_fill(sessions->options.random, &chance,
	                      sizeof chance) != MCPS_OK)
		chance = 0;
	return RETRY_LEAST_MS + chance % RETRY_SPREAD_MS;
}

static const struct revision *revision_of(const struct exchange *exchange)
{
	return mcps__revision_by_number(exchange->session->revision);
}

static struct outlet *open_outlet(struct exchange *exchange, bool is_call)
{
	struct sessions *sessions = exchange->endpoint->sessions;
	const struct outlet_glue glue = { exchange->glue.park,
		                          exchange->glue.wake,
		                          exchange->glue.arg };

	return mcps__outlet_new(&sessions->outlets, exchange->session, &glue,
	                        is_call, revision_of(exchange)->has_polling,
	                        choose_retry(sessions));
}

static void plan_stream(struct exchange *exchange, struct outlet *outlet)
{
	exchange->outlet = outlet;
	exchange->plan.outlet = outlet;
	exchange->plan.ready = true;
	exchange->plan.status = 200;
	exchange->plan.kind = PLAN_STREAM;
	exchange->stage = STAGE_DONE;
}

bool mcps__exchange_let_go(struct exchange *exchange)
{
	struct outlet *outlet = exchange->outlet;

	if (exchange->plan.kind != PLAN_STREAM || outlet->is_call)
		return false;
	outlet->kept = exchange->session;
	outlet->caller = exchange->caller;
	exchange->session = NULL;
	exchange->outlet = NULL;
	exchange->is_listening = false; /* the outlet is, until it is left */
	mcps__exchange_unref(exchange);
	return true;
}

void mcps__exchange_leave(struct endpoint *endpoint, struct outlet *outlet)
{
	mcps__inflight_leave(&endpoint->mcp->listening, &outlet->caller);
	mcps__outlet_leave(outlet);
}

/* ---- of a call ---- */

/* While the connection is parked, and its headers with it. */
static bool accepts_stream(const struct exchange *exchange)
{
	return mcps__accepts(&exchange->request.headers[HEADER_ACCEPT],
	                     "text/event-stream");
}

/* False: without memory it is answered as if it had said nothing. */
static bool open_stream(struct exchange *exchange)
{
	struct sessions *sessions = exchange->endpoint->sessions;
	struct reply_id id = mcps__exchange_id(exchange);
	struct outlet *outlet;
	struct stream *stream;

	if (!accepts_stream(exchange))
		return false;
	stream =
		mcps__stream_new(sessions, exchange->session, id.text,
	                         id.length, revision_of(exchange)->has_polling);
	if (stream == NULL)
		return false;
	outlet = open_outlet(exchange, true);
	if (outlet == NULL) {
		mcps__stream_unref(stream);
		return false;
	}
	mcps__stream_attach(stream, outlet);
	mcps__stream_open(stream, exchange->session);
	exchange->stream = stream;
	plan_stream(exchange, outlet);
	return true;
}

/* With its first event, if there is sure to be one soon: the connection is
 * woken once instead of twice. */
static void begin_answer(struct exchange *exchange)
{
	if (!exchange->stream->primes || exchange->stream->is_volatile ||
	    !mcps__outlet_doze(exchange->outlet))
		mcps__exchange_wake(exchange);
}

struct stream *mcps__exchange_stream(struct exchange *exchange)
{
	int answer = ANSWER_PENDING;

	if (atomic_compare_exchange_strong(&exchange->answer, &answer,
	                                   ANSWER_OPENING)) {
		if (!open_stream(exchange)) {
			atomic_store(&exchange->answer, ANSWER_PENDING);
			return NULL;
		}
		atomic_store(&exchange->answer, ANSWER_STREAMED);
		begin_answer(exchange);
		return exchange->stream;
	}
	while (atomic_load(&exchange->answer) == ANSWER_OPENING)
		sched_yield(); /* another thread is about to have it open */
	return atomic_load(&exchange->answer) == ANSWER_STREAMED
	               ? exchange->stream
	               : NULL;
}

/* ---- of a GET ---- */

static mcps_status start_listening(struct exchange *exchange)
{
	mcps_status status = mcps__inflight_enter(
		&exchange->endpoint->mcp->listening, &exchange->caller);

	exchange->is_listening = status == MCPS_OK;
	return status;
}

void mcps__exchange_stop_listening(struct exchange *exchange)
{
	if (exchange->is_listening)
		mcps__inflight_leave(&exchange->endpoint->mcp->listening,
		                     &exchange->caller);
	exchange->is_listening = false;
}

static bool refuse_listening(struct exchange *exchange, mcps_status status,
                             const char *detail)
{
	mcps__exchange_refuse(exchange, status, detail, NULL);
	return true;
}

/* A client that has all of a stream that ended is told not to come again (HTML,
 * Server-sent events: 204); an empty stream would have it come for ever. */
static void resumed(struct resume_wait *wait, bool has_all)
{
	struct exchange *exchange =
		container_of(wait, struct exchange, resume_wait);

	if (has_all)
		mcps__exchange_plan_empty(exchange, 204);
	else
		plan_stream(exchange, exchange->outlet);
	mcps__drain_entered(exchange);
	mcps__exchange_wake(exchange);
}

static bool listen_again(struct exchange *exchange, const struct event_id *id)
{
	exchange->resume_wait.fn = resumed;
	mcps__exchange_park(exchange);
	mcps__stream_resume(exchange->endpoint->sessions, exchange->session, id,
	                    revision_of(exchange)->has_polling,
	                    exchange->outlet, &exchange->resume_wait);
	return false;
}

static bool listen_anew(struct exchange *exchange)
{
	plan_stream(exchange, exchange->outlet);
	mcps__drain_entered(exchange);
	mcps__stream_begin(exchange->endpoint->sessions, exchange->session,
	                   revision_of(exchange)->has_polling,
	                   exchange->outlet);
	return true;
}

bool mcps__exchange_listen(struct exchange *exchange)
{
	const struct http_value *last =
		&exchange->request.headers[HEADER_LAST_EVENT_ID];
	struct event_id id;
	mcps_status status;

	if (!accepts_stream(exchange))
		return refuse_listening(exchange, MCPS_E_NOT_ACCEPTABLE, NULL);
	status = start_listening(exchange);
	if (status != MCPS_OK)
		return refuse_listening(exchange, status, "too many streams");
	exchange->outlet = open_outlet(exchange, false);
	if (exchange->outlet == NULL)
		return refuse_listening(exchange, MCPS_E_NOMEM, NULL);
	if (last->text != NULL &&
	    mcps__event_id_read(&id, last->text, last->length))
		return listen_again(exchange, &id);
	return listen_anew(exchange);
}
