/* When a store is checked from end to end as it is opened, and when its seal
 * spares that. The damage here lies where nothing looks but the check: whether
 * the store opens tells whether it was checked. */
#include "sqlite_cases.h"
#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, MANY = 200 };

static void fill(void)
{
	for (unsigned n = 0; n < MANY; n++)
		insert(n, intern(1), 1000);
}

static void make_store(void)
{
	open_store();
	fill();
	close_store();
}

static struct stat look(const char *name)
{
	struct stat about;

	ck_assert_int_eq(stat(in_directory(name), &about), 0);
	return about;
}

/* Break a page in a way that no time shows. */
static void damage_page(off_t page)
{
	struct stat before = look("test.db");
	const struct timespec times[2] = { before.st_atim, before.st_mtim };
	uint8_t noise[PAGE];
	int fd = open(in_directory("test.db"), O_WRONLY);

	memset(noise, 0xff, sizeof noise);
	ck_assert_int_eq(pwrite(fd, noise, PAGE, page * PAGE), PAGE);
	ck_assert_int_eq(futimens(fd, times), 0);
	close(fd);
}

/* One that the last session has nothing to do with, so that no log puts it
 * right. */
static void damage_secretly(void)
{
	damage_page(look("test.db").st_size / PAGE * 3 / 4);
}

/* One that holds sessions. */
static void damage_sessions(void)
{
	damage_page(look("test.db").st_size / PAGE - 1);
}

/* A process that has the store open when it is killed. Its log holds one more
 * session. */
static void make_killed(void)
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		open_store();
		fill();
		ok(store->ops->reopen(store)); /* empties the log */
		insert(MANY, intern(1), 1000);
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFSIGNALED(status));
	ck_assert_int_gt(look("test.db-wal").st_size, 0);
}

/* Replace a file by a copy of itself that has all of its times. */
static void copy_in_place(const char *name)
{
	struct stat before = look(name);
	const struct timespec times[2] = { before.st_atim, before.st_mtim };
	size_t length;
	uint8_t *bytes = read_file(in_directory(name), &length);

	write_file(in_directory("copy"), bytes, length);
	ck_assert_int_eq(rename(in_directory("copy"), in_directory(name)), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, in_directory(name), times, 0), 0);
	free(bytes);
}

START_TEST(a_sealed_store_is_not_checked_again)
{
	make_store();
	damage_secretly();
	open_store();
	close_store();
}
END_TEST

START_TEST(a_store_that_was_killed_is_not_checked_again)
{
	make_killed();
	damage_secretly();
	open_store();
	ck_assert(is_live(MANY));
	close_store();
}
END_TEST

START_TEST(a_store_without_its_seal_is_checked)
{
	make_store();
	damage_secretly();
	ck_assert_int_eq(unlink(in_directory("test.db.seal")), 0);
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

/* The first letter of the seal's line is of the boot. */
START_TEST(a_store_is_checked_after_a_boot)
{
	size_t length;
	uint8_t *seal;

	make_store();
	damage_secretly();
	seal = read_file(in_directory("test.db.seal"), &length);
	seal[0] = seal[0] == '0' ? '1' : '0';
	write_file(in_directory("test.db.seal"), seal, length);
	free(seal);
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

START_TEST(a_store_whose_seal_is_cut_is_checked)
{
	size_t length;
	uint8_t *seal;
	const uint8_t *line;

	make_store();
	damage_secretly();
	seal = read_file(in_directory("test.db.seal"), &length);
	line = memchr(seal, '\n', length);
	ck_assert_ptr_nonnull(line);
	for (size_t kept = 0; seal + kept <= line; kept++) {
		write_file(in_directory("test.db.seal"), seal, kept);
		open_fails(MCPS_E_CORRUPT);
	}
	free(seal);
}
END_TEST

START_TEST(a_store_that_somebody_wrote_to_is_checked)
{
	const struct timespec now[2] = { { 0, UTIME_OMIT }, { 0, UTIME_NOW } };

	make_store();
	damage_secretly();
	ck_assert_int_eq(utimensat(AT_FDCWD, in_directory("test.db"), now, 0),
	                 0);
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

START_TEST(a_store_that_was_restored_is_checked)
{
	make_store();
	damage_secretly();
	copy_in_place("test.db");
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

START_TEST(a_store_beside_another_log_is_checked)
{
	make_killed();
	damage_secretly();
	copy_in_place("test.db-wal");
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

/* A rollback journal is none of ours, and would be rolled back. */
START_TEST(a_store_beside_a_journal_is_checked)
{
	make_store();
	damage_secretly();
	write_file(in_directory("test.db-journal"), "", 0);
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

/* The check found it whole, so the seal is set again. */
START_TEST(a_check_seals)
{
	make_store();
	ck_assert_int_eq(unlink(in_directory("test.db.seal")), 0);
	open_store();
	ck_assert(file_exists(in_directory("test.db.seal")));
	close_store();
	damage_secretly();
	open_store();
	close_store();
}
END_TEST

static void read_all(void)
{
	static struct seen seen;

	for (unsigned n = 0; n < MANY; n++) {
		seen.calls = 0;
		(void)store->ops->session_load(store, key(n), see_session,
		                               &seen);
	}
}

START_TEST(damage_that_shows_breaks_the_seal)
{
	make_store();
	damage_sessions();
	open_store();
	read_all();
	ck_assert(!file_exists(in_directory("test.db.seal")));
	close_store();
	ck_assert(!file_exists(in_directory("test.db.seal")));
	open_fails(MCPS_E_CORRUPT);
}
END_TEST

START_TEST(a_damaged_row_breaks_the_seal)
{
	make_store();
	run_sql("UPDATE session SET flags = flags + 1");
	open_store();
	ck_assert(file_exists(in_directory("test.db.seal")));
	read_all();
	close_store();
	ck_assert(!file_exists(in_directory("test.db.seal")));
}
END_TEST

static void add(unsigned n, int64_t owner)
{
	struct mcps_session_row row = make_row(n, owner, 1000);
	int64_t ref;

	ok(store->ops->session_insert(store, &row, &ref));
}

/* A checkpoint writes to the file: the seal is set anew behind it. */
START_TEST(a_seal_follows_the_checkpoints)
{
	pid_t child = fork();
	int64_t owner;
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		open_store();
		owner = intern(1);
		for (unsigned round = 0; round < 60; round++) {
			begin();
			for (unsigned n = 0; n < 100; n++)
				add(round * 100 + n, owner);
			commit();
			store->ops->idle(store);
		}
		kill(getpid(), SIGKILL);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_gt(look("test.db").st_size, 100 * PAGE);
	damage_secretly();
	open_store();
	close_store();
}
END_TEST

void sqlite_seal_case(void)
{
	test_case("seal");
	test_fixture(directory_make, directory_remove);
	test_add(a_sealed_store_is_not_checked_again);
	test_add(a_store_that_was_killed_is_not_checked_again);
	test_add(a_store_without_its_seal_is_checked);
	test_add(a_store_is_checked_after_a_boot);
	test_add(a_store_whose_seal_is_cut_is_checked);
	test_add(a_store_that_somebody_wrote_to_is_checked);
	test_add(a_store_that_was_restored_is_checked);
	test_add(a_store_beside_another_log_is_checked);
	test_add(a_store_beside_a_journal_is_checked);
	test_add(a_check_seals);
	test_add(damage_that_shows_breaks_the_seal);
	test_add(a_damaged_row_breaks_the_seal);
	test_add(a_seal_follows_the_checkpoints);
}
