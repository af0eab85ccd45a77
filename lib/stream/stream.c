#include "stream/stream.h"

#include "base/container.h"
#include "base/memory.h"
#include "stream/streams.h"

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

/* Ids grow with the time, so that rows added together lie together in the
 * store's index; they start at a random one in each process. They tell nobody
 * how many there are. */
static uint64_t stream_next_id(struct sessions *sessions)
{
	struct streams *streams = mcps__streams_of(sessions);
	uint64_t now =
		streams->ids_from +
		((uint64_t)mcps__steady_ms(sessions->options.clock) << 20);
	uint64_t last = atomic_load(&streams->last_id);
	uint64_t id;

	do {
		id = (int64_t)(now - last) > 0 ? now : last + 1;
		if (id == 0) /* names none */
			id = 1;
	} while (!atomic_compare_exchange_weak(&streams->last_id, &last, id));
	return id;
}

struct stream *mcps__stream_new(struct sessions *sessions,
                                struct session *session, const char *request,
                                size_t request_length, bool sends_first_event)
{
	struct stream *stream =
		mcps__stream_adopt(sessions, session, stream_next_id(sessions),
	                           request, request_length);

	if (stream != NULL)
		stream->sends_first_event = sends_first_event;
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

static void stream_list_remove(struct session *session, struct stream *stream)
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

/* The calls of all sessions: no more than workers run and their queue holds. */
static void stream_calls_add(struct streams *streams, struct stream *stream)
{
	pthread_mutex_lock(&streams->calls_lock);
	stream->next_call = streams->calls;
	if (stream->next_call != NULL)
		stream->next_call->prev_call = stream;
	streams->calls = stream;
	pthread_mutex_unlock(&streams->calls_lock);
}

static void stream_calls_remove(struct streams *streams, struct stream *stream)
{
	pthread_mutex_lock(&streams->calls_lock);
	if (stream->prev_call != NULL)
		stream->prev_call->next_call = stream->next_call;
	else
		streams->calls = stream->next_call;
	if (stream->next_call != NULL)
		stream->next_call->prev_call = stream->prev_call;
	stream->prev_call = stream->next_call = NULL;
	pthread_mutex_unlock(&streams->calls_lock);
}

struct stream *mcps__streams_find_call(struct sessions *sessions, uint64_t id)
{
	struct streams *streams = mcps__streams_of(sessions);
	struct stream *stream;

	pthread_mutex_lock(&streams->calls_lock);
	for (stream = streams->calls; stream != NULL;
	     stream = stream->next_call)
		if (stream->id == id)
			break;
	if (stream != NULL)
		mcps__stream_ref(stream);
	pthread_mutex_unlock(&streams->calls_lock);
	return stream;
}

void mcps__session_drop_stream(struct session *session, struct stream *stream)
{
	bool was_listed;

	pthread_mutex_lock(&session->lock);
	was_listed = stream->is_listed;
	if (was_listed)
		stream_list_remove(session, stream);
	pthread_mutex_unlock(&session->lock);
	if (!was_listed)
		return;
	if (stream->is_call)
		stream_calls_remove(mcps__streams_of(stream->sessions), stream);
	mcps__stream_unref(stream);
}

/* The oldest of no call beyond the limit; it stays the list's reference. */
static struct stream *stream_list_overflow(struct session *session,
                                           unsigned most)
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
	stream_list_remove(session, oldest);
	return oldest;
}

void mcps__session_list_stream(struct session *session, struct stream *stream)
{
	struct stream *oldest;

	if (stream->is_call)
		stream_calls_add(mcps__streams_of(stream->sessions), stream);
	pthread_mutex_lock(&session->lock);
	stream->is_listed = true;
	stream->next = session->streams;
	if (stream->next != NULL)
		stream->next->prev = stream;
	session->streams = mcps__stream_ref(stream);
	oldest = stream_list_overflow(session,
	                              stream->sessions->options.streams);
	pthread_mutex_unlock(&session->lock);
	if (oldest == NULL)
		return;
	if (oldest->is_volatile) /* else the store tells how many there are */
		mcps__sessions_report(stream->sessions,
		                      INCIDENT_SESSION_STREAMS);
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

bool mcps__stream_is_attached(struct stream *stream)
{
	bool is;

	pthread_mutex_lock(&stream->lock);
	is = stream->sse != NULL;
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

void mcps__stream_tell_listens(struct sessions *sessions,
                               struct session *session, uint64_t resumed)
{
	const struct streams *streams = mcps__streams_of(sessions);

	atomic_fetch_add(&session->listened, 1);
	if (streams->listens != NULL)
		streams->listens(streams->listens_arg, session, resumed);
}

void mcps__session_close_streams(struct session *session)
{
	pthread_mutex_lock(&session->lock);
	for (struct stream *stream = session->streams; stream != NULL;
	     stream = stream->next)
		if (!stream->is_call)
			mcps__stream_abandon(stream, NULL);
	pthread_mutex_unlock(&session->lock);
}

void mcps__session_close_listeners(struct session *session)
{
	pthread_mutex_lock(&session->lock);
	for (struct stream *stream = session->streams; stream != NULL;
	     stream = stream->next)
		if (!stream->is_call)
			mcps__stream_lose(stream);
	pthread_mutex_unlock(&session->lock);
}

void mcps__session_reconnect_listeners(struct session *session)
{
	pthread_mutex_lock(&session->lock);
	for (struct stream *stream = session->streams; stream != NULL;
	     stream = stream->next) {
		pthread_mutex_lock(&stream->lock);
		if (!stream->is_call && stream->sse != NULL)
			mcps__sse_connection_close(stream->sse);
		pthread_mutex_unlock(&stream->lock);
	}
	pthread_mutex_unlock(&session->lock);
}

/* ---- SSE connections ---- */

/* Whether SSE takes the stream: not if its connection is gone. */
static bool stream_sse_take(struct sse_connection *sse, struct stream *stream)
{
	bool takes;

	pthread_mutex_lock(&sse->lock);
	takes = !sse->is_left && sse->phase != SSE_ENDING;
	if (takes) {
		sse->phase = SSE_LIVE;
		sse->stream = mcps__stream_ref(stream);
	}
	pthread_mutex_unlock(&sse->lock);
	return takes;
}

void mcps__stream_attach(struct stream *stream, struct sse_connection *sse)
{
	struct sse_connection *before;
	bool is_over;

	pthread_mutex_lock(&stream->lock);
	before = stream->sse;
	is_over = stream->is_over;
	stream->sse = NULL;
	if (stream_sse_take(sse, stream))
		stream->sse = mcps__sse_connection_ref(sse);
	pthread_mutex_unlock(&stream->lock);
	if (is_over)
		mcps__sse_connection_end(sse);
	if (before == NULL)
		return;
	mcps__sse_connection_end(before);
	mcps__sse_connection_unref(before);
}

/* Drops the reference to the stream, too. */
static void stream_detach(struct stream *stream, struct sse_connection *sse)
{
	bool was_attached;

	pthread_mutex_lock(&stream->lock);
	was_attached = stream->sse == sse;
	if (was_attached)
		stream->sse = NULL;
	pthread_mutex_unlock(&stream->lock);
	if (was_attached)
		mcps__sse_connection_unref(sse);
	mcps__stream_unref(stream);
}

void mcps__sse_connection_leave(struct sse_connection *sse)
{
	struct session *owned_session;
	struct stream *stream;

	if (sse == NULL)
		return;
	owned_session = sse->owned_session;
	stream = mcps__sse_connection_cut_off(sse);
	if (stream != NULL)
		stream_detach(stream, sse);
	mcps__sse_connection_unref(sse);
	mcps__session_unref(owned_session);
}

void mcps__stream_abandon(struct stream *stream, const struct buffer *message)
{
	const struct event_id none = { 0, 0 };

	if (message != NULL && message->failed) {
		mcps__stream_lose(stream);
		return;
	}
	pthread_mutex_lock(&stream->lock);
	stream->is_over = true;
	if (stream->sse != NULL && message != NULL)
		mcps__sse_connection_push(stream->sse, &none, message->data,
		                          message->length, true);
	else if (stream->sse != NULL)
		mcps__sse_connection_end(stream->sse);
	pthread_cond_broadcast(&stream->room);
	pthread_mutex_unlock(&stream->lock);
}

void mcps__stream_lose(struct stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	stream->is_over = true;
	if (stream->sse != NULL)
		mcps__sse_connection_close(stream->sse);
	pthread_cond_broadcast(&stream->room);
	pthread_mutex_unlock(&stream->lock);
}

/* ---- stopping ---- */

struct closing {
	struct writer_job job;
	struct sse_connections *sse_connections;
};

static mcps_status streams_close_run(struct writer_job *job, mcps_store *store)
{
	(void)job, (void)store;
	return MCPS_OK;
}

static void streams_close_done(struct writer_job *job, mcps_status status)
{
	(void)status;
	mcps__sse_connections_close(
		container_of(job, struct closing, job)->sse_connections);
}

void mcps__streams_close(struct sessions *sessions)
{
	struct sse_connections *sse_connections =
		&mcps__streams_of(sessions)->sse_connections;
	struct closing closing = { .job.run = streams_close_run,
		                   .job.done = streams_close_done,
		                   .sse_connections = sse_connections };

	if (mcps__writer_run(sessions->options.writer, &closing.job) ==
	    MCPS_E_STOPPING)
		mcps__sse_connections_close(sse_connections);
}
