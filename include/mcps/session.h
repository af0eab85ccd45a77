/* Sessions as an application sees them. */
#ifndef MCPS_SESSION_H
#define MCPS_SESSION_H

#include <mcps/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MCPS_BEGIN_DECLS

/** How this process came to know a session. */
enum mcps_session_source {
	MCPS_SESSION_SOURCE_CREATED,  /* by an initialize that this process
	                                 answered */
	MCPS_SESSION_SOURCE_RESTORED, /* read from the store: its state is there
	                               */
	MCPS_SESSION_SOURCE_RECREATED /* unknown to the store: same id, empty,
	                               * new incarnation
	                               */
};

/** "created", "restored", "recreated": static. Any thread. */
MCPS_API const char *mcps_session_source_text(enum mcps_session_source source);

/** One session. Raw ids are never shown: the digest names it in logs. */
struct mcps_session_view {
	char digest[9]; /* 8 hex digits */
	enum mcps_session_source source;
	uint64_t incarnation; /* random, new whenever it is recreated */
	const char *revision; /* "2025-11-25"; static */
	/** Milliseconds since 1970 by the server's own clock, which is not set
	 * with the wall clock, and does not count all of a long downtime
	 * (max_gap_s in <mcps/server.h>). */
	int64_t created_ms;
	bool lists_differ;       /* tools changed since it was last told */
	const char *client_name; /* of initialize; NULL: unknown; dies with the
	                          * call or the hook */
	const char *client_version;
};

/** Events of sessions. */
enum mcps_session_event {
	MCPS_SESSION_CREATED,
	MCPS_SESSION_RESTORED,
	MCPS_SESSION_RECREATED, /* rebuild what you kept for it elsewhere */
	MCPS_SESSION_EVICTED,   /* its owner began more than he may have: it is
	                         * unknown now; the view has no more than its
	                         * digest */
	MCPS_SESSION_ENDED      /* by DELETE or revocation: never comes back */
};

/**
 * Hear of a session. Runs on a worker thread. created, restored and
 * recreated return before the first call of that session is served (and so
 * hold it up); evicted and ended run some time after.
 *
 * @param subject who owns it; NULL: anonymous
 */
typedef void (*mcps_session_event_fn)(void *arg, enum mcps_session_event event,
                                      const char *subject,
                                      const struct mcps_session_view *session);

MCPS_END_DECLS

#endif
