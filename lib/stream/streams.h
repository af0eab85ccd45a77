/* Shared by all streams of a server: their connections, the streams of running
 * calls, and the index of subscriptions. */
#ifndef MCPS_STREAM_STREAMS_H
#define MCPS_STREAM_STREAMS_H

#include "session/sessions.h"
#include "stream/sse_connection.h"
#include "stream/updates.h"

#include <stdatomic.h>

struct streams {
	struct sessions *sessions;
	struct sse_connections sse_connections;
	uint64_t ids_from;            /* ids of streams: a random number, */
	atomic_uint_fast64_t last_id; /* ... and the last one */
	pthread_mutex_t calls_lock;
	struct stream *calls; /* streams of calls under way */
	/* Somebody listens to a session's stream of no call, and was sent all
	 * that the stream of id RESUMED holds (0: it is a fresh one, or has
	 * room again for what it dropped); NULL: nobody wants to know. Under no
	 * lock. */
	void (*listens)(void *arg, struct session *session, uint64_t resumed);
	void *listens_arg;
	pthread_mutex_t topics_lock; /* of what is subscribed to: */
	struct topic *topics;
	struct updates updates;
};

/* Prepare the streams of SESSIONS, which OPTIONS are for: they learn of STREAMS
 * here, so this comes before mcps__sessions_init(). Both structs are the
 * caller's. */
MCPS_MUST_USE mcps_status mcps__streams_init(struct streams *streams,
                                             struct sessions *sessions,
                                             struct sessions_options *options,
                                             struct mcps_error *error);
/* After mcps__sessions_finish(). */
void mcps__streams_finish(struct streams *streams);

static inline struct streams *mcps__streams_of(const struct sessions *sessions)
{
	return sessions->options.layer.streams;
}

#endif
