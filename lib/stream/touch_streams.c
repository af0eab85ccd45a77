/* Sessions and streams that somebody listens to are in use, however silent, and
 * so are streams of calls under way: now and then that is stored, so that
 * nothing of them is swept away. */
#include "stream/stream.h"

#include "base/container.h"
#include "base/memory.h"
#include "session/table.h"
#include "stream/streams.h"

struct touched_stream {
	struct session *session; /* a reference; NULL: that of a call, which
	                          * nobody listens to */
	uint64_t stream;         /* 0: none yet */
};

struct touch_job {
	struct writer_job job;
	struct sessions *sessions;
	size_t count;
	struct touched_stream all[];
};

static mcps_status touch_streams_one(const struct touch_job *touch,
                                     const struct touched_stream *one,
                                     mcps_store *store)
{
	int64_t now = mcps__sessions_now(touch->sessions);
	mcps_status status = MCPS_OK;

	if (one->session != NULL)
		status = store->ops->session_touch(store, one->session->key,
		                                   now);

	if (status == MCPS_OK && one->stream != 0)
		status = store->ops->stream_touch(store, one->stream, now);
	return status == MCPS_E_GONE ? MCPS_OK : status;
}

static mcps_status touch_streams_run(struct writer_job *job, mcps_store *store)
{
	struct touch_job *touch = container_of(job, struct touch_job, job);
	mcps_status status = MCPS_OK;

	for (size_t i = 0; i < touch->count && status == MCPS_OK; i++)
		status = touch_streams_one(touch, &touch->all[i], store);
	return status;
}

static void touch_streams_done(struct writer_job *job, mcps_status status)
{
	struct touch_job *touch = container_of(job, struct touch_job, job);

	for (size_t i = 0; i < touch->count; i++) {
		if (touch->all[i].session == NULL)
			continue;
		if (status == MCPS_OK)
			mcps__table_see(touch->sessions, touch->all[i].session);
		mcps__session_unref(touch->all[i].session);
	}
	mcps__free(touch);
}

static uint64_t touched_stream_of(struct sse_connection *sse)
{
	uint64_t id = 0;

	pthread_mutex_lock(&sse->lock);
	if (sse->stream != NULL && !sse->stream->is_volatile)
		id = sse->stream->id;
	pthread_mutex_unlock(&sse->lock);
	return id;
}

/* With room for MORE. */
static struct touch_job *touch_streams_collect(struct sessions *sessions,
                                               size_t more)
{
	struct sse_connections *sse_connections =
		&mcps__streams_of(sessions)->sse_connections;
	struct touch_job *touch;

	pthread_mutex_lock(&sse_connections->lock);
	more += sse_connections->count;
	touch = mcps__calloc(1, sizeof *touch + more * sizeof touch->all[0]);
	for (struct sse_connection *sse = sse_connections->first;
	     sse != NULL && touch != NULL; sse = sse->next)
		touch->all[touch->count++] = (struct touched_stream){
			mcps__session_ref(sse->session), touched_stream_of(sse)
		};
	pthread_mutex_unlock(&sse_connections->lock);
	return touch;
}

static size_t touch_streams_count_calls(struct streams *streams)
{
	size_t count = 0;

	pthread_mutex_lock(&streams->calls_lock);
	for (const struct stream *stream = streams->calls; stream != NULL;
	     stream = stream->next_call)
		count++;
	pthread_mutex_unlock(&streams->calls_lock);
	return count;
}

/* At most MOST: what has come meanwhile is not old. */
static void touch_streams_collect_calls(struct touch_job *touch,
                                        struct streams *streams, size_t most)
{
	const struct stream *stream;

	pthread_mutex_lock(&streams->calls_lock);
	for (stream = streams->calls; stream != NULL && most > 0;
	     stream = stream->next_call, most--)
		if (!stream->is_volatile)
			touch->all[touch->count++].stream = stream->id;
	pthread_mutex_unlock(&streams->calls_lock);
}

void mcps__listeners_each(struct sessions *sessions,
                          void (*fn)(void *arg, struct session *session),
                          void *arg)
{
	struct touch_job *touch = touch_streams_collect(sessions, 0);

	if (touch == NULL)
		return;
	for (size_t i = 0; i < touch->count; i++) {
		fn(arg, touch->all[i].session);
		mcps__session_unref(touch->all[i].session);
	}
	mcps__free(touch);
}

void mcps__streams_touch(struct sessions *sessions)
{
	struct streams *streams = mcps__streams_of(sessions);
	size_t calls = touch_streams_count_calls(streams);
	struct touch_job *touch = touch_streams_collect(sessions, calls);

	if (touch == NULL)
		return;
	touch_streams_collect_calls(touch, streams, calls);
	if (touch->count == 0) {
		mcps__free(touch);
		return;
	}
	touch->sessions = sessions;
	touch->job.run = touch_streams_run;
	touch->job.done = touch_streams_done;
	mcps__writer_submit(sessions->options.writer, &touch->job);
}
