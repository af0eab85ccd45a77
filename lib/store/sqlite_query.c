/* One use of a prepared statement, from start to end: whatever happens, the
 * statement is reset and its bindings are cleared, because one that is left
 * standing pins the write-ahead log. */
#include "store/sqlite_check.h"

#include <sqlite3.h>
#include <string.h>

mcps_status mcps__sqlite_failed(struct sqlite_store *store, int code)
{
	if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE)
		return MCPS_OK;
	if (code != store->logged_code)
		mcps__log(&store->settings.log, MCPS_LOG_ERROR, "store",
		          "sqlite failed code=%d reason=\"%s\"", code,
		          store->db != NULL ? sqlite3_errmsg(store->db)
		                            : "the store is not open");
	store->logged_code = code;
	if (mcps__sqlite_is_full(store, code))
		mcps__sqlite_ballast_give_up(store);
	else if ((code & 0xff) == SQLITE_IOERR) {
		store->wal_suspect = true;
		mcps__sqlite_seal_break(store);
	}
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return MCPS_E_NOMEM;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		mcps__sqlite_seal_break(store);
		return MCPS_E_CORRUPT;
	default:
		return MCPS_E_STORE;
	}
}

void mcps__query_start(struct query *query, struct sqlite_store *store,
                       enum sqlite_statement statement)
{
	*query = (struct query){
		.store = store,
		.stmt = store->statements[statement],
		.code = store->db != NULL ? SQLITE_OK : SQLITE_CANTOPEN,
	};
}

bool mcps__sqlite_in_transaction(const struct sqlite_store *store)
{
	return store->db != NULL && sqlite3_get_autocommit(store->db) == 0;
}

/* SQLite undoes a transaction by itself after some failures. */
mcps_status mcps__query_start_write(struct query *query,
                                    struct sqlite_store *store,
                                    enum sqlite_statement statement)
{
	mcps__query_start(query, store, statement);
	if (store->transaction == SQLITE_TRANSACTION_NONE)
		return MCPS_E_INVAL;
	return mcps__sqlite_in_transaction(store) ? MCPS_OK : MCPS_E_STORE;
}

void mcps__query_int(struct query *query, int64_t value)
{
	if (query->code == SQLITE_OK)
		query->code =
			sqlite3_bind_int64(query->stmt, ++query->bound, value);
}

void mcps__query_blob(struct query *query, const void *bytes, size_t length)
{
	if (query->code == SQLITE_OK)
		query->code = sqlite3_bind_blob64(query->stmt, ++query->bound,
		                                  length != 0 ? bytes : "",
		                                  length, SQLITE_STATIC);
}

void mcps__query_text(struct query *query, const char *text)
{
	if (query->code == SQLITE_OK)
		query->code = sqlite3_bind_text(query->stmt, ++query->bound,
		                                text, -1, SQLITE_STATIC);
}

bool mcps__query_row(struct query *query)
{
	if (query->code == SQLITE_OK || query->code == SQLITE_ROW)
		query->code = sqlite3_step(query->stmt);
	return query->code == SQLITE_ROW;
}

mcps_status mcps__query_end(struct query *query)
{
	mcps_status status = mcps__sqlite_failed(query->store, query->code);

	if (query->stmt != NULL) {
		sqlite3_reset(query->stmt); /* its code is that of the step */
		sqlite3_clear_bindings(query->stmt);
	}
	return status;
}

mcps_status mcps__sqlite_reindex(struct sqlite_store *store)
{
	int code = mcps__sqlite_rebuild_indexes(store);

	mcps__sqlite_seal_break(store);
	if (code == SQLITE_OK)
		mcps__sqlite_note_rebuilt(store,
		                          "an index disagrees with its table");
	return mcps__sqlite_failed(store, code);
}

mcps_status mcps__query_run(struct query *query, int *changes)
{
	if (changes != NULL)
		*changes = 0;
	mcps__query_row(query);
	if (query->code == SQLITE_CORRUPT_INDEX) {
		sqlite3_reset(query->stmt);
		if (mcps__sqlite_reindex(query->store) == MCPS_OK)
			query->code = sqlite3_step(query->stmt);
	}
	if (changes != NULL && query->code == SQLITE_DONE)
		*changes = sqlite3_changes(query->store->db);
	return mcps__query_end(query);
}

mcps_status mcps__query_run_of(struct sqlite_store *store,
                               enum sqlite_statement statement, int64_t value)
{
	struct query query;
	mcps_status status = mcps__query_start_write(&query, store, statement);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, value);
	return mcps__query_run(&query, NULL);
}

int64_t mcps__query_int_at(struct query *query, int column)
{
	return sqlite3_column_int64(query->stmt, column);
}

const void *mcps__query_blob_at(struct query *query, int column, size_t *length)
{
	const void *bytes = sqlite3_column_blob(query->stmt, column);

	*length = (size_t)sqlite3_column_bytes(query->stmt, column);
	return bytes != NULL ? bytes : "";
}

bool mcps__query_bytes(struct query *query, int column, void *bytes,
                       size_t size)
{
	size_t length;
	const void *from = mcps__query_blob_at(query, column, &length);

	if (length != size)
		return false;
	memcpy(bytes, from, size);
	return true;
}
