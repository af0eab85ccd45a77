/* Whose file it is: files that are something else are refused
 * (sqlite_foreign_case.c has all of them). And that the connection is set up as
 * it must be. */
#include "sqlite_cases.h"
#include "suite.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

/* Opening fails with WORDS, and leaves the file byte for byte. */
static void assert_untouched(const char *words)
{
	size_t before_length;
	size_t after_length;
	uint8_t *before = read_file(in_directory("test.db"), &before_length);
	const struct mcps_error *error = open_fails(MCPS_E_CORRUPT);
	uint8_t *after = read_file(in_directory("test.db"), &after_length);

	ck_assert_msg(strstr(error->text, words) != NULL, "%s", error->text);
	ck_assert_ptr_nonnull(strstr(error->text, "test.db"));
	ck_assert_uint_eq(after_length, before_length);
	ck_assert_mem_eq(after, before, before_length);
	free(before);
	free(after);
}

START_TEST(a_store_whose_making_was_interrupted_is_a_new_one)
{
	run_sql("PRAGMA application_id = 0x4d435053; "
	        "PRAGMA journal_mode = WAL");
	open_store();
	insert(1, intern(1), 1000);
	close_store();
}
END_TEST

START_TEST(garbage_is_refused)
{
	char garbage[5000];

	memset(garbage, 'x', sizeof garbage);
	write_file(in_directory("test.db"), garbage, sizeof garbage);
	assert_untouched("is not an mcps store");
}
END_TEST

START_TEST(half_a_header_is_refused)
{
	write_file(in_directory("test.db"), "SQLite format 3", 15);
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

START_TEST(a_database_of_another_program_is_refused)
{
	run_sql("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
	assert_untouched("another program");
	run_sql("PRAGMA application_id = 12345");
	assert_untouched("another program");
	run_sql("PRAGMA application_id = 0; DROP TABLE theirs; "
	        "PRAGMA user_version = 4");
	assert_untouched("another program");
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), 4);
}
END_TEST

/* The other program died: what it committed is in its log alone. */
START_TEST(the_log_of_another_program_stays_where_it_is)
{
	size_t length;
	uint8_t *wal;
	sqlite3 *db;

	run_sql("PRAGMA journal_mode = WAL; CREATE TABLE theirs (a)");
	ck_assert_int_eq(sqlite3_open(in_directory("test.db"), &db), SQLITE_OK);
	sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	ck_assert_int_eq(sqlite3_exec(db, "INSERT INTO theirs VALUES (1)", NULL,
	                              NULL, NULL),
	                 SQLITE_OK);
	wal = read_file(in_directory("test.db-wal"), &length);
	sqlite3_close(db);
	ck_assert_uint_gt(length, 0);
	write_file(in_directory("test.db-wal"), wal, length);
	free(wal);
	assert_untouched("another program");
	ck_assert(file_exists(in_directory("test.db-wal")));
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM theirs"), 1);
}
END_TEST

START_TEST(a_newer_store_is_refused)
{
	open_store();
	insert(1, intern(1), 1000);
	close_store();
	run_sql("PRAGMA user_version = 999");
	assert_untouched("made by a newer version");
	assert_untouched("999");
	run_sql("PRAGMA user_version = " TEXT_OF(SCHEMA_NOW));
	open_store();
	ck_assert(is_live(1));
	close_store();
}
END_TEST

START_TEST(a_changed_schema_is_refused)
{
	static const char *const changes[][2] = {
		{ "CREATE TRIGGER t AFTER INSERT ON session BEGIN "
		  "DELETE FROM session; END",
		  "DROP TRIGGER t" },
		{ "CREATE VIEW v AS SELECT * FROM session", "DROP VIEW v" },
		{ "CREATE TABLE more (a)", "DROP TABLE more" },
		{ "DROP INDEX session_seen",
		  "CREATE INDEX session_seen ON session (seen_ms) "
		  "WHERE phase = 1" },
		{ "ALTER TABLE state ADD COLUMN more INTEGER",
		  "ALTER TABLE state DROP COLUMN more" },
	};

	open_store();
	close_store();
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		run_sql(changes[i][0]);
		assert_untouched("schema was changed");
		run_sql(changes[i][1]);
		open_store();
		close_store();
	}
}
END_TEST

START_TEST(a_store_without_its_own_records_is_refused)
{
	open_store();
	insert(1, intern(1), 1000);
	close_store();
	run_sql("UPDATE meta SET value = randomblob(24) "
	        "WHERE name = 'store.checksum_key'");
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_CORRUPT)->text, "own records"));
	run_sql("DELETE FROM meta");
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

/* ---- the connection --------------------------------------------------- */

static int64_t pragma(const char *sql)
{
	int64_t answer;

	ck_assert_int_eq(
		mcps__sqlite_ask_int(sqlite_store(store), sql, &answer),
		SQLITE_OK);
	return answer;
}

static void assert_pragma(const char *sql, const char *expected)
{
	char answer[64];

	ck_assert_int_eq(mcps__sqlite_ask_text(sqlite_store(store), sql, answer,
	                                       sizeof answer),
	                 SQLITE_OK);
	ck_assert_str_eq(answer, expected);
}

START_TEST(the_connection_is_configured_as_it_must_be)
{
	open_store();
	for (int round = 0; round < 2; round++) {
		assert_pragma("PRAGMA locking_mode", "exclusive");
		assert_pragma("PRAGMA journal_mode", "wal");
		assert_pragma("PRAGMA synchronous", "2");
		ck_assert_int_eq(pragma("PRAGMA mmap_size"), 0);
		assert_pragma("PRAGMA trusted_schema", "0");
		assert_pragma("PRAGMA cell_size_check", "1");
		assert_pragma("PRAGMA temp_store", "2");
		ck_assert_int_eq(pragma("PRAGMA journal_size_limit"),
		                 16 * 1024 * 1024);
		ok(store->ops->reopen(store));
	}
	close_store();
	ck_assert_int_eq(ask_sql("PRAGMA application_id"), 0x4d435053);
	ck_assert_int_eq(ask_sql("PRAGMA user_version"), SCHEMA_NOW);
}
END_TEST

START_TEST(the_connection_is_defensive)
{
	int on = 0;

	open_store();
	ck_assert_int_eq(sqlite3_db_config(sqlite_store(store)->db,
	                                   SQLITE_DBCONFIG_DEFENSIVE, -1, &on),
	                 SQLITE_OK);
	ck_assert_int_eq(on, 1);
	close_store();
}
END_TEST

/* One line of EXPLAIN QUERY PLAN for each loop of a statement. */
static bool plan_scans(const char *sql)
{
	char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql);
	bool scans = false;
	sqlite3_stmt *stmt;

	ck_assert_int_eq(sqlite3_prepare_v2(sqlite_store(store)->db, explain,
	                                    -1, &stmt, NULL),
	                 SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(stmt, 3);

		scans = scans || strncmp(line, "SCAN", 4) == 0 ||
		        strstr(line, "TEMP B-TREE") != NULL;
	}
	sqlite3_finalize(stmt);
	sqlite3_free(explain);
	return scans;
}

/* Those that put things right after damage may. */
static bool is_repair(int statement)
{
	static const int repairs[] = {
		STATEMENT_PRINCIPAL_RECOUNT, STATEMENT_TOMBSTONES_RECOUNT,
		STATEMENT_STATE_ORPHANS,     STATEMENT_STREAM_ORPHANS,
		STATEMENT_EVENT_ORPHANS,     STATEMENT_EVENT_CLEAR_STREAM,
		STATEMENT_USAGE_ORPHANS,     STATEMENT_ENDED_ORPHANS,
	};

	for (size_t i = 0; i < sizeof repairs / sizeof *repairs; i++)
		if (repairs[i] == statement)
			return true;
	return false;
}

START_TEST(no_statement_reads_a_whole_table)
{
	static const char *const sql[] = {
#define X(name, text) [STATEMENT_##name] = (text),
		SQLITE_STATEMENTS(X)
#undef X
	};

	open_store();
	for (int i = STATEMENT_META_GET; i < STATEMENT_COUNT; i++)
		if (!is_repair(i))
			ck_assert_msg(!plan_scans(sql[i]), "%s", sql[i]);
	close_store();
}
END_TEST

START_TEST(no_statement_is_left_standing)
{
	static struct seen seen = { .stop_after = 1 };
	int64_t owner;
	sqlite3_stmt *stmt = NULL;

	open_store();
	owner = intern(1);
	insert(1, owner, 1000);
	insert(2, owner, 1000);
	store->ops->session_list(store, owner, see_session, &seen);
	store->ops->session_load(store, key(1), see_session, &seen);
	store->ops->session_guard(store, 1);
	ok(open_stream(7, load(1)->session.ref, 1000));
	event(7, "a", 1000);
	event(7, "b", 1000);
	seen.stop_after = seen.calls + 1;
	gives(store->ops->event_replay(store, 7, 0, see_event, &seen),
	      STATUS_STOP);
	store->ops->stream_get(store, 7, see_stream, &seen);
	while ((stmt = sqlite3_next_stmt(sqlite_store(store)->db, stmt)) !=
	       NULL)
		ck_assert_msg(!sqlite3_stmt_busy(stmt), "%s",
		              sqlite3_sql(stmt));
	close_store();
}
END_TEST

START_TEST(the_log_is_copied_while_nobody_waits)
{
	static char value[32 * 1024 + 1];

	memset(value, 'v', sizeof value - 1);
	open_store();
	for (int64_t owner = 1; owner <= 150; owner++)
		put_state(PRINCIPAL, owner, "k", value, 0);
	ck_assert_int_gt(sqlite_store(store)->wal_pages, 1000);
	store->ops->idle(store);
	ck_assert_int_eq(sqlite_store(store)->wal_pages, 0);
	put_state(PRINCIPAL, 1000, "k", "v", 0);
	ck_assert_int_lt(sqlite_store(store)->wal_pages, 100);
	for (int64_t owner = 2000; owner <= 2600; owner++)
		put_state(PRINCIPAL, owner, "k", value, 0);
	ck_assert_int_lt(sqlite_store(store)->wal_pages, 4100);
	close_store();
}
END_TEST

void sqlite_identity_case(void)
{
	test_case("identity");
	test_fixture(directory_make, directory_remove);
	test_add(a_store_whose_making_was_interrupted_is_a_new_one);
	test_add(garbage_is_refused);
	test_add(half_a_header_is_refused);
	test_add(a_database_of_another_program_is_refused);
	test_add(the_log_of_another_program_stays_where_it_is);
	test_add(a_newer_store_is_refused);
	test_add(a_changed_schema_is_refused);
	test_add(a_store_without_its_own_records_is_refused);
	test_add(the_connection_is_configured_as_it_must_be);
	test_add(the_connection_is_defensive);
	test_add(no_statement_reads_a_whole_table);
	test_add(no_statement_is_left_standing);
	test_add(the_log_is_copied_while_nobody_waits);
}
