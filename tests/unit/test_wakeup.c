/* The wait of a network loop: what ends it, and which descriptors it reports.
 */
#define _GNU_SOURCE /* pipe2, prlimit */
#include "mhd/wakeup.h"
#include "suite.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FOR_EVER = -1, OFTEN = 100, FAIR = 16 };

static struct wakeup wakeup;
static int readable[2], silent[2];

static void set_up(void)
{
	ck_assert(mcps__wakeup_open(&wakeup));
	ck_assert_int_eq(pipe2(readable, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(silent, O_CLOEXEC), 0);
	ck_assert_int_eq(write(readable[1], "x", 1), 1);
}

static void tear_down(void)
{
	for (int i = 0; i < 2; i++) {
		close(readable[i]);
		close(silent[i]);
	}
	mcps__wakeup_close(&wakeup);
}

START_TEST(wait_tells_which_descriptors_are_readable)
{
	const int fds[WAKEUP_FDS] = { silent[0], readable[0], readable[0] };

	ck_assert_uint_eq(mcps__wakeup_wait(&wakeup, fds, FOR_EVER), 6);
}
END_TEST

START_TEST(missing_descriptors_are_never_readable)
{
	const int fds[WAKEUP_FDS] = { readable[0], -1, -1 };

	ck_assert_uint_eq(mcps__wakeup_wait(&wakeup, fds, FOR_EVER), 1);
}
END_TEST

START_TEST(signal_before_the_wait_ends_it)
{
	const int fds[WAKEUP_FDS] = { silent[0], -1, -1 };

	mcps__wakeup_signal(&wakeup);
	ck_assert_uint_eq(mcps__wakeup_wait(&wakeup, fds, FOR_EVER), 0);
}
END_TEST

static void *signal_later(void *arg)
{
	(void)arg;
	while (atomic_load(&wakeup.state) != WAKEUP_ASLEEP)
		continue;
	mcps__wakeup_signal(&wakeup);
	return NULL;
}

START_TEST(signal_during_the_wait_ends_it)
{
	const int fds[WAKEUP_FDS] = { silent[0], -1, -1 };
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, signal_later, NULL), 0);
	ck_assert_uint_eq(mcps__wakeup_wait(&wakeup, fds, FOR_EVER), 0);
	pthread_join(thread, NULL);
}
END_TEST

/* A loop that is always busy must still see clients that want to connect. */
START_TEST(waits_of_no_time_see_descriptors_now_and_then)
{
	const int fds[WAKEUP_FDS] = { silent[0], silent[0], readable[0] };
	int seen = 0;

	for (int i = 0; i < OFTEN * FAIR; i++)
		seen += mcps__wakeup_wait(&wakeup, fds, 0) == 4;
	ck_assert_int_eq(seen, OFTEN);
}
END_TEST

START_TEST(waits_that_a_signal_prevents_see_descriptors_now_and_then)
{
	const int fds[WAKEUP_FDS] = { silent[0], silent[0], readable[0] };
	int seen = 0;

	for (int i = 0; i < OFTEN * FAIR; i++) {
		mcps__wakeup_signal(&wakeup);
		seen += mcps__wakeup_wait(&wakeup, fds, FOR_EVER) == 4;
	}
	ck_assert_int_eq(seen, OFTEN);
}
END_TEST

/* Takes the parent's descriptors until the parent has written a byte.
 * Another process does so because valgrind keeps one from limiting itself. */
static void limit_parent(int channel)
{
	struct rlimit before, none;
	char byte = 0;
	bool ok;

	ok = getrlimit(RLIMIT_NOFILE, &before) == 0;
	none = before;
	none.rlim_cur = 0;
	ok = ok && prlimit(getppid(), RLIMIT_NOFILE, &none, NULL) == 0 &&
	     write(channel, &byte, 1) == 1 && read(channel, &byte, 1) == 1 &&
	     prlimit(getppid(), RLIMIT_NOFILE, &before, NULL) == 0;
	_exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
}

/* poll() fails, for example, while the limit of descriptors is lower than
 * their number. */
START_TEST(wait_that_cannot_poll_reports_all_descriptors)
{
	const int fds[WAKEUP_FDS] = { silent[0], -1, silent[0] };
	int channel[2], status;
	pid_t child;
	char byte;

	ck_assert_int_eq(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		limit_parent(channel[1]);
	close(channel[1]);
	ck_assert_int_eq(read(channel[0], &byte, 1), 1);
	ck_assert_uint_eq(mcps__wakeup_wait(&wakeup, fds, FOR_EVER), 5);
	ck_assert_int_eq(write(channel[0], &byte, 1), 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	close(channel[0]);
}
END_TEST

TEST_MAIN("wakeup")
{
	test_fixture(set_up, tear_down);
	test_add(wait_tells_which_descriptors_are_readable);
	test_add(missing_descriptors_are_never_readable);
	test_add(signal_before_the_wait_ends_it);
	test_add(signal_during_the_wait_ends_it);
	test_add(waits_of_no_time_see_descriptors_now_and_then);
	test_add(waits_that_a_signal_prevents_see_descriptors_now_and_then);
	test_add(wait_that_cannot_poll_reports_all_descriptors);
}
