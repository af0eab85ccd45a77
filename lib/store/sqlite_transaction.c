/* Transactions and checkpoints. SQLite ends a transaction by itself after some
 * failures (no space, no memory, input or output failed), so after an error
 * one has to ask before undoing anything. */
#include "store/sqlite_store.h"

#include <sqlite3.h>

enum {
	WAL_PAGES_IDLE = 1000, /* copied when nobody waits */
	WAL_PAGES_MAX = 4000,  /* copied even if somebody does */
	WAL_PAGES_FULL = 32,   /* copied on a full disk */
};

static mcps_status transaction_run_statement(struct sqlite_store *store,
                                             enum sqlite_statement statement)
{
	struct query query;

	mcps__query_start(&query, store, statement);
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_begin(mcps_store *base)
{
	struct sqlite_store *store = sqlite_store(base);
	mcps_status status;

	if (store->transaction != SQLITE_TRANSACTION_NONE)
		return MCPS_E_INVAL;
	mcps__sqlite_ballast_restore(store);
	status = transaction_run_statement(store, STATEMENT_BEGIN);
	if (status == MCPS_OK)
		store->transaction = SQLITE_TRANSACTION_OPEN;
	return status;
}

void mcps__sqlite_rollback(mcps_store *base)
{
	struct sqlite_store *store = sqlite_store(base);

	if (mcps__sqlite_in_transaction(store))
		transaction_run_statement(store, STATEMENT_ROLLBACK);
	store->transaction = SQLITE_TRANSACTION_NONE;
	store->recount_due = false;
}

/* What was written to a file that has no name any more is lost. */
static bool transaction_check_files(struct sqlite_store *store)
{
	if (mcps__sqlite_file_is_there(store) &&
	    mcps__sqlite_log_is_there(store))
		return true;
	mcps__log(&store->settings.log, MCPS_LOG_ERROR, "store",
	          "store file or its log was moved or deleted");
	return false;
}

/* Damaged sessions were dropped: what was counted and kept for them goes. */
static mcps_status transaction_recount(struct sqlite_store *store)
{
	static const enum sqlite_statement steps[] = {
		STATEMENT_PRINCIPAL_RECOUNT, STATEMENT_TOMBSTONES_RECOUNT,
		STATEMENT_STATE_ORPHANS,     STATEMENT_EVENT_ORPHANS,
		STATEMENT_STREAM_ORPHANS,    STATEMENT_USAGE_ORPHANS,
		STATEMENT_ENDED_ORPHANS,
	};
	mcps_status status = MCPS_OK;

	if (!store->recount_due)
		return MCPS_OK;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
		if (status == MCPS_OK)
			status = transaction_run_statement(store, steps[i]);
	return status;
}

/* The last writes, and COMMIT. */
static mcps_status transaction_finish(struct sqlite_store *store)
{
	mcps_status status = MCPS_E_STORE;

	if (mcps__sqlite_in_transaction(store) &&
	    transaction_check_files(store))
		status = transaction_recount(store);
	if (status == MCPS_OK)
		status = mcps__sqlite_counters_store(store);
	if (status == MCPS_OK)
		status = transaction_run_statement(store, STATEMENT_COMMIT);
	return status;
}

static mcps_status transaction_checkpoint(struct sqlite_store *store, int mode)
{
	int logged = 0;
	int copied = 0;
	int code = sqlite3_wal_checkpoint_v2(store->db, NULL, mode, &logged,
	                                     &copied);

	if (code == SQLITE_OK)
		store->wal_pages = logged - copied;
	if (code == SQLITE_OK && mcps__sqlite_file_is_there(store))
		mcps__sqlite_seal_set(store);
	return mcps__sqlite_failed(store, code);
}

/* On a full disk the log must not grow into what the ballast left: sessions
 * are ended there as long as the log has room. */
static int transaction_log_most(const struct sqlite_store *store)
{
	return store->disk_full ? WAL_PAGES_FULL : WAL_PAGES_MAX;
}

mcps_status mcps__sqlite_commit(mcps_store *base)
{
	struct sqlite_store *store = sqlite_store(base);
	mcps_status status;

	if (store->transaction != SQLITE_TRANSACTION_OPEN)
		return MCPS_E_INVAL;
	status = transaction_finish(store);
	if (status != MCPS_OK) {
		mcps__sqlite_rollback(base);
		return status;
	}
	store->transaction = SQLITE_TRANSACTION_NONE;
	store->recount_due = false;
	store->logged_code = SQLITE_OK;
	if (store->wal_pages >= transaction_log_most(store))
		transaction_checkpoint(store, SQLITE_CHECKPOINT_PASSIVE);
	return MCPS_OK; /* a failed checkpoint loses nothing */
}

mcps_status mcps__sqlite_savepoint(mcps_store *base)
{
	struct sqlite_store *store = sqlite_store(base);
	mcps_status status;

	if (store->transaction != SQLITE_TRANSACTION_OPEN)
		return MCPS_E_INVAL;
	if (!mcps__sqlite_in_transaction(store))
		return MCPS_E_STORE; /* it would begin a new transaction */
	status = transaction_run_statement(store, STATEMENT_SAVEPOINT);
	if (status == MCPS_OK)
		store->transaction = SQLITE_TRANSACTION_SAVED;
	return status;
}

/* Leave the savepoint, undone or not. */
static mcps_status transaction_leave_savepoint(struct sqlite_store *store,
                                               bool undo)
{
	mcps_status status = MCPS_OK;

	if (store->transaction != SQLITE_TRANSACTION_SAVED)
		return MCPS_E_INVAL;
	store->transaction = SQLITE_TRANSACTION_OPEN;
	if (!mcps__sqlite_in_transaction(store))
		return MCPS_E_STORE;
	if (undo)
		status =
			transaction_run_statement(store, STATEMENT_ROLLBACK_TO);
	return status == MCPS_OK
	               ? transaction_run_statement(store, STATEMENT_RELEASE)
	               : status;
}

mcps_status mcps__sqlite_release(mcps_store *base)
{
	return transaction_leave_savepoint(sqlite_store(base), false);
}

mcps_status mcps__sqlite_rollback_to(mcps_store *base)
{
	return transaction_leave_savepoint(sqlite_store(base), true);
}

void mcps__sqlite_idle(mcps_store *base)
{
	struct sqlite_store *store = sqlite_store(base);

	if (store->db != NULL && store->wal_pages >= WAL_PAGES_IDLE)
		transaction_checkpoint(store, SQLITE_CHECKPOINT_PASSIVE);
}

mcps_status mcps__sqlite_checkpoint_all(struct sqlite_store *store)
{
	mcps_status status =
		transaction_checkpoint(store, SQLITE_CHECKPOINT_TRUNCATE);

	if (status == MCPS_OK)
		store->wal_suspect = false;
	return status;
}
