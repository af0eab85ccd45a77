#define _GNU_SOURCE /* open_memstream, scandir, nanoseconds */
/* Damage of indexes alone is mended when the store is opened, with every
 * version of SQLite; a look before says so, and changes nothing. */
#include "sqlite_cases.h"
#include "suite.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SESSIONS = 40, ENDED = 4, STREAM = 77, PAGE = 4096 };

static const char *const indexes[] = {
	"principal_digest",  "session_ref",     "session_owner",
	"session_seen",      "session_created", "session_until",
	"session_tombstone", "state_key",       "state_expires",
	"stream_id",         "stream_session",  "stream_seen",
	"stream_no_call",    "event_seq",
};

/* Something in each table, and in each index. */
static void make_store(void)
{
	int64_t owner, session = 0;

	open_store();
	owner = intern(1);
	for (unsigned n = 0; n < SESSIONS; n++)
		session = insert(n, owner, 1000 + n);
	for (unsigned n = 0; n < ENDED; n++)
		end(n, 9000);
	put_state(SESSION, session, "k", "value", 0);
	put_state(PRINCIPAL, owner, "k", "other", 8000);
	ok(open_stream(STREAM, session, 2000));
	listen_to(STREAM + 1, session, 0);
	event(STREAM, "a", 2000);
	event(STREAM, "b", 2000);
	close_store();
}

static void check_rows(void)
{
	int64_t owner = look_up(1)->principal.ref;

	for (unsigned n = 0; n < SESSIONS; n++)
		ck_assert(n < ENDED ? is_ended(n) : is_live(n));
	ck_assert_int_eq(live_sessions(1), SESSIONS - ENDED);
	ck_assert_uint_eq(list(owner)->calls, SESSIONS - ENDED);
	ck_assert_mem_eq(get_state(PRINCIPAL, owner, "k")->bytes, "other", 5);
	ck_assert_str_eq(replay(STREAM, 0), "1:a 2:b ");
}

static int64_t count_sound(void)
{
	return ask_sql("SELECT count(*) FROM pragma_integrity_check "
	               "WHERE integrity_check = 'ok'");
}

/* ---- damage ---- */

static int64_t root_of(const char *name)
{
	char sql[100];

	snprintf(sql, sizeof sql,
	         "SELECT rootpage FROM sqlite_schema WHERE name = '%s'", name);
	return ask_sql(sql);
}

/* One bit of the root page of a table or an index: the count of its free bytes
 * that are too few to be listed. Nothing reads it but a check. */
static size_t place_of(const char *name)
{
	return (size_t)(root_of(name) - 1) * PAGE + 7;
}

/* In a process of its own: closing the file would drop our locks on it. */
static void damage_place(size_t at)
{
	pid_t child = fork();
	int fd;
	uint8_t byte;

	ck_assert_int_ge(child, 0);
	if (child != 0) {
		ck_assert_int_eq(waitpid(child, NULL, 0), child);
		return;
	}
	fd = open(in_directory("test.db"), O_RDWR);
	if (fd >= 0 && pread(fd, &byte, 1, (off_t)at) == 1) {
		byte ^= 1;
		if (pwrite(fd, &byte, 1, (off_t)at) != 1)
			_exit(1);
	}
	_exit(0);
}

/* All rows of its table are written again, but not into that index. */
static void empty_index(const char *name)
{
	char table[32], sql[200];

	snprintf(table, sizeof table, "%.*s", (int)strcspn(name, "_"), name);
	snprintf(sql, sizeof sql,
	         "CREATE TABLE kept AS SELECT * FROM %s; DELETE FROM %s", table,
	         table);
	run_sql(sql);
	snprintf(sql, sizeof sql,
	         "INSERT INTO %s SELECT * FROM kept; DROP TABLE kept", table);
	run_behind(name, sql);
}

/* ---- what is on the disk ---- */

static char *files_now(size_t *length)
{
	struct dirent **names;
	int count = scandir(in_directory(""), &names, NULL, alphasort);
	char *all = NULL;
	FILE *out = open_memstream(&all, length);

	ck_assert_int_gt(count, 2);
	for (int i = 0; i < count; i++) {
		const char *path = in_directory(names[i]->d_name);
		struct stat about;
		size_t size;
		uint8_t *bytes;

		ck_assert_int_eq(lstat(path, &about), 0);
		if (S_ISREG(about.st_mode)) {
			bytes = read_file(path, &size);
			fprintf(out, "%s %o %zu %jd.%09ld\n", names[i]->d_name,
			        about.st_mode, size,
			        (intmax_t)about.st_mtim.tv_sec,
			        about.st_mtim.tv_nsec);
			fwrite(bytes, 1, size, out);
			free(bytes);
		}
		free(names[i]);
	}
	free(names);
	fclose(out);
	return all;
}

static char *before;
static size_t before_length;

static void note_files(void)
{
	before = files_now(&before_length);
}

static void check_files_unchanged(void)
{
	size_t length;
	char *now = files_now(&length);

	ck_assert_uint_eq(length, before_length);
	ck_assert_mem_eq(now, before, length);
	free(now);
	free(before);
}

/* ---- a start ---------------------------------------------------------- */

static void check_rebuilt(void)
{
	ck_assert(log_has("indexes were damaged and are rebuilt"));
	ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 1);
	ck_assert_uint_eq(log_count(MCPS_LOG_ERROR), 0);
	ck_assert_uint_eq(store->ops->rebuilds(store), 1);
	check_rows();
	close_store();
	ck_assert_int_eq(count_sound(), 1);
	log_forget();
	open_store();
	ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 0);
	ck_assert_uint_eq(store->ops->rebuilds(store), 0);
	check_rows();
	close_store();
}

START_TEST(damaged_page_of_an_index_is_rebuilt_at_the_start)
{
	make_store();
	damage_place(place_of(indexes[_i]));
	log_forget();
	open_store();
	check_rebuilt();
}
END_TEST

START_TEST(index_that_lacks_entries_is_rebuilt_at_the_start)
{
	make_store();
	empty_index(indexes[_i]);
	log_forget();
	open_store();
	check_rebuilt();
}
END_TEST

START_TEST(damaged_index_is_rebuilt_when_the_store_is_opened_again)
{
	size_t place;

	make_store();
	place = place_of("session_seen");
	open_store();
	damage_place(place);
	log_forget();
	ok(store->ops->reopen(store));
	check_rebuilt();
}
END_TEST

START_TEST(store_with_a_damaged_index_is_not_set_aside)
{
	static const struct mcps_store_options options = {
		.size = sizeof options,
		.on_corrupt = MCPS_ON_CORRUPT_QUARANTINE,
	};
	struct mcps_error error = { .text = "" };

	make_store();
	damage_place(place_of("session_owner"));
	ok(mcps_store_open(&store, url_in_directory("test.db"), &options,
	                   &error));
	check_rows();
	close_store();
}
END_TEST

static const char *const tables[] = {
	"meta",   "counter", "principal", "session",    "state",
	"stream", "event",   "usage",     "tombstones", "ended",
};

START_TEST(damaged_table_is_refused_whatever_else_is_damaged)
{
	make_store();
	damage_place(place_of(tables[_i]));
	damage_place(place_of("session_seen"));
	log_forget();
	open_fails(MCPS_E_CORRUPT);
	ck_assert(!log_has("rebuilt"));
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

/* ---- a look before it ------------------------------------------------- */

static mcps_status look(char *finding, size_t size, struct mcps_error *error)
{
	return mcps_store_look(url_in_directory("test.db"), &logging_options,
	                       finding, size, error);
}

/* As a killed process does: its last transaction is in the log alone. */
static void leave_a_log(void)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		open_store();
		begin();
		ok(store->ops->principal_revoke(store, 1, 5));
		commit();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert(file_exists(in_directory("test.db-wal")));
}

/* With a log and without one. */
START_TEST(look_tells_of_a_damaged_index_and_changes_nothing)
{
	char finding[512];
	struct mcps_error error = { .text = "" };
	size_t place;

	make_store();
	place = place_of("session_seen");
	if (_i == 1)
		leave_a_log();
	damage_place(place);
	note_files();
	ck_assert_msg(look(finding, sizeof finding, &error) == MCPS_OK, "%s",
	              error.text);
	ck_assert_msg(strstr(finding, "will rebuild its indexes") != NULL, "%s",
	              finding);
	check_files_unchanged();
	open_store();
	check_rows();
	close_store();
}
END_TEST

START_TEST(look_tells_of_a_damaged_table_and_changes_nothing)
{
	char finding[512];
	struct mcps_error error = { .text = "" };
	size_t place;

	make_store();
	place = place_of("session");
	if (_i == 1)
		leave_a_log();
	damage_place(place);
	note_files();
	gives(look(finding, sizeof finding, &error), MCPS_E_CORRUPT);
	check_files_unchanged();
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

START_TEST(look_at_a_sound_store_changes_nothing)
{
	char finding[512];
	struct mcps_error error = { .text = "" };

	make_store();
	if (_i == 1)
		leave_a_log();
	unlink(in_directory("test.db.seal")); /* or nothing is checked */
	note_files();
	ck_assert_msg(look(finding, sizeof finding, &error) == MCPS_OK, "%s",
	              error.text);
	ck_assert_ptr_nonnull(strstr(finding, "is there"));
	ck_assert_ptr_null(strstr(finding, "rebuild"));
	check_files_unchanged();
}
END_TEST

void sqlite_index_case(void)
{
	test_case("indexes");
	test_fixture(directory_make, directory_remove);
	test_add_loop(damaged_page_of_an_index_is_rebuilt_at_the_start,
	              COUNT(indexes));
	test_add_loop(index_that_lacks_entries_is_rebuilt_at_the_start,
	              COUNT(indexes));
	test_add(damaged_index_is_rebuilt_when_the_store_is_opened_again);
	test_add(store_with_a_damaged_index_is_not_set_aside);
	test_add_loop(damaged_table_is_refused_whatever_else_is_damaged,
	              COUNT(tables));
	test_add_loop(look_tells_of_a_damaged_index_and_changes_nothing, 2);
	test_add_loop(look_tells_of_a_damaged_table_and_changes_nothing, 2);
	test_add_loop(look_at_a_sound_store_changes_nothing, 2);
}
