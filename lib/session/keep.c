/* Sessions and streams that somebody listens to are in use, however silent, and
 * so are streams of calls under way: now and then that is stored, so that
 * nothing of them is swept away. */
#include "session/stream.h"

#include "base/container.h"
#include "base/memory.h"
#include "session/streams.h"
#include "session/table.h"

struct kept {
	struct session *session; /* a reference; NULL: that of a call, which
	                          * nobody listens to */
	uint64_t stream;         /* 0: none yet */
};

struct keep_job {
	struct writer_job job;
	struct sessions *sessions;
	size_t count;
	struct kept all[];
};

static mcps_status keep_one(const struct keep_job *keep, const struct kept *one,
                            mcps_store *store)
{
	int64_t now = mcps__sessions_now(keep->sessions);
	mcps_status status = MCPS_OK;

	if (one->session != NULL)
		status = store->ops->session_touch(store, one->session->key,
		                                   now);

	if (status == MCPS_OK && one->stream != 0)
		status = store->ops->stream_touch(store, one->stream, now);
	return status == MCPS_E_GONE ? MCPS_OK : status;
}

static mcps_status keep_run(struct writer_job *job, mcps_store *store)
{
	struct keep_job *keep = container_of(job, struct keep_job, job);
	mcps_status status = MCPS_OK;

	for (size_t i = 0; i < keep->count && status == MCPS_OK; i++)
		status = keep_one(keep, &keep->all[i], store);
	return status;
}

static void keep_done(struct writer_job *job, mcps_status status)
{
	struct keep_job *keep = container_of(job, struct keep_job, job);

	for (size_t i = 0; i < keep->count; i++) {
		if (keep->all[i].session == NULL)
			continue;
		if (status == MCPS_OK)
			mcps__table_see(keep->sessions, keep->all[i].session);
		mcps__session_unref(keep->all[i].session);
	}
	mcps__free(keep);
}

static uint64_t stream_of(struct sse_connection *sse)
{
	uint64_t id = 0;

	pthread_mutex_lock(&sse->lock);
	if (sse->stream != NULL && !sse->stream->is_volatile)
		id = sse->stream->id;
	pthread_mutex_unlock(&sse->lock);
	return id;
}

/* With room for MORE. */
static struct keep_job *collect(struct sessions *sessions, size_t more)
{
	struct sse_connections *sse_connections =
		&mcps__streams_of(sessions)->sse_connections;
	struct keep_job *keep;

	pthread_mutex_lock(&sse_connections->lock);
	more += sse_connections->count;
	keep = mcps__calloc(1, sizeof *keep + more * sizeof keep->all[0]);
	for (struct sse_connection *sse = sse_connections->first;
	     sse != NULL && keep != NULL; sse = sse->next)
		keep->all[keep->count++] =
			(struct kept){ mcps__session_ref(sse->session),
			               stream_of(sse) };
	pthread_mutex_unlock(&sse_connections->lock);
	return keep;
}

static size_t count_calls(struct streams *streams)
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
static void collect_calls(struct keep_job *keep, struct streams *streams,
                          size_t most)
{
	const struct stream *stream;

	pthread_mutex_lock(&streams->calls_lock);
	for (stream = streams->calls; stream != NULL && most > 0;
	     stream = stream->next_call, most--)
		if (!stream->is_volatile)
			keep->all[keep->count++].stream = stream->id;
	pthread_mutex_unlock(&streams->calls_lock);
}

void mcps__listeners_each(struct sessions *sessions,
                          void (*fn)(void *arg, struct session *session),
                          void *arg)
{
	struct keep_job *keep = collect(sessions, 0);

	if (keep == NULL)
		return;
	for (size_t i = 0; i < keep->count; i++) {
		fn(arg, keep->all[i].session);
		mcps__session_unref(keep->all[i].session);
	}
	mcps__free(keep);
}

void mcps__streams_keep(struct sessions *sessions)
{
	struct streams *streams = mcps__streams_of(sessions);
	size_t calls = count_calls(streams);
	struct keep_job *keep = collect(sessions, calls);

	if (keep == NULL)
		return;
	collect_calls(keep, streams, calls);
	if (keep->count == 0) {
		mcps__free(keep);
		return;
	}
	keep->sessions = sessions;
	keep->job.run = keep_run;
	keep->job.done = keep_done;
	mcps__writer_submit(sessions->options.writer, &keep->job);
}
