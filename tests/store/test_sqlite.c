#define _XOPEN_SOURCE 700 /* strdup */
/* What only the SQLite back end has: files, locks, identity, damage, crashes,
 * migrations. The contract of back ends is in test_store.c. */
#include "sqlite_cases.h"
#include "suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- log -------------------------------------------------------------- */

static struct {
	unsigned count[MCPS_LOG_ERROR + 1];
	char text[8192];
} logged;

static void log_keep(void *arg, enum mcps_log_level level, const char *module,
                     const char *text)
{
	size_t length = strlen(logged.text);

	(void)arg;
	ck_assert_str_eq(module, "store");
	logged.count[level]++;
	snprintf(logged.text + length, sizeof logged.text - length, "%s\n",
	         text);
}

const struct mcps_store_options logging_options = {
	.size = sizeof logging_options,
	.log = log_keep,
};

unsigned log_count(enum mcps_log_level level)
{
	return logged.count[level];
}

bool log_has(const char *words)
{
	return strstr(logged.text, words) != NULL;
}

void log_forget(void)
{
	memset(&logged, 0, sizeof logged);
}

/* ---- stores and files ------------------------------------------------- */

void open_store(void)
{
	struct mcps_error error = { .text = "" };
	mcps_status status = mcps_store_open(
		&store, url_in_directory("test.db"), &logging_options, &error);

	ck_assert_msg(status == MCPS_OK, "%s", error.text);
}

void close_store(void)
{
	mcps_store_close(store);
	store = NULL;
}

const struct mcps_error *open_fails(mcps_status status)
{
	static struct mcps_error error;

	memset(&error, 0, sizeof error);
	gives(mcps_store_open(&store, url_in_directory("test.db"),
	                      &logging_options, &error),
	      status);
	ck_assert_ptr_null(store);
	ck_assert_int_eq(error.status, status);
	return &error;
}

mcps_status look_at_store(struct mcps_error *error)
{
	char finding[512];

	return mcps_store_look(url_in_directory("test.db"), NULL, finding,
	                       sizeof finding, error);
}

static sqlite3 *open_past(void)
{
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open(in_directory("test.db"), &db), SQLITE_OK);
	return db;
}

void run_sql(const char *sql)
{
	sqlite3 *db = open_past();
	char *error = NULL;

	sqlite3_exec(db, sql, NULL, NULL, &error);
	ck_assert_msg(error == NULL, "%s: %s", sql, error);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

void run_behind(const char *name, const char *sql)
{
	char text[300];

	snprintf(text, sizeof text,
	         "PRAGMA writable_schema = ON; CREATE TABLE saved AS "
	         "SELECT * FROM sqlite_schema WHERE name = '%s'; "
	         "DELETE FROM sqlite_schema WHERE name = '%s'",
	         name, name);
	run_sql(text);
	run_sql(sql);
	run_sql("PRAGMA writable_schema = ON; "
	        "INSERT INTO sqlite_schema SELECT * FROM saved; "
	        "DROP TABLE saved");
}

void seal_again(void)
{
	struct sqlite_store closed = { .is_whole = true };

	closed.path = strdup(in_directory("test.db"));
	closed.log_path = strdup(in_directory("test.db-wal"));
	mcps__sqlite_seal_set(&closed);
	free(closed.path);
	free(closed.log_path);
}

int64_t ask_sql(const char *sql)
{
	sqlite3 *db = open_past();
	sqlite3_stmt *stmt;
	int64_t answer;

	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL),
	                 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	answer = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return answer;
}

uint8_t *read_file(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	struct stat about;
	uint8_t *bytes;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fstat(fileno(file), &about), 0);
	*length = (size_t)about.st_size;
	bytes = malloc(*length + 1);
	ck_assert_ptr_nonnull(bytes);
	ck_assert_uint_eq(fread(bytes, 1, *length, file), *length);
	fclose(file);
	return bytes;
}

void write_file(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "wb");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(bytes, 1, length, file), length);
	ck_assert_int_eq(fclose(file), 0);
}

unsigned file_mode(const char *name)
{
	struct stat about;

	ck_assert_int_eq(stat(in_directory(name), &about), 0);
	return (unsigned)about.st_mode & 07777;
}

bool file_exists(const char *path)
{
	struct stat about;

	return lstat(path, &about) == 0;
}

TEST_MAIN("sqlite")
{
	sqlite_file_case();
	sqlite_place_case();
	sqlite_foreign_case();
	sqlite_ours_case();
	sqlite_identity_case();
	sqlite_damage_case();
	sqlite_damage_age_case();
	sqlite_seal_case();
	sqlite_event_damage_case();
	sqlite_golden_case();
	sqlite_index_case();
	sqlite_failure_case();
	sqlite_migration_case();
}
