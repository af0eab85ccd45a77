/* Answers that are streams: of a call that says something before its end, and
 * of a GET. */
#include "http/exchange_internal.h"

#include "base/container.h"
#include "http/listening.h"
#include "http/media.h"
#include "http/running.h"
#include "stream/streams.h"

#include <sched.h>

/* Streams last: a client that found no room for its own asks in vain for a
 * while, and takes a connection each time. */
enum { NO_ROOM_RETRY_S = 10 };

bool mcps__exchange_claim(struct exchange *exchange)
{
	int pending = ANSWER_PENDING;

	return atomic_compare_exchange_strong(&exchange->answer, &pending,
	                                      ANSWER_PLANNED);
}

/* ---- SSE connections ---- */

static const struct revision *
exchange_revision_of(const struct exchange *exchange)
{
	return mcps__revision_by_number(exchange->session->revision);
}

static struct sse_connection *exchange_open_sse(struct exchange *exchange,
                                                bool is_call,
                                                const struct event_id *after)
{
	struct sessions *sessions = exchange->endpoint->sessions;
	const struct sse_glue glue = { exchange->glue.park, exchange->glue.wake,
		                       exchange->glue.arg };

	struct sse_connection *sse = mcps__sse_connection_new(
		&mcps__streams_of(sessions)->sse_connections, exchange->session,
		&glue, is_call, exchange_revision_of(exchange)->has_retry,
		after);

	if (sse != NULL) {
		sse->daemon = exchange->glue.streams;
		mcps__sse_connection_count_for(sse, &exchange->caller);
	}
	return sse;
}

static void plan_stream(struct exchange *exchange, struct sse_connection *sse)
{
	exchange->sse = sse;
	exchange->plan.sse = sse;
	exchange->plan.ready = true;
	exchange->plan.status = 200;
	exchange->plan.kind = PLAN_STREAM;
	exchange->stage = STAGE_DONE;
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
	struct sse_connection *sse;
	struct stream *stream;

	if (!accepts_stream(exchange))
		return false;
	stream = mcps__stream_new(sessions, exchange->session, id.text,
	                          id.length,
	                          exchange_revision_of(exchange)->has_retry);
	if (stream == NULL)
		return false;
	sse = exchange_open_sse(exchange, true, NULL);
	if (sse == NULL || !mcps__sse_connection_reserve_last(sse, id)) {
		mcps__sse_connection_leave(sse);
		mcps__stream_unref(stream);
		return false;
	}
	mcps__stream_attach(stream, sse);
	mcps__stream_open(stream, exchange->session);
	exchange->stream = stream;
	plan_stream(exchange, sse);
	return true;
}

/* With its first event, if there is sure to be one soon: the connection is
 * woken once instead of twice. */
static void exchange_begin_answer(struct exchange *exchange)
{
	if (!exchange->stream->sends_first_event ||
	    exchange->stream->is_volatile ||
	    !mcps__sse_connection_sleep_if_empty(exchange->sse))
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
		exchange_begin_answer(exchange);
		return exchange->stream;
	}
	while (atomic_load(&exchange->answer) == ANSWER_OPENING)
		sched_yield(); /* another thread is about to have it open */
	return atomic_load(&exchange->answer) == ANSWER_STREAMED
	               ? exchange->stream
	               : NULL;
}

/* ---- of a GET ---- */

static bool exchange_refuse_listening(struct exchange *exchange,
                                      mcps_status status, const char *detail)
{
	mcps__exchange_refuse(exchange, status, detail, NULL);
	return true;
}

/* Count one more stream that answers no call. False: there are too many, and
 * the answer says so. Its connection is closed: it would stay open for the
 * next request, and refused clients would take the connections that are kept
 * for calls. */
static bool exchange_start_listening(struct exchange *exchange)
{
	mcps_status status = mcps__listening_begin(
		exchange->endpoint, exchange->glue.streams, &exchange->caller);

	exchange->is_listening = status == MCPS_OK;
	if (exchange->is_listening)
		return true;
	(void)exchange_refuse_listening(exchange, status, "too many streams");
	exchange->plan.close = true;
	if (status == MCPS_E_BUSY)
		exchange->plan.retry_after_s = NO_ROOM_RETRY_S;
	return false;
}

void mcps__exchange_stop_listening(struct exchange *exchange)
{
	if (exchange->is_listening)
		mcps__listening_end(exchange->endpoint, exchange->glue.streams,
		                    &exchange->caller);
	exchange->is_listening = false;
}

/* A client that has all of a stream that ended is told not to come again (HTML,
 * Server-sent events: 204); an empty stream would have it come for ever. The
 * stream of a call may always be resumed: its client waits for the response. */
static bool exchange_resumed(struct resume_wait *wait, enum resume_found found)
{
	struct exchange *exchange =
		container_of(wait, struct exchange, resume_wait);
	bool goes_on =
		found == RESUME_CALL ||
		(found == RESUME_NO_CALL && exchange_start_listening(exchange));

	if (goes_on)
		plan_stream(exchange, exchange->sse);
	else if (found == RESUME_HAS_ALL)
		mcps__exchange_plan_empty(exchange, 204);
	else if (found == RESUME_NOTHING)
		mcps__exchange_refuse(exchange, MCPS_E_GONE, NULL, NULL);
	mcps__running_entered(exchange);
	mcps__exchange_wake(exchange);
	return goes_on;
}

static bool exchange_listen_again(struct exchange *exchange,
                                  const struct event_id *id)
{
	exchange->resume_wait.fn = exchange_resumed;
	mcps__exchange_park(exchange);
	mcps__stream_resume(exchange->endpoint->sessions, exchange->session, id,
	                    exchange_revision_of(exchange)->has_retry,
	                    exchange->sse, &exchange->resume_wait);
	return false;
}

static bool exchange_listen_anew(struct exchange *exchange)
{
	plan_stream(exchange, exchange->sse);
	mcps__running_entered(exchange);
	mcps__stream_begin(exchange->endpoint->sessions, exchange->session,
	                   exchange_revision_of(exchange)->has_retry,
	                   exchange->sse);
	return true;
}

/* False: its client listens anew. */
static bool exchange_read_last_id(const struct exchange *exchange,
                                  struct event_id *id)
{
	const struct http_value *last =
		&exchange->request.headers[HEADER_LAST_EVENT_ID];

	*id = (struct event_id){ 0, 0 };
	return last->text != NULL &&
	       mcps__event_id_read(id, last->text, last->length);
}

bool mcps__exchange_listen(struct exchange *exchange)
{
	struct event_id id;
	bool resumes = exchange_read_last_id(exchange, &id);

	if (atomic_load(&exchange->endpoint->is_stopping) &&
	    mcps__exchange_listen_later(exchange)) {
		mcps__running_entered(exchange);
		return true;
	}
	if (!accepts_stream(exchange))
		return exchange_refuse_listening(exchange,
		                                 MCPS_E_NOT_ACCEPTABLE, NULL);
	if (!resumes && !exchange_start_listening(exchange))
		return true;
	exchange->sse =
		exchange_open_sse(exchange, false, resumes ? &id : NULL);
	if (exchange->sse == NULL)
		return exchange_refuse_listening(exchange, MCPS_E_NOMEM, NULL);
	return resumes ? exchange_listen_again(exchange, &id)
	               : exchange_listen_anew(exchange);
}

/* ---- of a GET that comes while the server stops ---- */

/* The session's, if it is in memory; else what the header says. */
static const struct revision *
exchange_find_revision(const struct exchange *exchange, const uint8_t *key)
{
	const struct http_value *header =
		&exchange->request.headers[HEADER_PROTOCOL_VERSION];
	const struct revision *revision = NULL;
	struct session *session;

	if (mcps__sessions_find(exchange->endpoint->sessions, key, &session) ==
	    FOUND_LIVE) {
		revision = mcps__revision_by_number(session->revision);
		mcps__session_unref(session);
	}
	if (revision == NULL && header->text != NULL)
		revision = mcps__revision_find(header->text, header->length);
	return revision != NULL ? revision : mcps__revision_assumed();
}

static void exchange_write_reconnect(struct buffer *out,
                                     const struct event_id *id,
                                     uint32_t retry_ms)
{
	if (id->stream != 0)
		mcps__event_write_first(out, id, retry_ms, NULL, 0);
	else if (retry_ms != 0)
		mcps__event_write_retry(out, retry_ms);
	else
		mcps__buffer_add_literal(out, EVENT_COMMENT);
}

bool mcps__exchange_listen_later(struct exchange *exchange)
{
	struct sessions *sessions = exchange->endpoint->sessions;
	const struct http_value *session_id =
		&exchange->request.headers[HEADER_SESSION_ID];
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	struct event_id id;

	if (exchange->request.method != HTTP_GET ||
	    exchange->glue.admits_only || session_id->text == NULL ||
	    !accepts_stream(exchange))
		return false;
	mcps__sessions_key(sessions, key, exchange->principal, session_id->text,
	                   session_id->length);
	if (!exchange_find_revision(exchange, key)->has_retry)
		return false;
	(void)exchange_read_last_id(exchange, &id);
	exchange_write_reconnect(
		&exchange->plan.body, &id,
		mcps__sse_connections_retry(
			&mcps__streams_of(sessions)->sse_connections, key));
	exchange->plan.ready = true;
	exchange->plan.status = 200;
	exchange->plan.kind = PLAN_EVENTS;
	exchange->stage = STAGE_DONE;
	return true;
}
