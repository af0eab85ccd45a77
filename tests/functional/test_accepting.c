/* A daemon that stopped accepting, because it is full or because the process
 * has no descriptors left, accepts again as soon as there is room: after each
 * event that makes room, with one network thread and with several.
 *
 * "Full" is seen from outside: the server has a descriptor for each
 * connection it accepted, and tests run in its process. */
#include "functional/clock_shift.h"
#include "functional/wire_events.h"
#include "functional/wire_server.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { FULL = 4, TIMEOUT_S = 120, LOOPS_MOST = 3 };

#define HOLD WIRE_CALL(7, "hold", "{}")

/* ---- the server -------------------------------------------------------- */

/* Warnings about accept() since the start. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned starved;
} log_ = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0 };

static void on_log(void *arg, enum mcps_log_level level, const char *module,
                   const char *text)
{
	(void)arg;
	if (level != MCPS_LOG_WARN || strcmp(module, "http") != 0 ||
	    strstr(text, "descriptor_limit: ") == NULL)
		return;
	pthread_mutex_lock(&log_.lock);
	log_.starved++;
	pthread_cond_broadcast(&log_.changed);
	pthread_mutex_unlock(&log_.lock);
}

static void wait_starved(void)
{
	struct timespec at;
	int result = 0;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += WIRE_DEADLINE_S;
	pthread_mutex_lock(&log_.lock);
	while (log_.starved == 0 && result == 0)
		result = pthread_cond_timedwait(&log_.changed, &log_.lock, &at);
	pthread_mutex_unlock(&log_.lock);
	ck_assert_int_eq(result, 0);
}

static void start_with(int loops, unsigned connections, unsigned idle_s)
{
	const struct mcps_server_options options = {
		.size = sizeof options,
		.workers = FULL,
		.max_workers_per_caller = FULL,
		.max_streams = connections - 1,
		.heartbeat_s = 1000000,
		.log = on_log,
		.log_level = MCPS_LOG_WARN
	};
	const struct mcps_daemon_options how = { .loops = (uint32_t)loops,
		                                 .max_connections = connections,
		                                 .idle_timeout_s = idle_s };

	log_.starved = 0;
	wire_start_with(WIRE_ANONYMOUS, &options, &how);
}

static void start_full(int loops)
{
	start_with(loops, FULL, 0);
}

/* ---- clients ----------------------------------------------------------- */

static void ping(struct wire *wire, const struct wire_session *session)
{
	ck_assert_int_eq(wire_ask(wire, session->lines, WIRE_PING).status, 200);
}

/* Connections that made one request each and stay: as many as there may be. */
static void fill(struct wire *wires, unsigned count,
                 const struct wire_session *session)
{
	for (unsigned i = 0; i < count; i++) {
		wires[i] = wire_open(wire_port());
		ping(&wires[i], session);
	}
}

static void close_all(struct wire *wires, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		wire_close(&wires[i]);
}

/* A session, and nobody connected. */
static struct wire_session session_alone(void)
{
	int before = open_descriptors();
	struct wire_session session = wire_session_of("");

	ck_assert(descriptors_fall_to(before));
	return session;
}

/* Connects, which the kernel does for a daemon that is full, and asks. */
static struct wire newcomer(const struct wire_session *session)
{
	struct wire wire = wire_open(wire_port());

	wire_post(&wire, session->lines, WIRE_PING);
	return wire;
}

static void check_served(struct wire *wire)
{
	ck_assert_int_eq(wire_read(wire).status, 200);
	wire_close(wire);
}

/* ---- limit, then room -------------------------------------------------- */

START_TEST(idle_timeout_makes_room_for_a_client_that_waits)
{
	struct wire_session session;
	struct wire wires[FULL], late;

	start_with(_i, FULL, 1);
	session = session_alone();
	fill(wires, FULL, &session);
	late = newcomer(&session);
	check_served(&late);
	close_all(wires, FULL);
	wire_stop();
}
END_TEST

START_TEST(idle_timeout_makes_room_for_a_client_that_comes_later)
{
	struct wire_session session;
	struct wire wires[FULL], late;

	start_with(_i, FULL, 1);
	session = session_alone();
	fill(wires, FULL, &session);
	for (unsigned i = 0; i < FULL; i++)
		ck_assert(wire_is_over(&wires[i]));
	late = newcomer(&session);
	check_served(&late);
	close_all(wires, FULL);
	wire_stop();
}
END_TEST

START_TEST(client_that_leaves_makes_room)
{
	struct wire_session session;
	struct wire wires[FULL], late;

	start_full(_i);
	session = session_alone();
	fill(wires, FULL, &session);
	for (unsigned i = 0; i < FULL; i++) {
		late = newcomer(&session);
		if (i % 2 == 0)
			wire_close(&wires[i]);
		else
			wire_reset(&wires[i]);
		ck_assert_int_eq(wire_read(&late).status, 200);
		wires[i] = late;
	}
	close_all(wires, FULL);
	wire_stop();
}
END_TEST

START_TEST(all_clients_that_leave_at_once_make_room)
{
	struct wire_session session;
	struct wire wires[FULL], late;

	start_full(_i);
	session = session_alone();
	fill(wires, FULL, &session);
	close_all(wires, FULL);
	late = newcomer(&session);
	check_served(&late);
	wire_stop();
}
END_TEST

/* 200 connections against 64, several times over. */
START_TEST(crowds_that_come_and_go_leave_room)
{
	enum { LIMIT = 64, CROWD = 200, TIMES = 5 };
	static struct wire wires[CROWD];
	struct wire_session session;
	struct wire late;

	start_with(_i, LIMIT, 0);
	session = session_alone();
	for (int round = 0; round < TIMES; round++) {
		for (int i = 0; i < CROWD; i++)
			wires[i] = newcomer(&session);
		for (int i = 0; i < CROWD; i++)
			wire_close(&wires[i]);
		late = newcomer(&session);
		check_served(&late);
	}
	wire_stop();
}
END_TEST

/* Each of 200 is served in its turn, although there is room for 64. */
START_TEST(crowd_beyond_the_limit_is_served_one_after_another)
{
	enum { LIMIT = 64, CROWD = 200 };
	static struct wire wires[CROWD];
	struct wire_session session;

	start_with(_i, LIMIT, 0);
	session = session_alone();
	for (int i = 0; i < CROWD; i++)
		wires[i] = newcomer(&session);
	/* The kernel hands them over in the order in which they came. */
	for (int i = 0; i < CROWD; i++)
		check_served(&wires[i]);
	wire_stop();
}
END_TEST

START_TEST(refused_request_that_ends_its_connection_makes_room)
{
	struct wire_session session;
	struct wire wires[FULL], late;

	start_full(_i);
	session = session_alone();
	fill(wires, FULL, &session);
	late = newcomer(&session);
	wire_text(&wires[0], WIRE_HEAD "Content-Length: 1000000000\r\n\r\n");
	ck_assert_int_eq(wire_read(&wires[0]).status, 413);
	check_served(&late);
	close_all(wires, FULL);
	wire_stop();
}
END_TEST

START_TEST(deadline_of_a_slow_client_makes_room)
{
	struct wire_session session;
	struct wire wires[FULL], late;
	int before;

	start_full(_i);
	session = session_alone();
	before = open_descriptors();
	for (unsigned i = 0; i < FULL; i++) {
		wires[i] = wire_open(wire_port());
		wire_text(&wires[i], WIRE_POST);
	}
	while (open_descriptors() < before + 2 * FULL)
		sched_yield();
	late = newcomer(&session);
	clock_shift(20);
	check_served(&late);
	close_all(wires, FULL);
	wire_stop();
}
END_TEST

/* ---- parked connections ------------------------------------------------ */

/* Connections with a call each that does not end: as many as there may be. */
static void hold_all(struct wire *wires, const struct wire_session *session)
{
	for (unsigned i = 0; i < FULL; i++) {
		wires[i] = wire_open(wire_port());
		wire_post(&wires[i], session->lines, HOLD);
		wire_wait_held(i + 1);
	}
}

/* Calls whose clients have left: their connections end when they are resumed
 * and answered, a moment in which nothing comes in from the network. */
START_TEST(parked_calls_without_clients_make_room_when_they_end)
{
	struct wire_session session;
	struct wire wires[FULL], late;

	start_full(_i);
	session = session_alone();
	hold_all(wires, &session);
	for (unsigned i = 0; i < FULL; i++)
		wire_reset(&wires[i]);
	late = newcomer(&session);
	wire_release();
	check_served(&late);
	wire_stop();
}
END_TEST

START_TEST(parked_calls_make_room_when_their_clients_have_the_answer)
{
	struct wire_session session;
	struct wire wires[FULL], late;

	start_full(_i);
	session = session_alone();
	hold_all(wires, &session);
	late = newcomer(&session);
	wire_release();
	for (unsigned i = 0; i < FULL; i++)
		check_served(&wires[i]);
	check_served(&late);
	wire_stop();
}
END_TEST

START_TEST(streams_make_room_when_their_clients_leave)
{
	struct wire_session session;
	struct wire wires[FULL], late;

	start_full(_i);
	session = session_alone();
	/* Streams may take all connections but one. */
	wires[0] = wire_open(wire_port());
	ck_assert_int_eq(wire_ask(&wires[0], session.lines, WIRE_PING).status,
	                 200);
	for (unsigned i = 1; i < FULL; i++) {
		wires[i] = wire_open(wire_port());
		wire_get(&wires[i], session.lines, NULL);
		(void)wire_stream_open(&wires[i]);
	}
	late = newcomer(&session);
	for (unsigned i = 0; i < FULL; i++)
		wire_close(&wires[i]);
	check_served(&late);
	wire_stop();
}
END_TEST

/* ---- no descriptors ---------------------------------------------------- */

/* How many clients stay connected meanwhile: with none, a loop has nothing
 * whose end could tell that there are descriptors again. */
static void starve(int loops, unsigned stay)
{
	struct wire wires[LOOPS_MOST * FULL], late;
	struct wire_session session;

	/* One more than others have room for, so that each loop has one. */
	start_with(loops, (unsigned)loops * FULL, 0);
	session = session_alone();
	fill(wires, stay, &session);
	late = wire_new(0);
	take_descriptors();
	wire_connect(&late, wire_port());
	wire_post(&late, session.lines, WIRE_PING);
	wait_starved();
	give_descriptors_back();
	check_served(&late);
	close_all(wires, stay);
	wire_stop();
}

START_TEST(descriptors_that_come_back_make_room_while_clients_stay)
{
	starve(_i, (unsigned)(_i - 1) * FULL + 1);
}
END_TEST

START_TEST(descriptors_that_come_back_make_room_for_the_first_client)
{
	starve(_i, 0);
}
END_TEST

/* ---- several loops ----------------------------------------------------- */

/* Which loop gets a connection is random: one that is full leaves the others
 * to those that have room. */
START_TEST(all_places_of_all_loops_are_taken_and_no_more)
{
	enum { PLACES = 10 };
	struct wire wires[PLACES], late;
	struct wire_session session;
	int before;

	start_with(_i, PLACES, 0);
	session = session_alone();
	before = open_descriptors();
	fill(wires, PLACES, &session);
	late = newcomer(&session);
	for (int i = 0; i < PLACES; i++)
		ping(&wires[i], &session);
	ck_assert_int_eq(open_descriptors(), before + 2 * PLACES + 1);
	wire_close(&wires[0]);
	check_served(&late);
	close_all(wires + 1, PLACES - 1);
	wire_stop();
}
END_TEST

START_TEST(fewer_connections_than_loops_are_not_exceeded)
{
	struct wire_session session;
	struct wire one, late;
	int before;

	start_with(LOOPS_MOST, 1, 0);
	session = session_alone();
	before = open_descriptors();
	fill(&one, 1, &session);
	late = newcomer(&session);
	for (int i = 0; i < 10; i++)
		ping(&one, &session);
	ck_assert_int_eq(open_descriptors(), before + 3);
	wire_close(&one);
	check_served(&late);
	wire_stop();
}
END_TEST

/* ---- the stop ---------------------------------------------------------- */

static void *stop_main(void *arg)
{
	(void)arg;
	wire_stop_daemon();
	return NULL;
}

/* The kernel has connected it, its request is sent, and the only loop is busy
 * when the stop begins: it must not be reset. */
START_TEST(client_that_waits_when_the_stop_begins_is_served)
{
	struct wire_session session;
	struct wire busy, late;
	pthread_t stopper;

	start_with(1, FULL, 0);
	session = session_alone();
	busy = wire_open(wire_port());
	wire_post(&busy, session.lines, WIRE_CALL(7, "stall", "{}"));
	wire_wait_held(1);
	late = newcomer(&session);
	ck_assert_int_eq(pthread_create(&stopper, NULL, stop_main, NULL), 0);
	while (mcps_server_is_ready(wire_server()))
		sched_yield();
	wire_release();
	ck_assert_int_eq(wire_read(&busy).status, 200);
	ck_assert_int_eq(wire_read(&late).status, 200);
	pthread_join(stopper, NULL);
	wire_close(&busy);
	wire_close(&late);
	wire_stop();
}
END_TEST

/* ---- the suite --------------------------------------------------------- */

static void add(const TTest *test)
{
	test_add_range(test, 1, LOOPS_MOST + 1);
}

TEST_MAIN("accepting")
{
	test_case("with one loop and with several");
	test_timeout(TIMEOUT_S);
	add(idle_timeout_makes_room_for_a_client_that_waits);
	add(idle_timeout_makes_room_for_a_client_that_comes_later);
	add(client_that_leaves_makes_room);
	add(all_clients_that_leave_at_once_make_room);
	add(crowds_that_come_and_go_leave_room);
	add(crowd_beyond_the_limit_is_served_one_after_another);
	add(refused_request_that_ends_its_connection_makes_room);
	add(deadline_of_a_slow_client_makes_room);
	add(parked_calls_without_clients_make_room_when_they_end);
	add(parked_calls_make_room_when_their_clients_have_the_answer);
	add(streams_make_room_when_their_clients_leave);
	add(descriptors_that_come_back_make_room_while_clients_stay);
	add(descriptors_that_come_back_make_room_for_the_first_client);
	add(all_places_of_all_loops_are_taken_and_no_more);

	test_case("once");
	test_timeout(TIMEOUT_S);
	test_add(fewer_connections_than_loops_are_not_exceeded);
	test_add(client_that_waits_when_the_stop_begins_is_served);
}
