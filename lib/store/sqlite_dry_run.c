/* The check of a start, made without changing anything: what it would refuse,
 * and what it would mend.
 *
 * SQLite writes even when it only reads: it makes the log, recovers it into a
 * shared index, and with the last connection empties and deletes it. A file
 * without a log is therefore opened as one that nobody changes, and a file with
 * a log without locks, which keeps the index of the log in this process. */
#include "base/buffer.h"
#include "base/memory.h"
#include "store/sqlite_check.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* A path in a URI: these characters would end it, or begin an escape. */
static void dry_run_uri_add_path(struct buffer *uri, const char *path)
{
	for (; *path != '\0'; path++) {
		if (strchr("?#%", *path) != NULL)
			mcps__buffer_add_format(uri, "%%%02X",
			                        (unsigned)(unsigned char)*path);
		else
			mcps__buffer_add_byte(uri, *path);
	}
}

static bool dry_run_is_there(const char *path)
{
	struct stat about;

	return lstat(path, &about) == 0 && about.st_size > 0;
}

/* Opens the file for reading; store->db, also on failure. */
static int dry_run_open_to_read(struct sqlite_store *store)
{
	const int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI |
	                  SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
	                  SQLITE_OPEN_EXRESCODE;
	struct buffer uri = { 0 };
	int code = SQLITE_NOMEM;

	mcps__buffer_add_literal(&uri, "file:");
	dry_run_uri_add_path(&uri, store->path);
	mcps__buffer_add_text(&uri, dry_run_is_there(store->log_path)
	                                    ? "?vfs=unix-none"
	                                    : "?immutable=1");
	mcps__buffer_add_byte(&uri, '\0');
	if (!uri.failed)
		code = sqlite3_open_v2(uri.data, &store->db, flags, NULL);
	mcps__buffer_finish(&uri);
	if (code == SQLITE_OK)
		code = sqlite3_db_config(
			store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return code;
}

static void dry_run_close_db(struct sqlite_store *store)
{
	sqlite3_close(store->db);
	store->db = NULL;
}

/* Puts a copy in the place of the file, page for page. SQLite deletes it when
 * it is closed. */
static int dry_run_copy_to_temporary(struct sqlite_store *store)
{
	const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
	                  SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	sqlite3 *copy = NULL;
	sqlite3_backup *backup = NULL;
	int code = sqlite3_open_v2("", &copy, flags, NULL);

	if (code == SQLITE_OK) {
		backup = sqlite3_backup_init(copy, "main", store->db, "main");
		code = sqlite3_errcode(copy);
	}
	if (backup != NULL) {
		sqlite3_backup_step(backup, -1);
		code = sqlite3_backup_finish(backup);
	}
	dry_run_close_db(store);
	store->db = copy;
	return code;
}

static mcps_status dry_run_mend_copy(struct sqlite_store *store,
                                     const char *what, struct mcps_error *error)
{
	int code = dry_run_copy_to_temporary(store);
	mcps_status status = MCPS_OK;
	bool is_mended = false;

	if (code == SQLITE_OK)
		status = mcps__sqlite_configure(store, error);
	if (code == SQLITE_OK && status == MCPS_OK)
		code = mcps__sqlite_mend(store, &is_mended);
	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code, "mend");
	if (status == MCPS_OK && !is_mended)
		return mcps__sqlite_damaged(store, error, what);
	return status;
}

static mcps_status dry_run_check_to_read(struct sqlite_store *store, char *what,
                                         size_t size, struct mcps_error *error)
{
	int code = dry_run_open_to_read(store);
	mcps_status status = MCPS_OK;

	if (code == SQLITE_OK)
		status = mcps__sqlite_configure(store, error);
	if (code == SQLITE_OK && status == MCPS_OK)
		code = mcps__sqlite_find_damage(store, what, size);
	if (code != SQLITE_OK)
		return mcps__sqlite_open_failed(store, error, code, "check it");
	return status;
}

/* A store that was being made, or one without a log, has a journal, which a
 * start rolls back. */
static bool dry_run_has_journal(const struct sqlite_store *store)
{
	char *name = mcps__sqlite_file_beside(store, "-journal");
	bool has = name == NULL || dry_run_is_there(name);

	mcps__free(name);
	return has;
}

mcps_status mcps__sqlite_dry_run(struct sqlite_store *store, char *what,
                                 size_t size, struct mcps_error *error)
{
	mcps_status status;

	*what = '\0';
	if (mcps__sqlite_seal_holds(store) || dry_run_has_journal(store))
		return MCPS_OK;
	status = dry_run_check_to_read(store, what, size, error);
	if (status == MCPS_OK && *what != '\0')
		status = dry_run_mend_copy(store, what, error);
	dry_run_close_db(store);
	return status;
}
