/* The memory of clients that ask for much and do not read it, with the default
 * limits: it is bounded, and after they have left the operating system has it
 * back. */
#include "functional/bystander.h"
#include "functional/mount_case.h"
#include "functional/unread_case.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	CLIENTS = IS_SANITIZED ? 60 : 300, /* there no memory is measured */
	CALLS = 50,
	MOST_KIB = 192 * 1024, /* half of the default of max_answers, and what
	                        * the allocator needs beside that */
	LEFT_KIB = 20 * 1024,
	MODES = 3
};

/* The daemon of mcps, and two in which it is mounted: libmicrohttpd frees
 * connections at once in one thread, and in a pool. */
static int mode_of(int number)
{
	static const int modes[MODES] = { -1, 1, 4 };

	return modes[number] < 0 ? host_mode_count : modes[number];
}

/* Sanitizers keep what was freed. */
static bool memory_falls_to(size_t most_kib)
{
	const struct timespec moment = { 0, 20000000 };
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	while (!IS_SANITIZED && resident_and_kept_kib() > most_kib) {
		if (time(NULL) >= end)
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}

/* The clients' own memory is there before any is measured. */
static struct wire *wires_new(void)
{
	struct wire *wires = malloc(CLIENTS * sizeof *wires);

	ck_assert_ptr_nonnull(wires);
	memset(wires, 1, CLIENTS * sizeof *wires);
	return wires;
}

/* How many were served. */
static unsigned load(struct wire *wires, const char *lines)
{
	char *body = unread_batch("text", CALLS, UNREAD_TEXT);
	unsigned served = 0;

	for (int i = 0; i < CLIENTS; i++) {
		int status;

		wires[i] = unread_begin(lines, body, &status);
		served += status == 200;
		ck_assert_msg(status == 200 || status == 429, "%d", status);
	}
	free(body);
	return served;
}

/* Before, 300 batches of 50 answers of 60 KB held 2.8 GB. */
START_TEST(unread_batches_hold_bounded_memory_that_is_given_back)
{
	struct wire *wires = wires_new();
	struct wire_session session;
	size_t before, during;
	unsigned served;

	unread_add();
	mount_start(mode_of(_i));
	session = wire_session_in("2025-03-26", "");
	ck_assert_int_eq(wire_once(session.lines, WIRE_PING).status, 200);
	before = resident_and_kept_kib();
	served = load(wires, session.lines);
	during = resident_and_kept_kib();
	ck_assert_uint_gt(served, 10);
	if (!IS_SANITIZED)
		ck_assert_msg(during < before + MOST_KIB,
		              "%s: %zu KiB, then %zu KiB", mode_name, before,
		              during);
	for (int i = 0; i < CLIENTS; i++)
		wire_reset(&wires[i]);
	ck_assert_msg(memory_falls_to(before + LEFT_KIB),
	              "%s: %zu KiB, then %zu KiB, then %zu KiB", mode_name,
	              before, during, resident_and_kept_kib());
	ck_assert_int_eq(
		unread_ask_until_not(429, session.lines, WIRE_PING).status,
		200);
	printf("%s: %zu KiB, %zu KiB with %u unread batches, %zu KiB after\n",
	       mode_name, before, during, served, resident_and_kept_kib());
	mount_stop();
	free(wires);
}
END_TEST

TEST_MAIN("unread memory")
{
	test_case("modes");
	test_timeout(8 * WIRE_DEADLINE_S);
	test_add_loop(unread_batches_hold_bounded_memory_that_is_given_back,
	              MODES);
}
