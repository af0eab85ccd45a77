/* Where a store lies: users that may write there, directories that cannot be
 * written, and files that are mounted alone. A look before the start decides as
 * the start does. */
#define _GNU_SOURCE /* unshare, setgroups */
#include "sqlite_cases.h"
#include "store/sqlite_mount.h"
#include "suite.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GROUP = 12345, USER = 10001 };

static const char *const all_files[] = { "test.db", "test.db-wal",
	                                 "test.db.lock", "test.db.seal" };
enum { FILE_COUNT = sizeof all_files / sizeof *all_files };

static void give(const char *name, uid_t owner, gid_t group, mode_t mode)
{
	ck_assert_int_eq(chown(in_directory(name), owner, group), 0);
	ck_assert_int_eq(chmod(in_directory(name), mode), 0);
}

/* A store with a log, as kill -9 leaves it. */
static void make_interrupted_store(void)
{
	int status;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		open_store();
		insert(1, intern(1), 1000);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert(file_exists(in_directory("test.db-wal")));
}

/* ---- groups ----------------------------------------------------------- */

/* As kubelet does it, for a volume with fsGroup: all belongs to the group,
 * and the group may write. */
static void widen(void)
{
	give("", 0, GROUP, 02775);
	for (size_t i = 0; i < FILE_COUNT; i++)
		if (file_exists(in_directory(all_files[i])))
			give(all_files[i], USER, GROUP, 0660);
}

/* As the container of a pod runs. */
static void become_user(void)
{
	const gid_t groups[] = { GROUP };

	ck_assert_int_eq(setgroups(1, groups), 0);
	ck_assert_int_eq(setegid(USER), 0);
	ck_assert_int_eq(seteuid(USER), 0);
}

static void become_root(void)
{
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
}

START_TEST(a_volume_of_our_group_is_used_with_one_warning)
{
	widen();
	become_user();
	for (int start = 0; start < 3; start++) {
		log_forget();
		open_store();
		ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 1);
		ck_assert(log_has("group 12345"));
		close_store();
		become_root();
		widen();
		become_user();
	}
	become_root();
}
END_TEST

/* kubelet widens them at the next mount again: it would be undone for ever. */
START_TEST(modes_that_let_our_group_in_stay_as_they_are)
{
	make_interrupted_store();
	widen();
	log_forget();
	become_user();
	open_store();
	ck_assert(is_live(1));
	for (size_t i = 0; i < FILE_COUNT; i++)
		ck_assert_msg(file_mode(all_files[i]) == 0660, "%s",
		              all_files[i]);
	ck_assert_uint_eq(log_count(MCPS_LOG_WARN), 1);
	close_store();
	ck_assert_uint_eq(file_mode("test.db"), 0660);
	become_root();
}
END_TEST

/* An interrupted start leaves a lock without a note, known by its mode. */
START_TEST(an_empty_lock_that_our_group_can_write_is_ours)
{
	write_file(in_directory("test.db.lock"), "", 0);
	write_file(in_directory("test.db"), "", 0);
	give("", 0, GROUP, 02775);
	give("test.db.lock", USER, GROUP, 0660);
	give("test.db", USER, GROUP, 0660);
	become_user();
	open_store();
	close_store();
	become_root();
}
END_TEST

static const struct {
	uid_t owner;
	gid_t group;
	mode_t mode;
} loose[] = {
	{ USER, GROUP, 0777 }, { USER, GROUP, 01777 }, { 0, GROUP, 0772 },
	{ USER, 54321, 0770 }, { 0, 0, 0775 },         { 54321, GROUP, 0770 },
};

/* Members of another group, and an owner that is neither root nor this user. */
START_TEST(a_directory_that_other_users_write_is_refused)
{
	struct mcps_error error = { .text = "" };

	give("", loose[_i].owner, loose[_i].group, loose[_i].mode);
	become_user();
	ck_assert_ptr_nonnull(
		strstr(open_fails(MCPS_E_STORE)->text, "writable by others"));
	gives(mcps_store_look(url_in_directory("test.db"), NULL, NULL, 0,
	                      &error),
	      MCPS_E_STORE);
	become_root();
	ck_assert(!file_exists(in_directory("test.db.lock")));
}
END_TEST

START_TEST(a_file_that_other_users_can_use_is_made_private)
{
	make_interrupted_store();
	give("", USER, USER, 0700);
	give("test.db", USER, 54321, 0660);
	give("test.db-wal", USER, GROUP, 0666);
	give("test.db.lock", USER, USER, 0604);
	log_forget();
	become_user();
	open_store();
	ck_assert_uint_eq(file_mode("test.db"), 0600);
	ck_assert_uint_eq(file_mode("test.db-wal"), 0600);
	ck_assert_uint_eq(file_mode("test.db.lock"), 0600);
	close_store();
	become_root();
}
END_TEST

START_TEST(a_file_of_another_user_is_refused_in_our_words)
{
	open_store();
	close_store();
	widen();
	give("test.db", 54321, GROUP, 0660);
	become_user();
	ck_assert_ptr_nonnull(strstr(open_fails(MCPS_E_PERMISSION)->text,
	                             "belongs to user 54321"));
	become_root();
}
END_TEST

/* ---- a start and a look agree ----------------------------------------- */

static void seal_directory(void)
{
	give("", 0, 0, 0755);
}

static void deny_file(void)
{
	give("test.db", 0, 0, 0600);
}

static void deny_log(void)
{
	give("test.db-wal", 0, 0, 0600);
}

static void deny_lock(void)
{
	give("test.db.lock", 0, 0, 0600);
}

static void read_only_file(void)
{
	give("test.db", USER, USER, 0400);
}

static void link_log(void)
{
	ck_assert_int_eq(unlink(in_directory("test.db-wal")), 0);
	ck_assert_int_eq(symlink("other", in_directory("test.db-wal")), 0);
}

static void link_lock(void)
{
	ck_assert_int_eq(unlink(in_directory("test.db.lock")), 0);
	ck_assert_int_eq(symlink("other", in_directory("test.db.lock")), 0);
}

static const struct {
	void (*spoil)(void);
	mcps_status status;
	const char *words;
} spoilt[] = {
	{ seal_directory, MCPS_E_PERMISSION, "cannot make files there" },
	{ deny_file, MCPS_E_PERMISSION, "test.db: cannot open it" },
	{ deny_log, MCPS_E_PERMISSION, "test.db-wal: cannot open it" },
	{ deny_lock, MCPS_E_PERMISSION, "test.db.lock: cannot open it" },
	{ read_only_file, MCPS_E_PERMISSION, "test.db: cannot open it" },
	{ link_log, MCPS_E_STORE, "symbolic link" },
	{ link_lock, MCPS_E_STORE, "symbolic link" },
};

START_TEST(a_start_and_a_look_give_the_same_reason)
{
	struct mcps_error error = { .text = "" };

	make_interrupted_store();
	give("", USER, USER, 0700);
	for (size_t i = 0; i < FILE_COUNT; i++)
		if (file_exists(in_directory(all_files[i])))
			give(all_files[i], USER, USER, 0600);
	spoilt[_i].spoil();
	become_user();
	gives(mcps_store_look(url_in_directory("test.db"), NULL, NULL, 0,
	                      &error),
	      spoilt[_i].status);
	ck_assert_str_eq(open_fails(spoilt[_i].status)->text, error.text);
	become_root();
	ck_assert_msg(strstr(error.text, spoilt[_i].words) != NULL, "%s",
	              error.text);
}
END_TEST

/* ---- mounts ----------------------------------------------------------- */

static const struct {
	struct sqlite_mount mount;
	bool is_alone;
} mounts[] = {
	{ { .is_known = true }, false },
	{ { .is_known = true, .is_mount_point = true }, true },
	{ { .is_known = true, .is_mount_point = true, .is_on_overlay = true },
	  true },
	{ { .is_known = true, .is_on_other_device = true }, true },
	{ { .is_known = true,
	    .is_on_other_device = true,
	    .is_on_overlay = true },
	  false },
	{ { .is_on_other_device = false }, false },
	{ { .is_on_other_device = true }, true },
	{ { .is_on_other_device = true, .is_on_overlay = true }, true },
};

START_TEST(a_mount_point_or_another_device_means_mounted_alone)
{
	ck_assert_int_eq(mcps__sqlite_is_mounted_alone(&mounts[_i].mount),
	                 mounts[_i].is_alone);
}
END_TEST

/* In a container root may not be allowed to. */
static bool can_mount(void)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0)
		_exit(unshare(CLONE_NEWNS) == 0 &&
		                      mount(NULL, "/", NULL,
		                            MS_REC | MS_PRIVATE, NULL) == 0
		              ? 0
		              : 1);
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		puts("mounts not tested: this root cannot mount");
	return child > 0 && status == 0;
}

/* Runs TEST where mounts are seen by this process alone. */
static void in_own_mounts(void (*test)(void))
{
	pid_t child = fork();
	int status;

	ck_assert_int_ge(child, 0);
	if (child == 0) {
		ck_assert_int_eq(unshare(CLONE_NEWNS), 0);
		ck_assert_int_eq(
			mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
		test();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

static void mount_file(const char *from, const char *to)
{
	ck_assert_int_eq(mount(in_directory(from), in_directory(to), NULL,
	                       MS_BIND, NULL),
	                 0);
}

static void check_refused(const char *name)
{
	struct mcps_error error = { .text = "" };

	ck_assert_ptr_nonnull(strstr(open_fails(MCPS_E_INVAL)->text, name));
	ck_assert_ptr_nonnull(strstr(open_fails(MCPS_E_INVAL)->text,
	                             "--allow-mounted-store-file"));
	gives(mcps_store_look(url_in_directory("test.db"), NULL, NULL, 0,
	                      &error),
	      MCPS_E_INVAL);
	ck_assert_str_eq(open_fails(MCPS_E_INVAL)->text, error.text);
}

/* The file and its directory are on one device: only the mount tells. */
static void use_a_mounted_file(void)
{
	struct mcps_store_options insisting = logging_options;

	mount_file("kept.db", "test.db");
	check_refused("test.db is mounted alone");
	insisting.allow_mounted_file = true;
	ok(mcps_store_look(url_in_directory("test.db"), &insisting, NULL, 0,
	                   NULL));
	log_forget();
	ok(mcps_store_open(&store, url_in_directory("test.db"), &insisting,
	                   NULL));
	ck_assert(log_has("is mounted alone"));
	ck_assert(is_live(1));
	close_store();
}

START_TEST(a_file_that_is_mounted_alone_is_refused_or_insisted_on)
{
	open_store();
	insert(1, intern(1), 1000);
	close_store();
	ck_assert_int_eq(
		rename(in_directory("test.db"), in_directory("kept.db")), 0);
	write_file(in_directory("test.db"), "", 0);
	in_own_mounts(use_a_mounted_file);
}
END_TEST

static void use_a_mounted_log(void)
{
	mount_file("test.db-wal", "test.db-wal");
	check_refused("test.db-wal is mounted alone");
}

START_TEST(a_log_that_is_mounted_alone_is_refused)
{
	make_interrupted_store();
	in_own_mounts(use_a_mounted_log);
}
END_TEST

static void use_a_mounted_directory(void)
{
	mount_file("", "");
	open_store();
	ck_assert(is_live(1));
	ck_assert(!log_has("mounted"));
	close_store();
}

START_TEST(a_directory_that_is_mounted_is_fine)
{
	open_store();
	insert(1, intern(1), 1000);
	close_store();
	log_forget();
	in_own_mounts(use_a_mounted_directory);
}
END_TEST

/* Only root can give files away and mount. */
static void add_tests_of_root(void)
{
	test_add(a_volume_of_our_group_is_used_with_one_warning);
	test_add(modes_that_let_our_group_in_stay_as_they_are);
	test_add(an_empty_lock_that_our_group_can_write_is_ours);
	test_add_loop(a_directory_that_other_users_write_is_refused,
	              COUNT(loose));
	test_add(a_file_that_other_users_can_use_is_made_private);
	test_add(a_file_of_another_user_is_refused_in_our_words);
	test_add_loop(a_start_and_a_look_give_the_same_reason, COUNT(spoilt));
	if (!can_mount())
		return;
	test_add(a_file_that_is_mounted_alone_is_refused_or_insisted_on);
	test_add(a_log_that_is_mounted_alone_is_refused);
	test_add(a_directory_that_is_mounted_is_fine);
}

void sqlite_place_case(void)
{
	test_case("place");
	test_fixture(directory_make, directory_remove);
	test_add_loop(a_mount_point_or_another_device_means_mounted_alone,
	              COUNT(mounts));
	if (geteuid() == 0)
		add_tests_of_root();
}
