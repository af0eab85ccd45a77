/* One session in memory: what was negotiated, who owns it, and who waits for
 * it. The stored row is the truth; this is its hot copy. */
#ifndef MCPS_SESSION_SESSION_H
#define MCPS_SESSION_SESSION_H

#include "base/buffer.h"
#include "session/hash.h"
#include "session/principal.h"

#include <mcps/session.h>
#include <mcps/sys/store.h>
#include <pthread.h>
#include <stdatomic.h>

/* Where a session in the table stands.
 *
 *   busy ──► telling ──► live ──► ending ──► over ──► (out of the table)
 *     └──────────┴────────────────────────►
 *
 * busy: a store job decides what it is; requests for it wait in
 *       its wait queue.
 * telling: it is to be live once the application has been told (if it wants
 *       to be).
 * over: it is none (ended, unknown, failed); those that wait are told one by
 *       one, and a fresh one may take its place and its wait queue (recreated,
 *       or given a tombstone). */
enum session_phase {
	SESSION_BUSY,
	SESSION_TELLING,
	SESSION_LIVE,
	SESSION_ENDING, /* its DELETE is queued: later arrivals wait */
	SESSION_OVER,
};

/* What a look at a session id found. */
enum session_found {
	FOUND_NOT_LOADED, /* not in memory: ask the store */
	FOUND_LIVE,
	FOUND_ENDED,   /* deleted, revoked, or past its absolute lifetime */
	FOUND_UNKNOWN, /* also somebody else's, or idle-expired */
};

/* Flags of the stored row. */
enum session_flag {
	SESSION_INITIALIZED = 1, /* notifications/initialized arrived */
	SESSION_RECREATED = 2,
	SESSION_SUBSCRIBED = 4, /* to some resource: its state says to which */

	/* What logging/setLevel said, enum mcps_severity; 0: nothing yet. */
	SESSION_LOG_LEVEL = 0xf00,
};

enum { SESSION_LOG_LEVEL_SHIFT = 8 };

/* Which bytes of the digest of the lists are of which; those of prompts go on
 * to the end. */
enum { LISTS_TOOLS = 0, LISTS_RESOURCES = 3, LISTS_PROMPTS = 6 };

/* Lists that a client may have seen in another state. */
enum session_list {
	SESSION_LIST_TOOLS = 1,
	SESSION_LIST_RESOURCES = 2,
	SESSION_LIST_PROMPTS = 4,
	SESSION_LISTS = 7, /* all of them */

	/* The client was told of some, which is not stored yet. */
	SESSION_LISTS_TOLD = 128,
};

struct session;
struct streams;

/* A request that waits for a session. fn is called exactly once, under no lock,
 * on the store thread or the caller's; SESSION is a reference that moves to
 * the callee when FOUND_LIVE, else NULL. STATUS is MCPS_OK or
 *
 *   MCPS_E_GONE with FOUND_ENDED: it had ended before (MCPS_OK: WAIT's own
 *     request ended it);
 *   anything else with FOUND_NOT_LOADED: the store could not say (MCPS_OK:
 *     it was not asked, a session that was to end had left memory, or what
 *     it said was overtaken; look again). */
struct session_wait {
	void (*fn)(struct session_wait *wait, enum session_found found,
	           struct session *session, mcps_status status);
	struct session_wait *next;
};

/* The steps of a call: bits of one word, so that the order of any two is
 * decided once, for everybody. */
enum call_step {
	CALL_HANDED = 1,   /* to a worker: from now on it is answered by whoever
	                    * sets one of the next two first */
	CALL_RETURNED = 2, /* its handler is over; or it never began, and a
	                    * worker has found out why */
	CALL_STOPPED = 4,  /* the drain is over */
	CALL_BEGUN = 8, /* its handler was called; never after one of these: */
	CALL_CANCELLED = 16, /* by its client */
	CALL_ENDED = 32,     /* its session has ended */

	CALL_STOPS = CALL_STOPPED | CALL_CANCELLED | CALL_ENDED,
};

/* A call under way on a session, so that it can be told to stop. */
struct session_call {
	struct session_call *prev, *next;
	const char *id; /* the raw JSON of its request id */
	size_t id_length;
	atomic_uint steps; /* enum call_step */
};

/* How a session goes, for what hangs on it. */
enum session_departure {
	DEPARTS_FOR_GOOD,    /* it has ended */
	DEPARTS_FROM_MEMORY, /* it may be read again, as another copy */
	DEPARTS_LAST,        /* nobody uses it any more */
};

/* The layer of streams, as far as this one knows it. Functions may be NULL. */
struct stream_layer {
	/* SESSION comes into memory. URIS: what it subscribed to, as stored. It
	 * was last seen at SEEN_MS, as stored. */
	void (*session_loaded)(struct streams *streams, struct session *session,
	                       const struct buffer *uris, int64_t seen_ms);
	/* Any thread, perhaps under the table lock: it must not call back. */
	void (*session_departs)(struct streams *streams,
	                        struct session *session,
	                        enum session_departure how);
	struct streams *streams;
};

/* References: the table while it is in it; each exchange and call; each store
 * job under way. */
struct session {
	UT_hash_handle hh;               /* table lock */
	struct session *older, *newer;   /* table lock; live ones only */
	struct session_wait *wait_queue; /* table lock */
	struct session_wait **wait_queue_end;
	atomic_uint refs;
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	uint8_t phase;         /* table lock; enum session_phase */
	bool in_table;         /* table lock */
	atomic_bool has_ended; /* over, as the store says: for good */
	bool is_outdated;      /* table lock; telling, while its caller was
	                        * revoked: to be asked for again */
	unsigned completions;  /* table lock; times a job decided */

	/* Set before it is live, constant while it is. */
	struct principal *principal;
	uint8_t source;               /* enum mcps_session_source */
	_Atomic uint8_t lists_differ; /* enum session_list */
	atomic_bool is_initializing;  /* its flag is on its way to the store */
	atomic_uint listened;         /* so often somebody began to listen */
	int64_t ref;                  /* of the stored row */
	int64_t principal_ref;
	int64_t created_ms;
	int64_t old_at_ms; /* session time: past its absolute lifetime */
	uint32_t revision;
	uint32_t capabilities;
	uint64_t incarnation;
	char *client_name; /* NULL: unknown */
	char *client_version;

	const struct stream_layer *layer;   /* constant */
	struct subscription *subscriptions; /* the layer's, and its lock */
	int64_t seen_ms;                    /* session time; table lock */
	int64_t touched_ms; /* session time; table lock; last one stored */

	pthread_mutex_t lock; /* of what follows */
	uint32_t flags;
	struct session_call *calls;
	struct stream *streams; /* the layer's; newest first: references */
};

/* LAYER is borrowed. */
struct session *mcps__session_new(const uint8_t *key,
                                  struct principal *principal,
                                  const struct stream_layer *layer);
struct session *mcps__session_ref(struct session *session);
void mcps__session_unref(struct session *session); /* NULL is fine */

/* Tell the layer of streams. */
void mcps__session_depart(struct session *session, enum session_departure how);

/* Put a call on the session, take it off. A session that has ended tells the
 * call at once. */
void mcps__session_add_call(struct session *session, struct session_call *call);
void mcps__session_remove_call(struct session *session,
                               struct session_call *call);

/* Cancel the call with this raw request id; false when there is none. */
bool mcps__session_cancel_call(struct session *session, const char *id,
                               size_t length);
/* The session has ended: each of its calls is told. */
void mcps__session_end_calls(struct session *session);

/* Decide, once, that the call's handler may be called. False: something came
 * before it, and it must never be. */
bool mcps__session_call_begin(struct session_call *call);
/* The handler is over: the steps that came before that. Later ones change
 * nothing any more. */
unsigned mcps__session_call_return(struct session_call *call);

bool mcps__session_has_flag(struct session *session, enum session_flag flag);
uint32_t mcps__session_log_level(struct session *session);

/* 8 hex digits that name it in logs. */
void mcps__session_digest(const uint8_t *key, char out[9]);

#endif
