/* The disk is full: what needs it is told to come back, what is in memory goes
 * on, sessions can still be ended, and when there is room again everything
 * works without a restart.
 *
 * The disk is a tmpfs of its own where that may be mounted; elsewhere the file
 * system of SQLite says that it is full. */
#define _GNU_SOURCE
#include "exchange/case_harness.h"
#include "exchange/tools.h"
#include "fault/files.h"
#include "fault/vfs_shim.h"
#include "store/directory.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DISK = 4 * 1024 * 1024, BALLAST = 512 * 1024 };

#define FULL                                                        \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32603," \
	"\"message\":\"Session store failed, try again\"}}"

static bool is_mounted;
static char logged[16384];

static void log_keep(void *arg, enum mcps_log_level level, const char *module,
                     const char *text)
{
	size_t length = strlen(logged);

	(void)arg;
	(void)level;
	(void)module;
	snprintf(logged + length, sizeof logged - length, "%s\n", text);
}

static const struct mcps_store_options store_options = {
	.size = sizeof store_options,
	.log = log_keep,
	.ballast = BALLAST,
};

/* In a name space of our own it goes with the process. */
static bool mount_small_disk(void)
{
	char options[32];

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	snprintf(options, sizeof options, "size=%d,mode=0700", DISK);
	return mount("tmpfs", in_directory(""), "tmpfs", 0, options) == 0;
}

static void set_up(void)
{
	directory_make();
	is_mounted = mount_small_disk();
	if (!is_mounted)
		vfs_shim_install();
	harness_prepare(&harness, &(const struct harness_options){
					  .tools = test_tools,
					  .store = url_in_directory("test.db"),
					  .store_options = &store_options,
				  });
	ck_assert_int_eq(harness_start(&harness, NULL), MCPS_OK);
}

static void tear_down(void)
{
	harness_finish(&harness);
	if (is_mounted)
		umount(in_directory(""));
	else
		vfs_shim_remove();
	directory_remove();
}

/* Down to the last byte. */
static void fill_disk(void)
{
	static const char bytes[4096];
	int fd;

	if (!is_mounted) {
		vfs_shim_fail(VFS_WRITE, 1, SQLITE_FULL, true);
		return;
	}
	fd = open(in_directory("filler"), O_WRONLY | O_CREAT | O_APPEND, 0600);
	ck_assert_int_ge(fd, 0);
	while (write(fd, bytes, sizeof bytes) > 0)
		;
	ck_assert_int_eq(errno, ENOSPC);
	close(fd);
}

static void make_room(void)
{
	if (is_mounted)
		ck_assert_int_eq(remove(in_directory("filler")), 0);
	else
		(void)vfs_shim_heal();
}

static struct answer delete (const char *id)
{
	return case_delete(id);
}

/* Begin sessions until one does not fit. */
static void begin_until_full(void)
{
	struct answer answer;

	do
		answer = case_post(NULL, INITIALIZE(1, "2025-06-18"));
	while (answer.status == 200);
	answer_check_json(&answer, 503, FULL);
	ck_assert_uint_ne(answer.retry_after_s, 0);
	ck_assert_str_eq(answer.session_id, "");
}

static bool has_ballast(void)
{
	return file_is_there("test.db.ballast");
}

START_TEST(the_ballast_is_there_while_there_is_room)
{
	struct stat about;

	ck_assert_int_eq(stat(in_directory("test.db.ballast"), &about), 0);
	ck_assert_int_eq(about.st_size, BALLAST);
	ck_assert_uint_eq(about.st_mode & 0777, 0600);
	ck_assert_int_ge(about.st_blocks * 512, BALLAST);
}
END_TEST

START_TEST(a_full_disk_begins_no_session_and_serves_those_in_memory)
{
	const char *id = case_begin();
	struct answer answer;

	fill_disk();
	begin_until_full();
	ck_assert(!has_ballast());
	ck_assert_int_eq(case_ping(id), 200);
	harness_pass(&harness, 120000); /* a touch is due, and fails */
	ck_assert_int_eq(case_ping(id), 200);
	begin_until_full();
	ck_assert_int_eq(case_post("new", PING(1)).status, 503);
	answer = case_post(id, CALL(1, "count", "{}"));
	/* The shim fails every write: how the transaction ended is unknown. */
	answer_check_outcome(&answer, is_mounted ? OUTCOME_OF(1, "dropped")
	                                         : OUTCOME_OF(1, "unknown"));
	ck_assert_int_eq(case_ping(id), 200);
	make_room();
}
END_TEST

/* Emptying the log of 40 new sessions makes room for 20 tombstones.
 */
START_TEST(a_session_can_be_ended_on_a_full_disk)
{
	const char *ids[20];

	if (!is_mounted)
		return; /* it fails whatever is given up */
	for (int i = 0; i < 20; i++) {
		ids[i] = case_begin();
		(void)case_begin();
	}
	fill_disk();
	begin_until_full();
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(delete (ids[i]).status, 204);
		ck_assert_int_eq(case_ping(ids[i]), 404);
	}
	begin_until_full();
	harness_restart(&harness, KEEP_ALL);
	for (int i = 0; i < 20; i++)
		ck_assert_int_eq(case_ping(ids[i]), 404);
	make_room();
}
END_TEST

START_TEST(what_was_begun_before_is_served_after_a_restart_on_a_full_disk)
{
	const char *id = case_begin();

	fill_disk();
	begin_until_full();
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(case_ping(id), 200);
	begin_until_full();
	make_room();
}
END_TEST

START_TEST(room_is_noticed_without_a_restart)
{
	const char *id = case_begin();

	fill_disk();
	begin_until_full();
	make_room();
	if (case_post(id, CALL(1, "count", "{}")).status == 503)
		ck_assert_int_eq(case_post(id, CALL(1, "count", "{}")).status,
		                 200);
	(void)case_begin();
	ck_assert(has_ballast());
	ck_assert(mcps__writer_healthy(harness.writer));
	ck_assert_ptr_nonnull(strstr(logged, "no space left"));
	ck_assert_ptr_nonnull(strstr(logged, "there is room again"));
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(case_ping(id), 200);
}
END_TEST

START_TEST(it_is_said_once)
{
	const char *first;

	if (!is_mounted)
		return; /* there seems to be room, again and again */
	fill_disk();
	for (int i = 0; i < 20; i++)
		begin_until_full();
	first = strstr(logged, "no space left");
	ck_assert_ptr_nonnull(first);
	ck_assert_ptr_null(strstr(first + 1, "no space left"));
	make_room();
}
END_TEST

START_TEST(a_large_log_does_not_keep_sessions_from_being_ended)
{
	const char *id = case_begin();

	if (!is_mounted)
		return;
	begin_until_full(); /* the disk is full of the store alone */
	ck_assert_int_eq(delete (id).status, 204);
	ck_assert_int_eq(case_ping(id), 404);
	harness_restart(&harness, KEEP_ALL);
	ck_assert_int_eq(case_ping(id), 404);
}
END_TEST

TEST_MAIN("full disk")
{
	test_timeout(600);
	test_fixture(set_up, tear_down);
	test_add(the_ballast_is_there_while_there_is_room);
	test_add(a_full_disk_begins_no_session_and_serves_those_in_memory);
	test_add(a_session_can_be_ended_on_a_full_disk);
	test_add(
		what_was_begun_before_is_served_after_a_restart_on_a_full_disk);
	test_add(room_is_noticed_without_a_restart);
	test_add(it_is_said_once);
	test_add(a_large_log_does_not_keep_sessions_from_being_ended);
}
