/* SQL that is run while a store is opened, and what is said when that fails. */
#include "base/error.h"
#include "store/sqlite_store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

mcps_status mcps__sqlite_damaged(struct sqlite_store *store,
                                 struct mcps_error *error, const char *what)
{
	store->is_damaged = true;
	mcps__sqlite_seal_break(store);
	return mcps__fail(error, MCPS_E_CORRUPT,
	                  "sqlite: %.100s: %.60s; restore a backup, or set it "
	                  "aside (--on-corrupt=quarantine)",
	                  store->path, what);
}

mcps_status mcps__sqlite_open_failed(struct sqlite_store *store,
                                     struct mcps_error *error, int code,
                                     const char *doing)
{
	const char *why = store->db != NULL ? sqlite3_errmsg(store->db)
	                                    : sqlite3_errstr(code);

	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return mcps__fail(error, MCPS_E_NOMEM,
		                  "sqlite: %.100s: no memory to %s it",
		                  store->path, doing);
	case SQLITE_BUSY:
		return mcps__fail(error, MCPS_E_LOCKED,
		                  "sqlite: %.100s is locked by another "
		                  "process; stop that one first",
		                  store->path);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return mcps__sqlite_damaged(store, error, why);
	default:
		return mcps__fail(error, MCPS_E_STORE,
		                  "sqlite: %.100s: cannot %s: %s (%d)",
		                  store->path, doing, why, code);
	}
}

int mcps__sqlite_exec(struct sqlite_store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

int mcps__sqlite_ask_text(struct sqlite_store *store, const char *sql,
                          char *answer, size_t size)
{
	sqlite3_stmt *stmt = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &stmt, NULL);

	*answer = '\0';
	if (code != SQLITE_OK)
		return code;
	if (sqlite3_step(stmt) == SQLITE_ROW &&
	    sqlite3_column_text(stmt, 0) != NULL)
		snprintf(answer, size, "%s",
		         (const char *)sqlite3_column_text(stmt, 0));
	return sqlite3_finalize(stmt);
}

int mcps__sqlite_ask_int(struct sqlite_store *store, const char *sql,
                         int64_t *answer)
{
	char text[24];
	int code = mcps__sqlite_ask_text(store, sql, text, sizeof text);

	*answer = strtoll(text, NULL, 10);
	return code;
}
