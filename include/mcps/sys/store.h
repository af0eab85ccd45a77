/* The interface that a store back end implements.
 *
 * A back end is plain synchronous code behind a table of functions. It is
 * called from one thread at a time, always inside begin/commit when it
 * writes; group commit, waiting and retrying are written once above it.
 * Nothing here knows HTTP, JSON-RPC or time: times are handed in, in
 * milliseconds since 1970.
 *
 * Rows are handed to a callback as borrowed views that die when it returns.
 * "Not found" is not an error of a read: the callback is simply not called.
 * Unless said otherwise every function returns MCPS_OK, MCPS_E_STORE (input
 * or output failed), MCPS_E_CORRUPT or MCPS_E_NOMEM.
 */
#ifndef MCPS_SYS_STORE_H
#define MCPS_SYS_STORE_H

#include <mcps/store.h>
#include <stdbool.h>

MCPS_BEGIN_DECLS

enum {
	MCPS_SESSION_KEY_SIZE = 22, /* time in ms (6, big-endian), hash (16) */
	MCPS_PRINCIPAL_DIGEST_SIZE = 32,
	MCPS_LISTS_DIGEST_SIZE = 8,
	MCPS_EVENT_LEAST = 64,      /* bytes that an event counts at least */
	MCPS_TOMBSTONES_DROPPED = 4 /* at most, in one call */
};

enum mcps_phase {
	MCPS_PHASE_LIVE = 1,
	MCPS_PHASE_ENDED = 2 /* a tombstone: terminal, nothing revives it */
};

/** A caller, interned as a small integer. */
struct mcps_principal_row {
	int64_t ref; /* > 0, never used again for another one */
	uint8_t digest[MCPS_PRINCIPAL_DIGEST_SIZE];
	int64_t not_before_ms; /* sessions created before it are revoked */
	int64_t live_sessions; /* live rows it owns, maintained by the store */
	/** Tombstones whose keys have a time before this one may have been
	 * dropped: see tombstone_trim. 0: none was. */
	int64_t tombstones_from_ms;
};

/** One session. A tombstone keeps key, principal, phase and until_ms. A row
 * that the back end finds damaged under its key is a tombstone of no principal:
 * it may have been one, so its session must not be made again. */
struct mcps_session_row {
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	int64_t ref;       /* > 0, given by insert, never used again */
	int64_t principal; /* mcps_principal_row.ref; 0: damaged */
	enum mcps_phase phase;
	uint64_t version; /* starts at 1; one more with each save */
	int64_t created_ms;
	int64_t seen_ms;
	int64_t until_ms;  /* of a tombstone: when it may be purged, else 0 */
	uint32_t revision; /* 20250326, 20250618, ... */
	uint32_t capabilities; /* of the client, bits */
	uint64_t
		incarnation; /* random, new whenever the session is recreated */
	uint32_t flags;      /* meaning belongs to the session layer */
	uint8_t lists[MCPS_LISTS_DIGEST_SIZE]; /* of what was last announced */
	const void *data; /* opaque to the store; borrowed; may be NULL */
	size_t data_length;
};

enum mcps_state_owner {
	MCPS_STATE_OF_SESSION = 1,  /* owner is mcps_session_row.ref */
	MCPS_STATE_OF_PRINCIPAL = 2 /* owner is mcps_principal_row.ref */
};

/** One value that a tool keeps. */
struct mcps_state_row {
	enum mcps_state_owner scope;
	int64_t owner;
	const char *key; /* NUL-terminated UTF-8, 1 to 255 bytes */
	const void *value;
	size_t length;
	uint64_t version;   /* starts at 1; one more with each put */
	int64_t expires_ms; /* 0: with its owner */
};

/** One stream of a session: a row of events that a client may resume. */
struct mcps_stream_row {
	uint64_t id;     /* never 0; names the stream to clients */
	int64_t session; /* mcps_session_row.ref */
	int64_t opened_ms;
	int64_t seen_ms; /* opened, appended to, or touched last */
	uint64_t first;  /* of the events still kept the lowest seq; last + 1:
	                  * none is kept */
	uint64_t last;   /* the highest seq ever appended; 0: none yet */
	bool is_ended;   /* nothing is appended any more */
	/** The key of a session that has ended. NULL: the session lives.
	 * Borrowed; ignored by insert. */
	const uint8_t *ended_key;
	/** The raw JSON of the id of the request that it answers; a stream
	 * that answers none has length 0. Borrowed; at most 255 bytes. */
	const char *request;
	size_t request_length;
};

/** One event of a stream. */
struct mcps_event_row {
	uint64_t seq; /* 1, 2, 3, ... */
	int64_t at_ms;
	const void *data; /* opaque to the store; borrowed */
	size_t length;    /* may be 0 */
};

/** The rows that one sweep removes: at most @c limit, oldest first. State and
 * streams that go with their session are not counted; each event is a row.
 * A damaged row of a session stays until its id is too old to be believed:
 * until the time in its key is before aged_before_ms, or, without such a time,
 * until tombstone_until_ms of the sweep that found it.
 * Events go in the order they were appended, up to the first one that stays. */
struct mcps_sweep {
	int64_t now_ms; /* purges tombstones and state past their time */
	int64_t idle_before_ms; /* live rows seen before it vanish, no tombstone
	                         */
	int64_t aged_before_ms; /* live rows created before it become tombstones
	                         */
	int64_t tombstone_until_ms; /* ... kept until then */
	int64_t events_before_ms;   /* events appended before it vanish */
	int64_t streams_before_ms;  /* streams last seen before it vanish after
	                             * their events, ended or not */
	uint32_t limit;
	uint32_t max_tombstones; /* of one principal: after each row that
	                          * becomes a tombstone, its principal is
	                          * trimmed as by tombstone_trim; 0: no bound */
};

typedef mcps_status (*mcps_meta_fn)(void *arg, const void *value,
                                    size_t length);
typedef mcps_status (*mcps_principal_fn)(void *arg,
                                         const struct mcps_principal_row *row);
typedef mcps_status (*mcps_session_fn)(void *arg,
                                       const struct mcps_session_row *row);
typedef mcps_status (*mcps_state_fn)(void *arg,
                                     const struct mcps_state_row *row);
typedef mcps_status (*mcps_stream_fn)(void *arg,
                                      const struct mcps_stream_row *row);
typedef mcps_status (*mcps_event_fn)(void *arg,
                                     const struct mcps_event_row *row);

struct mcps_store_ops {
	size_t size; /* sizeof(struct mcps_store_ops) as the back end knew it */
	const char *name;

	/** This process is the only writer: what was read stays true. */
	bool exclusive;

	/* ---- required ---- */

	/** Transactions: every write stands between begin and commit. After a
	 * commit that failed its outcome is unknown and the store is as after
	 * a rollback. */
	mcps_status (*begin)(mcps_store *);
	mcps_status (*commit)(mcps_store *);
	void (*rollback)(mcps_store *);

	/** One level inside a transaction, so that one job can fail alone. */
	mcps_status (*savepoint)(mcps_store *);
	mcps_status (*release)(mcps_store *);
	mcps_status (*rollback_to)(mcps_store *); /* and forget the savepoint */

	/** Small named values that belong to the store itself. */
	mcps_status (*meta_get)(mcps_store *, const char *name, mcps_meta_fn,
	                        void *);
	mcps_status (*meta_put)(mcps_store *, const char *name,
	                        const void *value, size_t length);

	/** Look a principal up; intern makes it if it is missing. */
	mcps_status (*principal_get)(mcps_store *, const uint8_t *digest,
	                             mcps_principal_fn, void *);
	mcps_status (*principal_intern)(mcps_store *, const uint8_t *digest,
	                                int64_t *ref);
	mcps_status (*principal_revoke)(mcps_store *, int64_t ref,
	                                int64_t not_before_ms);

	/** The row of a key, live or ended. One that is damaged is handed out
	 * as ended, with key and phase alone. */
	mcps_status (*session_load)(mcps_store *, const uint8_t *key,
	                            mcps_session_fn, void *);

	/** Add a live row (ref and version of @p row are ignored).
	 * @return also MCPS_E_EXISTS: the key is taken, live, ended or
	 * damaged. */
	mcps_status (*session_insert)(mcps_store *,
	                              const struct mcps_session_row *row,
	                              int64_t *ref);

	/** Replace a live row whose version is row->version; it grows by one.
	 * @return also MCPS_E_GONE: not live; MCPS_E_CONFLICT: other version.
	 */
	mcps_status (*session_save)(mcps_store *,
	                            const struct mcps_session_row *row);

	/** Move last seen forward (never back); version stays.
	 * @return also MCPS_E_GONE: not live. */
	mcps_status (*session_touch)(mcps_store *, const uint8_t *key,
	                             int64_t seen_ms);

	/** Whether the row @p ref is live: the guard of a write that belongs to
	 * a session. @return MCPS_OK, or MCPS_E_GONE. */
	mcps_status (*session_guard)(mcps_store *, int64_t ref);

	/** Live to tombstone; its state goes with it.
	 * @return also MCPS_E_GONE: not live. */
	mcps_status (*session_end)(mcps_store *, const uint8_t *key,
	                           int64_t until_ms);

	/** A tombstone for a key that has no row, or a damaged one; one that is
	 * there already is kept at least until @p until_ms.
	 * @return also MCPS_E_EXISTS: the row is live. */
	mcps_status (*session_tombstone)(mcps_store *, const uint8_t *key,
	                                 int64_t principal, int64_t until_ms);

	/** Forget a live row and its state without a tombstone.
	 * @return also MCPS_E_GONE: not live. */
	mcps_status (*session_remove)(mcps_store *, const uint8_t *key);

	/** Live rows of a principal, least recently seen first, until the
	 * callback returns something else than MCPS_OK, which is returned. */
	mcps_status (*session_list)(mcps_store *, int64_t principal,
	                            mcps_session_fn, void *);

	/** Remove what is over. @p removed: how many rows it touched. */
	mcps_status (*sweep)(mcps_store *, const struct mcps_sweep *,
	                     size_t *removed);

	/** State. get hands out a row even if it has expired.
	 *
	 * put adds (row->version 0: the key must not be there) or replaces (the
	 * stored version must be row->version). @return also MCPS_E_CONFLICT.
	 *
	 * delete expects a version likewise. @return also MCPS_E_CONFLICT.
	 *
	 * usage sums up the bytes of keys and values of one owner. */
	mcps_status (*state_get)(mcps_store *, enum mcps_state_owner,
	                         int64_t owner, const char *key, mcps_state_fn,
	                         void *);
	mcps_status (*state_put)(mcps_store *,
	                         const struct mcps_state_row *row);
	mcps_status (*state_delete)(mcps_store *, enum mcps_state_owner,
	                            int64_t owner, const char *key,
	                            uint64_t version);
	mcps_status (*state_usage)(mcps_store *, enum mcps_state_owner,
	                           int64_t owner, uint64_t *bytes);

	void (*close)(mcps_store *);

	/* ---- optional: NULL when the back end has none ---- */

	/** Start again after a failure of the medium: drop every handle, open
	 * anew, check. Never inside a transaction. */
	mcps_status (*reopen)(mcps_store *);

	/** Do what is best done while nobody waits (checkpoints). */
	void (*idle)(mcps_store *);

	/* ---- optional: all of these, or none (then no stream resumes) ---- */

	/** Open a stream of a live session; first, last, seen_ms and is_ended
	 * of @p row are ignored. If it answers no request, and @p most others
	 * of the session that answer none are there (0: no bound), the oldest
	 * of those goes with its events; @p gone: its id, else 0. Streams that
	 * answer no request vanish with their session, and so do their events,
	 * in the same transaction, however it ends. Those that answer one stay
	 * as they are, until a sweep removes them: their clients may still wait
	 * for the answer.
	 * @return also MCPS_E_GONE: the session is not live; MCPS_E_EXISTS:
	 * the id is taken; MCPS_E_INVAL: the id is 0, or the request too long.
	 */
	mcps_status (*stream_insert)(mcps_store *,
	                             const struct mcps_stream_row *row,
	                             uint32_t most, uint64_t *gone);

	/** The row of an id. */
	mcps_status (*stream_get)(mcps_store *, uint64_t id, mcps_stream_fn,
	                          void *);

	/** Move seen_ms forward (never back): somebody still uses the stream.
	 * @return also MCPS_E_GONE: no such stream. */
	mcps_status (*stream_touch)(mcps_store *, uint64_t id, int64_t seen_ms);

	/** Append @p count events, at least one, after the last one; @p seq:
	 * the number that the first of them got, which rows->seq is not.
	 * @p ends: the last of them is the final one. seen_ms moves forward to
	 * their at_ms. While the events of the session then have more than
	 * @p session_bytes of data (0: no bound; each counts as at least
	 * MCPS_EVENT_LEAST), the oldest one of its oldest stream that has any
	 * goes, but never the last of those that are appended.
	 * @return also MCPS_E_GONE: no such stream, or it has ended. */
	mcps_status (*event_append)(mcps_store *, uint64_t stream,
	                            const struct mcps_event_row *rows,
	                            size_t count, bool ends,
	                            uint64_t session_bytes, uint64_t *seq);

	/** The events of a stream with a seq above @p after, in order, until
	 * the callback returns something else than MCPS_OK, which is returned.
	 * It begins with the first one that is kept: whoever needs all of them
	 * asks stream_get for it.
	 * @return also MCPS_E_CORRUPT: the next one is damaged or lost; the
	 * ones before it were handed out, none after it is. */
	mcps_status (*event_replay)(mcps_store *, uint64_t stream,
	                            uint64_t after, mcps_event_fn, void *);

	/* ---- optional: NULL when tombstones are bounded by age alone ---- */

	/** While principal @p principal has more than @p most tombstones, drop
	 * one whose key has the earliest time, at most MCPS_TOMBSTONES_DROPPED
	 * in one call. That time is when the id was issued, so the oldest ids
	 * go first. The principal's tombstones_from_ms moves to 1 ms after the
	 * time of each key that is dropped (never back). A record of it that is
	 * damaged reads as INT64_MAX: any tombstone may be missing.
	 * @p dropped: how many went. */
	mcps_status (*tombstone_trim)(mcps_store *, int64_t principal,
	                              uint32_t most, size_t *dropped);

	/* ---- optional: NULL when nothing is ever rebuilt ---- */

	/** How many times since it was opened the back end found that what it
	 * derives from the rows, such as an index, was damaged, and made it
	 * again. The only function that is called from any thread, at any time
	 * until close. */
	uint64_t (*rebuilds)(mcps_store *);
};

/** A back end embeds this as its first member. */
struct mcps_store {
	const struct mcps_store_ops *ops;
};

/**
 * Check that a back end is complete: its size is known, every required
 * function is there, optional ones come in pairs.
 *
 * @return MCPS_OK, or MCPS_E_INVAL with the missing member in @p error
 */
MCPS_API MCPS_MUST_USE mcps_status mcps_store_check(const mcps_store *store,
                                                    struct mcps_error *error);

MCPS_END_DECLS

#endif
