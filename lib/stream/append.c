/* What is appended to a stream: stored, in order, and then sent. */
#include "stream/stream.h"

#include "base/container.h"
#include "base/memory.h"
#include "session/sessions.h"
#include "stream/subscriptions.h"

enum {
	ROWS = 16,                 /* that are appended at once */
	JOB_BYTES_MAX = 64 * 1024, /* with so many, a job goes alone */
};

/* Until the store thread takes it up, more messages join it: what is said in a
 * row is stored in a row. */
struct stream_job {
	struct writer_job job;
	struct stream *stream;   /* a reference */
	struct session *session; /* a reference: it opens */
	struct session *told;    /* a reference: it is told by itself */
	uint64_t gone;           /* to make room for it; 0: none */
	struct stream_message *first, **end;
	unsigned count; /* of those that wait for room in the stream */
	size_t bytes;
	struct stream_ending *ending; /* has the last message; or NULL */
	bool ends;
	bool closes; /* ... the connection, and nothing else */
	uint32_t retry_ms;
	uint64_t seq; /* of the first message */
};

/* ---- sending ---- */

/* A stored event goes out; the stream's lock keeps them in order. */
static void append_send_event(struct stream *stream, uint64_t seq,
                              const struct buffer *message, bool ends)
{
	const struct event_id id = { .stream = stream->is_volatile ? 0
		                                                   : stream->id,
		                     .seq = seq };

	if (stream->sse == NULL)
		return;
	if (message->length != 0 || !ends)
		mcps__sse_connection_push(stream->sse, &id, message->data,
		                          message->length, ends);
	else
		mcps__sse_connection_end(stream->sse);
}

void mcps__stream_stored(struct stream *stream, const struct buffer *message,
                         bool ends, uint64_t seq)
{
	pthread_mutex_lock(&stream->lock);
	stream->is_over = stream->is_over || ends;
	append_send_event(stream, seq, message, ends);
	if (stream->sse != NULL)
		mcps__sse_connection_wake(stream->sse);
	pthread_mutex_unlock(&stream->lock);
}

/* The store has no room for it any more. */
static void append_evict_stream(struct sessions *sessions,
                                struct session *session, uint64_t id)
{
	struct stream *stream = mcps__session_find_stream(session, id);

	mcps__sessions_report(sessions, INCIDENT_SESSION_STREAMS);
	if (stream == NULL)
		return;
	mcps__session_drop_stream(session, stream);
	mcps__stream_abandon(stream, NULL);
	mcps__stream_unref(stream);
}

/* ---- storing ---- */

static struct mcps_event_row append_row_of(const struct stream *stream,
                                           const struct buffer *message)
{
	return (struct mcps_event_row){
		.at_ms = mcps__sessions_now(stream->sessions),
		.data = message->data,
		.length = message->length,
	};
}

mcps_status mcps__stream_store(struct stream *stream, mcps_store *store,
                               const struct buffer *message, bool ends,
                               uint64_t *seq)
{
	const struct mcps_event_row row = append_row_of(stream, message);

	*seq = 0;
	if (message->failed)
		return MCPS_E_NOMEM; /* it would be stored as less */
	if (stream->is_volatile)
		return MCPS_OK;
	return store->ops->event_append(store, stream->id, &row, 1, ends,
	                                stream->sessions->options.event_bytes,
	                                seq);
}

/* Store messages from *NEXT on, which moves behind them. */
static mcps_status append_store_some(const struct stream_job *job,
                                     mcps_store *store,
                                     const struct stream_message **next,
                                     uint64_t *seq)
{
	const struct stream *stream = job->stream;
	struct mcps_event_row rows[ROWS];
	size_t count = 0;

	for (; *next != NULL && count < ROWS; *next = (*next)->next)
		rows[count++] = append_row_of(stream, &(*next)->text);
	return store->ops->event_append(
		store, stream->id, rows, count, job->ends && *next == NULL,
		stream->sessions->options.event_bytes, seq);
}

static mcps_status append_store_all(struct stream_job *job, mcps_store *store)
{
	const struct stream_message *next = job->first;
	mcps_status status = MCPS_OK;

	while (next != NULL && status == MCPS_OK) {
		uint64_t seq;

		status = append_store_some(job, store, &next, &seq);
		if (job->seq == 0)
			job->seq = seq;
	}
	return status;
}

static mcps_status append_open_row(struct stream_job *job, mcps_store *store)
{
	struct stream *stream = job->stream;
	const struct mcps_stream_row row = {
		.id = stream->id,
		.session = stream->session_ref,
		.opened_ms = mcps__sessions_now(stream->sessions),
		.request = stream->request,
		.request_length = stream->request_length,
	};

	return store->ops->stream_insert(
		store, &row, stream->sessions->options.streams, &job->gone);
}

/* Nothing joins it any more. */
static void append_job_seal(struct stream_job *job)
{
	struct stream *stream = job->stream;

	pthread_mutex_lock(&stream->lock);
	if (stream->queued == job)
		stream->queued = NULL;
	pthread_mutex_unlock(&stream->lock);
}

/* It may run again, after a transaction was lost. */
static mcps_status append_job_run(struct writer_job *writer_job,
                                  mcps_store *store)
{
	struct stream_job *job =
		container_of(writer_job, struct stream_job, job);
	mcps_status status = MCPS_OK;

	append_job_seal(job);
	job->seq = 0;
	if (job->session != NULL)
		status = append_open_row(job, store);
	return status == MCPS_OK ? append_store_all(job, store) : status;
}

static void append_message_drop(struct stream_message *message)
{
	mcps__buffer_finish(&message->text);
	mcps__free(message);
}

static void append_job_drop(struct stream_job *job)
{
	struct stream_message *message;

	if (job == NULL)
		return;
	while ((message = job->first) != NULL) {
		job->first = message->next;
		append_message_drop(message);
	}
	mcps__stream_unref(job->stream);
	mcps__session_unref(job->session);
	mcps__session_unref(job->told);
	mcps__free(job);
}

/* Who is to be told what found no room, now that there is some: a reference;
 * NULL: nobody listens, or there was nothing. Under the lock. */
static struct session *append_find_missed(struct stream *stream)
{
	if (!stream->has_dropped || stream->sse == NULL ||
	    stream->pending > STREAM_PENDING_MAX / 2 ||
	    stream->pending_bytes > STREAM_PENDING_BYTES / 2)
		return NULL;
	stream->has_dropped = false;
	return mcps__session_ref(stream->sse->session);
}

static void append_job_leave(struct stream_job *job)
{
	struct stream *stream = job->stream;
	struct session *missed;

	pthread_mutex_lock(&stream->lock);
	stream->pending -= job->count;
	stream->pending_bytes -= job->bytes;
	missed = append_find_missed(stream);
	pthread_cond_broadcast(&stream->room);
	pthread_mutex_unlock(&stream->lock);
	if (missed != NULL)
		mcps__stream_tell_listens(stream->sessions, missed, 0);
	mcps__session_unref(missed);
	append_job_drop(job);
}

static void append_close_sse(struct stream *stream, uint32_t retry_ms)
{
	pthread_mutex_lock(&stream->lock);
	if (stream->sse != NULL && stream->sse->supports_retry)
		mcps__sse_connection_close_for(stream->sse, retry_ms);
	pthread_mutex_unlock(&stream->lock);
}

static void append_send_all(struct stream_job *job)
{
	struct stream *stream = job->stream;
	uint64_t seq = job->seq;

	pthread_mutex_lock(&stream->lock);
	stream->is_over = stream->is_over || job->ends;
	for (const struct stream_message *message = job->first; message != NULL;
	     message = message->next)
		append_send_event(stream, seq++, &message->text,
		                  job->ends && message->next == NULL);
	if (stream->sse != NULL && job->first != NULL)
		mcps__sse_connection_wake(stream->sse);
	pthread_mutex_unlock(&stream->lock);
}

/* Its message is not the job's. */
static void append_ending_tell(struct stream_job *job, mcps_status status)
{
	struct stream_message **last = &job->first;

	while (*last != &job->ending->message)
		last = &(*last)->next;
	*last = NULL;
	job->ending->done(job->ending, status);
}

/* Nobody knows any more which of its news the session has. */
static void append_mark_missed(struct stream_job *job)
{
	mcps__subscriptions_missed(job->stream->sessions, job->told);
	atomic_fetch_or(&job->told->lists_differ, SESSION_LISTS);
	mcps__session_reconnect_listeners(job->told);
}

/* An event that cannot be stored is not sent. A stream of no call ends without
 * its beginning: its client is to come again. The end of a call is sent all the
 * same: its client would wait for it for ever. */
static void append_job_failed(struct stream_job *job)
{
	const struct stream_message *last = job->first;

	while (last != NULL && last->next != NULL)
		last = last->next;
	if (job->ends && job->ending == NULL)
		mcps__stream_abandon(job->stream, &last->text);
	else if (job->session != NULL && !job->stream->is_call)
		mcps__stream_lose(job->stream);
}

static void append_job_done(struct writer_job *writer_job, mcps_status status)
{
	struct stream_job *job =
		container_of(writer_job, struct stream_job, job);
	struct stream *stream = job->stream;

	append_job_seal(job); /* if it never ran */
	if (status == MCPS_OK && job->gone != 0)
		append_evict_stream(stream->sessions, job->session, job->gone);
	if (job->closes)
		append_close_sse(stream, job->retry_ms);
	else if (status == MCPS_OK)
		append_send_all(job);
	else
		append_job_failed(job);
	if (status != MCPS_OK && job->told != NULL)
		append_mark_missed(job);
	if (job->ending != NULL)
		append_ending_tell(job, status);
	append_job_leave(job);
}

static struct stream_job *append_job_new(struct stream *stream)
{
	struct stream_job *job = mcps__calloc(1, sizeof *job);

	if (job == NULL)
		return NULL;
	job->job.run = append_job_run;
	job->job.done = append_job_done;
	job->stream = mcps__stream_ref(stream);
	job->end = &job->first;
	return job;
}

static void append_job_add(struct stream_job *job,
                           struct stream_message *message, bool ends)
{
	*job->end = message;
	job->end = &message->next;
	job->ends = ends;
}

/* ---- submitting ---- */

static void append_submit(struct stream_job *job)
{
	mcps__writer_submit(job->stream->sessions->options.writer, &job->job);
}

/* Under the lock: something of LENGTH goes with the job. Until that is long,
 * more may join it of what only one thread says: of two, one could overtake
 * itself with another job. */
static void append_job_enter(struct stream *stream, struct stream_job *job,
                             size_t length, bool can_be_joined)
{
	job->count++;
	job->bytes += length;
	stream->pending++;
	stream->pending_bytes += length;
	stream->queued =
		stream->is_call && can_be_joined && job->bytes < JOB_BYTES_MAX
			? job
			: NULL;
}

void mcps__stream_open(struct stream *stream, struct session *session)
{
	struct stream_message *first = NULL;
	struct stream_job *job;

	mcps__session_list_stream(session, stream);
	if (stream->is_volatile)
		return;
	job = append_job_new(stream);
	if (job != NULL && stream->sends_first_event)
		first = mcps__calloc(1, sizeof *first);
	if (job == NULL || (stream->sends_first_event && first == NULL)) {
		append_job_drop(job);
		if (!stream->is_call)
			mcps__stream_lose(stream);
		return;
	}
	job->session = mcps__session_ref(session);
	if (first != NULL)
		append_job_add(job, first, false);
	pthread_mutex_lock(&stream->lock);
	append_job_enter(stream, job, 0, true);
	pthread_mutex_unlock(&stream->lock);
	append_submit(job);
}

/* One message may be larger than all that may wait, by itself. */
static bool append_has_room(const struct stream *stream, size_t length)
{
	return stream->pending < STREAM_PENDING_MAX &&
	       (stream->pending_bytes == 0 ||
	        stream->pending_bytes + length <= STREAM_PENDING_BYTES);
}

/* Under the lock. */
static bool append_make_room(struct stream *stream, size_t length, unsigned how)
{
	if (!append_has_room(stream, length) && !stream->is_over)
		mcps__sessions_note(stream->sessions, INCIDENT_STREAM_BACKLOG);
	while (!append_has_room(stream, length) && !stream->is_over) {
		if ((how & STREAM_MAY_DROP) != 0) {
			stream->has_dropped = true;
			return false;
		}
		pthread_cond_wait(&stream->room, &stream->lock);
	}
	return !stream->is_over;
}

void mcps__stream_disconnect(struct stream *stream, uint32_t retry_ms)
{
	struct stream_job *job =
		stream->is_volatile ? NULL : append_job_new(stream);
	bool is_in;

	if (job == NULL)
		return;
	job->closes = true;
	job->retry_ms = retry_ms;
	pthread_mutex_lock(&stream->lock);
	is_in = append_make_room(stream, 0, 0);
	if (is_in)
		append_job_enter(stream, job, 0, false);
	pthread_mutex_unlock(&stream->lock);
	if (is_in)
		append_submit(job);
	else
		append_job_drop(job);
}

static void append_send_volatile(struct stream *stream, struct buffer *message,
                                 unsigned how)
{
	mcps__stream_stored(stream, message, (how & STREAM_ENDS) != 0, 0);
	mcps__buffer_finish(message);
}

/* Under the lock: the job that takes the message, NULL: none can. *IS_NEW: it
 * is to be submitted. */
static struct stream_job *append_message_enter(struct stream *stream,
                                               struct session *told,
                                               struct stream_message *message,
                                               unsigned how, bool *is_new)
{
	struct stream_job *job;

	if (!append_make_room(stream, message->text.length, how))
		return NULL;
	job = stream->queued;
	*is_new = job == NULL;
	if (*is_new)
		job = append_job_new(stream);
	if (job == NULL)
		return NULL;
	if (told != NULL)
		job->told = mcps__session_ref(told);
	append_job_add(job, message, (how & STREAM_ENDS) != 0);
	append_job_enter(stream, job, message->text.length, !job->ends);
	return job;
}

static bool append_enter(struct stream *stream, struct session *told,
                         struct stream_message *message, unsigned how)
{
	bool is_new = false;
	struct stream_job *job;

	pthread_mutex_lock(&stream->lock);
	job = append_message_enter(stream, told, message, how, &is_new);
	pthread_mutex_unlock(&stream->lock);
	if (job != NULL && is_new)
		append_submit(job);
	return job != NULL;
}

/* The last message is sent even so. */
static void append_refuse(struct stream *stream, struct buffer *text,
                          unsigned how)
{
	if ((how & STREAM_ENDS) != 0)
		mcps__stream_abandon(stream, text);
	mcps__buffer_finish(text);
}

static bool append_message(struct stream *stream, struct session *told,
                           struct buffer *text, unsigned how)
{
	struct stream_message *message = NULL;

	if (!text->failed && stream->is_volatile) {
		append_send_volatile(stream, text, how);
		return true;
	}
	if (!text->failed)
		message = mcps__calloc(1, sizeof *message);
	if (message == NULL) {
		append_refuse(stream, text, how);
		return false;
	}
	message->text = *text;
	*text = (struct buffer){ 0 };
	if (append_enter(stream, told, message, how))
		return true;
	append_refuse(stream, &message->text, how);
	mcps__free(message);
	return false;
}

bool mcps__stream_append(struct stream *stream, struct buffer *text,
                         unsigned how)
{
	return append_message(stream, NULL, text, how);
}

bool mcps__stream_tell(struct stream *stream, struct session *session,
                       struct buffer *text)
{
	return append_message(stream, session, text, STREAM_MAY_DROP);
}

bool mcps__stream_join(struct stream *stream, struct stream_ending *ending)
{
	struct stream_job *job;

	if (ending->message.text.failed)
		return false;
	pthread_mutex_lock(&stream->lock);
	job = stream->queued;
	stream->queued = NULL;
	if (job != NULL) {
		append_job_add(job, &ending->message, true);
		job->ending = ending;
	}
	pthread_mutex_unlock(&stream->lock);
	return job != NULL;
}
