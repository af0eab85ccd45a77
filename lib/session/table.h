/* The table itself, shared by the files of this layer: which sessions are in
 * memory, in which phase, and who waits for them. */
#ifndef MCPS_SESSION_TABLE_H
#define MCPS_SESSION_TABLE_H

#include "session/sessions.h"

/* How the one who wants to change a session found it. */
enum table_claim {
	CLAIM_MINE,    /* *OUT is busy and ours, WAIT is first in its queue */
	CLAIM_WAITING, /* somebody else's job is under way: WAIT waits */
	CLAIM_LIVE,    /* it is live: *OUT, WAIT was not taken */
	CLAIM_NOMEM,
};

/* Make the session of KEY busy, putting it into the table if it is not there.
 * *OUT is a reference unless CLAIM_WAITING or CLAIM_NOMEM. */
enum table_claim mcps__table_claim(struct sessions *sessions,
                                   const uint8_t *key,
                                   struct principal *principal,
                                   struct session_wait *wait,
                                   struct session **out);

/* A live session starts to end; false when it no longer is live (WAIT is then
 * in the wait queue, or is told at once). */
bool mcps__table_start_end(struct sessions *sessions, struct session *session,
                           struct session_wait *wait);

/* The job is done: SESSION, busy, is live, and is told to the application
 * before anybody else. */
void mcps__table_tell(struct sessions *sessions, struct session *session);

/* The job is done: SESSION, busy, telling or ending, is FOUND (live or over).
 * If it has ended, its calls are told. Tells the wait queue, first come first
 * served; the first gets STATUS, the others MCPS_OK if there is an answer.
 * Takes over the caller's reference. */
void mcps__table_complete(struct sessions *sessions, struct session *session,
                          enum session_found found, mcps_status status);

/* How a session is used, as far as memory knows. */
enum table_use {
	TABLE_UNKNOWN, /* it is not in memory: only the store knows */
	TABLE_AT_REST, /* nobody uses it now */
	TABLE_IN_USE,  /* a request, a call or a stream is under way, or a job
	                * decides for it */
};

/* TABLE_AT_REST: *USED_MS is the session time of its last use. The stored one
 * is never later, and up to mcps__table_touch_every() earlier, or more after
 * failures of the store. */
enum table_use mcps__table_use(struct sessions *sessions, const uint8_t *key,
                               int64_t *used_ms);

/* Take the session of KEY out of memory unless it is in use: true also when it
 * was not there. */
bool mcps__table_evict(struct sessions *sessions, const uint8_t *key);

/* A reference to the session of KEY, which counts as in use until it is
 * dropped; NULL: it is not live in memory, or idle. Not a use by itself. */
struct session *mcps__table_hold(struct sessions *sessions, const uint8_t *key);

/* A reference to a session that is in use and that nobody asked for for longer
 * than the idle time: it counts as used at NOW, which the caller stores. NULL:
 * there is no other one. Idle sessions leave memory on the way, and copies
 * that nobody holds any more are freed. */
struct session *mcps__table_take_idle(struct sessions *sessions, int64_t now);

/* Rows last seen before this session time are idle. The stored time of a use
 * may be older than the use; while a session may live in memory whose last use
 * could not be stored, no row is idle: 0. */
int64_t mcps__table_idle_before(const struct sessions *sessions, int64_t now);

/* Drop all sessions, when nothing runs any more. */
void mcps__table_finish(struct sessions *sessions);

/* How old what is stored of "last seen" may get: a minute, less when sessions
 * are idle soon. */
int64_t mcps__table_touch_every(const struct sessions *sessions);

/* A session is in use now, and that is stored; one that is too old leaves
 * memory. */
void mcps__table_see(struct sessions *sessions, struct session *session);

/* Look for the live session of KEY, which is used NOW: a reference; NULL: it is
 * not in memory. *IS_DUE: the use is to be stored. */
struct session *mcps__table_find(struct sessions *sessions, const uint8_t *key,
                                 int64_t now, bool *touch_due);

/* The live sessions of a caller leave memory. If they HAVE_ENDED, they are over
 * for the calls that run on them, which are told; else nobody knows, and
 * the commits of those calls will tell. The store thread only: what it has not
 * decided yet, it will decide knowing. */
void mcps__table_drop(struct sessions *sessions, const uint8_t *principal,
                      bool have_ended);

/* Store that a live session was seen at SEEN_MS; nobody waits for it. */
void mcps__sessions_touch(struct sessions *sessions, struct session *session,
                          int64_t seen_ms);

/* The last use of some session could not be stored. */
void mcps__sessions_note_unstored(struct sessions *sessions);

/* ---- for complete.c ---- */

/* How a completion begins. */
struct completion {
	enum session_found found;
	unsigned number;
	bool touch_due; /* to be stored that it was seen: the row may be old */
	int64_t now;
	struct session *unstored; /* left memory for it: linked by "older" */
	struct session_wait *first;
};

/* Put SESSION into the phase of what was found, and take the first out of its
 * wait queue. */
struct completion mcps__table_completion_begin(struct sessions *sessions,
                                               struct session *session,
                                               enum session_found found);

/* The next in the wait queue, unless what was told to the last one made the
 * session busy again, or even completed it anew: then that completion goes on
 * with the wait queue. Sweeps up at the end. */
struct session_wait *mcps__table_wait_queue_next(struct sessions *sessions,
                                                 struct session *session,
                                                 unsigned completion);

#endif
