/* Whether the daemon of a connection is the one that was attached, as far as
 * libmicrohttpd before 1.0 tells. */
#include "mhd/daemon_id.h"
#include "suite.h"

#include <microhttpd.h>

enum { POOL = MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME };

/* Addresses that are only compared. */
static char places[2];
#define MASTER ((const struct MHD_Daemon *)(const void *)&places[0])
#define WORKER ((const struct MHD_Daemon *)(const void *)&places[1])

static bool is(struct daemon_id attached, struct daemon_id seen)
{
	return mcps__daemon_id_is(&attached, &seen);
}

#define ID(...) ((struct daemon_id){ __VA_ARGS__ })

START_TEST(worker_has_flags_socket_and_port_of_its_daemon)
{
	ck_assert(is(ID(MASTER, POOL, 5, 80), ID(MASTER, POOL, 5, 80)));
	ck_assert(is(ID(MASTER, POOL, 5, 80), ID(WORKER, POOL, 5, 80)));
	ck_assert(!is(ID(MASTER, POOL, 5, 80), ID(WORKER, POOL, 6, 80)));
	ck_assert(!is(ID(MASTER, POOL, 5, 80), ID(WORKER, POOL, 5, 81)));
	ck_assert(!is(ID(MASTER, POOL, 5, 80),
	              ID(WORKER, MHD_USE_POLL_INTERNAL_THREAD, 5, 80)));
}
END_TEST

/* It has no workers, so only its address counts. */
START_TEST(daemon_without_workers_is_known_by_its_address)
{
	const unsigned modes[] = { MHD_ALLOW_SUSPEND_RESUME,
		                   MHD_USE_POLL_INTERNAL_THREAD |
		                           MHD_USE_THREAD_PER_CONNECTION };

	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
		ck_assert(is(ID(MASTER, modes[i], -1, 0),
		             ID(MASTER, modes[i], -1, 0)));
		ck_assert(!is(ID(MASTER, modes[i], -1, 0),
		              ID(WORKER, modes[i], -1, 0)));
	}
}
END_TEST

/* It was started where one that was attached has been stopped. */
START_TEST(other_daemon_at_the_same_address_is_not_taken_for_it)
{
	ck_assert(!is(ID(MASTER, POOL, 5, 80), ID(MASTER, POOL, 5, 81)));
	ck_assert(!is(ID(MASTER, POOL, 5, 80),
	              ID(MASTER, MHD_USE_POLL_INTERNAL_THREAD, 5, 80)));
}
END_TEST

TEST_MAIN("daemon_id")
{
	test_add(worker_has_flags_socket_and_port_of_its_daemon);
	test_add(daemon_without_workers_is_known_by_its_address);
	test_add(other_daemon_at_the_same_address_is_not_taken_for_it);
}
