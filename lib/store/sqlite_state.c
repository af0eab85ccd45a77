/* What tools keep, in SQLite. */
#include "store/sqlite_store.h"

/* The row of a key: where it is, which version; found but damaged means that
 * only the place is known. */
struct state_found {
	int64_t id; /* 0: none */
	bool damaged;
	uint64_t version; /* 0: none that can be believed */
};

static int64_t state_checksum(const struct sqlite_store *store,
                              const struct mcps_state_row *row)
{
	struct checksum sum;

	/* Values and keys may be long: their checksums enter the sum. */
	mcps__checksum_start(&sum, store, 'T');
	mcps__checksum_int(&sum, row->scope);
	mcps__checksum_int(&sum, row->owner);
	mcps__checksum_int(&sum, (int64_t)row->version);
	mcps__checksum_int(&sum, row->expires_ms);
	mcps__checksum_int(&sum, (int64_t)row->length);
	mcps__checksum_int(&sum, (int64_t)mcps__checksum_of(store, row->value,
	                                                    row->length));
	mcps__checksum_int(&sum,
	                   (int64_t)mcps__checksum_of(
				   store, row->key,
				   mcps__store_state_key_length(row->key)));
	return mcps__checksum_end(&sum);
}

static void state_query(struct query *query, struct sqlite_store *store,
                        enum mcps_state_owner scope, int64_t owner,
                        const char *key)
{
	mcps__query_start(query, store, STATEMENT_STATE_GET);
	mcps__query_int(query, scope);
	mcps__query_int(query, owner);
	mcps__query_text(query, key);
}

/* Complete ROW (its scope, owner and key are those that were asked for) from
 * what the query stands on; false, and reported, if it is damaged. */
static bool state_read(struct query *query, struct mcps_state_row *row)
{
	const struct sqlite_store *store = query->store;
	int64_t id = mcps__query_int_at(query, 0);

	row->value = mcps__query_blob_at(query, 1, &row->length);
	row->version = (uint64_t)mcps__query_int_at(query, 2);
	row->expires_ms = mcps__query_int_at(query, 3);
	if (mcps__query_int_at(query, 4) == state_checksum(store, row))
		return true;
	mcps__sqlite_report_damage(query->store, "state",
	                           mcps__checksum_of(store, &id, sizeof id));
	return false;
}

mcps_status mcps__sqlite_state_get(mcps_store *base,
                                   enum mcps_state_owner scope, int64_t owner,
                                   const char *key, mcps_state_fn fn, void *arg)
{
	struct mcps_state_row row = { .scope = scope,
		                      .owner = owner,
		                      .key = key };
	mcps_status answer = MCPS_OK;
	struct query query;
	mcps_status status;

	state_query(&query, sqlite_store(base), scope, owner, key);
	if (mcps__query_row(&query) && state_read(&query, &row))
		answer = fn(arg, &row);
	status = mcps__query_end(&query);
	return status == MCPS_OK ? answer : status;
}

static mcps_status sqlite_state_find(struct sqlite_store *store,
                                     enum mcps_state_owner scope, int64_t owner,
                                     const char *key, struct state_found *found)
{
	struct mcps_state_row row = { .scope = scope,
		                      .owner = owner,
		                      .key = key };
	struct query query;

	*found = (struct state_found){ 0 };
	state_query(&query, store, scope, owner, key);
	if (mcps__query_row(&query)) {
		found->id = mcps__query_int_at(&query, 0);
		found->damaged = !state_read(&query, &row);
		found->version = found->damaged ? 0 : row.version;
	}
	return mcps__query_end(&query);
}

static mcps_status state_remove(struct sqlite_store *store, int64_t id)
{
	struct query query;
	mcps_status status =
		mcps__query_start_write(&query, store, STATEMENT_STATE_DELETE);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, id);
	return mcps__query_run(&query, NULL);
}

/* Both statements end with the same four parameters. */
static mcps_status state_write(struct sqlite_store *store,
                               const struct mcps_state_row *row, int64_t id)
{
	struct query query;
	mcps_status status = mcps__query_start_write(
		&query, store,
		id != 0 ? STATEMENT_STATE_REPLACE : STATEMENT_STATE_ADD);

	if (status != MCPS_OK)
		return status;
	if (id != 0) {
		mcps__query_int(&query, id);
	} else {
		mcps__query_int(&query, row->scope);
		mcps__query_int(&query, row->owner);
		mcps__query_text(&query, row->key);
	}
	mcps__query_blob(&query, row->value, row->length);
	mcps__query_int(&query, (int64_t)row->version);
	mcps__query_int(&query, row->expires_ms);
	mcps__query_int(&query, state_checksum(store, row));
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_state_put(mcps_store *base,
                                   const struct mcps_state_row *row)
{
	struct sqlite_store *store = sqlite_store(base);
	struct mcps_state_row next = *row;
	struct state_found found;
	mcps_status status;

	if (mcps__store_state_key_length(row->key) == 0)
		return MCPS_E_INVAL;
	if (store->disk_full)
		return MCPS_E_STORE;
	status = sqlite_state_find(store, row->scope, row->owner, row->key,
	                           &found);
	if (status == MCPS_OK && found.version != row->version)
		status = MCPS_E_CONFLICT;
	if (status == MCPS_OK && found.damaged) {
		status = state_remove(store, found.id);
		found.id = 0;
	}
	next.version++;
	return status == MCPS_OK ? state_write(store, &next, found.id) : status;
}

mcps_status mcps__sqlite_state_delete(mcps_store *base,
                                      enum mcps_state_owner scope,
                                      int64_t owner, const char *key,
                                      uint64_t version)
{
	struct sqlite_store *store = sqlite_store(base);
	struct state_found found;
	mcps_status status =
		sqlite_state_find(store, scope, owner, key, &found);

	if (status == MCPS_OK && found.version != version)
		status = MCPS_E_CONFLICT;
	if (status != MCPS_OK || found.id == 0)
		return status;
	return state_remove(store, found.id);
}

mcps_status mcps__sqlite_state_usage(mcps_store *base,
                                     enum mcps_state_owner scope, int64_t owner,
                                     uint64_t *bytes)
{
	struct query query;

	*bytes = 0;
	mcps__query_start(&query, sqlite_store(base), STATEMENT_STATE_USAGE);
	mcps__query_int(&query, scope);
	mcps__query_int(&query, owner);
	if (mcps__query_row(&query))
		*bytes = (uint64_t)mcps__query_int_at(&query, 0);
	return mcps__query_end(&query);
}

mcps_status mcps__sqlite_state_clear(struct sqlite_store *store,
                                     int64_t session)
{
	struct query query;
	mcps_status status =
		mcps__query_start_write(&query, store, STATEMENT_STATE_CLEAR);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, session);
	return mcps__query_run(&query, NULL);
}
