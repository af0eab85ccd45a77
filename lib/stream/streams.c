#include "stream/streams.h"

#include "base/error.h"
#include "stream/stream.h"
#include "stream/subscriptions.h"

static void streams_session_loaded(struct streams *streams,
                                   struct session *session,
                                   const struct buffer *uris, int64_t seen_ms)
{
	mcps__subscriptions_enter(streams->sessions, session, uris, seen_ms);
}

static void streams_session_departs(struct streams *streams,
                                    struct session *session,
                                    enum session_departure how)
{
	switch (how) {
	case DEPARTS_FOR_GOOD:
		mcps__session_close_streams(session);
		break;
	case DEPARTS_FROM_MEMORY:
		mcps__subscriptions_leave(streams->sessions, session);
		mcps__session_close_listeners(session);
		break;
	case DEPARTS_LAST:
		if (session->subscriptions != NULL)
			mcps__subscriptions_leave(streams->sessions, session);
		while (session->streams != NULL)
			mcps__session_drop_stream(session, session->streams);
		break;
	}
}

mcps_status mcps__streams_init(struct streams *streams,
                               struct sessions *sessions,
                               struct sessions_options *options,
                               struct mcps_error *error)
{
	mcps_status status;

	*streams = (struct streams){ .sessions = sessions };
	status = mcps__random_fill(options->random, &streams->ids_from,
	                           sizeof streams->ids_from);
	if (status != MCPS_OK)
		return mcps__fail(error, status, "cannot read random bytes");
	atomic_init(&streams->last_id, streams->ids_from);
	if (!mcps__sse_connections_init(&streams->sse_connections,
	                                options->clock, options->retry_ms,
	                                options->incidents, options->answers))
		return mcps__fail(error, MCPS_E_SYSTEM, "cannot make a lock");
	pthread_mutex_init(&streams->calls_lock, NULL); /* cannot fail */
	pthread_mutex_init(&streams->topics_lock, NULL);
	options->layer =
		(struct stream_layer){ streams_session_loaded,
		                       streams_session_departs, streams };
	return MCPS_OK;
}

void mcps__streams_finish(struct streams *streams)
{
	mcps__updates_finish(&streams->updates);
	mcps__sse_connections_finish(&streams->sse_connections);
	pthread_mutex_destroy(&streams->topics_lock);
	pthread_mutex_destroy(&streams->calls_lock);
}
