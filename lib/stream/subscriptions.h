/* Which sessions want to hear of which resources. Stored with the session
 * (subscribed.h); in memory an index from a URI to the sessions that are in
 * memory.
 *
 * What such a session could not be told is noted with its subscription; for
 * those that are not in memory is noted when each URI was updated, and they
 * look when they come in. A session may so be told once more, never less. */
#ifndef MCPS_STREAM_SUBSCRIPTIONS_H
#define MCPS_STREAM_SUBSCRIPTIONS_H

#include "base/buffer.h"
#include "session/sessions.h"

enum {
	SUBSCRIPTIONS_MOST = 64,         /* of a session, unless told */
	SUBSCRIPTIONS_BYTES = 64 * 1024, /* of all their URIs, with NULs */
};

/* Subscribe a live session to URI, or no longer. WAIT is told directly, and not
 * through the wait queue, with FOUND_LIVE when it is stored;
 * MCPS_E_SUBSCRIPTIONS: it has too many. URI is copied. */
void mcps__subscribe(struct sessions *sessions, struct session *session,
                     const char *uri, bool wants, struct session_wait *wait);

/* URI was updated: that is now pending for each session that subscribed to it,
 * once, until it is said. Calls FN for each of them that is in memory, under no
 * lock; for the others it is pending when they come. */
void mcps__subscriptions_update(struct sessions *sessions, const char *uri,
                                void (*fn)(void *arg, struct session *session),
                                void *arg);

/* Have SAY say to SESSION each update that is pending for it, under no lock.
 * SAY's false: it could not, so that one stays pending. *QUEUED_ON_STREAM, in
 * and out: 0, or the stream on which it is stored for a client that resumes
 * that stream; for one that does not, it stays pending. Returns true if nothing
 * stays pending. */
typedef bool (*subscriptions_say_fn)(void *arg, struct session *session,
                                     const char *uri,
                                     uint64_t *queued_on_stream);
bool mcps__subscriptions_say(struct sessions *sessions, struct session *session,
                             subscriptions_say_fn say, void *arg);
/* Nobody knows what SESSION has heard: all of it is pending. */
void mcps__subscriptions_missed(struct sessions *sessions,
                                struct session *session);
/* What is stored on the stream of that id was said. */
void mcps__subscriptions_said(struct sessions *sessions,
                              struct session *session, uint64_t stream);

/* ---- for the files of this layer ---- */

/* A session comes into memory with what was read: what there is no memory for
 * is left out. It was last seen at SEEN_MS, as stored, which is not after it
 * left memory: what was updated since is pending. */
void mcps__subscriptions_enter(struct sessions *sessions,
                               struct session *session,
                               const struct buffer *uris, int64_t seen_ms);
/* It leaves memory. Under the table lock, or when nobody else is there. */
void mcps__subscriptions_leave(struct sessions *sessions,
                               struct session *session);

#endif
