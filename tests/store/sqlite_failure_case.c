/* Crashes, full disks, lost files. */
#define _DEFAULT_SOURCE
#include "sqlite_cases.h"
#include "suite.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- kill -9 ---------------------------------------------------------- */

/* In the child: one transaction committed, one open; then wait for the end. */
static void die_in_mid_transaction(int ready)
{
	struct mcps_session_row row;
	int64_t ref;
	char byte = 0;

	open_store();
	row = make_row(2, intern(1), 1000);
	insert(1, row.principal, 1000);
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	ok(store->ops->session_end(store, key(1), 9000));
	if (write(ready, &byte, 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

START_TEST(kill_9_in_mid_transaction_loses_that_transaction_alone)
{
	int ready[2];
	char byte;
	pid_t child;

	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		die_in_mid_transaction(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	open_store();
	ck_assert(is_live(1));
	ck_assert(is_absent(2));
	ck_assert_int_eq(live_sessions(1), 1);
	close_store();
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM pragma_integrity_check "
	                         "WHERE integrity_check = 'ok'"),
	                 1);
}
END_TEST

/* ---- no space --------------------------------------------------------- */

static void limit_file_size(rlim_t size)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static rlim_t size_of(const char *name)
{
	struct stat about;

	ck_assert_int_eq(stat(in_directory(name), &about), 0);
	return (rlim_t)about.st_size;
}

START_TEST(a_commit_that_cannot_write_fails_and_leaves_nothing)
{
	struct mcps_session_row row;
	int64_t ref;

	signal(SIGXFSZ, SIG_IGN); /* write answers EFBIG instead */
	open_store();
	row = make_row(2, intern(1), 1000);
	insert(1, row.principal, 1000);
	limit_file_size(size_of("test.db-wal"));
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	gives(store->ops->commit(store), MCPS_E_STORE);
	ck_assert_uint_ge(log_count(MCPS_LOG_ERROR), 1);
	ck_assert(is_absent(2));
	ck_assert(is_live(1));
	limit_file_size(RLIM_INFINITY);
	ok(store->ops->reopen(store));
	ck_assert(is_live(1));
	insert(3, row.principal, 1000);
	ck_assert_int_gt(load(3)->session.ref, ref);
	close_store();
}
END_TEST

/* A job whose writes fail until its transaction is gone. */
static mcps_status fill(unsigned from)
{
	mcps_status status = MCPS_OK;
	struct mcps_session_row row = make_row(from, 1, 1000);
	static uint8_t data[20000];
	int64_t ref;

	row.data = data;
	row.data_length = sizeof data;
	for (unsigned n = from; n < from + 100 && status == MCPS_OK; n++) {
		memcpy(row.key, key(n), sizeof row.key);
		status = store->ops->session_insert(store, &row, &ref);
	}
	return status;
}

START_TEST(a_full_store_goes_on_when_there_is_space_again)
{
	sqlite3 *db;

	open_store();
	insert(1, intern(1), 1000);
	db = sqlite_store(store)->db;
	sqlite3_exec(db, "PRAGMA max_page_count = 60", NULL, NULL, NULL);
	begin();
	ok(store->ops->savepoint(store));
	gives(fill(100), MCPS_E_STORE);
	store->ops->rollback_to(store); /* may have nothing to undo */
	store->ops->rollback(store);
	ck_assert(is_absent(100));
	ck_assert(is_live(1));
	sqlite3_exec(db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL);
	begin();
	ok(fill(100));
	commit();
	ck_assert(is_live(100));
	ck_assert_int_eq(live_sessions(1), 101);
	close_store();
}
END_TEST

/* SQLite undid the transaction by itself, as it does after some failures:
 * nothing of the job may become a transaction of its own. */
START_TEST(nothing_is_written_after_a_transaction_was_lost)
{
	struct mcps_session_row row;
	int64_t ref;

	open_store();
	row = make_row(1, intern(1), 1000);
	begin();
	ok(store->ops->savepoint(store));
	sqlite3_exec(sqlite_store(store)->db, "ROLLBACK", NULL, NULL, NULL);
	gives(store->ops->session_insert(store, &row, &ref), MCPS_E_STORE);
	gives(store->ops->meta_put(store, "name", "v", 1), MCPS_E_STORE);
	gives(store->ops->release(store), MCPS_E_STORE);
	gives(store->ops->savepoint(store), MCPS_E_STORE);
	gives(store->ops->commit(store), MCPS_E_STORE);
	ck_assert(is_absent(1));
	insert(1, row.principal, 1000);
	ck_assert(is_live(1));
	close_store();
}
END_TEST

/* ---- lost files ------------------------------------------------------- */

START_TEST(nothing_is_acknowledged_into_a_deleted_file)
{
	struct mcps_session_row row;
	int64_t ref;

	open_store();
	row = make_row(1, intern(1), 1000);
	ck_assert_int_eq(remove(in_directory("test.db")), 0);
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	gives(store->ops->commit(store), MCPS_E_STORE);
	ck_assert(log_has("moved or deleted"));
	gives(store->ops->reopen(store), MCPS_E_STORE);
	ck_assert(!file_exists(in_directory("test.db")));
	gives(store->ops->session_guard(store, 1), MCPS_E_STORE);
	gives(store->ops->begin(store), MCPS_E_STORE);
	store->ops->rollback(store);
	store->ops->idle(store);
	close_store();
}
END_TEST

/* Closing deletes the log by its name; what lies there then is not ours. */
START_TEST(what_took_the_place_of_the_files_is_left_alone)
{
	open_store();
	insert(1, intern(1), 1000);
	ck_assert_int_eq(rename(in_directory("test.db"), in_directory("moved")),
	                 0);
	ck_assert_int_eq(
		rename(in_directory("test.db-wal"), in_directory("moved-wal")),
		0);
	write_file(in_directory("test.db"), "theirs", 6);
	write_file(in_directory("test.db-wal"), "theirs, too", 11);
	close_store();
	ck_assert(file_exists(in_directory("test.db-wal")));
	ck_assert(file_exists(in_directory("moved-wal")));
	ck_assert_int_eq(rename(in_directory("moved"), in_directory("test.db")),
	                 0);
	ck_assert_int_eq(
		rename(in_directory("moved-wal"), in_directory("test.db-wal")),
		0);
	open_store();
	ck_assert(is_live(1));
	close_store();
}
END_TEST

/* What is written to a log without a name is gone after a crash. */
START_TEST(nothing_is_acknowledged_into_a_deleted_log)
{
	struct mcps_session_row row;
	int64_t ref;

	open_store();
	row = make_row(2, intern(1), 1000);
	insert(1, row.principal, 1000);
	ck_assert_int_eq(remove(in_directory("test.db-wal")), 0);
	begin();
	ok(store->ops->session_insert(store, &row, &ref));
	gives(store->ops->commit(store), MCPS_E_STORE);
	ck_assert(log_has("moved or deleted"));
	ok(store->ops->reopen(store));
	ck_assert(is_live(1)); /* what it held was still to be had */
	ck_assert(is_absent(2));
	insert(2, row.principal, 1000);
	close_store();
	open_store();
	ck_assert(is_live(1));
	ck_assert(is_live(2));
	close_store();
}
END_TEST

START_TEST(an_emptied_file_is_not_made_a_new_store_behind_our_back)
{
	open_store();
	insert(1, intern(1), 1000);
	ok(store->ops->reopen(store)); /* nothing is left in the log */
	write_file(in_directory("test.db"), "", 0);
	gives(store->ops->reopen(store), MCPS_E_CORRUPT);
	close_store();
}
END_TEST

START_TEST(a_file_that_is_back_is_opened_again)
{
	open_store();
	insert(1, intern(1), 1000);
	ok(store->ops->reopen(store));
	ck_assert_int_eq(
		rename(in_directory("test.db"), in_directory("elsewhere")), 0);
	gives(store->ops->reopen(store), MCPS_E_STORE);
	ck_assert_int_eq(
		rename(in_directory("elsewhere"), in_directory("test.db")), 0);
	ok(store->ops->reopen(store));
	ck_assert(is_live(1));
	insert(2, intern(1), 1000);
	close_store();
}
END_TEST

START_TEST(another_store_in_its_place_is_refused)
{
	mcps_store *other;

	open_store();
	insert(1, intern(1), 1000);
	ok(mcps_store_open(&other, url_in_directory("other.db"), NULL, NULL));
	mcps_store_close(other);
	ck_assert_int_eq(
		rename(in_directory("other.db"), in_directory("test.db")), 0);
	remove(in_directory("test.db-wal"));
	gives(store->ops->reopen(store), MCPS_E_CORRUPT);
	ck_assert(log_has("taken the place"));
	close_store();
}
END_TEST

START_TEST(opening_again_keeps_what_was_committed)
{
	int64_t ref;

	open_store();
	ref = insert(1, intern(1), 1000);
	ok(store->ops->reopen(store));
	ck_assert(is_live(1));
	ck_assert_int_gt(insert(2, intern(1), 1000), ref);
	ck_assert(!file_exists(in_directory("test.db-shm")));
	close_store();
}
END_TEST

void sqlite_failure_case(void)
{
	test_case("failure");
	test_fixture(directory_make, directory_remove);
	test_add(kill_9_in_mid_transaction_loses_that_transaction_alone);
	test_add(a_commit_that_cannot_write_fails_and_leaves_nothing);
	test_add(a_full_store_goes_on_when_there_is_space_again);
	test_add(nothing_is_written_after_a_transaction_was_lost);
	test_add(nothing_is_acknowledged_into_a_deleted_file);
	test_add(what_took_the_place_of_the_files_is_left_alone);
	test_add(nothing_is_acknowledged_into_a_deleted_log);
	test_add(an_emptied_file_is_not_made_a_new_store_behind_our_back);
	test_add(a_file_that_is_back_is_opened_again);
	test_add(another_store_in_its_place_is_refused);
	test_add(opening_again_keeps_what_was_committed);
}
