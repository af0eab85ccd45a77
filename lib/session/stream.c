#include "session/stream.h"

#include "base/container.h"
#include "base/memory.h"
#include "session/sessions.h"

/* ---- life ---- */

struct stream *mcps__stream_adopt(struct sessions *sessions,
                                  struct session *session, uint64_t id,
                                  const char *request, size_t request_length)
{
	struct stream *stream;

	if (request_length > STREAM_REQUEST_MAX)
		return NULL;
	stream = mcps__calloc(1, sizeof *stream + request_length);
	if (stream == NULL)
		return NULL;
	if (pthread_mutex_init(&stream->lock, NULL) != 0) {
		mcps__free(stream);
		return NULL;
	}
	pthread_cond_init(&stream->room, NULL);
	atomic_init(&stream->refs, 1);
	stream->sessions = sessions;
	stream->session_ref = session->ref;
	stream->id = id;
	stream->is_call = request_length != 0;
	stream->is_volatile =
		!mcps__writer_has_streams(sessions->options.writer);
	stream->request_length = request_length;
	if (request_length != 0)
		memcpy(stream->request, request, request_length);
	return stream;
}

struct stream *mcps__stream_new(struct sessions *sessions,
                                struct session *session, const char *request,
                                size_t request_length, bool primes)
{
	struct stream *stream;
	uint64_t id;

	if (mcps__random_fill(sessions->options.random, &id, sizeof id) !=
	            MCPS_OK ||
	    id == 0)
		return NULL;
	stream = mcps__stream_adopt(sessions, session, id, request,
	                            request_length);
	if (stream != NULL)
		stream->primes = primes;
	return stream;
}

struct stream *mcps__stream_ref(struct stream *stream)
{
	atomic_fetch_add(&stream->refs, 1);
	return stream;
}

void mcps__stream_unref(struct stream *stream)
{
	if (stream == NULL || atomic_fetch_sub(&stream->refs, 1) != 1)
		return;
	pthread_cond_destroy(&stream->room);
	pthread_mutex_destroy(&stream->lock);
	mcps__free(stream);
}

/* ---- the session's list ---- */

static void list_remove(struct session *session, struct stream *stream)
{
	if (stream->prev != NULL)
		stream->prev->next = stream->next;
	else
		session->streams = stream->next;
	if (stream->next != NULL)
		stream->next->prev = stream->prev;
	stream->prev = stream->next = NULL;
	stream->is_listed = false;
}

void mcps__session_drop_stream(struct session *session, struct stream *stream)
{
	bool was_listed;

	pthread_mutex_lock(&session->lock);
	was_listed = stream->is_listed;
	if (was_listed)
		list_remove(session, stream);
	pthread_mutex_unlock(&session->lock);
	if (was_listed)
		mcps__stream_unref(stream);
}

/* The oldest of no call beyond the limit; it stays the list's reference. */
static struct stream *list_overflow(struct session *session, unsigned most)
{
	struct stream *oldest = NULL;
	unsigned count = 0;

	for (struct stream *stream = session->streams; stream != NULL;
	     stream = stream->next)
		if (!stream->is_call) {
			oldest = stream;
			count++;
		}
	if (most == 0 || count <= most)
		return NULL;
	list_remove(session, oldest);
	return oldest;
}

void mcps__session_list_stream(struct session *session, struct stream *stream)
{
	struct stream *oldest;

	pthread_mutex_lock(&session->lock);
	stream->is_listed = true;
	stream->next = session->streams;
	if (stream->next != NULL)
		stream->next->prev = stream;
	session->streams = mcps__stream_ref(stream);
	oldest = list_overflow(session, stream->sessions->options.streams);
	pthread_mutex_unlock(&session->lock);
	if (oldest == NULL)
		return;
	mcps__stream_abandon(oldest, NULL);
	mcps__stream_unref(oldest);
}

struct stream *mcps__session_find_stream(struct session *session, uint64_t id)
{
	struct stream *stream;

	pthread_mutex_lock(&session->lock);
	for (stream = session->streams; stream != NULL; stream = stream->next)
		if (stream->id == id)
			break;
	if (stream != NULL)
		mcps__stream_ref(stream);
	pthread_mutex_unlock(&session->lock);
	return stream;
}

/* The store has no room for it any more. */
static void list_expel(struct session *session, uint64_t id)
{
	struct stream *stream = mcps__session_find_stream(session, id);

	if (stream == NULL)
		return;
	mcps__session_drop_stream(session, stream);
	mcps__stream_abandon(stream, NULL);
	mcps__stream_unref(stream);
}

bool mcps__stream_is_attached(struct stream *stream)
{
	bool is;

	pthread_mutex_lock(&stream->lock);
	is = stream->outlet != NULL;
	pthread_mutex_unlock(&stream->lock);
	return is;
}

struct stream *mcps__session_main_stream(struct session *session)
{
	struct stream *found = NULL;

	pthread_mutex_lock(&session->lock);
	for (struct stream *stream = session->streams; stream != NULL;
	     stream = stream->next) {
		if (stream->is_call)
			continue;
		if (found == NULL)
			found = stream;
		if (mcps__stream_is_attached(stream)) {
			found = stream;
			break;
		}
	}
	if (found != NULL)
		mcps__stream_ref(found);
	pthread_mutex_unlock(&session->lock);
	return found;
}

static void close_streams(struct session *session, bool calls_too)
{
	pthread_mutex_lock(&session->lock);
	for (struct stream *stream = session->streams; stream != NULL;
	     stream = stream->next)
		if (calls_too || !stream->is_call)
			mcps__stream_abandon(stream, NULL);
	pthread_mutex_unlock(&session->lock);
}

void mcps__session_close_streams(struct session *session)
{
	close_streams(session, true);
}

void mcps__session_send_away(struct session *session)
{
	close_streams(session, false);
}

/* ---- outlets ---- */

/* Whether OUTLET takes the stream: not if its connection is gone. */
static bool outlet_take(struct outlet *outlet, struct stream *stream)
{
	bool takes;

	pthread_mutex_lock(&outlet->lock);
	takes = !outlet->is_left && outlet->phase != OUTLET_ENDING;
	if (takes) {
		outlet->phase = OUTLET_LIVE;
		outlet->stream = mcps__stream_ref(stream);
	}
	pthread_mutex_unlock(&outlet->lock);
	return takes;
}

void mcps__stream_attach(struct stream *stream, struct outlet *outlet)
{
	struct outlet *before;
	bool is_over;

	pthread_mutex_lock(&stream->lock);
	before = stream->outlet;
	is_over = stream->is_over;
	stream->outlet = NULL;
	if (outlet_take(outlet, stream))
		stream->outlet = mcps__outlet_ref(outlet);
	pthread_mutex_unlock(&stream->lock);
	if (is_over)
		mcps__outlet_end(outlet);
	if (before == NULL)
		return;
	mcps__outlet_end(before);
	mcps__outlet_unref(before);
}

void mcps__stream_detach(struct stream *stream, struct outlet *outlet)
{
	bool was_attached;

	pthread_mutex_lock(&stream->lock);
	was_attached = stream->outlet == outlet;
	if (was_attached)
		stream->outlet = NULL;
	pthread_mutex_unlock(&stream->lock);
	if (was_attached)
		mcps__outlet_unref(outlet);
	mcps__stream_unref(stream);
}

/* A stored event goes out; the stream's lock keeps them in order. */
static void send(struct stream *stream, uint64_t seq, const char *data,
                 size_t length, bool ends)
{
	const struct event_id id = { .stream = stream->is_volatile ? 0
		                                                   : stream->id,
		                     .seq = seq };

	pthread_mutex_lock(&stream->lock);
	stream->is_over = stream->is_over || ends;
	if (stream->outlet != NULL && (length != 0 || !ends))
		mcps__outlet_push(stream->outlet, &id, data, length);
	if (stream->outlet != NULL && ends)
		mcps__outlet_end(stream->outlet);
	pthread_mutex_unlock(&stream->lock);
}

void mcps__stream_stored(struct stream *stream, const struct buffer *message,
                         bool ends, uint64_t seq)
{
	send(stream, seq, message->data, message->length, ends);
}

void mcps__stream_abandon(struct stream *stream, const struct buffer *message)
{
	const struct event_id none = { 0, 0 };

	pthread_mutex_lock(&stream->lock);
	stream->is_over = true;
	if (stream->outlet != NULL && message != NULL)
		mcps__outlet_push(stream->outlet, &none, message->data,
		                  message->length);
	if (stream->outlet != NULL)
		mcps__outlet_end(stream->outlet);
	pthread_cond_broadcast(&stream->room);
	pthread_mutex_unlock(&stream->lock);
}

/* ---- storing ---- */

struct stream_job {
	struct writer_job job;
	struct stream *stream; /* a reference */
	struct buffer message;
	struct session *session; /* a reference: it opens */
	uint64_t gone;           /* to make room for it; 0: none */
	bool ends;
	bool closes; /* ... the connection, and nothing else */
	uint32_t retry_ms;
	uint64_t seq;
};

mcps_status mcps__stream_store(struct stream *stream, mcps_store *store,
                               const struct buffer *message, bool ends,
                               uint64_t *seq)
{
	const struct mcps_event_row row = {
		.at_ms = mcps__sessions_now(stream->sessions),
		.data = message->data,
		.length = message->length,
	};

	*seq = 0;
	if (stream->is_volatile)
		return MCPS_OK;
	return store->ops->event_append(store, stream->id, &row, 1, ends,
	                                stream->sessions->options.event_bytes,
	                                seq);
}

static mcps_status open_run(struct stream_job *job, mcps_store *store)
{
	struct stream *stream = job->stream;
	const struct mcps_stream_row row = {
		.id = stream->id,
		.session = stream->session_ref,
		.opened_ms = mcps__sessions_now(stream->sessions),
		.request = stream->request,
		.request_length = stream->request_length,
	};
	mcps_status status = store->ops->stream_insert(
		store, &row, stream->sessions->options.streams, &job->gone);

	if (status != MCPS_OK || !stream->primes)
		return status;
	return mcps__stream_store(stream, store, &job->message, false,
	                          &job->seq);
}

static mcps_status job_run(struct writer_job *writer_job, mcps_store *store)
{
	struct stream_job *job =
		container_of(writer_job, struct stream_job, job);

	job->seq = 0;
	if (job->session != NULL)
		return open_run(job, store);
	if (job->closes)
		return MCPS_OK;
	return mcps__stream_store(job->stream, store, &job->message, job->ends,
	                          &job->seq);
}

static void job_drop(struct stream_job *job)
{
	if (job == NULL)
		return;
	mcps__stream_unref(job->stream);
	mcps__session_unref(job->session);
	mcps__buffer_finish(&job->message);
	mcps__free(job);
}

/* Who is to be told what found no room, now that there is some: a reference;
 * NULL: nobody listens, or there was nothing. Under the lock. */
static struct session *find_missed(struct stream *stream)
{
	if (!stream->has_dropped || stream->outlet == NULL ||
	    stream->pending > STREAM_PENDING_MAX / 2)
		return NULL;
	stream->has_dropped = false;
	return mcps__session_ref(stream->outlet->session);
}

static void job_leave(struct stream_job *job)
{
	struct stream *stream = job->stream;
	struct session *missed;

	pthread_mutex_lock(&stream->lock);
	stream->pending--;
	missed = find_missed(stream);
	pthread_cond_broadcast(&stream->room);
	pthread_mutex_unlock(&stream->lock);
	if (missed != NULL)
		mcps__stream_tell_listens(stream->sessions, missed, 0);
	mcps__session_unref(missed);
	job_drop(job);
}

static void close_outlet(struct stream *stream, uint32_t retry_ms)
{
	pthread_mutex_lock(&stream->lock);
	if (stream->outlet != NULL && stream->outlet->polls) {
		stream->outlet->retry_ms = retry_ms;
		mcps__outlet_close(stream->outlet);
	}
	pthread_mutex_unlock(&stream->lock);
}

/* What cannot be stored is not sent. Without its beginning, or its end, there
 * is no stream: the client is to come again. */
static void job_done(struct writer_job *writer_job, mcps_status status)
{
	struct stream_job *job =
		container_of(writer_job, struct stream_job, job);
	struct stream *stream = job->stream;
	bool opens = job->session != NULL;

	if (status == MCPS_OK && job->gone != 0)
		list_expel(job->session, job->gone);
	if (job->closes)
		close_outlet(stream, job->retry_ms);
	else if (status != MCPS_OK && (opens || job->ends))
		mcps__stream_abandon(stream, NULL);
	else if (status == MCPS_OK && !(opens && job->seq == 0))
		send(stream, job->seq, job->message.data, job->message.length,
		     job->ends);
	job_leave(job);
}

static struct stream_job *job_new(struct stream *stream)
{
	struct stream_job *job = mcps__calloc(1, sizeof *job);

	if (job == NULL)
		return NULL;
	job->job.run = job_run;
	job->job.done = job_done;
	job->stream = mcps__stream_ref(stream);
	return job;
}

/* Under the lock. */
static bool make_room(struct stream *stream, unsigned how)
{
	while (stream->pending >= STREAM_PENDING_MAX && !stream->is_over) {
		if ((how & STREAM_MAY_DROP) != 0) {
			stream->has_dropped = true;
			return false;
		}
		pthread_cond_wait(&stream->room, &stream->lock);
	}
	if (stream->is_over)
		return false;
	stream->pending++;
	return true;
}

static bool enter(struct stream *stream, unsigned how)
{
	bool has_room;

	pthread_mutex_lock(&stream->lock);
	has_room = make_room(stream, how);
	pthread_mutex_unlock(&stream->lock);
	return has_room;
}

void mcps__stream_open(struct stream *stream, struct session *session)
{
	struct stream_job *job;

	mcps__session_list_stream(session, stream);
	if (stream->is_volatile)
		return;
	job = job_new(stream);
	if (job == NULL) {
		mcps__stream_abandon(stream, NULL);
		return;
	}
	job->session = mcps__session_ref(session);
	pthread_mutex_lock(&stream->lock);
	stream->pending++;
	pthread_mutex_unlock(&stream->lock);
	mcps__writer_submit(stream->sessions->options.writer, &job->job);
}

void mcps__stream_disconnect(struct stream *stream, uint32_t retry_ms)
{
	struct stream_job *job = stream->is_volatile ? NULL : job_new(stream);

	if (job == NULL || !enter(stream, 0)) {
		job_drop(job);
		return;
	}
	job->closes = true;
	job->retry_ms = retry_ms;
	mcps__writer_submit(stream->sessions->options.writer, &job->job);
}

static void send_volatile(struct stream *stream, struct buffer *message,
                          unsigned how)
{
	send(stream, 0, message->data, message->length,
	     (how & STREAM_ENDS) != 0);
	mcps__buffer_finish(message);
}

bool mcps__stream_append(struct stream *stream, struct buffer *message,
                         unsigned how)
{
	struct stream_job *job;

	if (message->failed) {
		mcps__buffer_finish(message);
		return false;
	}
	if (stream->is_volatile) {
		send_volatile(stream, message, how);
		return true;
	}
	job = job_new(stream);
	if (job == NULL || !enter(stream, how)) {
		job_drop(job);
		mcps__buffer_finish(message);
		return false;
	}
	job->message = *message;
	*message = (struct buffer){ 0 };
	job->ends = (how & STREAM_ENDS) != 0;
	mcps__writer_submit(stream->sessions->options.writer, &job->job);
	return true;
}
