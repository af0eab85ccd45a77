/* Which sessions want to hear of which resources. Stored with the session, as
 * a value of its state that no tool can name; in memory an index from a URI to
 * the sessions that are in memory: others have no stream to hear on. */
#ifndef MCPS_SESSION_SUBSCRIPTIONS_H
#define MCPS_SESSION_SUBSCRIPTIONS_H

#include "base/buffer.h"
#include "session/sessions.h"

enum {
	SUBSCRIPTIONS_MOST = 64,         /* of a session, unless told */
	SUBSCRIPTIONS_BYTES = 64 * 1024, /* of all their URIs, with NULs */
};

/* The first byte of keys of a session's state that are not for tools. */
#define STATE_KEY_INTERNAL '\x01'

/* Subscribe a live session to URI, or no longer. WAIT is told directly, in no
 * line, with FOUND_LIVE when it is stored; MCPS_E_SUBSCRIPTIONS: it has too
 * many. URI is copied. */
void mcps__subscribe(struct sessions *sessions, struct session *session,
                     const char *uri, bool wants, struct session_wait *wait);

/* Call FN for each session in memory that subscribed to URI, under no lock. */
void mcps__subscribers_each(struct sessions *sessions, const char *uri,
                            void (*fn)(void *arg, struct session *session),
                            void *arg);

/* ---- for the files of this layer ---- */

/* Read what the row REF subscribed to. */
mcps_status mcps__subscriptions_read(mcps_store *store, int64_t ref,
                                     struct buffer *out);
/* A session comes into memory with what was read: what there is no memory for
 * is left out. */
void mcps__subscriptions_enter(struct sessions *sessions,
                               struct session *session,
                               const struct buffer *uris);
/* It leaves memory. Under the table lock, or when nobody else is there. */
void mcps__subscriptions_leave(struct sessions *sessions,
                               struct session *session);

#endif
