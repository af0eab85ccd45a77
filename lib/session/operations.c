/* What can be asked of the store for a session: each is a job that decides in
 * a transaction, and a completion that tells the requests that wait. */
#include "session/tombstone.h"
#include "session/job.h"

#include "base/container.h"
#include "base/memory.h"

#include <stdio.h>

/* Claim the session of KEY for a job; NULL when there is nothing left to do
 * here because WAIT is in the wait queue, or has been told. */
static struct session *session_claim(struct sessions *sessions,
                                     const uint8_t *key,
                                     struct principal *principal,
                                     struct session_wait *wait)
{
	struct session *session;

	switch (mcps__table_claim(sessions, key, principal, wait, &session)) {
	case CLAIM_MINE:
		return session;
	case CLAIM_WAITING:
		break;
	case CLAIM_LIVE:
		wait->fn(wait, FOUND_LIVE, session, MCPS_OK);
		break;
	case CLAIM_NOMEM:
		wait->fn(wait, FOUND_NOT_LOADED, NULL, MCPS_E_NOMEM);
		break;
	}
	return NULL;
}

/* ---- load ----
 *
 *     POST, GET or DELETE with an id that is not in memory
 *     live, the caller's: served | ended: 404 | unknown: the policy decides
 *
 * "Session Management" 3 of Transports (2025-11-25): once a session was ended,
 * requests with its id MUST get 404. Only its row can tell. */

static mcps_status session_load_run(struct session_job *job, mcps_store *store)
{
	mcps_status status = mcps__session_job_find(job, store);

	job->status = job->found == FOUND_ENDED ? MCPS_E_GONE : MCPS_OK;
	return status;
}

void mcps__sessions_load(struct sessions *sessions, const uint8_t *key,
                         struct principal *principal, struct session_wait *wait)
{
	struct session *session = session_claim(sessions, key, principal, wait);
	struct session_job *job;

	if (session == NULL)
		return;
	job = mcps__session_job_new(sessions, session, session_load_run);
	if (job == NULL)
		return;
	job->event = MCPS_SESSION_RESTORED;
	job->source = MCPS_SESSION_SOURCE_RESTORED;
	mcps__session_job_submit(job, true);
}

/* ---- create and recreate ----
 *
 *     initialize: no id, an ended or an unknown one: a new session
 *     POST or GET with an unknown id, if the policy allows: recreated under it
 *
 * "Session Management" 1 (2025-11-25): the server MAY assign an id in its
 * response to initialize, which SHOULD be unique and hard to guess. Recreating
 * is ours: the specification has clients initialize again after a 404, and many
 * do not. */

/* The row of a session that begins now. */
static mcps_status session_row_prepare(struct session_job *job,
                                       const struct session_init *init)
{
	struct mcps_session_row *row = &job->row;
	const char *name = init->client_name;
	const char *version = init->client_version;

	memcpy(row->key, job->session->key, sizeof row->key);
	mcps__sessions_get_lists(job->sessions, row->lists);
	row->phase = MCPS_PHASE_LIVE;
	row->seen_ms = mcps__sessions_now(job->sessions);
	row->created_ms =
		init->created_ms != 0 ? init->created_ms : row->seen_ms;
	row->revision = init->revision;
	row->capabilities = init->capabilities;
	snprintf(job->texts, 250, "%s", name != NULL ? name : "");
	row->data_length = strlen(job->texts) + 1;
	snprintf(job->texts + row->data_length, 250, "%s",
	         version != NULL ? version : "");
	row->data_length += strlen(job->texts + row->data_length) + 1;
	return mcps__random_fill(job->sessions->options.random,
	                         &row->incarnation, sizeof row->incarnation);
}

static mcps_status session_row_insert(struct session_job *job,
                                      mcps_store *store)
{
	struct mcps_session_row *row = &job->row;
	mcps_status status;

	row->data = job->texts;
	status = mcps__quota_make_room(job->sessions, store,
	                               job->session->principal, &job->evicted);
	if (status == MCPS_OK)
		status = store->ops->principal_intern(
			store, job->session->principal->digest,
			&row->principal);
	if (status == MCPS_OK)
		status = store->ops->session_insert(store, row, &row->ref);
	row->data = NULL;
	if (status == MCPS_OK)
		job->found = FOUND_LIVE;
	return status;
}

/* A job that begins a session: NULL when it could not even be prepared, and
 * WAIT has been told so. */
static struct session_job *session_begin(struct sessions *sessions,
                                         struct session *session,
                                         session_job_fn run,
                                         const struct session_init *init)
{
	struct session_job *job = mcps__session_job_new(sessions, session, run);
	mcps_status status;

	if (job == NULL)
		return NULL;
	status = session_row_prepare(job, init);
	if (status != MCPS_OK) {
		mcps__session_job_abandon(job, status);
		return NULL;
	}
	return job;
}

void mcps__sessions_create(struct sessions *sessions,
                           struct principal *principal,
                           const struct session_init *init, char *id,
                           struct session_wait *wait)
{
	const struct sessions_options *options = &sessions->options;
	struct id_owner owner = { principal->digest, options->resource };
	struct id_claim says = { .issued_ms = mcps__sessions_now(sessions),
		                 .revision = init->revision,
		                 .capabilities = init->capabilities };
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	struct session *session;
	struct session_job *job;
	struct id_keys keys;
	mcps_status status;

	mcps__sessions_get_keys(sessions, &keys);
	status = mcps__id_mint(id, &keys, &owner, &says, options->random);

	if (status != MCPS_OK) {
		wait->fn(wait, FOUND_NOT_LOADED, NULL, status);
		return;
	}
	mcps__sessions_key(sessions, key, principal, id, ID_TEXT_LENGTH);
	session = session_claim(sessions, key, principal, wait);
	if (session == NULL)
		return;
	job = session_begin(sessions, session, session_row_insert, init);
	if (job == NULL)
		return;
	job->event = MCPS_SESSION_CREATED;
	job->source = MCPS_SESSION_SOURCE_CREATED;
	mcps__session_job_submit(job, false);
}

/* Look again inside the transaction: what is there wins, an idle-expired row
 * makes room. */
static mcps_status session_recreate_run(struct session_job *job,
                                        mcps_store *store)
{
	struct mcps_session_row born = job->born;
	bool has_row;
	mcps_status status = mcps__session_job_find(job, store);

	if (status != MCPS_OK)
		return status;
	/* Revoked, or perhaps ended: a missing row says nothing then. */
	if (job->found == FOUND_UNKNOWN &&
	    (born.created_ms < job->not_before_ms ||
	     mcps__tombstone_may_be_gone(job->session->key,
	                                 job->tombstones_from_ms)))
		job->found = FOUND_ENDED;
	job->status = job->found == FOUND_ENDED ? MCPS_E_GONE : MCPS_OK;
	job->event = MCPS_SESSION_RESTORED;
	job->source = MCPS_SESSION_SOURCE_RESTORED;
	if (job->found != FOUND_UNKNOWN)
		return MCPS_OK;

	has_row = job->row.phase == MCPS_PHASE_LIVE;
	job->row = born;
	memset(job->texts, 0, sizeof job->texts);
	job->event = MCPS_SESSION_RECREATED;
	job->source = MCPS_SESSION_SOURCE_RECREATED;
	if (has_row)
		status = store->ops->session_remove(store, job->session->key);
	return status == MCPS_OK ? session_row_insert(job, store) : status;
}

void mcps__sessions_recreate(struct sessions *sessions, const uint8_t *key,
                             struct principal *principal,
                             const struct session_init *init,
                             struct session_wait *wait)
{
	struct session *session = session_claim(sessions, key, principal, wait);
	struct session_job *job;

	if (session == NULL)
		return;
	job = session_begin(sessions, session, session_recreate_run, init);
	if (job == NULL)
		return;
	/* Nobody will say initialized: it counts as said. */
	job->row.flags = SESSION_INITIALIZED | SESSION_RECREATED;
	job->born = job->row;
	mcps__session_job_submit(job, false);
}

/* ---- end, and a tombstone for an unknown id ----
 *
 *     DELETE, live, the caller's: 204 once its tombstone is committed
 *     DELETE, ended: 404
 *     DELETE, unknown: 404; a signed id of the caller gets a tombstone, too
 *
 * "Session Management" 5 (2025-11-25): a client that needs its session no
 * longer SHOULD send DELETE. After that 3 binds: 404, so the tombstone is
 * stored before the response is sent. */

static mcps_status session_end_run(struct session_job *job, mcps_store *store)
{
	mcps_status status = store->ops->session_end(store, job->session->key,
	                                             job->until_ms);

	job->found = FOUND_ENDED;
	job->status = status;
	if (status == MCPS_E_GONE)
		return MCPS_OK;
	return status == MCPS_OK
	               ? mcps__tombstone_trim(job->sessions, store,
	                                      job->session->principal_ref,
	                                      &job->dropped)
	               : status;
}

void mcps__sessions_end(struct sessions *sessions, struct session *session,
                        int64_t until_ms, struct session_wait *wait)
{
	struct session_job *job;

	if (!mcps__table_start_end(sessions, session, wait))
		return;
	job = mcps__session_job_new(sessions, mcps__session_ref(session),
	                            session_end_run);
	if (job == NULL)
		return;
	job->event = MCPS_SESSION_ENDED;
	job->until_ms = until_ms;
	mcps__session_job_submit(job, false);
}

/* An id whose tombstone may be gone is not recreated: it needs none. */
static mcps_status session_tombstone_run(struct session_job *job,
                                         mcps_store *store)
{
	const uint8_t *digest = job->session->principal->digest;
	const uint8_t *key = job->session->key;
	struct mcps_principal_row caller;
	mcps_status status;
	int64_t ref;

	job->found = FOUND_ENDED;
	job->status = MCPS_E_GONE;
	status = mcps__principal_read(store, digest, &caller);
	if (status != MCPS_OK ||
	    mcps__tombstone_may_be_gone(key, caller.tombstones_from_ms))
		return status;
	status = store->ops->principal_intern(store, digest, &ref);
	if (status == MCPS_OK)
		status = store->ops->session_tombstone(store, key, ref,
		                                       job->until_ms);
	/* It is live after all: an idle-expired row is unknown, too. */
	if (status == MCPS_E_EXISTS)
		status = store->ops->session_end(store, key, job->until_ms);
	if (status == MCPS_E_GONE)
		return MCPS_OK;
	return status == MCPS_OK ? mcps__tombstone_trim(job->sessions, store,
	                                                ref, &job->dropped)
	                         : status;
}

void mcps__sessions_tombstone(struct sessions *sessions, const uint8_t *key,
                              struct principal *principal, int64_t until_ms,
                              struct session_wait *wait)
{
	struct session *session = session_claim(sessions, key, principal, wait);
	struct session_job *job;

	if (session == NULL)
		return;
	job = mcps__session_job_new(sessions, session, session_tombstone_run);
	if (job == NULL)
		return;
	job->until_ms = until_ms;
	mcps__session_job_submit(job, false);
}

/* ---- save: a live session stays live ----
 *
 *     initialize, live, same revision and capabilities: renewed in place
 *     notifications/initialized, logging/setLevel: stored in its row */

struct save {
	struct writer_job job;
	struct sessions *sessions;
	struct session *session;
	struct session_wait *wait; /* NULL: nobody waits */
	uint32_t set, clear;
	struct live_row live;
};

static mcps_status session_save_run(struct writer_job *job, mcps_store *store)
{
	struct save *save = container_of(job, struct save, job);
	struct mcps_session_row *row = &save->live.row;
	uint8_t lists[MCPS_LISTS_DIGEST_SIZE];
	mcps_status status =
		mcps__live_row_load(&save->live, store, save->session->key);

	if (status != MCPS_OK)
		return status;
	row->flags = (row->flags | save->set) & ~save->clear;
	mcps__sessions_get_lists(save->sessions, lists);
	/* Looked at later: who has yet to be told, must not seem to know. */
	if ((atomic_load(&save->session->lists_differ) & SESSION_LISTS) == 0)
		memcpy(row->lists, lists, sizeof lists);
	return store->ops->session_save(store, row);
}

static void session_save_done(struct writer_job *job, mcps_status status)
{
	struct save *save = container_of(job, struct save, job);
	struct session *session = save->session;

	if (status == MCPS_OK) {
		pthread_mutex_lock(&session->lock);
		session->flags = (session->flags | save->set) & ~save->clear;
		pthread_mutex_unlock(&session->lock);
	}
	if ((save->set & SESSION_INITIALIZED) != 0)
		atomic_store(&session->is_initializing, false);
	mcps__live_row_changed(save->sessions, session, save->wait, status);
	mcps__free(save);
}

static struct save *session_save_new(struct sessions *sessions,
                                     struct session *session, uint32_t set,
                                     uint32_t clear)
{
	struct save *save = mcps__calloc(1, sizeof *save);

	if (save == NULL)
		return NULL;
	save->sessions = sessions;
	save->session = mcps__session_ref(session);
	save->set = set;
	save->clear = clear;
	save->job.run = session_save_run;
	save->job.done = session_save_done;
	return save;
}

void mcps__sessions_save(struct sessions *sessions, struct session *session,
                         uint32_t set, uint32_t clear,
                         struct session_wait *wait)
{
	struct save *save = session_save_new(sessions, session, set, clear);

	if (save == NULL) {
		wait->fn(wait, FOUND_NOT_LOADED, NULL, MCPS_E_NOMEM);
		return;
	}
	save->wait = wait;
	mcps__writer_submit(sessions->options.writer, &save->job);
}

void mcps__sessions_save_later(struct sessions *sessions,
                               struct session *session, uint32_t set,
                               uint32_t clear)
{
	struct save *save = session_save_new(sessions, session, set, clear);

	if (save != NULL)
		mcps__writer_submit_later(sessions->options.writer, &save->job);
	else if ((set & SESSION_INITIALIZED) != 0)
		atomic_store(&session->is_initializing, false);
}
