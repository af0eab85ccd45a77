/* Removing what is over from the store, and what keeps sessions that are in use
 * from being removed with it. */
#include "session/table.h"

#include "base/container.h"
#include "base/memory.h"

enum { SWEEP_ROWS = 500 };

int64_t mcps__table_idle_before(const struct sessions *sessions, int64_t now)
{
	int64_t most =
		sessions->options.idle_ms + mcps__table_touch_every(sessions);
	int64_t since = now - atomic_load(&sessions->unstored_ms);

	return since <= most ? 0 : now - most;
}

/* Sessions that are in use but that nobody asked for for longer than the idle
 * time: a call takes long, for example. */
struct sweep_job {
	struct writer_job job;
	struct sessions *sessions;
	struct session **in_use; /* references */
	size_t count;
	size_t room;
	int64_t now_ms; /* when they were collected */
	int64_t idle_before_ms;
	bool is_unstored; /* some of their uses */
	size_t removed;
};

static bool sweep_make_room(struct sweep_job *sweep)
{
	size_t room = sweep->room != 0 ? 2 * sweep->room : 16;
	struct session **grown;

	if (sweep->count < sweep->room)
		return true;
	grown = mcps__realloc(sweep->in_use, room * sizeof(struct session *));
	if (grown == NULL)
		return false;
	sweep->in_use = grown;
	sweep->room = room;
	return true;
}

/* Without memory for the list no row counts as idle this time. */
static void sweep_collect(struct sweep_job *sweep)
{
	struct sessions *sessions = sweep->sessions;
	struct session *session;

	sweep->now_ms = mcps__sessions_now(sessions);
	sweep->idle_before_ms =
		mcps__table_idle_before(sessions, sweep->now_ms);
	while (sweep_make_room(sweep)) {
		session = mcps__table_take_idle(sessions, sweep->now_ms);
		if (session == NULL)
			return;
		sweep->in_use[sweep->count++] = session;
	}
	sweep->idle_before_ms = 0;
}

static mcps_status sweep_store_uses(const struct sweep_job *sweep,
                                    mcps_store *store)
{
	mcps_status status = MCPS_OK;

	for (size_t i = 0; i < sweep->count && status == MCPS_OK; i++) {
		status = store->ops->session_touch(store, sweep->in_use[i]->key,
		                                   sweep->now_ms);
		if (status == MCPS_E_GONE)
			status = MCPS_OK; /* its calls will find out */
	}
	return status;
}

/* Rows are removed together with storing the time by which they are over: a
 * later start cannot go back before it. */
static mcps_status sweep_run(struct writer_job *job, mcps_store *store)
{
	struct sweep_job *sweep = container_of(job, struct sweep_job, job);
	struct sessions *sessions = sweep->sessions;
	int64_t now;
	struct clock_record clock;
	struct mcps_sweep what;
	mcps_status status;

	mcps__session_clock_record(&sessions->time, &clock);
	now = clock.session_ms;
	what = (struct mcps_sweep){
		.now_ms = now,
		.idle_before_ms = sweep->idle_before_ms,
		.aged_before_ms = now - sessions->options.max_age_ms,
		.tombstone_until_ms = now + SESSION_TOMBSTONE_MS,
		.events_before_ms = now - sessions->options.event_age_ms,
		.streams_before_ms = now - sessions->options.event_age_ms,
		.limit = SWEEP_ROWS,
		.max_tombstones = sessions->options.max_tombstones,
	};
	status = mcps__clock_save(store, &clock);
	if (status != MCPS_OK)
		return status;
	/* Such as on a full disk: what is over still makes room. */
	sweep->is_unstored = sweep_store_uses(sweep, store) != MCPS_OK;
	if (sweep->is_unstored)
		what.idle_before_ms = 0;
	return store->ops->sweep(store, &what, &sweep->removed);
}

size_t mcps__sessions_sweep(struct sessions *sessions)
{
	struct sweep_job sweep = { .job.run = sweep_run, .sessions = sessions };
	mcps_status status;

	sweep_collect(&sweep);
	status = mcps__writer_run(sessions->options.writer, &sweep.job);
	if (sweep.is_unstored || (status != MCPS_OK && sweep.count > 0))
		mcps__sessions_note_unstored(sessions);
	for (size_t i = 0; i < sweep.count; i++)
		mcps__session_unref(sweep.in_use[i]);
	mcps__free(sweep.in_use);
	return status == MCPS_OK ? sweep.removed : 0;
}
