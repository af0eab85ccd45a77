/* Revoking a caller: one transaction ends all of its sessions, and what the
 * store does not hold any more is not believed either (not_before). */
#include "session/table.h"
#include "session/tombstone.h"

#include "base/container.h"
#include "base/error.h"

enum { REVOKE_ROWS = 64 };

struct revoke_job {
	struct writer_job job;
	struct sessions *sessions;
	const struct principal *principal;
	uint8_t keys[REVOKE_ROWS][MCPS_SESSION_KEY_SIZE];
	unsigned count;
	size_t ended;   /* sessions */
	size_t dropped; /* tombstones that made room */
};

static mcps_status revoke_take_key(void *arg,
                                   const struct mcps_session_row *row)
{
	struct revoke_job *revoke = arg;

	if (revoke->count == REVOKE_ROWS)
		return STATUS_STOP;
	memcpy(revoke->keys[revoke->count++], row->key, sizeof row->key);
	return MCPS_OK;
}

/* Rows are not changed while they are listed: some keys, then their end. */
static mcps_status revoke_end_some(struct revoke_job *revoke, mcps_store *store,
                                   int64_t ref, int64_t until_ms)
{
	mcps_status status;

	revoke->count = 0;
	status = store->ops->session_list(store, ref, revoke_take_key, revoke);
	if (status == STATUS_STOP)
		status = MCPS_OK;
	for (unsigned i = 0; i < revoke->count && status == MCPS_OK; i++) {
		status = store->ops->session_end(store, revoke->keys[i],
		                                 until_ms);
		revoke->ended += status == MCPS_OK;
		if (status == MCPS_OK)
			status = mcps__tombstone_trim(revoke->sessions, store,
			                              ref, &revoke->dropped);
	}
	return status;
}

/* Session time is stored, too: a session that begins after the next start is
 * younger than the revocation, even if the sweep stored no time for long. */
static mcps_status revoke_run(struct writer_job *job, mcps_store *store)
{
	struct revoke_job *revoke = container_of(job, struct revoke_job, job);
	struct clock_record clock;
	mcps_status status;
	int64_t now;
	int64_t ref;

	revoke->ended = 0;
	revoke->dropped = 0;
	mcps__session_clock_record(&revoke->sessions->time, &clock);
	now = clock.session_ms;
	status = mcps__clock_save(store, &clock);
	if (status == MCPS_OK)
		status = store->ops->principal_intern(
			store, revoke->principal->digest, &ref);
	if (status == MCPS_OK)
		status = store->ops->principal_revoke(store, ref, now);
	do {
		if (status == MCPS_OK)
			status = revoke_end_some(revoke, store, ref,
			                         now + SESSION_TOMBSTONE_MS);
	} while (status == MCPS_OK && revoke->count == REVOKE_ROWS);
	return status;
}

/* The caller is named as sessions are in other lines: by the end of a hash. */
static void revoke_report(const struct revoke_job *revoke, mcps_status status)
{
	const struct log_sink *log = &revoke->sessions->options.log;
	const uint8_t *tail =
		revoke->principal->digest + MCPS_PRINCIPAL_DIGEST_SIZE - 4;

	if (status == MCPS_OK)
		mcps__log(log, MCPS_LOG_INFO, "session",
		          "caller revoked caller=#%02x%02x%02x%02x "
		          "sessions_ended=%zu",
		          tail[0], tail[1], tail[2], tail[3], revoke->ended);
	else
		mcps__log(log, MCPS_LOG_WARN, "session",
		          "caller not revoked, try again "
		          "caller=#%02x%02x%02x%02x: %s",
		          tail[0], tail[1], tail[2], tail[3],
		          mcps_status_text(status));
}

/* After MCPS_E_STORE nobody knows whether they ended: they are asked for
 * again. */
static void revoke_done(struct writer_job *job, mcps_status status)
{
	struct revoke_job *revoke = container_of(job, struct revoke_job, job);

	if (status == MCPS_OK) {
		atomic_fetch_add_explicit(&revoke->sessions->counts.ended,
		                          revoke->ended, memory_order_relaxed);
		mcps__tombstone_report(revoke->sessions, revoke->dropped);
	}
	revoke_report(revoke, status);
	if (status == MCPS_OK || status == MCPS_E_STORE)
		mcps__table_drop(revoke->sessions, revoke->principal->digest,
		                 status == MCPS_OK);
}

mcps_status mcps__sessions_revoke(struct sessions *sessions,
                                  struct principal *principal)
{
	struct revoke_job revoke = { .job.run = revoke_run,
		                     .job.done = revoke_done,
		                     .sessions = sessions,
		                     .principal = principal };

	return mcps__writer_run(sessions->options.writer, &revoke.job);
}
