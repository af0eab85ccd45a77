/* A store path that names a store of ours: also one that is damaged, or whose
 * making was interrupted. And the lock beside it, which says so, too. */
#define _DEFAULT_SOURCE
#include "sqlite_cases.h"
#include "store/snapshot.h"
#include "suite.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096 };

static struct mcps_error error;

static mcps_status open_with(enum mcps_on_corrupt on_corrupt)
{
	struct mcps_store_options options = logging_options;

	options.on_corrupt = on_corrupt;
	return mcps_store_open(&store, url_in_directory("test.db"), &options,
	                       &error);
}

/* ---- damage ----------------------------------------------------------- */

static void make_store(void)
{
	open_store();
	for (unsigned n = 0; n < 200; n++)
		insert(n, intern(1), 1000);
	close_store();
}

static void overwrite(size_t from, size_t length)
{
	size_t size;
	uint8_t *bytes = read_file(in_directory("test.db"), &size);

	ck_assert_uint_le(from + length, size);
	memset(bytes + from, 'x', length);
	write_file(in_directory("test.db"), bytes, size);
	free(bytes);
}

static void check_set_aside(void)
{
	ok(open_with(MCPS_ON_CORRUPT_QUARANTINE));
	ck_assert(log_has("set aside"));
	ck_assert(is_absent(1));
	close_store();
}

START_TEST(a_store_with_damaged_pages_is_still_ours)
{
	make_store();
	overwrite(PAGE, 3 * PAGE);
	gives(look_at_store(&error), MCPS_E_CORRUPT);
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_CORRUPT)->text, "quarantine"));
	check_set_aside();
}
END_TEST

/* The lock file that our own starts left beside it says whose it was. */
START_TEST(a_store_whose_first_page_is_gone_is_ours_by_its_lock)
{
	make_store();
	overwrite(0, PAGE);
	gives(look_at_store(&error), MCPS_E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "quarantine"));
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_CORRUPT)->text, "first page"));
	check_set_aside();
}
END_TEST

START_TEST(a_store_whose_first_page_and_lock_are_gone_is_not_known_as_ours)
{
	char *before, *after;

	make_store();
	overwrite(0, PAGE);
	ck_assert_int_eq(unlink(in_directory("test.db.lock")), 0);
	before = snapshot_take(in_directory(""));
	gives(open_with(MCPS_ON_CORRUPT_QUARANTINE), MCPS_E_CORRUPT);
	ck_assert_ptr_nonnull(strstr(error.text, "is not an mcps store"));
	after = snapshot_take(in_directory(""));
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}
END_TEST

START_TEST(a_store_that_was_cut_short_is_ours_by_its_lock)
{
	size_t size;
	uint8_t *bytes;

	make_store();
	bytes = read_file(in_directory("test.db"), &size);
	write_file(in_directory("test.db"), bytes, 60);
	free(bytes);
	open_fails(MCPS_E_CORRUPT);
	check_set_aside();
}
END_TEST

/* ---- a store whose making was interrupted ------------------------------ */

START_TEST(an_empty_file_beside_our_lock_is_a_new_store)
{
	open_store();
	close_store();
	write_file(in_directory("test.db"), "", 0);
	ok(look_at_store(&error));
	open_store();
	insert(1, intern(1), 1000);
	close_store();
	open_store();
	ck_assert(is_live(1));
	close_store();
}
END_TEST

/* Its first transaction says whose it is, before it has any table. */
START_TEST(a_store_without_tables_is_a_new_one)
{
	run_sql("PRAGMA application_id = 0x4d435053");
	ok(look_at_store(&error));
	open_store();
	insert(1, intern(1), 1000);
	close_store();
	ck_assert(!file_exists(in_directory("test.db-journal")));
}
END_TEST

/* The power failed while the first page was written: SQLite has made the file
 * longer, and its journal says that it was empty. */
START_TEST(a_store_whose_first_page_was_being_written_is_a_new_one)
{
	static const uint8_t start[] = {
		0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, /* magic */
		0,    0,    0,    0, /* no page was there before */
		1,    2,    3,    4, /* nonce */
		0,    0,    0,    0, /* pages of the file before */
		0,    0,    2,    0, /* sector size */
		0,    0,    0x10, 0, /* page size */
	};
	uint8_t journal[512] = { 0 };
	uint8_t torn[PAGE] = { 0 };

	open_store();
	close_store();
	memcpy(journal, start, sizeof start);
	memset(torn + 512, 'x', 512);
	write_file(in_directory("test.db"), torn, sizeof torn);
	write_file(in_directory("test.db-journal"), journal, sizeof journal);
	ok(look_at_store(&error));
	open_store();
	ck_assert_uint_eq(log_count(MCPS_LOG_ERROR), 0);
	insert(1, intern(1), 1000);
	close_store();
}
END_TEST

static uint32_t application_id_in_the_file(void)
{
	size_t size;
	uint8_t *bytes = read_file(in_directory("test.db"), &size);
	uint32_t id;

	ck_assert_uint_ge(size, 100);
	id = (uint32_t)bytes[68] << 24 | (uint32_t)bytes[69] << 16 |
	     (uint32_t)bytes[70] << 8 | bytes[71];
	free(bytes);
	return id;
}

/* A process that has made the store and is killed before anything was copied
 * from the log into the file. */
static void make_killed(void)
{
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		open_store();
		insert(1, intern(1), 1000);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	ck_assert(file_exists(in_directory("test.db-wal")));
}

START_TEST(the_file_alone_says_whose_it_is_from_the_beginning)
{
	make_killed();
	ck_assert_uint_eq(application_id_in_the_file(), 0x4d435053);
	ck_assert_int_eq(unlink(in_directory("test.db.lock")), 0);
	open_store();
	ck_assert(is_live(1));
	close_store();
}
END_TEST

/* Before that, the id of a new store was in its log alone. */
START_TEST(a_store_of_before_whose_log_alone_says_whose_it_is_is_ours)
{
	size_t size;
	uint8_t *bytes;

	make_killed();
	bytes = read_file(in_directory("test.db"), &size);
	memset(bytes + 68, 0, 4);
	write_file(in_directory("test.db"), bytes, size);
	free(bytes);
	write_file(in_directory("test.db.lock"), "4711\n", 5);
	ok(look_at_store(&error));
	open_store();
	ck_assert(is_live(1));
	close_store();
	ck_assert_uint_eq(application_id_in_the_file(), 0x4d435053);
}
END_TEST

/* Somebody deleted the database alone. */
START_TEST(a_log_of_ours_without_its_file_is_kept)
{
	make_killed();
	ck_assert_int_eq(unlink(in_directory("test.db")), 0);
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_CORRUPT)->text, "has a log"));
	ck_assert(file_exists(in_directory("test.db-wal")));
}
END_TEST

/* ---- the lock ---------------------------------------------------------- */

START_TEST(the_lock_says_which_process_holds_the_store_and_of_what_program)
{
	char wanted[32];
	size_t length;
	uint8_t *text;

	open_store();
	text = read_file(in_directory("test.db.lock"), &length);
	snprintf(wanted, sizeof wanted, "%10ld mcps store\n", (long)getpid());
	ck_assert_uint_eq(length, strlen(wanted));
	ck_assert_mem_eq(text, wanted, length);
	free(text);
	close_store();
}
END_TEST

START_TEST(a_lock_of_before_is_signed)
{
	size_t length;
	uint8_t *text;

	open_store();
	close_store();
	write_file(in_directory("test.db.lock"), "1234567890123\n", 14);
	open_store();
	close_store();
	text = read_file(in_directory("test.db.lock"), &length);
	ck_assert_uint_eq(length, 22);
	ck_assert_mem_eq(text + 10, " mcps store\n", 12);
	free(text);
}
END_TEST

void sqlite_ours_case(void)
{
	test_case("our files");
	test_fixture(directory_make, directory_remove);
	test_add(a_store_with_damaged_pages_is_still_ours);
	test_add(a_store_whose_first_page_is_gone_is_ours_by_its_lock);
	test_add(
		a_store_whose_first_page_and_lock_are_gone_is_not_known_as_ours);
	test_add(a_store_that_was_cut_short_is_ours_by_its_lock);
	test_add(an_empty_file_beside_our_lock_is_a_new_store);
	test_add(a_store_without_tables_is_a_new_one);
	test_add(a_store_whose_first_page_was_being_written_is_a_new_one);
	test_add(the_file_alone_says_whose_it_is_from_the_beginning);
	test_add(a_store_of_before_whose_log_alone_says_whose_it_is_is_ours);
	test_add(a_log_of_ours_without_its_file_is_kept);
	test_add(
		the_lock_says_which_process_holds_the_store_and_of_what_program);
	test_add(a_lock_of_before_is_signed);
}
