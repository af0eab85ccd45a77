/* A session as columns: reading with its checksum, writing with a new one, and
 * what becomes of a damaged one. */
#include "store/sqlite_store.h"

#include <string.h>

enum { /* SESSION_COLUMNS */
       COLUMN_KEY,
       COLUMN_REF,
       COLUMN_PRINCIPAL,
       COLUMN_PHASE,
       COLUMN_VERSION,
       COLUMN_CREATED,
       COLUMN_SEEN,
       COLUMN_UNTIL,
       COLUMN_REVISION,
       COLUMN_CAPABILITIES,
       COLUMN_INCARNATION,
       COLUMN_FLAGS,
       COLUMN_LISTS,
       COLUMN_DATA,
       COLUMN_CHECKSUM,
};

int64_t mcps__sqlite_session_checksum(const struct sqlite_store *store,
                                      const struct mcps_session_row *row,
                                      uint64_t data_checksum)
{
	struct checksum sum;

	mcps__checksum_start(&sum, store, 'S');
	mcps__checksum_bytes(&sum, row->key, sizeof row->key);
	mcps__checksum_int(&sum, row->ref);
	mcps__checksum_int(&sum, row->principal);
	mcps__checksum_int(&sum, row->phase);
	mcps__checksum_int(&sum, (int64_t)row->version);
	mcps__checksum_int(&sum, row->created_ms);
	mcps__checksum_int(&sum, row->seen_ms);
	mcps__checksum_int(&sum, row->until_ms);
	mcps__checksum_int(&sum, row->revision);
	mcps__checksum_int(&sum, row->capabilities);
	mcps__checksum_int(&sum, (int64_t)row->incarnation);
	mcps__checksum_int(&sum, row->flags);
	mcps__checksum_bytes(&sum, row->lists, sizeof row->lists);
	mcps__checksum_int(&sum, (int64_t)row->data_length);
	mcps__checksum_int(&sum, (int64_t)data_checksum);
	return mcps__checksum_end(&sum);
}

/* A number of 32 bits; *WHOLE turns false if it has more. */
static uint32_t session_row_small_at(struct query *query, int column,
                                     bool *whole)
{
	int64_t value = mcps__query_int_at(query, column);

	if (value < 0 || value > UINT32_MAX)
		*whole = false;
	return (uint32_t)value;
}

static bool session_row_numbers_read(struct query *query,
                                     struct mcps_session_row *row)
{
	bool whole = true;

	row->ref = mcps__query_int_at(query, COLUMN_REF);
	row->principal = mcps__query_int_at(query, COLUMN_PRINCIPAL);
	row->phase = (enum mcps_phase)session_row_small_at(query, COLUMN_PHASE,
	                                                   &whole);
	row->version = (uint64_t)mcps__query_int_at(query, COLUMN_VERSION);
	row->created_ms = mcps__query_int_at(query, COLUMN_CREATED);
	row->seen_ms = mcps__query_int_at(query, COLUMN_SEEN);
	row->until_ms = mcps__query_int_at(query, COLUMN_UNTIL);
	row->revision = session_row_small_at(query, COLUMN_REVISION, &whole);
	row->capabilities =
		session_row_small_at(query, COLUMN_CAPABILITIES, &whole);
	row->incarnation =
		(uint64_t)mcps__query_int_at(query, COLUMN_INCARNATION);
	row->flags = session_row_small_at(query, COLUMN_FLAGS, &whole);
	return whole;
}

bool mcps__sqlite_session_read(struct query *query,
                               struct mcps_session_row *row,
                               uint64_t *data_checksum)
{
	const struct sqlite_store *store = query->store;
	bool whole;

	*row = (struct mcps_session_row){ 0 };
	whole = session_row_numbers_read(query, row);
	whole = mcps__query_bytes(query, COLUMN_KEY, row->key,
	                          sizeof row->key) &&
	        mcps__query_bytes(query, COLUMN_LISTS, row->lists,
	                          sizeof row->lists) &&
	        whole;
	row->data = mcps__query_blob_at(query, COLUMN_DATA, &row->data_length);
	*data_checksum = mcps__checksum_of(store, row->data, row->data_length);
	if (row->data_length == 0)
		row->data = NULL;
	if (whole &&
	    mcps__query_int_at(query, COLUMN_CHECKSUM) ==
	            mcps__sqlite_session_checksum(store, row, *data_checksum))
		return true;
	mcps__sqlite_report_damage(
		query->store, "session",
		mcps__checksum_of(store, row->key, sizeof row->key));
	return false;
}

bool mcps__sqlite_session_is_of(struct query *query,
                                const struct mcps_session_row *row,
                                const uint8_t *key)
{
	if (memcmp(row->key, key, sizeof row->key) == 0)
		return true;
	mcps__sqlite_report_damage(
		query->store, "session",
		mcps__checksum_of(query->store, key, sizeof row->key));
	return false;
}

mcps_status mcps__sqlite_session_find(struct sqlite_store *store,
                                      const uint8_t *key,
                                      struct stored_session *copy)
{
	struct query query;

	*copy = (struct stored_session){ .found = STORED_ABSENT };
	mcps__query_start(&query, store, STATEMENT_SESSION_GET);
	mcps__query_blob(&query, key, MCPS_SESSION_KEY_SIZE);
	if (mcps__query_row(&query)) {
		if (!mcps__sqlite_session_read(&query, &copy->row,
		                               &copy->data_checksum))
			copy->found = STORED_DAMAGED;
		else if (mcps__sqlite_session_is_of(&query, &copy->row, key))
			copy->found = copy->row.phase == MCPS_PHASE_LIVE
			                      ? STORED_LIVE
			                      : STORED_ENDED;
		copy->row.data = NULL; /* dies with the query */
	}
	return mcps__query_end(&query);
}

static void session_row_ref_bind(struct query *query, int64_t ref)
{
	if (ref != 0)
		mcps__query_int(query, ref);
	else
		query->bound++; /* NULL: a tombstone has none */
}

mcps_status mcps__sqlite_session_write(struct sqlite_store *store,
                                       enum sqlite_statement statement,
                                       const struct mcps_session_row *row)
{
	uint64_t data_checksum =
		mcps__checksum_of(store, row->data, row->data_length);
	struct query query;
	mcps_status status = mcps__query_start_write(&query, store, statement);

	if (status != MCPS_OK)
		return status;
	mcps__query_blob(&query, row->key, sizeof row->key);
	session_row_ref_bind(&query, row->ref);
	mcps__query_int(&query, row->principal);
	mcps__query_int(&query, row->phase);
	mcps__query_int(&query, (int64_t)row->version);
	mcps__query_int(&query, row->created_ms);
	mcps__query_int(&query, row->seen_ms);
	mcps__query_int(&query, row->until_ms);
	mcps__query_int(&query, row->revision);
	mcps__query_int(&query, row->capabilities);
	mcps__query_int(&query, (int64_t)row->incarnation);
	mcps__query_int(&query, row->flags);
	mcps__query_blob(&query, row->lists, sizeof row->lists);
	mcps__query_blob(&query, row->data, row->data_length);
	mcps__query_int(&query, mcps__sqlite_session_checksum(store, row,
	                                                      data_checksum));
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_session_purge(struct sqlite_store *store,
                                       const uint8_t *key)
{
	struct query query;
	mcps_status status = mcps__query_start_write(&query, store,
	                                             STATEMENT_SESSION_DELETE);

	if (status != MCPS_OK)
		return status;
	mcps__query_blob(&query, key, MCPS_SESSION_KEY_SIZE);
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_session_discard(struct sqlite_store *store,
                                         const uint8_t *key)
{
	mcps_status status = mcps__sqlite_session_purge(store, key);

	store->recount_due = true;
	return status;
}

mcps_status mcps__sqlite_session_end_damaged(struct sqlite_store *store,
                                             const uint8_t *key,
                                             int64_t until_ms)
{
	struct mcps_session_row row = {
		.phase = MCPS_PHASE_ENDED,
		.until_ms = until_ms,
	};
	mcps_status status = mcps__sqlite_session_discard(store, key);

	memcpy(row.key, key, sizeof row.key);
	return status == MCPS_OK ? mcps__sqlite_session_write(
					   store, STATEMENT_SESSION_ADD, &row)
	                         : status;
}

mcps_status mcps__sqlite_session_guard(mcps_store *base, int64_t ref)
{
	struct mcps_session_row row;
	uint64_t data_checksum;
	struct query query;
	mcps_status status;
	bool live;

	mcps__query_start(&query, sqlite_store(base), STATEMENT_SESSION_BY_REF);
	mcps__query_int(&query, ref);
	live = mcps__query_row(&query) &&
	       mcps__sqlite_session_read(&query, &row, &data_checksum) &&
	       row.ref == ref && row.phase == MCPS_PHASE_LIVE;
	status = mcps__query_end(&query);
	return status == MCPS_OK && !live ? MCPS_E_GONE : status;
}
