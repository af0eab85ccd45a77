/* The daemon of a program in which a server is mounted, with all its
 * connections in use: it accepts again after each event that makes room, in
 * every mode. Where the program calls MHD_run() itself, its loop has to do what
 * docs/MOUNT-GUIDE.md says. */
#include "functional/mount_case.h"
#include "functional/wire_events.h"
#include "suite.h"

#include <stdlib.h>

enum { FULL = 6, TIMEOUT_S = 120 };

#define HOLD WIRE_CALL(7, "hold", "{}")

static struct wire_session session;

/* Nobody is connected. */
static void start_with(int mode, unsigned timeout_s)
{
	const struct mcps_server_options options = { .size = sizeof options,
		                                     .workers = FULL,
		                                     .max_workers_per_caller =
		                                             FULL,
		                                     .heartbeat_s = 1000000 };
	const struct host_options how = { .mode = &host_modes[mode],
		                          .max_connections = FULL,
		                          .timeout_s = timeout_s };
	int before;

	mode_name = host_modes[mode].name;
	wire_start_server(WIRE_ANONYMOUS, &options);
	host_start(&how);
	before = open_descriptors();
	session = wire_session_of("");
	ck_assert(descriptors_fall_to(before));
}

/* Connections time out, so that an epoll thread does not oversleep, but not
 * in this test. */
static void start(int mode)
{
	start_with(mode, 1000);
}

static struct wire newcomer(void)
{
	struct wire wire = wire_open(wire_port());

	wire_post(&wire, session.lines, WIRE_PING);
	return wire;
}

static void check_served(struct wire *wire)
{
	assert_status(wire_read(wire), 200);
	wire_close(wire);
}

static void fill(struct wire *wires)
{
	for (int i = 0; i < FULL; i++) {
		wires[i] = newcomer();
		assert_status(wire_read(&wires[i]), 200);
	}
}

static void close_all(struct wire *wires, int first)
{
	for (int i = first; i < FULL; i++)
		wire_close(&wires[i]);
}

/* libmicrohttpd accepts clients beyond the limit and closes their connection at
 * once: with poll() and a thread per connection; before 1.0 also with select()
 * and a loop of the program's. */
static bool closes_newcomers(int mode)
{
	const unsigned poll_threads =
		MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION;
	unsigned flags = host_modes[mode].flags;

	if ((flags & poll_threads) == poll_threads)
		return true;
	return strtoul(MHD_get_version(), NULL, 10) == 0 &&
	       host_modes[mode].has_loop && (flags & MHD_USE_EPOLL) == 0;
}

START_TEST(client_that_leaves_makes_room)
{
	struct wire wires[FULL], late;
	int before;

	start(_i);
	fill(wires);
	before = open_descriptors();
	late = newcomer();
	if (closes_newcomers(_i)) {
		ck_assert(wire_is_over(&late));
		wire_close(&late);
		wire_close(&wires[0]);
		ck_assert(descriptors_fall_to(before - 2));
		late = newcomer();
	} else {
		wire_close(&wires[0]);
	}
	check_served(&late);
	close_all(wires, 1);
	mount_stop();
}
END_TEST

/* All connections have ended: there are BEFORE descriptors, and a client is
 * served. */
static void check_room(int before)
{
	struct wire late;

	ck_assert(descriptors_fall_to(before));
	late = newcomer();
	check_served(&late);
	mount_stop();
}

START_TEST(all_clients_that_leave_at_once_make_room)
{
	struct wire wires[FULL];
	int before;

	start(_i);
	before = open_descriptors();
	fill(wires);
	close_all(wires, 0);
	check_room(before);
}
END_TEST

START_TEST(idle_timeout_makes_room)
{
	struct wire wires[FULL], late;
	int before;

	start_with(_i, 1);
	before = open_descriptors();
	fill(wires);
	for (int i = 0; i < FULL; i++)
		ck_assert(wire_is_over(&wires[i]));
	/* A client sees the end before the connection is given back. */
	ck_assert(descriptors_fall_to(before + FULL));
	late = newcomer();
	check_served(&late);
	close_all(wires, 0);
	mount_stop();
}
END_TEST

START_TEST(parked_calls_without_clients_make_room_when_they_end)
{
	struct wire wires[FULL];
	int before;

	start(_i);
	before = open_descriptors();
	for (int i = 0; i < FULL; i++) {
		wires[i] = wire_open(wire_port());
		wire_post(&wires[i], session.lines, HOLD);
		wire_wait_held((unsigned)i + 1);
	}
	for (int i = 0; i < FULL; i++)
		wire_reset(&wires[i]);
	wire_release();
	check_room(before);
}
END_TEST

START_TEST(streams_make_room_when_their_clients_leave)
{
	struct wire wires[FULL];
	int before;

	start(_i);
	before = open_descriptors();
	for (int i = 0; i < FULL; i++) {
		wires[i] = wire_open(wire_port());
		wire_get(&wires[i], session.lines, NULL);
		(void)wire_stream_open(&wires[i]);
	}
	close_all(wires, 0);
	check_room(before);
}
END_TEST

static void add(const TTest *test)
{
	test_add_loop(test, host_mode_count);
}

TEST_MAIN("mounted, accepting")
{
	test_case("in each mode");
	test_timeout(TIMEOUT_S);
	add(client_that_leaves_makes_room);
	add(all_clients_that_leave_at_once_make_room);
	add(idle_timeout_makes_room);
	add(parked_calls_without_clients_make_room_when_they_end);
	add(streams_make_room_when_their_clients_leave);
}
