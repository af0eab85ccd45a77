/* The one connection: opened, told how to behave, and asked whether it will.
 *
 * locking_mode=EXCLUSIVE comes before journal_mode=WAL: the index of the log
 * is then kept in this process (no -shm file), no second connection can exist,
 * and with it not the corruption that two checkpointing connections can cause
 * in SQLite up to 3.51.2. */
#include "base/error.h"
#include "store/sqlite_store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { VALUE_MAX = 32 * 1024 * 1024 }; /* more is a damaged header */

/* ---- settings ---- */

static const struct {
	int option;
	int value;
} configs[] = {
	{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
	{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
	{ SQLITE_DBCONFIG_ENABLE_TRIGGER, 0 },
	{ SQLITE_DBCONFIG_ENABLE_VIEW, 0 },
	{ SQLITE_DBCONFIG_DQS_DDL, 0 },
	{ SQLITE_DBCONFIG_DQS_DML, 0 },
	{ SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0 },
};

/* Set, and read back: some file systems silently refuse. */
struct pragma {
	const char *name;
	const char *value;
	const char *answer;
};

static const struct pragma first_pragmas[] = {
	{ "locking_mode", "EXCLUSIVE", "exclusive" },
	{ "trusted_schema", "OFF", "0" },
	{ "cell_size_check", "ON", "1" },
	{ "mmap_size", "0", "0" },
	{ "temp_store", "MEMORY", "2" },
};

/* These touch the file: only once it is known to be ours. EXTRA is for the
 * rollback journal with which a new store is made: its name must be gone from
 * the disk before anything is acknowledged, because with it all would be
 * rolled back to nothing. */
static const struct pragma making_pragmas[] = {
	{ "synchronous", "EXTRA", "3" },
};
static const struct pragma file_pragmas[] = {
	{ "journal_mode", "WAL", "wal" },
	{ "synchronous", "FULL", "2" },
	{ "journal_size_limit", "16777216", "16777216" },
	{ "locking_mode", "EXCLUSIVE", "exclusive" },
};

static mcps_status sqlite_pragma_set(struct sqlite_store *store,
                                     const struct pragma *pragma,
                                     struct mcps_error *error)
{
	char sql[80];
	char answer[32];
	int code;

	snprintf(sql, sizeof sql, "PRAGMA %s = %s", pragma->name,
	         pragma->value);
	code = mcps__sqlite_exec(store, sql);
	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code,
		                                "set it up");
	snprintf(sql, sizeof sql, "PRAGMA %s", pragma->name);
	code = mcps__sqlite_ask_text(store, sql, answer, sizeof answer);
	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code,
		                                "set it up");
	/* mmap_size answers nothing where mmap was left out. */
	if (strcmp(answer, pragma->answer) != 0 && answer[0] != '\0')
		return mcps__fail(error, MCPS_E_STORE,
		                  "sqlite: %.100s: %s stays %s, %s is needed",
		                  store->path, pragma->name, answer,
		                  pragma->answer);
	return MCPS_OK;
}

static mcps_status sqlite_pragmas_set(struct sqlite_store *store,
                                      const struct pragma *pragmas,
                                      size_t count, struct mcps_error *error)
{
	mcps_status status = MCPS_OK;

	for (size_t i = 0; i < count && status == MCPS_OK; i++)
		status = sqlite_pragma_set(store, &pragmas[i], error);
	return status;
}

mcps_status mcps__sqlite_configure(struct sqlite_store *store,
                                   struct mcps_error *error)
{
	int code = SQLITE_OK;

	for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
		if (code == SQLITE_OK)
			code = sqlite3_db_config(store->db, configs[i].option,
			                         configs[i].value, NULL);
	if (code == SQLITE_OK) /* somebody looks at it with the shell */
		code = sqlite3_busy_timeout(store->db,
		                            (int)store->settings.lock_wait_ms);
	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code,
		                                "set it up");
	sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, VALUE_MAX);
	sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 1); /* VACUUM INTO */
	return sqlite_pragmas_set(store, first_pragmas,
	                          sizeof first_pragmas / sizeof *first_pragmas,
	                          error);
}

/* ---- opening ---- */

static const char *const statement_sql[] = {
#define X(name, sql) [STATEMENT_##name] = (sql),
	SQLITE_STATEMENTS(X)
#undef X
};

static mcps_status sqlite_statements_prepare(struct sqlite_store *store,
                                             struct mcps_error *error)
{
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		int code = sqlite3_prepare_v3(store->db, statement_sql[i], -1,
		                              SQLITE_PREPARE_PERSISTENT,
		                              &store->statements[i], NULL);

		if (code != SQLITE_OK)
			return mcps__sqlite_open_failed(store, error, code,
			                                "prepare a statement");
	}
	return MCPS_OK;
}

static int sqlite_wal_grew(void *arg, sqlite3 *db, const char *name, int pages)
{
	struct sqlite_store *store = arg;

	(void)db;
	(void)name;
	store->wal_pages = pages;
	return SQLITE_OK;
}

/* A file that turns out to be somebody else's must stay as it is: not even
 * its log is copied into it on closing. */
static void sqlite_hands_off(struct sqlite_store *store, bool off)
{
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, off,
	                  NULL);
}

/* The first transaction of a new store says whose it is, and it goes into the
 * file: what follows may stay in the log for long. */
static mcps_status sqlite_mark_as_ours(struct sqlite_store *store,
                                       struct mcps_error *error)
{
	char sql[64];
	int code;

	snprintf(sql, sizeof sql, "PRAGMA application_id = %d",
	         SQLITE_APPLICATION_ID);
	code = mcps__sqlite_exec(store, sql);
	return code == SQLITE_OK ? MCPS_OK
	                         : mcps__sqlite_open_failed(store, error, code,
	                                                    "begin it");
}

static mcps_status sqlite_configure(struct sqlite_store *store,
                                    struct mcps_error *error)
{
	int version = 0;
	mcps_status status = mcps__sqlite_configure(store, error);

	if (status == MCPS_OK)
		status = mcps__sqlite_schema_identify(store, &version, error);
	if (status == MCPS_OK)
		status = sqlite_pragmas_set(store, making_pragmas, 1, error);
	if (status == MCPS_OK && version == 0)
		status = sqlite_mark_as_ours(store, error);
	if (status != MCPS_OK)
		return status;
	status = sqlite_pragmas_set(store, file_pragmas,
	                            sizeof file_pragmas / sizeof *file_pragmas,
	                            error);
	if (status == MCPS_OK)
		status = mcps__sqlite_schema_migrate(store, version, error);
	if (status == MCPS_OK)
		status = sqlite_statements_prepare(store, error);
	if (status == MCPS_OK)
		status = mcps__sqlite_identity_read(store, error);
	return status;
}

mcps_status mcps__sqlite_connect(struct sqlite_store *store,
                                 struct mcps_error *error)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	                  SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
	                  SQLITE_OPEN_EXRESCODE;
	int code = sqlite3_open_v2(store->path, &store->db, flags, NULL);
	mcps_status status;

	if (code != SQLITE_OK) {
		status =
			mcps__sqlite_open_failed(store, error, code, "open it");
		mcps__sqlite_disconnect(store);
		return status;
	}
	sqlite_hands_off(store, true);
	status = sqlite_configure(store, error);
	if (status != MCPS_OK) {
		mcps__sqlite_disconnect(store);
		return status;
	}
	sqlite_hands_off(store, false);
	sqlite3_wal_hook(store->db, sqlite_wal_grew, store);
	store->logged_code = SQLITE_OK;
	return MCPS_OK;
}

void mcps__sqlite_abandon(struct sqlite_store *store)
{
	if (store->db != NULL)
		sqlite_hands_off(store, true);
	mcps__sqlite_disconnect(store);
}

/* Closing copies the log into the file and deletes it, by name: not if another
 * file has taken the place of ours. */
void mcps__sqlite_disconnect(struct sqlite_store *store)
{
	if (store->db != NULL && !mcps__sqlite_file_is_there(store))
		sqlite_hands_off(store, true);
	for (int i = 0; i < STATEMENT_COUNT; i++) {
		sqlite3_finalize(store->statements[i]);
		store->statements[i] = NULL;
	}
	sqlite3_close(store->db);
	store->db = NULL;
	store->transaction = SQLITE_TRANSACTION_NONE;
	store->wal_pages = 0;
	store->last_stream = 0;
	store->log_inode = 0;
}
