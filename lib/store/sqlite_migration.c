/* Making a store and bringing an older one up to date: in one transaction, and
 * an older one after a backup. */
#include "base/error.h"
#include "base/memory.h"
#include "store/sqlite_store.h"

#include <sqlite3.h>
#include <stdio.h>

/* A whole copy, complete before it gets its name. */
static int migration_backup_write(struct sqlite_store *store, const char *part,
                                  const char *name)
{
	sqlite3_stmt *stmt = NULL;
	int code;

	remove(part);
	if (!mcps__sqlite_file_make(part))
		return SQLITE_CANTOPEN; /* VACUUM alone would make it 0644 */
	code = sqlite3_prepare_v2(store->db, "VACUUM INTO ?1", -1, &stmt, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_bind_text(stmt, 1, part, -1, SQLITE_STATIC);
	if (code == SQLITE_OK)
		code = sqlite3_step(stmt);
	sqlite3_finalize(stmt);
	if (code != SQLITE_DONE)
		return code;
	if (!mcps__sqlite_file_sync(part) || rename(part, name) != 0 ||
	    !mcps__sqlite_file_sync(name))
		return SQLITE_IOERR;
	return SQLITE_OK;
}

static mcps_status migration_backup_make(struct sqlite_store *store,
                                         int version, struct mcps_error *error)
{
	char suffix[32];
	char *name;
	char *part;
	int code = SQLITE_NOMEM;

	snprintf(suffix, sizeof suffix, ".backup-v%d", version);
	name = mcps__sqlite_file_beside(store, suffix);
	part = mcps__sqlite_file_beside(store, ".backup-part");
	if (name != NULL && part != NULL)
		code = migration_backup_write(store, part, name);
	if (code == SQLITE_OK)
		mcps__log(&store->settings.log, MCPS_LOG_INFO, "store",
		          "store backed up before its upgrade file=%s", name);
	mcps__free(name);
	mcps__free(part);
	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(
			store, error, code, "make a backup before the upgrade");
	return MCPS_OK;
}

static int migration_version_make(struct sqlite_store *store,
                                  const struct sqlite_version *version)
{
	int code = SQLITE_OK;

	for (size_t i = 0; i < version->count && code == SQLITE_OK; i++)
		code = mcps__sqlite_exec(store, version->objects[i].sql);
	if (code == SQLITE_OK && version->change != NULL)
		code = mcps__sqlite_exec(store, version->change);
	return code;
}

/* From VERSION to the next one. */
static mcps_status migration_step_fill(struct sqlite_store *store, int version,
                                       struct mcps_error *error)
{
	char sql[64];
	int code = migration_version_make(store,
	                                  &store->schema->versions[version]);

	snprintf(sql, sizeof sql, "PRAGMA user_version = %d", version + 1);
	if (code == SQLITE_OK)
		code = mcps__sqlite_exec(store, sql);
	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code,
		                                "make its tables");
	return version == 0 ? mcps__sqlite_identity_make(store, error)
	                    : MCPS_OK;
}

static mcps_status migration_steps_fill(struct sqlite_store *store, int version,
                                        struct mcps_error *error)
{
	mcps_status status = MCPS_OK;

	for (; version < store->schema->count && status == MCPS_OK; version++)
		status = migration_step_fill(store, version, error);
	return status;
}

/* All or nothing: user_version is part of the transaction. A new store that is
 * killed while it is made is not taken for one of an older version, either. */
static mcps_status migration_steps_run(struct sqlite_store *store, int version,
                                       struct mcps_error *error)
{
	int code = mcps__sqlite_exec(store, "BEGIN IMMEDIATE");
	mcps_status status;

	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code,
		                                "begin the upgrade");
	status = migration_steps_fill(store, version, error);
	if (status == MCPS_OK) {
		code = mcps__sqlite_exec(store, "COMMIT");
		if (code != SQLITE_OK)
			status = mcps__sqlite_open_failed(store, error, code,
			                                  "commit the upgrade");
	}
	if (sqlite3_get_autocommit(store->db) == 0)
		mcps__sqlite_exec(store, "ROLLBACK");
	return status;
}

mcps_status mcps__sqlite_schema_migrate(struct sqlite_store *store, int version,
                                        struct mcps_error *error)
{
	mcps_status status = MCPS_OK;

	if (version == store->schema->count)
		return MCPS_OK;
	if (version > 0)
		status = migration_backup_make(store, version, error);
	if (status == MCPS_OK)
		status = migration_steps_run(store, version, error);
	return status == MCPS_OK ? mcps__sqlite_schema_check(
					   store, store->schema->count, error)
	                         : status;
}
