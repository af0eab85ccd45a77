/* The table of sessions: a bounded hot set over the store.
 *
 * Reading it is memory only. Everything that needs the store goes through a
 * job of the writer, one at a time per session, while requests for it wait in
 * its wait queue; memory changes only after COMMIT. */
#ifndef MCPS_SESSION_SESSIONS_H
#define MCPS_SESSION_SESSIONS_H

#include "base/clock.h"
#include "base/incident.h"
#include "base/log.h"
#include "base/random.h"
#include "base/work.h"
#include "session/id.h"
#include "session/keys.h"
#include "session/memory_limit.h"
#include "session/session.h"
#include "session/time.h"
#include "store/writer.h"

#include <stdatomic.h>

/* Tombstones of ids that carry no age of their own are kept for 400 days. */
#define SESSION_TOMBSTONE_MS (INT64_C(400) * 24 * 3600 * 1000)

struct sessions_options {
	struct writer *writer;              /* borrowed */
	struct executor executor;           /* runs the hook */
	const struct clock_source *clock;   /* borrowed */
	const struct random_source *random; /* borrowed */
	struct log_sink log;
	struct incidents *incidents;  /* borrowed; NULL: not counted */
	struct memory_limit *answers; /* borrowed; NULL: no limit */
	const char *resource;         /* borrowed */
	struct id_keys keys;
	int64_t idle_ms;
	int64_t max_age_ms;
	int64_t max_gap_ms;      /* most of a downtime that counts; 0: all */
	uint32_t hot;            /* most sessions in memory */
	int64_t quota;           /* live sessions of one caller; 0: no limit */
	int64_t anonymous_quota; /* ... of all anonymous ones together */
	uint32_t max_tombstones; /* of one caller; 0: no limit */
	uint32_t subscriptions;  /* most of one; 0: SUBSCRIPTIONS_MOST */
	uint8_t lists[MCPS_LISTS_DIGEST_SIZE]; /* at the start; see set_lists */
	int64_t event_age_ms; /* events of streams are kept so long */
	uint64_t event_bytes; /* ... and so many of one session */
	uint32_t streams;     /* of no call, of one; 0: no limit */
	uint32_t retry_ms; /* before clients connect again; 0: none is told */
	mcps_session_event_fn hook; /* may be NULL */
	void *hook_arg;
	const char *(*revision_text)(uint32_t number); /* for the view */
	struct stream_layer layer; /* see mcps__streams_init() */
};

struct sessions_counts {
	atomic_uint_fast64_t created, restored, recreated, evicted, ended;
};

struct sessions {
	struct sessions_options options;
	uint8_t row_key[ID_KEY_SIZE];
	uint8_t store_name[STORE_NAME_SIZE]; /* random, made with the store */
	struct session_clock time;
	/* When the last use of some session could not be stored: it lives in
	 * memory, and its row seems to be older. */
	_Atomic int64_t unstored_ms;
	pthread_mutex_t lock; /* of what follows, and options.lists */
	struct session *by_key;
	struct session *oldest, *newest;       /* live ones, by last use */
	struct distrusted_session *distrusted; /* see session/distrusted.h */
	struct sessions_counts counts;
};

/* What a new or recreated session starts with. Texts are copied. */
struct session_init {
	uint32_t revision;
	uint32_t capabilities;
	const char *client_name; /* may be NULL */
	const char *client_version;
	int64_t created_ms; /* of a recreated one with a signed id: its own
	                     * issued-at; 0: now */
};

/* A limit was reached. report: under no lock; note: under any. */
static inline void mcps__sessions_report(const struct sessions *sessions,
                                         enum incident what)
{
	mcps__incident_happened(sessions->options.incidents, what);
}

static inline void mcps__sessions_note(const struct sessions *sessions,
                                       enum incident what)
{
	mcps__incident_note(sessions->options.incidents, what);
}

/* Read or make the store's row key and clock. The struct is the caller's. */
MCPS_MUST_USE mcps_status mcps__sessions_init(struct sessions *sessions,
                                              const struct sessions_options *o,
                                              struct mcps_error *error);
/* After the writer has stopped. */
void mcps__sessions_finish(struct sessions *sessions);

/* The keys of ids, which may be replaced while the server runs. */
void mcps__sessions_get_keys(struct sessions *sessions, struct id_keys *out);
void mcps__sessions_set_keys(struct sessions *sessions,
                             const struct id_keys *keys);

/* The digest of what is offered, which may change while the server runs. */
void mcps__sessions_get_lists(struct sessions *sessions,
                              uint8_t out[MCPS_LISTS_DIGEST_SIZE]);
/* CHANGED (enum session_list): every session in memory has yet to be told. */
void mcps__sessions_set_lists(struct sessions *sessions,
                              const uint8_t lists[MCPS_LISTS_DIGEST_SIZE],
                              uint8_t changed);

/* Everything of a caller ends: its rows become tombstones, ids issued before
 * now are no longer believed. Waits for the store. */
MCPS_MUST_USE mcps_status mcps__sessions_revoke(struct sessions *sessions,
                                                struct principal *principal);

/* Session time (session/time.h). Milliseconds. */
static inline int64_t mcps__sessions_now(struct sessions *sessions)
{
	return mcps__session_clock_now(&sessions->time);
}

void mcps__sessions_key(struct sessions *sessions,
                        uint8_t key[MCPS_SESSION_KEY_SIZE],
                        const struct principal *principal, const char *id,
                        size_t length);

/* Look, without I/O. FOUND_LIVE: *OUT is a reference, last seen moves.
 * Anything else: FOUND_NOT_LOADED. */
enum session_found mcps__sessions_find(struct sessions *sessions,
                                       const uint8_t *key,
                                       struct session **out);

/* ---- each calls WAIT->fn exactly once, perhaps before returning ---- */

/* Bring a session in from the store, once for all who ask at the same time. */
void mcps__sessions_load(struct sessions *sessions, const uint8_t *key,
                         struct principal *principal,
                         struct session_wait *wait);

/* Make a new session; ID gets its name (ID_TEXT_LENGTH + 1 bytes). */
void mcps__sessions_create(struct sessions *sessions,
                           struct principal *principal,
                           const struct session_init *init, char *id,
                           struct session_wait *wait);

/* Make an unknown one under the same id, unless it has ended. */
void mcps__sessions_recreate(struct sessions *sessions, const uint8_t *key,
                             struct principal *principal,
                             const struct session_init *init,
                             struct session_wait *wait);

/* Set and clear flags of a live session, in the store and then in memory.
 * WAIT is told directly, and not through the wait queue. */
void mcps__sessions_save(struct sessions *sessions, struct session *session,
                         uint32_t set, uint32_t clear,
                         struct session_wait *wait);

/* The same, with the next commit, for flags whose loss does no harm: without
 * memory, or when the store fails, they stay as they are. */
void mcps__sessions_save_later(struct sessions *sessions,
                               struct session *session, uint32_t set,
                               uint32_t clear);

/* End a live session; its tombstone is kept until UNTIL_MS. WAIT hears
 * FOUND_ENDED with MCPS_OK when this very call ended it, with MCPS_E_GONE
 * when something else did, FOUND_NOT_LOADED with MCPS_OK when it is no longer
 * in memory: look again. */
void mcps__sessions_end(struct sessions *sessions, struct session *session,
                        int64_t until_ms, struct session_wait *wait);

/* A tombstone for an id that is unknown here but signed for its caller. WAIT
 * hears FOUND_ENDED, MCPS_E_GONE. */
void mcps__sessions_tombstone(struct sessions *sessions, const uint8_t *key,
                              struct principal *principal, int64_t until_ms,
                              struct session_wait *wait);

/* ---- - ---- */

/* Remove what is over, a bounded batch, and store session time. Returns the
 * number of rows touched. Waits for the store: the timer thread only. */
size_t mcps__sessions_sweep(struct sessions *sessions);

/* Store session time and the clocks: the process is about to end, and a
 * downtime begins. Waits for the store. */
mcps_status mcps__sessions_store_clock(struct sessions *sessions);

size_t mcps__sessions_hot(struct sessions *sessions);

/* Whether a session that was live is known to have ended since, or is past its
 * absolute lifetime. */
bool mcps__session_has_ended(struct sessions *sessions,
                             const struct session *session);

/* The store has no such live session, whatever memory says: the next request
 * asks it anew. The caller holds a reference. */
void mcps__sessions_forget(struct sessions *sessions, struct session *session);

/* The view of a live session; texts are borrowed from it. */
void mcps__session_view(const struct sessions *sessions,
                        const struct session *session,
                        struct mcps_session_view *out);

#endif
