/* Files and locks: where a store may lie, who may read it, and that it is one
 * process's. */
#define _DEFAULT_SOURCE /* chmod, symlink, mkfifo */
#include "sqlite_cases.h"
#include "suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(a_restart_keeps_every_row)
{
	int64_t owner;
	int64_t ref;

	open_store();
	owner = intern(1);
	ref = insert(1, owner, 1000);
	insert(2, owner, 1000);
	end(2, 9000);
	put_state(SESSION, ref, "k", "value", 7000);
	put_state(PRINCIPAL, owner, "k", "other", 0);
	begin();
	ok(store->ops->principal_revoke(store, owner, 500));
	ok(store->ops->meta_put(store, "name", "v", 1));
	commit();
	close_store();

	open_store();
	ck_assert(is_live(1));
	ck_assert_int_eq(load(1)->session.ref, ref);
	ck_assert_mem_eq(load(1)->bytes, "some data", 9);
	ck_assert(is_ended(2));
	ck_assert_mem_eq(get_state(SESSION, ref, "k")->bytes, "value", 5);
	ck_assert_int_eq(get_state(SESSION, ref, "k")->state.expires_ms, 7000);
	ck_assert_mem_eq(get_state(PRINCIPAL, owner, "k")->bytes, "other", 5);
	ck_assert_int_eq(look_up(1)->principal.not_before_ms, 500);
	ck_assert_int_eq(live_sessions(1), 1);
	ck_assert_int_eq(intern(1), owner);
	close_store();
}
END_TEST

START_TEST(refs_are_not_used_again_after_a_restart)
{
	int64_t ref;
	int64_t owner;

	open_store();
	owner = intern(1);
	ref = insert(1, owner, 1000);
	begin();
	ok(store->ops->session_remove(store, key(1)));
	commit();
	close_store();
	open_store();
	ck_assert_int_gt(insert(1, owner, 1000), ref);
	ck_assert_int_gt(intern(2), owner);
	close_store();
}
END_TEST

START_TEST(the_uuid_survives_a_restart)
{
	static struct seen first;
	static struct seen second;

	open_store();
	ok(store->ops->meta_get(store, "store.uuid", see_meta, &first));
	close_store();
	open_store();
	ok(store->ops->meta_get(store, "store.uuid", see_meta, &second));
	close_store();
	ck_assert_uint_eq(first.length, 16);
	ck_assert_mem_eq(first.bytes, second.bytes, 16);
}
END_TEST

/* ---- names ------------------------------------------------------------ */

START_TEST(names_that_sqlite_reads_as_more_are_only_names)
{
	const char *const names[] = { ":memory:", "file:x?mode=memory" };
	char *before = getcwd(NULL, 0);
	char url[64];

	ck_assert_int_eq(chdir(in_directory("")), 0);
	for (size_t i = 0; i < 2; i++) {
		snprintf(url, sizeof url, "sqlite:%s", names[i]);
		ok(mcps_store_open(&store, url, NULL, NULL));
		close_store();
		ck_assert(file_exists(in_directory(names[i])));
	}
	ck_assert_int_eq(chdir(before), 0);
	free(before);
}
END_TEST

START_TEST(a_relative_name_survives_a_change_of_directory)
{
	char *before = getcwd(NULL, 0);

	ck_assert_int_eq(chdir(in_directory("")), 0);
	ok(mcps_store_open(&store, "sqlite:test.db", NULL, NULL));
	ck_assert_int_eq(chdir("/"), 0);
	ok(store->ops->reopen(store));
	insert(1, intern(1), 1000);
	close_store();
	ck_assert_int_eq(chdir(before), 0);
	free(before);
	open_store();
	ck_assert(is_live(1));
	close_store();
}
END_TEST

/* ---- permissions ------------------------------------------------------ */

START_TEST(files_are_for_their_owner_only)
{
	mode_t before = umask(0);

	open_store();
	umask(before);
	insert(1, intern(1), 1000);
	ck_assert_uint_eq(file_mode("test.db"), 0600);
	ck_assert_uint_eq(file_mode("test.db-wal"), 0600);
	ck_assert_uint_eq(file_mode("test.db.lock"), 0600);
	close_store();
}
END_TEST

START_TEST(a_loose_mode_is_tightened)
{
	open_store();
	close_store();
	ck_assert_int_eq(chmod(in_directory("test.db"), 0644), 0);
	log_forget();
	open_store();
	ck_assert_uint_eq(file_mode("test.db"), 0600);
	ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 1);
	ck_assert(log_has("0644"));
	close_store();
}
END_TEST

START_TEST(there_is_no_shm_file)
{
	open_store();
	insert(1, intern(1), 1000);
	ck_assert(file_exists(in_directory("test.db-wal")));
	ck_assert(!file_exists(in_directory("test.db-shm")));
	close_store();
}
END_TEST

START_TEST(closing_leaves_one_whole_file)
{
	open_store();
	insert(1, intern(1), 1000);
	close_store();
	ck_assert(!file_exists(in_directory("test.db-wal")));
	ck_assert_int_eq(ask_sql("SELECT count(*) FROM session"), 1);
}
END_TEST

START_TEST(a_symbolic_link_is_refused)
{
	ck_assert_int_eq(
		symlink(in_directory("other"), in_directory("test.db")), 0);
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_STORE)->text, "symbolic link"));
	ck_assert(!file_exists(in_directory("other")));
}
END_TEST

START_TEST(a_link_in_place_of_the_lock_or_the_log_is_refused)
{
	const char *const names[] = { "test.db.lock", "test.db-wal" };

	open_store();
	close_store();
	for (size_t i = 0; i < 2; i++) {
		remove(in_directory(names[i]));
		ck_assert_int_eq(
			symlink(in_directory("other"), in_directory(names[i])),
			0);
		ck_assert_ptr_nonnull(strstr(open_fails(MCPS_E_STORE)->text,
		                             "symbolic link"));
		ck_assert(!file_exists(in_directory("other")));
		remove(in_directory(names[i]));
	}
}
END_TEST

START_TEST(what_is_no_file_is_refused)
{
	ck_assert_int_eq(mkfifo(in_directory("test.db"), 0600), 0);
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_STORE)->text, "not a regular file"));
	remove(in_directory("test.db"));
	ck_assert_int_eq(mkdir(in_directory("test.db"), 0700), 0);
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_STORE)->text, "not a regular file"));
}
END_TEST

START_TEST(a_directory_that_others_write_is_refused)
{
	ck_assert_int_eq(chmod(in_directory(""), 0777), 0);
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_STORE)->text, "writable by others"));
	ck_assert_int_eq(chmod(in_directory(""), 01777), 0);
	open_fails(MCPS_E_STORE);
	ck_assert(!file_exists(in_directory("test.db.lock")));
	ck_assert_int_eq(chmod(in_directory(""), 0755), 0);
	open_store();
	close_store();
}
END_TEST

START_TEST(a_missing_directory_is_refused)
{
	struct mcps_error error;

	gives(mcps_store_open(&store, url_in_directory("none/test.db"), NULL,
	                      &error),
	      MCPS_E_STORE);
	ck_assert_ptr_nonnull(strstr(error.text, "No such file or directory"));
}
END_TEST

/* ---- the lock --------------------------------------------------------- */

START_TEST(a_second_opener_is_locked_out)
{
	mcps_store *second;
	struct mcps_error error;

	open_store();
	gives(mcps_store_open(&second, url_in_directory("test.db"), NULL,
	                      &error),
	      MCPS_E_LOCKED);
	ck_assert_ptr_null(second);
	ck_assert_ptr_nonnull(strstr(error.text, "in use by another process"));
	ck_assert_ptr_nonnull(strstr(error.text, "test.db"));
	close_store();
	open_store();
	close_store();
}
END_TEST

/* The status of opening in a process of its own. */
static int open_elsewhere(void)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		mcps_store *second;
		mcps_status opened = mcps_store_open(
			&second, url_in_directory("test.db"), NULL, NULL);

		mcps_store_close(second);
		_exit(-opened);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

START_TEST(another_process_is_locked_out)
{
	open_store();
	ck_assert_int_eq(open_elsewhere(), MCPS_E_LOCKED);
	ok(store->ops->reopen(store));
	ck_assert_int_eq(open_elsewhere(), MCPS_E_LOCKED);
	close_store();
	ck_assert_int_eq(open_elsewhere(), MCPS_OK);
}
END_TEST

START_TEST(somebody_with_the_shell_is_noticed)
{
	sqlite3 *db;

	open_store();
	close_store();
	ck_assert_int_eq(sqlite3_open(in_directory("test.db"), &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL),
	                 SQLITE_OK);
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_LOCKED)->text, "locked"));
	sqlite3_close(db);
	open_store();
	ck_assert_int_eq(sqlite3_open(in_directory("test.db"), &db), SQLITE_OK);
	ck_assert_int_eq(
		sqlite3_exec(db, "SELECT * FROM session", NULL, NULL, NULL),
		SQLITE_BUSY);
	sqlite3_close(db);
	close_store();
}
END_TEST

/* A process that holds the store until the pipe it gives back is closed. */
static pid_t hold_elsewhere(int *let_go)
{
	int ready[2];
	int hold[2];
	char byte = 0;
	pid_t child;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(hold), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		close(hold[1]);
		open_store();
		if (write(ready[1], &byte, 1) != 1 ||
		    read(hold[0], &byte, 1) != 0)
			_exit(1);
		close_store();
		_exit(0);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	close(hold[0]);
	*let_go = hold[1];
	return child;
}

START_TEST(an_opener_waits_for_the_lock_as_long_as_it_is_told)
{
	struct mcps_store_options patient = logging_options;
	int let_go;
	pid_t child = hold_elsewhere(&let_go);

	patient.lock_wait_ms = 30;
	gives(mcps_store_open(&store, url_in_directory("test.db"), &patient,
	                      NULL),
	      MCPS_E_LOCKED);
	ck_assert(log_has("in use by another process (pid "));
	ck_assert_uint_eq(log_count(MCPS_LOG_INFO), 1);
	close(let_go);
	patient.lock_wait_ms = 60000;
	ok(mcps_store_open(&store, url_in_directory("test.db"), &patient,
	                   NULL));
	close_store();
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
}
END_TEST

void sqlite_file_case(void)
{
	test_case("files");
	test_fixture(directory_make, directory_remove);
	test_add(a_restart_keeps_every_row);
	test_add(refs_are_not_used_again_after_a_restart);
	test_add(the_uuid_survives_a_restart);
	test_add(names_that_sqlite_reads_as_more_are_only_names);
	test_add(a_relative_name_survives_a_change_of_directory);
	test_add(files_are_for_their_owner_only);
	test_add(a_loose_mode_is_tightened);
	test_add(there_is_no_shm_file);
	test_add(closing_leaves_one_whole_file);
	test_add(a_symbolic_link_is_refused);
	test_add(a_link_in_place_of_the_lock_or_the_log_is_refused);
	test_add(what_is_no_file_is_refused);
	test_add(a_directory_that_others_write_is_refused);
	test_add(a_missing_directory_is_refused);
	test_add(a_second_opener_is_locked_out);
	test_add(another_process_is_locked_out);
	test_add(somebody_with_the_shell_is_noticed);
	test_add(an_opener_waits_for_the_lock_as_long_as_it_is_told);
}
