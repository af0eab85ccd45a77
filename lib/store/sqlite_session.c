/* Sessions in SQLite. Every change first reads the row: its checksum covers
 * all columns, and a damaged row counts as ended, because it may have been a
 * tombstone. Its key is compared once more: in a damaged tree, or by a damaged
 * index, a search may end at another row, which is whole, but nobody asked for
 * it. */
#include "store/sqlite_stream.h"

#include <string.h>

static mcps_status sqlite_session_find_live(struct sqlite_store *store,
                                            const uint8_t *key,
                                            struct stored_session *copy)
{
	mcps_status status = mcps__sqlite_session_find(store, key, copy);

	return status == MCPS_OK && copy->found != STORED_LIVE ? MCPS_E_GONE
	                                                       : status;
}

/* Damage of the key itself: then it is not the row that was asked for. */
static bool sqlite_session_is_damaged_key(const struct stored_session *copy,
                                          const uint8_t *key)
{
	return copy->found == STORED_DAMAGED &&
	       memcmp(copy->row.key, key, sizeof copy->row.key) != 0;
}

/* Find out whether a key is free. */
static mcps_status sqlite_session_find_room(struct sqlite_store *store,
                                            const uint8_t *key,
                                            struct stored_session *copy)
{
	mcps_status status = mcps__sqlite_session_find(store, key, copy);

	if (status == MCPS_OK && sqlite_session_is_damaged_key(copy, key)) {
		copy->found = STORED_ABSENT;
		status = mcps__sqlite_session_discard(store, key);
	}
	return status;
}

mcps_status mcps__sqlite_session_load(mcps_store *base, const uint8_t *key,
                                      mcps_session_fn fn, void *arg)
{
	struct mcps_session_row damaged = { .phase = MCPS_PHASE_ENDED };
	mcps_status answer = MCPS_OK;
	struct mcps_session_row row;
	uint64_t data_checksum;
	struct query query;
	mcps_status status;

	memcpy(damaged.key, key, sizeof damaged.key);
	mcps__query_start(&query, sqlite_store(base), STATEMENT_SESSION_GET);
	mcps__query_blob(&query, key, MCPS_SESSION_KEY_SIZE);
	if (mcps__query_row(&query)) {
		bool is_whole =
			mcps__sqlite_session_read(&query, &row, &data_checksum);

		if (is_whole ? mcps__sqlite_session_is_of(&query, &row, key)
		             : memcmp(row.key, key, sizeof row.key) == 0)
			answer = fn(arg, is_whole ? &row : &damaged);
	}
	status = mcps__query_end(&query);
	return status == MCPS_OK ? answer : status;
}

mcps_status mcps__sqlite_session_insert(mcps_store *base,
                                        const struct mcps_session_row *row,
                                        int64_t *ref)
{
	struct sqlite_store *store = sqlite_store(base);
	struct mcps_session_row added = *row;
	struct stored_session copy;
	mcps_status status;

	*ref = 0;
	if (store->disk_full)
		return MCPS_E_STORE;
	status = sqlite_session_find_room(store, row->key, &copy);
	if (status == MCPS_OK && copy.found != STORED_ABSENT)
		status = MCPS_E_EXISTS;
	if (status == MCPS_OK)
		status = mcps__sqlite_principal_count(store, row->principal, 1);
	if (status != MCPS_OK)
		return status;
	added.ref = mcps__sqlite_count(&store->sessions);
	added.phase = MCPS_PHASE_LIVE;
	added.version = 1;
	added.until_ms = 0;
	status = mcps__sqlite_session_write(store, STATEMENT_SESSION_ADD,
	                                    &added);
	if (status == MCPS_OK)
		*ref = added.ref;
	return status;
}

mcps_status mcps__sqlite_session_save(mcps_store *base,
                                      const struct mcps_session_row *row)
{
	struct sqlite_store *store = sqlite_store(base);
	struct mcps_session_row saved = *row;
	struct stored_session copy;
	mcps_status status;

	if (store->disk_full)
		return MCPS_E_STORE;
	status = sqlite_session_find_live(store, row->key, &copy);
	if (status != MCPS_OK)
		return status;
	if (copy.row.version != row->version)
		return MCPS_E_CONFLICT;
	if (copy.row.principal != row->principal)
		return MCPS_E_INVAL; /* keys belong to principals */
	saved.ref = copy.row.ref;
	saved.phase = MCPS_PHASE_LIVE;
	saved.version = row->version + 1;
	saved.until_ms = 0;
	if (saved.seen_ms < copy.row.seen_ms)
		saved.seen_ms = copy.row.seen_ms;
	return mcps__sqlite_session_write(store, STATEMENT_SESSION_REPLACE,
	                                  &saved);
}

/* Set the one time that statement changes. */
static mcps_status sqlite_session_time_write(struct sqlite_store *store,
                                             enum sqlite_statement statement,
                                             const struct stored_session *copy,
                                             int64_t time_ms)
{
	struct query query;
	mcps_status status = mcps__query_start_write(&query, store, statement);

	if (status != MCPS_OK)
		return status;
	mcps__query_blob(&query, copy->row.key, sizeof copy->row.key);
	mcps__query_int(&query, time_ms);
	mcps__query_int(&query,
	                mcps__sqlite_session_checksum(store, &copy->row,
	                                              copy->data_checksum));
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_session_touch(mcps_store *base, const uint8_t *key,
                                       int64_t seen_ms)
{
	struct sqlite_store *store = sqlite_store(base);
	struct stored_session copy;
	mcps_status status;

	if (store->disk_full)
		return MCPS_E_STORE;
	status = sqlite_session_find_live(store, key, &copy);
	if (status != MCPS_OK || copy.row.seen_ms >= seen_ms)
		return status;
	copy.row.seen_ms = seen_ms;
	return sqlite_session_time_write(store, STATEMENT_SESSION_TOUCH, &copy,
	                                 seen_ms);
}

/* A live session that ends leaves the streams of its calls, no state, and its
 * owner with one session less. */
static mcps_status sqlite_session_let_go(struct sqlite_store *store,
                                         const struct stored_session *copy)
{
	mcps_status status = mcps__sqlite_state_clear(store, copy->row.ref);

	if (status == MCPS_OK)
		status = mcps__sqlite_stream_clear(store, copy->row.ref,
		                                   copy->row.key);
	return status == MCPS_OK ? mcps__sqlite_principal_count(
					   store, copy->row.principal, -1)
	                         : status;
}

static mcps_status sqlite_session_tombstone_write(
	struct sqlite_store *store, enum sqlite_statement statement,
	const uint8_t *key, int64_t principal, int64_t until_ms)
{
	struct mcps_session_row row = {
		.principal = principal,
		.phase = MCPS_PHASE_ENDED,
		.until_ms = until_ms,
	};

	mcps_status status;

	memcpy(row.key, key, sizeof row.key);
	status = mcps__sqlite_session_write(store, statement, &row);
	return status == MCPS_OK
	               ? mcps__sqlite_tombstone_count(store, principal, 1)
	               : status;
}

mcps_status mcps__sqlite_session_end(mcps_store *base, const uint8_t *key,
                                     int64_t until_ms)
{
	struct sqlite_store *store = sqlite_store(base);
	struct stored_session copy;
	mcps_status status = sqlite_session_find_live(store, key, &copy);

	if (status == MCPS_OK)
		status = sqlite_session_let_go(store, &copy);
	if (status == MCPS_OK)
		status = sqlite_session_tombstone_write(
			store, STATEMENT_SESSION_REPLACE, key,
			copy.row.principal, until_ms);
	return status;
}

mcps_status mcps__sqlite_session_tombstone(mcps_store *base, const uint8_t *key,
                                           int64_t principal, int64_t until_ms)
{
	struct sqlite_store *store = sqlite_store(base);
	struct stored_session copy;
	mcps_status status = sqlite_session_find_room(store, key, &copy);

	if (status != MCPS_OK)
		return status;
	if (copy.found == STORED_LIVE)
		return MCPS_E_EXISTS;
	if (copy.found == STORED_DAMAGED)
		status = mcps__sqlite_session_discard(store, key);
	if (status != MCPS_OK)
		return status;
	if (copy.found == STORED_ENDED) {
		if (copy.row.until_ms >= until_ms)
			return MCPS_OK;
		copy.row.until_ms = until_ms;
		return sqlite_session_time_write(store, STATEMENT_SESSION_KEEP,
		                                 &copy, until_ms);
	}
	status = mcps__sqlite_principal_count(store, principal, 0);
	return status == MCPS_OK ? sqlite_session_tombstone_write(
					   store, STATEMENT_SESSION_ADD, key,
					   principal, until_ms)
	                         : status;
}

mcps_status mcps__sqlite_session_remove(mcps_store *base, const uint8_t *key)
{
	struct sqlite_store *store = sqlite_store(base);
	struct stored_session copy;
	mcps_status status = sqlite_session_find_live(store, key, &copy);

	if (status == MCPS_OK)
		status = sqlite_session_let_go(store, &copy);
	return status == MCPS_OK ? mcps__sqlite_session_purge(store, key)
	                         : status;
}

mcps_status mcps__sqlite_session_list(mcps_store *base, int64_t principal,
                                      mcps_session_fn fn, void *arg)
{
	mcps_status answer = MCPS_OK;
	struct mcps_session_row row;
	uint64_t data_checksum;
	struct query query;
	mcps_status status;

	mcps__query_start(&query, sqlite_store(base), STATEMENT_SESSION_LIST);
	mcps__query_int(&query, principal);
	while (answer == MCPS_OK && mcps__query_row(&query))
		if (mcps__sqlite_session_read(&query, &row, &data_checksum) &&
		    row.principal == principal && row.phase == MCPS_PHASE_LIVE)
			answer = fn(arg, &row);
	status = mcps__query_end(&query);
	return status == MCPS_OK ? answer : status;
}
