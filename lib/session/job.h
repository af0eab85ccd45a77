/* One store job for one session, from the claim to the completion. */
#ifndef MCPS_SESSION_JOB_H
#define MCPS_SESSION_JOB_H

#include "base/buffer.h"
#include "session/quota.h"

struct session_job;

/* The store thread calls it. It fills in job->found, and returns MCPS_OK or the
 * failure of the store. May run again. */
typedef mcps_status (*session_job_fn)(struct session_job *job,
                                      mcps_store *store);

struct session_job {
	struct writer_job writer_job;
	struct work hook;
	struct sessions *sessions;
	struct session *session; /* a reference: busy or ending, ours */
	session_job_fn run;
	enum session_found found;
	mcps_status status;            /* for the first in the wait queue */
	enum mcps_session_event event; /* for the hook, when found live */
	enum mcps_session_source source;
	struct mcps_session_row row;  /* as stored; data is in texts */
	struct evicted evicted;       /* to make room for it */
	char texts[512];              /* client name, NUL, version, NUL */
	struct buffer subscriptions;  /* of a row that has some */
	int64_t until_ms;             /* of the tombstone */
	int64_t not_before_ms;        /* of the caller, as found */
	int64_t tombstones_from_ms;   /* likewise */
	size_t dropped;               /* tombstones that made room */
	bool is_damaged;              /* the row: its session has ended */
	struct mcps_session_row born; /* of a recreation, to start from again */
};

/* NULL: out of memory. Takes over the reference to SESSION in any case. */
struct session_job *mcps__session_job_new(struct sessions *sessions,
                                          struct session *session,
                                          session_job_fn run);
void mcps__session_job_submit(struct session_job *job, bool reads_only);

/* Complete a job that cannot even start. */
void mcps__session_job_abandon(struct session_job *job, mcps_status status);

/* The rows a job meets. */
mcps_status mcps__session_job_find(struct session_job *job, mcps_store *store);

/* ---- jobs that change a session which lives on ---- */

struct live_row {
	struct mcps_session_row row; /* as stored; its data is here: */
	char data[512];
};

/* MCPS_E_GONE: it does not live any more. */
MCPS_MUST_USE mcps_status mcps__live_row_load(struct live_row *live,
                                              mcps_store *store,
                                              const uint8_t *key);

/* Tell WAIT, unless it is NULL, how the change of SESSION, whose reference
 * moves in, ended; a copy in memory that cannot be right any more is dropped.
 */
void mcps__live_row_changed(struct sessions *sessions, struct session *session,
                            struct session_wait *wait, mcps_status status);

#endif
