/* Streams in SQLite. As with sessions, every change first reads the row. */
#include "store/sqlite_stream.h"

#include <string.h>

/* ---- making room ---- */

/* What a damaged row says of its session is not to be believed.
 * @return also MCPS_E_CORRUPT: there is no such row, the index lies */
static mcps_status stream_discard(struct sqlite_store *store, int64_t ref)
{
	struct query query;
	int changes;
	mcps_status status =
		mcps__query_run_of(store, STATEMENT_EVENT_CLEAR_STREAM, ref);

	if (status == MCPS_OK)
		status = mcps__query_start_write(&query, store,
		                                 STATEMENT_STREAM_DELETE);
	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, ref);
	status = mcps__query_run(&query, &changes);
	return status == MCPS_OK && changes == 0 ? MCPS_E_CORRUPT : status;
}

/* How many streams of no call a session has, and the oldest of them. */
static mcps_status stream_no_call_find(struct sqlite_store *store,
                                       int64_t session, int64_t *count,
                                       int64_t *oldest)
{
	struct query query;

	*count = *oldest = 0;
	mcps__query_start(&query, store, STATEMENT_STREAM_NO_CALL);
	mcps__query_int(&query, session);
	if (mcps__query_row(&query)) {
		*count = mcps__query_int_at(&query, 0);
		*oldest = mcps__query_int_at(&query, 1);
	}
	return mcps__query_end(&query);
}

/* @return also MCPS_E_CORRUPT: the index lies */
static mcps_status stream_no_call_remove(struct sqlite_store *store,
                                         int64_t session, int64_t ref,
                                         uint64_t *gone)
{
	struct stream_copy copy;
	size_t events;
	mcps_status status = mcps__sqlite_stream_find_ref(store, ref, &copy);

	if (status != MCPS_OK)
		return status;
	if (!copy.found)
		return stream_discard(store, ref);
	if (copy.row.session != session || copy.row.request_length != 0)
		return MCPS_E_CORRUPT;
	*gone = copy.row.id;
	status = mcps__sqlite_event_cut(store, &copy, SIZE_MAX, &events);
	return status == MCPS_OK
	               ? mcps__query_run_of(store, STATEMENT_STREAM_DELETE, ref)
	               : status;
}

static mcps_status
sqlite_stream_make_room_once(struct sqlite_store *store,
                             const struct mcps_stream_row *row, uint32_t most,
                             uint64_t *gone)
{
	int64_t oldest;
	int64_t count;
	mcps_status status =
		stream_no_call_find(store, row->session, &count, &oldest);

	*gone = 0;
	return status == MCPS_OK && count >= (int64_t)most
	               ? stream_no_call_remove(store, row->session, oldest,
	                                       gone)
	               : status;
}

static mcps_status sqlite_stream_make_room(struct sqlite_store *store,
                                           const struct mcps_stream_row *row,
                                           uint32_t most, uint64_t *gone)
{
	mcps_status status;

	if (most == 0 || row->request_length != 0)
		return MCPS_OK;
	status = sqlite_stream_make_room_once(store, row, most, gone);
	if (status != MCPS_E_CORRUPT)
		return status;
	status = mcps__sqlite_reindex(store);
	return status == MCPS_OK
	               ? sqlite_stream_make_room_once(store, row, most, gone)
	               : status;
}

/* ---- opening ---- */

/* Whether any row, damaged or not, has the id. */
static mcps_status stream_id_is_taken(struct sqlite_store *store, uint64_t id,
                                      bool *taken)
{
	struct query query;

	mcps__query_start(&query, store, STATEMENT_STREAM_GET);
	mcps__query_int(&query, (int64_t)id);
	*taken = mcps__query_row(&query);
	return mcps__query_end(&query);
}

/* Ascending; one that was used before may come again, but the checksums of the
 * events that it had name another stream. */
static mcps_status stream_ref_next(struct sqlite_store *store, int64_t *ref)
{
	struct query query;
	mcps_status status;

	if (store->last_stream != 0) {
		*ref = ++store->last_stream;
		return MCPS_OK;
	}
	mcps__query_start(&query, store, STATEMENT_STREAM_LAST);
	*ref = 1;
	if (mcps__query_row(&query))
		*ref = mcps__query_int_at(&query, 0) + 1;
	status = mcps__query_end(&query);
	if (status == MCPS_OK)
		store->last_stream = *ref;
	return status;
}

mcps_status mcps__sqlite_stream_insert(mcps_store *base,
                                       const struct mcps_stream_row *row,
                                       uint32_t most, uint64_t *gone)
{
	struct sqlite_store *store = sqlite_store(base);
	struct stream_copy copy = { .row = {
					    .id = row->id,
					    .session = row->session,
					    .opened_ms = row->opened_ms,
					    .seen_ms = row->opened_ms,
				    } };
	bool taken = false;
	mcps_status status;

	*gone = 0;
	if (!mcps__store_stream_is_valid(row))
		return MCPS_E_INVAL;
	if (store->disk_full)
		return MCPS_E_STORE;
	mcps__sqlite_stream_keep_request(&copy, row->request,
	                                 row->request_length);
	status = mcps__sqlite_session_guard(base, row->session);
	if (status == MCPS_OK)
		status = stream_id_is_taken(store, row->id, &taken);
	if (status == MCPS_OK && taken)
		status = MCPS_E_EXISTS;
	if (status == MCPS_OK)
		status = sqlite_stream_make_room(store, row, most, gone);
	if (status == MCPS_OK)
		status = stream_ref_next(store, &copy.ref);
	return status == MCPS_OK ? mcps__sqlite_stream_add(store, &copy)
	                         : status;
}

/* ---- while it is there ---- */

mcps_status mcps__sqlite_stream_get(mcps_store *base, uint64_t id,
                                    mcps_stream_fn fn, void *arg)
{
	struct sqlite_store *store = sqlite_store(base);
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	struct stream_copy copy;
	bool has_ended;
	mcps_status status = mcps__sqlite_stream_find(store, id, &copy);

	if (status != MCPS_OK || !copy.found)
		return status;
	status = mcps__sqlite_event_first(store, &copy, &copy.row.first);
	if (status == MCPS_OK)
		status = mcps__sqlite_ended_find(store, copy.row.session, key,
		                                 &has_ended);
	if (status != MCPS_OK)
		return status;
	copy.row.ended_key = has_ended ? key : NULL;
	return fn(arg, &copy.row);
}

mcps_status mcps__sqlite_stream_touch(mcps_store *base, uint64_t id,
                                      int64_t seen_ms)
{
	struct sqlite_store *store = sqlite_store(base);
	struct stream_copy copy;
	mcps_status status;

	if (store->disk_full)
		return MCPS_E_STORE;
	status = mcps__sqlite_stream_find(store, id, &copy);
	if (status != MCPS_OK)
		return status;
	if (!copy.found)
		return MCPS_E_GONE;
	if (copy.row.seen_ms >= seen_ms)
		return MCPS_OK;
	copy.row.seen_ms = seen_ms;
	return mcps__sqlite_stream_write(store, &copy);
}

/* ---- removing ---- */

mcps_status mcps__sqlite_stream_clear(struct sqlite_store *store,
                                      int64_t session, const uint8_t *key)
{
	mcps_status status =
		mcps__query_run_of(store, STATEMENT_EVENT_CLEAR, session);

	if (status == MCPS_OK)
		status = mcps__query_run_of(store, STATEMENT_STREAM_CLEAR,
		                            session);
	if (status == MCPS_OK)
		status = mcps__sqlite_usage_clear(store, session);
	return status == MCPS_OK ? mcps__sqlite_ended_add(store, session, key)
	                         : status;
}

/* What the index says was not seen for longest; 0: nothing. */
static mcps_status stream_oldest(struct sqlite_store *store, int64_t last_ms,
                                 int64_t *ref)
{
	struct query query;

	*ref = 0;
	mcps__query_start(&query, store, STATEMENT_STREAM_OLDEST);
	mcps__query_int(&query, last_ms);
	if (mcps__query_row(&query))
		*ref = mcps__query_int_at(&query, 0);
	return mcps__query_end(&query);
}

/* Remove some of its events, or itself if it has none. */
static mcps_status stream_shrink(struct sqlite_store *store,
                                 const struct stream_copy *copy, size_t limit,
                                 size_t *removed)
{
	size_t events;
	mcps_status status =
		mcps__sqlite_event_cut(store, copy, limit, &events);

	*removed += events;
	if (status != MCPS_OK || events != 0)
		return status;
	++*removed;
	status = mcps__query_run_of(store, STATEMENT_STREAM_DELETE, copy->ref);
	return status == MCPS_OK
	               ? mcps__sqlite_ended_forget(store, copy->row.session)
	               : status;
}

/* Remove something of the oldest stream, if it is over. */
static mcps_status stream_sweep_once(struct sqlite_store *store,
                                     int64_t last_ms, size_t limit,
                                     size_t *removed, bool *found)
{
	struct stream_copy copy;
	int64_t ref;
	mcps_status status = stream_oldest(store, last_ms, &ref);

	*found = ref != 0;
	if (status != MCPS_OK || ref == 0)
		return status;
	status = mcps__sqlite_stream_find_ref(store, ref, &copy);
	if (status != MCPS_OK)
		return status;
	if (copy.found && copy.row.seen_ms > last_ms)
		return MCPS_E_CORRUPT; /* the index lies */
	if (copy.found)
		return stream_shrink(store, &copy, limit - *removed, removed);
	status = stream_discard(store, ref);
	*removed += status == MCPS_OK;
	return status == MCPS_OK
	               ? mcps__sqlite_ended_forget(store, copy.row.session)
	               : status;
}

/* The indexes are rebuilt once; if that does not help, it is the table that is
 * damaged. */
mcps_status mcps__sqlite_stream_sweep(struct sqlite_store *store,
                                      int64_t last_ms, size_t limit,
                                      size_t *removed)
{
	mcps_status status = MCPS_OK;
	bool repaired = false;
	bool found = true;

	while (status == MCPS_OK && found && *removed < limit) {
		status = stream_sweep_once(store, last_ms, limit, removed,
		                           &found);
		if (status != MCPS_E_CORRUPT || repaired)
			continue;
		repaired = true;
		found = true;
		status = mcps__sqlite_reindex(store);
	}
	return status;
}
