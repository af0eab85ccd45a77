/* Resuming: what is stored after an event goes to an outlet, a page at a time;
 * then the outlet is attached and goes on live. Pages are read, and events are
 * told of, on the store's one thread, so between the last page and the first
 * live event there is neither gap nor overlap. */
#include "session/stream.h"

#include "base/container.h"
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

/* Lives as long as its outlet. */
struct fill {
	struct writer_job job; /* while it is queued it keeps the outlet */
	struct sessions *sessions;
	struct session *session; /* a reference */
	struct outlet *outlet;
	struct resume_wait *wait; /* NULL: was told */
	struct event_id after;
	bool primes;

	/* What was read. */
	bool is_there; /* such a stream, of this session */
	bool is_purged;
	bool has_more;
	struct mcps_stream_row row;
	char request[STREAM_REQUEST_MAX + 1];
	struct page_event *first, **end;
	unsigned count;
	size_t bytes;
};

/* ---- the page ---- */

static void page_drop(struct fill *fill)
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

static mcps_status page_add(void *arg, const struct mcps_event_row *row)
{
	struct fill *fill = arg;
	struct page_event *event;

	if (fill->count >= PAGE_EVENTS || fill->bytes >= PAGE_BYTES)
		return MCPS_LATER;
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
static bool is_silent(const struct fill *fill, const struct page_event *event)
{
	return event->length == 0 && fill->row.is_ended &&
	       event->seq == fill->row.last;
}

static void page_send(struct fill *fill)
{
	for (struct page_event *event = fill->first; event != NULL;
	     event = event->next) {
		const struct event_id id = { fill->after.stream, event->seq };

		if (!is_silent(fill, event))
			mcps__outlet_push(fill->outlet, &id, event->data,
			                  event->length);
		fill->after.seq = event->seq;
	}
	mcps__outlet_rouse(fill->outlet);
	page_drop(fill);
}

/* ---- on the store's thread ---- */

static mcps_status take_stream(void *arg, const struct mcps_stream_row *row)
{
	struct fill *fill = arg;

	if (row->session != fill->session->ref ||
	    row->request_length > STREAM_REQUEST_MAX)
		return MCPS_OK; /* another session's: as if it were not there */
	fill->is_there = true;
	fill->row = *row;
	if (row->request_length != 0)
		memcpy(fill->request, row->request, row->request_length);
	fill->row.request = fill->request;
	return MCPS_OK;
}

static mcps_status read_events(struct fill *fill, mcps_store *store)
{
	mcps_status status;

	if (fill->after.seq >= fill->row.last)
		return MCPS_OK;
	if (fill->after.seq + 1 < fill->row.first) {
		fill->is_purged = true;
		return MCPS_OK;
	}
	status = store->ops->event_replay(store, fill->after.stream,
	                                  fill->after.seq, page_add, fill);
	fill->has_more = status == MCPS_LATER;
	fill->is_purged = status == MCPS_E_CORRUPT;
	return fill->has_more || fill->is_purged ? MCPS_OK : status;
}

static mcps_status fill_run(struct writer_job *job, mcps_store *store)
{
	struct fill *fill = container_of(job, struct fill, job);
	mcps_status status;

	page_drop(fill);
	fill->is_there = fill->is_purged = fill->has_more = false;
	status = store->ops->stream_get(store, fill->after.stream, take_stream,
	                                fill);
	if (status != MCPS_OK || !fill->is_there)
		return status;
	return read_events(fill, store);
}

/* ---- what becomes of it ---- */

static struct reply_id request_id(const struct fill *fill)
{
	return (struct reply_id){ fill->row.request, fill->row.request_length };
}

static void go_fresh(struct fill *fill)
{
	mcps__stream_begin(fill->sessions, fill->session, fill->primes,
	                   fill->outlet);
}

/* Never a part of it: for a call an error and the end, else a fresh one. */
static void go_without(struct fill *fill)
{
	const struct event_id none = { 0, 0 };
	struct buffer message = { 0 };

	if (fill->row.request_length == 0) {
		go_fresh(fill);
		return;
	}
	mcps__reply_error(
		&message, request_id(fill), mcps_status_rpc(MCPS_E_PURGED),
		mcps_status_text(MCPS_E_PURGED), NULL, REPLY_OUTCOME_DATA);
	if (message.failed) {
		mcps__outlet_close(fill->outlet); /* the client comes again */
	} else {
		mcps__outlet_push(fill->outlet, &none, message.data,
		                  message.length);
		mcps__outlet_end(fill->outlet);
	}
	mcps__buffer_finish(&message);
}

/* Its process is gone, and nobody will ever answer that call: that is said
 * once, and stored like any answer. */
static void end_orphan(struct fill *fill, struct stream *stream)
{
	struct buffer message = { 0 };

	mcps__reply_outcome(&message, request_id(fill), NULL);
	if (!mcps__stream_append(stream, &message,
	                         STREAM_ENDS | STREAM_MAY_DROP))
		mcps__stream_lose(stream);
}

void mcps__stream_tell_listens(struct sessions *sessions,
                               struct session *session, uint64_t resumed)
{
	atomic_fetch_add(&session->listened, 1);
	if (sessions->listens != NULL)
		sessions->listens(sessions->listens_arg, session, resumed);
}

static void go_live(struct fill *fill)
{
	struct stream *stream =
		mcps__session_find_stream(fill->session, fill->after.stream);
	bool is_orphan = stream == NULL;

	if (is_orphan)
		stream = mcps__stream_adopt(fill->sessions, fill->session,
		                            fill->after.stream, fill->request,
		                            fill->row.request_length);
	if (stream == NULL) {
		mcps__outlet_close(fill->outlet);
		return;
	}
	if (!(is_orphan && stream->is_call)) /* that has its end at once */
		mcps__outlet_begin(fill->outlet);
	mcps__stream_attach(stream, fill->outlet);
	if (is_orphan && stream->is_call)
		end_orphan(fill, stream);
	else if (is_orphan)
		mcps__session_list_stream(fill->session, stream);
	if (!stream->is_call)
		mcps__stream_tell_listens(
			fill->sessions, fill->session,
			mcps__stream_is_attached(stream) ? stream->id : 0);
	mcps__stream_unref(stream);
}

static bool has_all(const struct fill *fill)
{
	return fill->is_there && !fill->is_purged && fill->row.is_ended &&
	       (fill->first == NULL || is_silent(fill, fill->first));
}

static void tell_found(struct fill *fill, bool has_all)
{
	struct resume_wait *wait = fill->wait;

	fill->wait = NULL;
	if (wait != NULL)
		wait->fn(wait, has_all);
}

static void fill_done(struct writer_job *job, mcps_status status)
{
	struct fill *fill = container_of(job, struct fill, job);
	struct outlet *outlet = fill->outlet;

	tell_found(fill, status == MCPS_OK && has_all(fill));
	if (status != MCPS_OK) {
		mcps__outlet_close(outlet); /* the client comes again */
	} else if (!fill->is_there) {
		go_fresh(fill);
	} else if (fill->is_purged) {
		go_without(fill);
	} else {
		page_send(fill);
		if (fill->has_more)
			mcps__outlet_want_refill(outlet);
		else if (fill->row.is_ended)
			mcps__outlet_end(outlet);
		else
			go_live(fill);
	}
	mcps__outlet_unref(outlet);
}

static void fill_submit(struct outlet *outlet)
{
	struct fill *fill = outlet->refill_arg;

	mcps__outlet_ref(outlet);
	mcps__writer_submit_read(fill->sessions->options.writer, &fill->job);
}

static void fill_finish(void *arg)
{
	struct fill *fill = arg;

	page_drop(fill);
	mcps__session_unref(fill->session);
	mcps__free(fill);
}

void mcps__stream_resume(struct sessions *sessions, struct session *session,
                         const struct event_id *id, bool primes,
                         struct outlet *outlet, struct resume_wait *wait)
{
	struct fill *fill;

	if (!mcps__writer_has_streams(sessions->options.writer)) {
		wait->fn(wait, false);
		mcps__stream_begin(sessions, session, primes, outlet);
		return;
	}
	fill = mcps__calloc(1, sizeof *fill);
	if (fill == NULL) {
		mcps__outlet_close(outlet);
		wait->fn(wait, false);
		return;
	}
	fill->job.run = fill_run;
	fill->job.done = fill_done;
	fill->sessions = sessions;
	fill->session = mcps__session_ref(session);
	fill->outlet = outlet;
	fill->wait = wait;
	fill->after = *id;
	fill->primes = primes;
	fill->end = &fill->first;
	outlet->refill = fill_submit;
	outlet->refill_arg = fill;
	outlet->refill_finish = fill_finish;
	fill_submit(outlet);
}

void mcps__stream_begin(struct sessions *sessions, struct session *session,
                        bool primes, struct outlet *outlet)
{
	struct stream *stream =
		mcps__stream_new(sessions, session, NULL, 0, primes);

	if (stream == NULL) {
		mcps__outlet_close(outlet);
		return;
	}
	if (stream->is_volatile) /* else the first event is on its way */
		mcps__outlet_begin(outlet);
	mcps__stream_attach(stream, outlet);
	mcps__stream_open(stream, session);
	mcps__stream_unref(stream);
	mcps__stream_tell_listens(sessions, session, 0);
}
