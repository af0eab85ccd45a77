/* Removing what is over, oldest first. An index says which row is next; the
 * row itself is asked whether it is true, because an index can be damaged. */
#include "store/sqlite_stream.h"

struct sweep_run {
	struct sqlite_store *store;
	const struct mcps_sweep *sweep;
	size_t removed;
	bool repaired;
};

struct sweep_step {
	enum sqlite_statement pick; /* the oldest that is over */
	enum stored_state phase;    /* what it must be */
	int64_t (*time)(const struct mcps_session_row *row);
	mcps_status (*remove)(struct sqlite_store *store,
	                      const struct mcps_session_row *row,
	                      const struct mcps_sweep *sweep);
};

static int64_t sqlite_sweep_time_until(const struct mcps_session_row *row)
{
	return row->until_ms;
}

static int64_t sqlite_sweep_time_created(const struct mcps_session_row *row)
{
	return row->created_ms;
}

static int64_t sqlite_sweep_time_seen(const struct mcps_session_row *row)
{
	return row->seen_ms;
}

/* A damaged row may have been a tombstone, so its key stays taken for as long
 * as its id could be believed. */
static mcps_status sqlite_sweep_damaged(struct sqlite_store *store,
                                        const uint8_t *key,
                                        const struct mcps_sweep *sweep)
{
	int64_t issued_ms = mcps__store_key_time(key);
	int64_t max_age_ms = sweep->now_ms - sweep->aged_before_ms;

	if (issued_ms == 0)
		return mcps__sqlite_session_end_damaged(
			store, key, sweep->tombstone_until_ms);
	if (issued_ms < sweep->aged_before_ms)
		return mcps__sqlite_session_discard(store, key);
	return mcps__sqlite_session_end_damaged(store, key,
	                                        issued_ms + max_age_ms + 1);
}

static mcps_status sqlite_sweep_tombstone(struct sqlite_store *store,
                                          const struct mcps_session_row *row,
                                          const struct mcps_sweep *sweep)
{
	mcps_status status;

	if (row->principal == 0 && row->until_ms == 0)
		return sqlite_sweep_damaged(store, row->key, sweep);
	status = mcps__sqlite_session_purge(store, row->key);
	return status == MCPS_OK && row->principal != 0
	               ? mcps__sqlite_tombstone_count(store, row->principal, -1)
	               : status;
}

static mcps_status sqlite_sweep_aged(struct sqlite_store *store,
                                     const struct mcps_session_row *row,
                                     const struct mcps_sweep *sweep)
{
	mcps_status status = mcps__sqlite_session_end(
		&store->base, row->key, sweep->tombstone_until_ms);
	size_t dropped;

	if (status != MCPS_OK || sweep->max_tombstones == 0)
		return status;
	return mcps__sqlite_tombstone_trim(&store->base, row->principal,
	                                   sweep->max_tombstones, &dropped);
}

static mcps_status sqlite_sweep_idle(struct sqlite_store *store,
                                     const struct mcps_session_row *row,
                                     const struct mcps_sweep *sweep)
{
	(void)sweep;
	return mcps__sqlite_session_remove(&store->base, row->key);
}

/* Aged sessions go before idle ones: one that is both must stay ended, not
 * become unknown. */
static const struct sweep_step steps[] = {
	{ STATEMENT_OLDEST_TOMBSTONE, STORED_ENDED, sqlite_sweep_time_until,
	  sqlite_sweep_tombstone },
	{ STATEMENT_OLDEST_CREATED, STORED_LIVE, sqlite_sweep_time_created,
	  sqlite_sweep_aged },
	{ STATEMENT_OLDEST_SEEN, STORED_LIVE, sqlite_sweep_time_seen,
	  sqlite_sweep_idle },
};
enum { STEP_COUNT = sizeof steps / sizeof *steps };

static mcps_status sqlite_sweep_pick(struct sqlite_store *store,
                                     const struct sweep_step *step,
                                     int64_t last, uint8_t *key, bool *found)
{
	struct query query;

	mcps__query_start(&query, store, step->pick);
	mcps__query_int(&query, last);
	*found = mcps__query_row(&query) &&
	         mcps__query_bytes(&query, 0, key, MCPS_SESSION_KEY_SIZE);
	return mcps__query_end(&query);
}

/* The indexes are rebuilt once; if they still disagree, it is the table that
 * is damaged. */
static mcps_status sqlite_sweep_repair(struct sweep_run *run)
{
	if (run->repaired)
		return MCPS_E_CORRUPT;
	run->repaired = true;
	return mcps__sqlite_reindex(run->store);
}

/* Remove the row of KEY, or repair what pointed to it. */
static mcps_status sqlite_sweep_key(struct sweep_run *run,
                                    const struct sweep_step *step, int64_t last,
                                    const uint8_t *key)
{
	struct stored_session copy;
	mcps_status status = mcps__sqlite_session_find(run->store, key, &copy);

	if (status != MCPS_OK)
		return status;
	if (copy.found == STORED_DAMAGED)
		return sqlite_sweep_damaged(run->store, key, run->sweep);
	if (copy.found != step->phase || step->time(&copy.row) > last)
		return sqlite_sweep_repair(run);
	return step->remove(run->store, &copy.row, run->sweep);
}

static mcps_status sqlite_sweep_step_run(struct sweep_run *run,
                                         const struct sweep_step *step,
                                         int64_t last)
{
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	mcps_status status = MCPS_OK;
	bool found = true;

	while (status == MCPS_OK && run->removed < run->sweep->limit) {
		status = sqlite_sweep_pick(run->store, step, last, key, &found);
		if (status != MCPS_OK || !found)
			break;
		status = sqlite_sweep_key(run, step, last, key);
		run->removed++;
	}
	return status;
}

static mcps_status sqlite_sweep_state(struct sweep_run *run)
{
	struct query query;
	int changes;
	mcps_status status = mcps__query_start_write(&query, run->store,
	                                             STATEMENT_STATE_EXPIRE);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, run->sweep->now_ms);
	mcps__query_int(&query, (int64_t)(run->sweep->limit - run->removed));
	status = mcps__query_run(&query, &changes);
	run->removed += (size_t)changes;
	return status;
}

static mcps_status sqlite_sweep_streams(struct sweep_run *run)
{
	const struct mcps_sweep *sweep = run->sweep;
	mcps_status status = mcps__sqlite_stream_sweep(
		run->store, sweep->streams_before_ms - 1, sweep->limit,
		&run->removed);

	return status == MCPS_OK
	               ? mcps__sqlite_event_sweep(run->store,
	                                          sweep->events_before_ms - 1,
	                                          sweep->limit, &run->removed)
	               : status;
}

mcps_status mcps__sqlite_sweep(mcps_store *base, const struct mcps_sweep *sweep,
                               size_t *removed)
{
	const int64_t last[STEP_COUNT] = {
		sweep->now_ms,
		sweep->aged_before_ms - 1,
		sweep->idle_before_ms - 1,
	};
	struct sweep_run run = { .store = sqlite_store(base), .sweep = sweep };
	mcps_status status = MCPS_OK;

	for (size_t i = 0; i < STEP_COUNT && status == MCPS_OK; i++)
		status = sqlite_sweep_step_run(&run, &steps[i], last[i]);
	if (status == MCPS_OK)
		status = sqlite_sweep_state(&run);
	if (status == MCPS_OK)
		status = sqlite_sweep_streams(&run);
	*removed = run.removed;
	return status;
}
