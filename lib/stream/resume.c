/* Resuming: what is stored after an event goes to an SSE connection, a page at
 * a time; then the SSE connection is attached and goes on live. Pages are read,
 * and events are told of, on the store's one thread, so between the last page
 * and the first live event there is neither gap nor overlap. */
#include "stream/stream.h"

#include "base/container.h"
#include "base/error.h"
#include "base/memory.h"
#include "rpc/reply.h"
#include "session/sessions.h"

enum { PAGE_EVENTS = 128, PAGE_BYTES = 256 * 1024 };

struct page_event {
	struct page_event *next;
	uint64_t seq;
	size_t length;
	char data[];
};

/* Lives as long as its SSE connection. */
struct fill {
	struct writer_job
		job;        /* while it is queued it keeps the SSE connection */
	struct buffer last; /* what an orphan ends with */
	struct sessions *sessions;
	struct session *session; /* a reference */
	struct sse_connection *sse;
	struct resume_wait *wait; /* NULL: was told */
	struct event_id after;
	bool sends_first_event;

	/* What was read. */
	int64_t session_ref; /* of the row of the session's key, if it lives */
	bool is_there;       /* such a stream, of this session */
	bool is_purged;
	bool is_damaged; /* ... because of the disk */
	bool has_more;
	struct mcps_stream_row row;
	char request[STREAM_REQUEST_MAX + 1];
	struct page_event *first, **end;
	unsigned count;
	size_t bytes;
};

/* ---- the page ---- */

static void resume_page_drop(struct fill *fill)
{
	struct page_event *event;

	while ((event = fill->first) != NULL) {
		fill->first = event->next;
		mcps__free(event);
	}
	fill->end = &fill->first;
	fill->count = 0;
	fill->bytes = 0;
}

static mcps_status resume_page_add(void *arg, const struct mcps_event_row *row)
{
	struct fill *fill = arg;
	struct page_event *event;

	if (fill->count >= PAGE_EVENTS || fill->bytes >= PAGE_BYTES)
		return STATUS_STOP;
	event = mcps__malloc(sizeof *event + row->length);
	if (event == NULL)
		return MCPS_E_NOMEM;
	event->next = NULL;
	event->seq = row->seq;
	event->length = row->length;
	if (row->length != 0)
		memcpy(event->data, row->data, row->length);
	*fill->end = event;
	fill->end = &event->next;
	fill->count++;
	fill->bytes += row->length;
	return MCPS_OK;
}

/* The end of what was cancelled is kept, but says nothing. */
static bool resume_is_silent(const struct fill *fill,
                             const struct page_event *event)
{
	return event->length == 0 && fill->row.is_ended &&
	       event->seq == fill->row.last;
}

static void resume_page_send(struct fill *fill)
{
	for (struct page_event *event = fill->first; event != NULL;
	     event = event->next) {
		const struct event_id id = { fill->after.stream, event->seq };

		if (!resume_is_silent(fill, event))
			mcps__sse_connection_push(fill->sse, &id, event->data,
			                          event->length, false);
		fill->after.seq = event->seq;
	}
	mcps__sse_connection_wake(fill->sse);
	resume_page_drop(fill);
}

/* ---- on the store's thread ---- */

/* The key says which caller's session it is, and under which id. */
static bool resume_is_ours(const struct fill *fill,
                           const struct mcps_stream_row *row)
{
	return row->session == fill->session_ref ||
	       (row->ended_key != NULL &&
	        memcmp(row->ended_key, fill->session->key,
	               MCPS_SESSION_KEY_SIZE) == 0);
}

static mcps_status resume_take_stream(void *arg,
                                      const struct mcps_stream_row *row)
{
	struct fill *fill = arg;

	if (!resume_is_ours(fill, row) ||
	    row->request_length > STREAM_REQUEST_MAX)
		return MCPS_OK; /* another session's: as if it were not there */
	fill->is_there = true;
	fill->row = *row;
	if (row->request_length != 0)
		memcpy(fill->request, row->request, row->request_length);
	fill->row.request = fill->request;
	fill->row.ended_key = NULL; /* it dies with the call */
	return MCPS_OK;
}

static mcps_status resume_take_ref(void *arg,
                                   const struct mcps_session_row *row)
{
	struct fill *fill = arg;

	fill->session_ref = row->ref;
	return MCPS_OK;
}

/* One that is too old has ended, whatever the store has made of it so far. */
static mcps_status resume_find_session(struct fill *fill, mcps_store *store)
{
	fill->session_ref = fill->session->ref;
	return fill->session_ref != 0
	               ? MCPS_OK
	               : store->ops->session_load(store, fill->session->key,
	                                          resume_take_ref, fill);
}

static mcps_status resume_read_events(struct fill *fill, mcps_store *store)
{
	mcps_status status;

	if (fill->after.seq >= fill->row.last)
		return MCPS_OK;
	if (fill->after.seq + 1 < fill->row.first) {
		fill->is_purged = true;
		return MCPS_OK;
	}
	status = store->ops->event_replay(store, fill->after.stream,
	                                  fill->after.seq, resume_page_add,
	                                  fill);
	fill->has_more = status == STATUS_STOP;
	fill->is_damaged = status == MCPS_E_CORRUPT;
	fill->is_purged = fill->is_damaged;
	return fill->has_more || fill->is_purged ? MCPS_OK : status;
}

static mcps_status resume_fill_run(struct writer_job *job, mcps_store *store)
{
	struct fill *fill = container_of(job, struct fill, job);
	mcps_status status;

	resume_page_drop(fill);
	fill->is_there = fill->has_more = false;
	fill->is_purged = fill->is_damaged = false;
	status = resume_find_session(fill, store);
	if (status == MCPS_OK)
		status = store->ops->stream_get(store, fill->after.stream,
		                                resume_take_stream, fill);
	if (status != MCPS_OK || !fill->is_there)
		return status;
	return resume_read_events(fill, store);
}

/* ---- what becomes of it ---- */

static struct reply_id resume_request_id(const struct fill *fill)
{
	return (struct reply_id){ fill->row.request, fill->row.request_length };
}

static void resume_fresh(struct fill *fill)
{
	mcps__stream_begin(fill->sessions, fill->session,
	                   fill->sends_first_event, fill->sse);
}

/* Never a part of it: for a call an error and the end, else a fresh one. */
static void resume_without(struct fill *fill)
{
	const struct event_id none = { 0, 0 };
	struct buffer message = { 0 };

	if (fill->row.request_length == 0) {
		resume_fresh(fill);
		return;
	}
	mcps__reply_error(&message, resume_request_id(fill),
	                  mcps_status_rpc(MCPS_E_PURGED),
	                  mcps_status_text(MCPS_E_PURGED), NULL,
	                  REPLY_OUTCOME_DATA);
	if (message.failed) {
		mcps__sse_connection_close(
			fill->sse); /* the client comes again */
	} else {
		mcps__sse_connection_push(fill->sse, &none, message.data,
		                          message.length, true);
	}
	mcps__buffer_finish(&message);
}

/* ---- a call whose process is gone ---- */

static void resume_fill_submit(struct sse_connection *sse);

static mcps_status resume_orphan_run(struct writer_job *job, mcps_store *store)
{
	struct fill *fill = container_of(job, struct fill, job);
	const struct mcps_event_row row = {
		.at_ms = mcps__sessions_now(fill->sessions),
		.data = fill->last.data,
		.length = fill->last.length,
	};
	uint64_t seq;

	return store->ops->event_append(
		store, fill->after.stream, &row, 1, true,
		fill->sessions->options.event_bytes, &seq);
}

/* Somebody has ended it in any case: the end is there to be read. */
static void resume_orphan_done(struct writer_job *job, mcps_status status)
{
	struct fill *fill = container_of(job, struct fill, job);
	struct sse_connection *sse = fill->sse;

	if (status == MCPS_OK || status == MCPS_E_GONE)
		resume_fill_submit(sse);
	else
		mcps__sse_connection_close(sse); /* the client comes again */
	mcps__sse_connection_unref(sse);
}

/* Nobody will ever answer that call: that is said once, and stored like any
 * answer. */
static void resume_end_orphan(struct fill *fill)
{
	mcps__buffer_reset(&fill->last);
	mcps__reply_outcome(&fill->last, resume_request_id(fill), NULL);
	if (fill->last.failed) {
		mcps__sse_connection_close(fill->sse);
		return;
	}
	mcps__sse_connection_ref(fill->sse);
	fill->job.run = resume_orphan_run;
	fill->job.done = resume_orphan_done;
	mcps__writer_submit(fill->sessions->options.writer, &fill->job);
}

static void resume_live(struct fill *fill, struct stream *stream)
{
	mcps__sse_connection_begin(fill->sse);
	mcps__stream_attach(stream, fill->sse);
	if (!stream->is_call)
		mcps__stream_tell_listens(
			fill->sessions, fill->session,
			mcps__stream_is_attached(stream) ? stream->id : 0);
	mcps__stream_unref(stream);
}

/* One of no call goes on in this process. */
static struct stream *resume_adopt(struct fill *fill)
{
	struct stream *stream = mcps__stream_adopt(
		fill->sessions, fill->session, fill->after.stream, NULL, 0);

	if (stream != NULL)
		mcps__session_list_stream(fill->session, stream);
	return stream;
}

static void resume_go_on(struct fill *fill)
{
	bool is_call = fill->row.request_length != 0;
	uint64_t id = fill->after.stream;
	struct stream *stream =
		is_call ? mcps__streams_find_call(fill->sessions, id)
			: mcps__session_find_stream(fill->session, id);

	if (stream == NULL && is_call) {
		resume_end_orphan(fill);
		return;
	}
	if (stream == NULL)
		stream = resume_adopt(fill);
	if (stream != NULL)
		resume_live(fill, stream);
	else
		mcps__sse_connection_close(fill->sse);
}

static bool resume_has_all(const struct fill *fill)
{
	return !fill->is_purged && fill->row.is_ended &&
	       (fill->first == NULL || resume_is_silent(fill, fill->first));
}

static enum resume_found resume_result(const struct fill *fill,
                                       mcps_status status)
{
	if (status != MCPS_OK)
		return RESUME_NO_CALL; /* ... later */
	if (!fill->is_there)
		return atomic_load(&fill->session->has_ended) ? RESUME_NOTHING
		                                              : RESUME_NO_CALL;
	if (resume_has_all(fill))
		return RESUME_HAS_ALL;
	return fill->row.request_length != 0 ? RESUME_CALL : RESUME_NO_CALL;
}

/* Whether the SSE connection is to get anything. */
static bool resume_tell_found(struct fill *fill, enum resume_found found)
{
	struct resume_wait *wait = fill->wait;

	fill->wait = NULL;
	return wait == NULL || wait->fn(wait, found);
}

/* A damaged event is missing, too, but no limit has removed it. */
static void resume_report_loss(const struct fill *fill, mcps_status status)
{
	if (status == MCPS_OK && (!fill->is_there || fill->is_purged) &&
	    !fill->is_damaged)
		mcps__sessions_report(fill->sessions, INCIDENT_EVENTS);
}

/* The stream may have been swept since the last page was read. */
static void resume_nowhere(struct fill *fill)
{
	if (atomic_load(&fill->session->has_ended) || fill->row.id != 0)
		mcps__sse_connection_close(fill->sse);
	else
		resume_fresh(fill);
}

static void resume_fill_done(struct writer_job *job, mcps_status status)
{
	struct fill *fill = container_of(job, struct fill, job);
	struct sse_connection *sse = fill->sse;

	resume_report_loss(fill, status);
	if (!resume_tell_found(fill, resume_result(fill, status))) {
		mcps__sse_connection_end(sse);
	} else if (status != MCPS_OK) {
		mcps__sse_connection_close(sse); /* the client comes again */
	} else if (!fill->is_there) {
		resume_nowhere(fill);
	} else if (fill->is_purged) {
		resume_without(fill);
	} else {
		resume_page_send(fill);
		if (fill->has_more)
			mcps__sse_connection_want_refill(sse);
		else if (fill->row.is_ended)
			mcps__sse_connection_end(sse);
		else
			resume_go_on(fill);
	}
	mcps__sse_connection_unref(sse);
}

static void resume_fill_submit(struct sse_connection *sse)
{
	struct fill *fill = sse->refill_arg;

	mcps__sse_connection_ref(sse);
	fill->job.run = resume_fill_run;
	fill->job.done = resume_fill_done;
	mcps__writer_submit_read(fill->sessions->options.writer, &fill->job);
}

static void resume_fill_finish(void *arg)
{
	struct fill *fill = arg;

	resume_page_drop(fill);
	mcps__buffer_finish(&fill->last);
	mcps__session_unref(fill->session);
	mcps__free(fill);
}

void mcps__stream_resume(struct sessions *sessions, struct session *session,
                         const struct event_id *id, bool sends_first_event,
                         struct sse_connection *sse, struct resume_wait *wait)
{
	struct fill *fill;

	if (!mcps__writer_has_streams(sessions->options.writer)) {
		if (wait->fn(wait, RESUME_NO_CALL))
			mcps__stream_begin(sessions, session, sends_first_event,
			                   sse);
		return;
	}
	fill = mcps__calloc(1, sizeof *fill);
	if (fill == NULL) {
		mcps__sse_connection_close(sse);
		(void)wait->fn(wait, RESUME_NO_CALL);
		return;
	}
	fill->sessions = sessions;
	fill->session = mcps__session_ref(session);
	fill->sse = sse;
	fill->wait = wait;
	fill->after = *id;
	fill->sends_first_event = sends_first_event;
	fill->end = &fill->first;
	sse->refill = resume_fill_submit;
	sse->refill_arg = fill;
	sse->refill_finish = resume_fill_finish;
	resume_fill_submit(sse);
}

void mcps__stream_begin(struct sessions *sessions, struct session *session,
                        bool sends_first_event, struct sse_connection *sse)
{
	struct stream *stream =
		mcps__stream_new(sessions, session, NULL, 0, sends_first_event);

	if (stream == NULL) {
		mcps__sse_connection_close(sse);
		return;
	}
	if (stream->is_volatile) /* else the first event is on its way */
		mcps__sse_connection_begin(sse);
	mcps__stream_attach(stream, sse);
	mcps__stream_open(stream, session);
	mcps__stream_unref(stream);
	mcps__stream_tell_listens(sessions, session, 0);
}
