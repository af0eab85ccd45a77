/* A store path that names something else: it is refused, and neither its bytes
 * nor its mode, its time or the files beside it change. An option to set
 * damaged stores aside makes no difference, and neither does a look. */
#define _DEFAULT_SOURCE /* mkfifo, mknod, symlink */
#include "sqlite_cases.h"
#include "store/snapshot.h"
#include "suite.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static struct mcps_error error;

/* ---- what may be there ------------------------------------------------ */

static void put(const char *name, const char *text)
{
	write_file(in_directory(name), text, strlen(text));
	ck_assert_int_eq(chmod(in_directory(name), 0664), 0);
}

static void put_notes(void)
{
	put("test.db", "Dear diary, today I mistyped an option.\n");
}

static void put_long_notes(void)
{
	char text[3 * PAGE];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	put("test.db", text);
}

static void put_notes_for_reading(void)
{
	put_notes();
	ck_assert_int_eq(chmod(in_directory("test.db"), 0444), 0);
}

static void put_half_a_header(void)
{
	put("test.db", "SQLite format 3");
}

static void put_nothing(void)
{
	put("test.db", "");
}

/* The lock of a store has a process id in it, too, but says whose it is. */
static void put_notes_beside_a_lock(void)
{
	put_notes();
	put("test.db.lock", "4711\n");
}

static void put_nothing_beside_a_lock(void)
{
	put("test.db", "");
	put("test.db.lock", "");
}

static void put_database(void)
{
	run_sql("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)");
	ck_assert_int_eq(chmod(in_directory("test.db"), 0664), 0);
}

static void put_database_without_tables(void)
{
	run_sql("PRAGMA journal_mode = WAL; VACUUM");
}

static void put_database_with_an_id(void)
{
	put_database();
	run_sql("PRAGMA application_id = 12345");
}

static void put_database_with_a_version(void)
{
	put_database();
	run_sql("PRAGMA user_version = 3");
}

/* Run SQL in a process that dies with its transaction or log as it is. */
static void run_and_die(const char *sql, bool flushes)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		sqlite3 *db;

		if (sqlite3_open(in_directory("test.db"), &db) != SQLITE_OK ||
		    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
		    (flushes && sqlite3_db_cacheflush(db) != SQLITE_OK))
			_exit(1);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* Opening it with SQLite rolls it back to 1. */
static void put_database_with_a_hot_journal(void)
{
	put_database();
	run_and_die("BEGIN; UPDATE theirs SET a = 2", true);
	ck_assert(file_exists(in_directory("test.db-journal")));
}

static void put_database_with_a_log(void)
{
	run_sql("PRAGMA journal_mode = WAL; CREATE TABLE theirs (a)");
	run_and_die("INSERT INTO theirs VALUES (1)", false);
	ck_assert(file_exists(in_directory("test.db-wal")));
}

static void put_database_whose_log_alone_has_its_tables(void)
{
	run_sql("PRAGMA journal_mode = WAL; VACUUM");
	run_and_die("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)",
	            false);
}

static void put_newer_store(void)
{
	open_store();
	insert(1, intern(1), 1000);
	close_store();
	run_sql("PRAGMA user_version = 999");
	ck_assert_int_eq(chmod(in_directory("test.db"), 0640), 0);
}

static void put_directory(void)
{
	ck_assert_int_eq(mkdir(in_directory("test.db"), 0755), 0);
}

static void put_pipe(void)
{
	ck_assert_int_eq(mkfifo(in_directory("test.db"), 0644), 0);
}

static void put_socket(void)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%s",
	         in_directory("test.db"));
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
	close(fd);
}

static void put_link(void)
{
	put("notes.txt", "Dear diary.\n");
	ck_assert_int_eq(symlink("notes.txt", in_directory("test.db")), 0);
}

/* "--store sqlite:yarn" beside somebody's yarn.lock: nothing is at the path
 * itself. */
static void put_another_lock(void)
{
	put("test.db.lock", "# yarn lockfile v1\n");
}

static void put_another_empty_lock(void)
{
	put("test.db.lock", "");
}

static void put_lonely_log(void)
{
	put("test.db-wal", "whose log is this?");
}

static void put_lonely_journal(void)
{
	put("test.db-journal", "whose journal is this?");
}

static void put_lonely_ballast(void)
{
	put("test.db.ballast", "a ship");
}

static void put_lonely_seal(void)
{
	put("test.db.seal", "an animal");
}

static const struct {
	void (*put)(void);
	mcps_status status;
	const char *words;
} foreign[] = {
	{ put_notes, MCPS_E_CORRUPT, "is not an mcps store" },
	{ put_long_notes, MCPS_E_CORRUPT, "is not an mcps store" },
	{ put_notes_for_reading, MCPS_E_CORRUPT, "is not an mcps store" },
	{ put_half_a_header, MCPS_E_CORRUPT, "is not an mcps store" },
	{ put_nothing, MCPS_E_CORRUPT, "is empty" },
	{ put_notes_beside_a_lock, MCPS_E_CORRUPT, "is not an mcps store" },
	{ put_nothing_beside_a_lock, MCPS_E_CORRUPT, "is empty" },
	{ put_database, MCPS_E_CORRUPT, "another program" },
	{ put_database_without_tables, MCPS_E_CORRUPT, "another program" },
	{ put_database_with_an_id, MCPS_E_CORRUPT, "0x00003039" },
	{ put_database_with_a_version, MCPS_E_CORRUPT, "another program" },
	{ put_database_with_a_hot_journal, MCPS_E_CORRUPT, "another program" },
	{ put_database_with_a_log, MCPS_E_CORRUPT, "another program" },
	{ put_database_whose_log_alone_has_its_tables, MCPS_E_CORRUPT,
	  "another program" },
	{ put_newer_store, MCPS_E_CORRUPT, "newer version" },
	{ put_directory, MCPS_E_STORE, "not a regular file" },
	{ put_pipe, MCPS_E_STORE, "not a regular file" },
	{ put_socket, MCPS_E_STORE, "not a regular file" },
	{ put_link, MCPS_E_STORE, "symbolic link" },
	{ put_another_lock, MCPS_E_CORRUPT, "test.db.lock" },
	{ put_another_empty_lock, MCPS_E_CORRUPT, "test.db.lock" },
	{ put_lonely_log, MCPS_E_CORRUPT, "test.db-wal" },
	{ put_lonely_journal, MCPS_E_CORRUPT, "test.db-journal" },
	{ put_lonely_ballast, MCPS_E_CORRUPT, "test.db.ballast" },
	{ put_lonely_seal, MCPS_E_CORRUPT, "test.db.seal" },
};

/* ---- what is done with it --------------------------------------------- */

static mcps_status open_with(enum mcps_on_corrupt on_corrupt)
{
	struct mcps_store_options options = logging_options;

	options.on_corrupt = on_corrupt;
	options.ballast = PAGE;
	options.lock_wait_ms = 1;
	return mcps_store_open(&store, url_in_directory("test.db"), &options,
	                       &error);
}

static void check_refused(mcps_status status, int row)
{
	ck_assert_msg(status == foreign[row].status, "%s gives %d: %s",
	              foreign[row].words, status, error.text);
	ck_assert_msg(strstr(error.text, foreign[row].words) != NULL, "%s",
	              error.text);
	ck_assert_msg(status != MCPS_E_CORRUPT ||
	                      strstr(error.text, "nothing was changed") != NULL,
	              "%s", error.text);
	ck_assert_ptr_null(strstr(error.text, "quarantine"));
}

START_TEST(file_of_another_program_stays_as_it_is)
{
	char *before, *after;

	foreign[_i].put();
	before = snapshot_take(in_directory(""));
	check_refused(look_at_store(&error), _i);
	check_refused(open_with(MCPS_ON_CORRUPT_REFUSE), _i);
	check_refused(open_with(MCPS_ON_CORRUPT_QUARANTINE), _i);
	after = snapshot_take(in_directory(""));
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

/* Opening one may do something: a watchdog begins to run, a tape is wound. */
START_TEST(a_device_is_not_opened)
{
	char *before, *after;

	if (mknod(in_directory("test.db"), S_IFCHR | 0644, makedev(1, 3)) !=
	    0) {
		/* In a container root may not be allowed to. */
		ck_assert_int_eq(errno, EPERM);
		puts("devices not tested: this root cannot make one");
		return;
	}
	before = snapshot_take(in_directory(""));
	gives(look_at_store(&error), MCPS_E_STORE);
	gives(open_with(MCPS_ON_CORRUPT_QUARANTINE), MCPS_E_STORE);
	ck_assert_ptr_nonnull(strstr(error.text, "not a regular file"));
	after = snapshot_take(in_directory(""));
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(the_journal_of_another_program_is_not_rolled_back)
{
	put_database_with_a_hot_journal();
	gives(open_with(MCPS_ON_CORRUPT_QUARANTINE), MCPS_E_CORRUPT);
	ck_assert(file_exists(in_directory("test.db-journal")));
	ck_assert_int_eq(ask_sql("SELECT a FROM theirs"), 1);
}
END_TEST

START_TEST(a_file_that_took_the_place_of_an_open_store_stays_as_it_is)
{
	char *before, *after;

	open_store();
	insert(1, intern(1), 1000);
	ck_assert_int_eq(rename(in_directory("test.db"), in_directory("moved")),
	                 0);
	ck_assert_int_eq(
		rename(in_directory("test.db-wal"), in_directory("moved-wal")),
		0);
	if (_i == 0)
		put_notes();
	else
		put_database_with_a_hot_journal();
	(void)unlink(in_directory("test.db.seal")); /* failures break it */
	before = snapshot_take(in_directory(""));
	gives(store->ops->reopen(store), MCPS_E_CORRUPT);
	close_store();
	after = snapshot_take(in_directory(""));
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(a_database_in_place_of_our_store_is_not_ours_whatever_the_lock_says)
{
	char *before, *after;

	open_store();
	close_store();
	ck_assert_int_eq(unlink(in_directory("test.db")), 0);
	put_database_with_a_hot_journal();
	before = snapshot_take(in_directory(""));
	gives(open_with(MCPS_ON_CORRUPT_QUARANTINE), MCPS_E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "another program"));
	after = snapshot_take(in_directory(""));
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

void sqlite_foreign_case(void)
{
	test_case("foreign files");
	test_fixture(directory_make, directory_remove);
	test_add_loop(file_of_another_program_stays_as_it_is, COUNT(foreign));
	if (geteuid() == 0) /* only root can make a device */
		test_add(a_device_is_not_opened);
	test_add(the_journal_of_another_program_is_not_rolled_back);
	test_add_loop(
		a_file_that_took_the_place_of_an_open_store_stays_as_it_is, 2);
	test_add(
		a_database_in_place_of_our_store_is_not_ours_whatever_the_lock_says);
}
