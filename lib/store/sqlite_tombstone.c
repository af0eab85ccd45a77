/* How many tombstones each caller has, so that the oldest go beyond a bound,
 * and which may have gone. The count may be wrong after damage: then the bound
 * is, for a while. A time that is damaged is not believed, and a caller of whom
 * that is not known may have lost any tombstone. */
#include "store/sqlite_store.h"

struct tombstones {
	int64_t principal;
	int64_t kept;
	int64_t from_ms;
};

static int64_t tombstones_checksum(const struct sqlite_store *store,
                                   const struct tombstones *is)
{
	struct checksum sum;

	mcps__checksum_start(&sum, store, 'D');
	mcps__checksum_int(&sum, is->principal);
	mcps__checksum_int(&sum, is->from_ms);
	return mcps__checksum_end(&sum);
}

/* All zero without a record. */
static mcps_status tombstones_get(struct sqlite_store *store, int64_t principal,
                                  struct tombstones *is)
{
	struct query query;

	*is = (struct tombstones){ .principal = principal };
	mcps__query_start(&query, store, STATEMENT_TOMBSTONES_GET);
	mcps__query_int(&query, principal);
	if (mcps__query_row(&query)) {
		is->kept = mcps__query_int_at(&query, 0);
		is->from_ms = mcps__query_int_at(&query, 1);
		if (mcps__query_int_at(&query, 2) !=
		    tombstones_checksum(store, is)) {
			mcps__sqlite_report_damage(store, "tombstones",
			                           (uint64_t)principal);
			is->from_ms = INT64_MAX;
		}
	}
	return mcps__query_end(&query);
}

static mcps_status tombstones_put(struct sqlite_store *store,
                                  const struct tombstones *is)
{
	struct query query;
	mcps_status status = mcps__query_start_write(&query, store,
	                                             STATEMENT_TOMBSTONES_PUT);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, is->principal);
	mcps__query_int(&query, is->kept);
	mcps__query_int(&query, is->from_ms);
	mcps__query_int(&query, tombstones_checksum(store, is));
	return mcps__query_run(&query, NULL);
}

/* Make the record, which counts what is there. */
static mcps_status tombstones_add(struct sqlite_store *store, int64_t principal)
{
	const struct tombstones is = { .principal = principal };
	struct query query;
	mcps_status status = mcps__query_start_write(&query, store,
	                                             STATEMENT_TOMBSTONES_ADD);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, principal);
	mcps__query_int(&query, tombstones_checksum(store, &is));
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_tombstone_count(struct sqlite_store *store,
                                         int64_t principal, int change)
{
	struct query query;
	int changes = 0;
	mcps_status status = mcps__query_start_write(
		&query, store, STATEMENT_TOMBSTONES_COUNT);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, principal);
	mcps__query_int(&query, change);
	status = mcps__query_run(&query, &changes);
	if (status == MCPS_OK && changes == 0)
		status = tombstones_add(store, principal);
	return status;
}

mcps_status mcps__sqlite_tombstone_read(struct sqlite_store *store,
                                        struct mcps_principal_row *row)
{
	struct tombstones is;
	mcps_status status = tombstones_get(store, row->ref, &is);

	row->tombstones_from_ms = is.from_ms;
	return status;
}

/* ---- trimming ---- */

static mcps_status tombstones_first_key(struct sqlite_store *store,
                                        int64_t principal, uint8_t *key,
                                        bool *found)
{
	struct query query;

	mcps__query_start(&query, store, STATEMENT_TOMBSTONE_FIRST);
	mcps__query_int(&query, principal);
	*found = mcps__query_row(&query) &&
	         mcps__query_bytes(&query, 0, key, MCPS_SESSION_KEY_SIZE);
	return mcps__query_end(&query);
}

/* The index names a row that is no such tombstone. If rebuilding it does not
 * help, the table is damaged, and the bound has to wait. */
static mcps_status tombstones_repair(struct sqlite_store *store)
{
	if (store->trim_repaired)
		return MCPS_OK;
	store->trim_repaired = true;
	return mcps__sqlite_reindex(store);
}

/* Drop the tombstone that the index names first; *GOES_ON: there may be more.
 * A damaged row may be another caller's: it stays, of no caller. */
static mcps_status tombstones_drop_first(struct sqlite_store *store,
                                         struct tombstones *is, bool *goes_on)
{
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	struct stored_session copy;
	mcps_status status =
		tombstones_first_key(store, is->principal, key, goes_on);

	if (status == MCPS_OK && !*goes_on)
		store->recount_due = true; /* the count was wrong */
	if (status != MCPS_OK || !*goes_on)
		return status;
	status = mcps__sqlite_session_find(store, key, &copy);
	if (status != MCPS_OK)
		return status;
	if (copy.found == STORED_DAMAGED)
		return mcps__sqlite_session_end_damaged(store, key, 0);
	if (copy.found != STORED_ENDED || copy.row.principal != is->principal) {
		*goes_on = false;
		return tombstones_repair(store);
	}
	if (is->from_ms <= mcps__store_key_time(key))
		is->from_ms = mcps__store_key_time(key) + 1;
	is->kept--;
	return mcps__sqlite_session_purge(store, key);
}

mcps_status mcps__sqlite_tombstone_trim(mcps_store *base, int64_t principal,
                                        uint32_t most, size_t *dropped)
{
	struct sqlite_store *store = sqlite_store(base);
	struct tombstones is;
	mcps_status status = tombstones_get(store, principal, &is);
	int64_t before = is.kept;
	bool goes_on = true;

	*dropped = 0;
	if (status != MCPS_OK || is.kept <= most)
		return status;
	for (int i = 0; i < MCPS_TOMBSTONES_DROPPED && goes_on &&
	                is.kept > most && status == MCPS_OK;
	     i++)
		status = tombstones_drop_first(store, &is, &goes_on);
	if (status == MCPS_OK)
		status = tombstones_put(store, &is);
	if (status == MCPS_OK)
		*dropped = (size_t)(before - is.kept);
	return status;
}
