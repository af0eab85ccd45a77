/* A readiness probe is told when the work of a server does not go on: a
 * network thread that is blocked, clients that nobody accepts, a program that
 * does not run its daemon. The clock by which the server measures this is made
 * to jump, so no test waits for it. */
#include "app/health.h"
#include "functional/clock_shift.h"
#include "functional/mount_case.h"
#include "functional/program.h"
#include "functional/wire_events.h"
#include "suite.h"

#include <mcps/daemon.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FULL = 4, TIMEOUT_S = 120, HOUR_S = 3600 };

#define STUCK   "a network thread has not run for 5 s although work is waiting"
#define UNTAKEN "no connection was accepted for 30 s although clients wait"
#define THREAD_NOT_RUN                                                       \
	"a thread of the libmicrohttpd daemon has not run for 5 s although " \
	"requests can go on"
#define NOT_RUN "MHD_run() was not called for 5 s although requests can go on"

static const char *reason(void)
{
	return mcps_server_not_ready_reason(wire_server());
}

static void check_ready(void)
{
	ck_assert_msg(reason() == NULL, "%s", reason());
	ck_assert(mcps_server_is_ready(wire_server()));
}

static void check_reason(const char *wanted)
{
	ck_assert_ptr_nonnull(reason());
	ck_assert_str_eq(reason(), wanted);
	ck_assert(!mcps_server_is_ready(wire_server()));
}

/* The clock jumps faster than threads run: one that is about to sleep may seem
 * to have been awake for long. */
static void wait_ready(void)
{
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	while (reason() != NULL && time(NULL) < end)
		sched_yield();
	check_ready();
}

/* Work that no look has seen yet is seen at the next, and still there after
 * the next jump. */
static void wait_reason(const char *wanted)
{
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	const char *found;

	do {
		clock_shift(6);
		found = reason();
	} while ((found == NULL || strcmp(found, wanted) != 0) &&
	         time(NULL) < end);
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found, wanted);
}

/* ---- what is logged ---------------------------------------------------- */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int not_ready, ready_again;
	char last[256];
} log_ = { .lock = PTHREAD_MUTEX_INITIALIZER,
	   .changed = PTHREAD_COND_INITIALIZER };

static void on_log(void *arg, enum mcps_log_level level, const char *module,
                   const char *text)
{
	(void)arg;
	(void)level;
	(void)module;
	pthread_mutex_lock(&log_.lock);
	if (strncmp(text, "not ready: ", 11) == 0) {
		log_.not_ready++;
		snprintf(log_.last, sizeof log_.last, "%s", text + 11);
	}
	log_.ready_again += strcmp(text, "ready again") == 0;
	pthread_cond_broadcast(&log_.changed);
	pthread_mutex_unlock(&log_.lock);
}

/* False: it is not one within SECONDS. */
static bool wait_logged(const int *count, int seconds)
{
	struct timespec at;
	int result = 0;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += seconds;
	pthread_mutex_lock(&log_.lock);
	while (*count == 0 && result == 0)
		result = pthread_cond_timedwait(&log_.changed, &log_.lock, &at);
	pthread_mutex_unlock(&log_.lock);
	return result == 0;
}

/* ---- the daemon -------------------------------------------------------- */

static void start_with(unsigned loops)
{
	const struct mcps_server_options options = { .size = sizeof options,
		                                     .heartbeat_s = 1000000,
		                                     .max_streams = FULL - 1,
		                                     .stream_after_ms =
		                                             1000000000,
		                                     .log = on_log,
		                                     .log_level =
		                                             MCPS_LOG_INFO };
	const struct mcps_daemon_options how = { .loops = loops,
		                                 .max_connections = FULL };

	log_.not_ready = log_.ready_again = 0;
	wire_start_with(WIRE_ANONYMOUS, &options, &how);
}

static void start(void)
{
	start_with(1);
}

/* A call that occupies the network thread it came by. */
static struct wire block_a_loop(void)
{
	struct wire_session session = wire_session_of("");
	struct wire wire = wire_open(wire_port());

	wire_post(&wire, session.lines, WIRE_CALL(7, "stall", "{}"));
	wire_wait_held(1);
	return wire;
}

static void unblock(struct wire *wire)
{
	wire_release();
	ck_assert_int_eq(wire_read(wire).status, 200);
	wire_close(wire);
}

/* ---- a network thread that is blocked ---------------------------------- */

START_TEST(blocked_network_thread_is_named_after_5_s)
{
	struct wire wire = block_a_loop();

	check_ready();
	clock_shift(1);
	check_ready();
	clock_shift(5);
	check_reason(STUCK);
	unblock(&wire);
	wait_ready();
}
END_TEST

START_TEST(one_blocked_network_thread_of_several_is_enough)
{
	struct wire wire;

	wire_stop();
	start_with(3);
	wire = block_a_loop();
	check_ready();
	clock_shift(6);
	check_reason(STUCK);
	unblock(&wire);
	wait_ready();
}
END_TEST

START_TEST(blocked_network_thread_is_logged_once_and_when_it_runs_again)
{
	struct wire wire = block_a_loop();

	/* The thread that looks may not have looked before. */
	do
		clock_shift(6);
	while (!wait_logged(&log_.not_ready, 1));
	ck_assert_str_eq(log_.last, STUCK);
	check_reason(STUCK);
	unblock(&wire);
	ck_assert(wait_logged(&log_.ready_again, WIRE_DEADLINE_S));
	ck_assert_int_eq(log_.not_ready, 1);
	check_ready();
}
END_TEST

START_TEST(idle_server_stays_ready)
{
	for (int i = 0; i < 5; i++) {
		wait_ready();
		clock_shift(HOUR_S);
	}
}
END_TEST

START_TEST(busy_network_thread_stays_ready)
{
	struct wire_session session = wire_session_of("");
	struct wire wire = wire_open(wire_port());

	for (int i = 0; i < 20; i++) {
		wire_post(&wire, session.lines, WIRE_PING);
		wait_ready();
		clock_shift(4);
		ck_assert_int_eq(wire_read(&wire).status, 200);
		wait_ready();
	}
	wire_close(&wire);
}
END_TEST

START_TEST(call_that_takes_long_on_a_worker_stays_ready)
{
	struct wire_session session = wire_session_of("");
	struct wire wire = wire_open(wire_port());

	wire_post(&wire, session.lines, WIRE_CALL(7, "hold", "{}"));
	wire_wait_held(1);
	wait_ready();
	clock_shift(HOUR_S);
	wait_ready();
	unblock(&wire);
}
END_TEST

/* ---- clients that nobody accepts --------------------------------------- */

/* Connections that have a call on a worker or a stream have no deadline. */
static void fill_with_streams(struct wire *wires)
{
	int before = open_descriptors();
	struct wire_session session = wire_session_of("");

	ck_assert(descriptors_fall_to(before));
	/* Streams may take all connections but one. */
	wires[0] = wire_open(wire_port());
	ck_assert_int_eq(wire_ask(&wires[0], session.lines, WIRE_PING).status,
	                 200);
	for (int i = 1; i < FULL; i++) {
		wires[i] = wire_open(wire_port());
		wire_get(&wires[i], session.lines, NULL);
		(void)wire_stream_open(&wires[i]);
	}
}

static void close_all(struct wire *wires)
{
	for (int i = 0; i < FULL; i++)
		wire_close(&wires[i]);
}

START_TEST(full_server_is_ready_while_nobody_waits)
{
	struct wire wires[FULL];

	fill_with_streams(wires);
	for (int i = 0; i < 5; i++) {
		wait_ready();
		clock_shift(HOUR_S);
	}
	close_all(wires);
}
END_TEST

START_TEST(full_server_is_named_when_clients_wait_for_30_s)
{
	struct wire wires[FULL], late;

	fill_with_streams(wires);
	late = wire_open(wire_port());
	wire_post(&late, "", WIRE_INITIALIZE);
	wait_ready();
	clock_shift(10);
	wait_ready();
	wait_reason(UNTAKEN);
	wire_close(&wires[0]);
	ck_assert_int_eq(wire_read(&late).status, 200);
	wait_ready();
	wires[0] = late;
	close_all(wires);
}
END_TEST

START_TEST(server_without_descriptors_is_named_when_clients_wait_for_30_s)
{
	struct wire late = wire_new(0);

	take_descriptors();
	wire_connect(&late, wire_port());
	wire_post(&late, "", WIRE_INITIALIZE);
	wait_reason(UNTAKEN);
	give_descriptors_back();
	ck_assert_int_eq(wire_read(&late).status, 200);
	wait_ready();
	wire_close(&late);
}
END_TEST

/* Each that is accepted shows that it goes on, however many still wait. */
START_TEST(full_server_is_ready_while_some_are_accepted)
{
	struct wire wires[FULL], late[FULL];

	fill_with_streams(wires);
	for (int i = 0; i < FULL; i++) {
		late[i] = wire_open(wire_port());
		wire_post(&late[i], "", WIRE_INITIALIZE);
	}
	for (int i = 0; i < FULL; i++) {
		wait_ready();
		clock_shift(20);
		wire_close(&wires[i]);
		ck_assert_int_eq(wire_read(&late[i]).status, 200);
		wait_ready();
		wires[i] = late[i];
	}
	close_all(wires);
}
END_TEST

/* ---- the other reasons ------------------------------------------------- */

START_TEST(server_that_was_not_started_says_so)
{
	mcps_server *server = mcps_server_new("test", "1");

	ck_assert_str_eq(mcps_server_not_ready_reason(server),
	                 "the server was not started");
	ck_assert(!mcps_server_is_ready(server));
	mcps_server_free(server);
}
END_TEST

START_TEST(server_that_stops_says_so)
{
	wire_stop_daemon();
	check_reason("stopping");
}
END_TEST

/* ---- over HTTP --------------------------------------------------------- */

static const char *ask(void *arg)
{
	(void)arg;
	return reason();
}

START_TEST(readyz_names_the_reason_in_one_line)
{
	const struct mcps_daemon_options any = { .size = sizeof any,
		                                 .listen = "127.0.0.1:0" };
	struct wire wire = block_a_loop();
	struct health *health;
	char address[64], body[256];
	int fd, port;

	ck_assert_int_eq(mcps_listen(&fd, address, sizeof address, &any, NULL),
	                 MCPS_OK);
	health = mcps__health_start(fd, ask, NULL);
	ck_assert_ptr_nonnull(health);
	port = atoi(strrchr(address, ':') + 1);
	ck_assert_int_eq(program_get(port, "/readyz", body, sizeof body), 200);
	clock_shift(6);
	ck_assert_int_eq(program_get(port, "/readyz", body, sizeof body), 503);
	ck_assert_str_eq(body, "not ready: " STUCK "\n");
	ck_assert_int_eq(program_get(port, "/livez", NULL, 0), 200);
	unblock(&wire);
	wait_ready();
	ck_assert_int_eq(program_get(port, "/readyz", body, sizeof body), 200);
	mcps__health_stop(health);
}
END_TEST

/* A probe that gets no answer makes a supervisor restart the process. */
START_TEST(probes_are_answered_without_free_descriptors)
{
	const struct mcps_daemon_options any = { .size = sizeof any,
		                                 .listen = "127.0.0.1:0" };
	struct wire wires[3];
	struct health *health;
	struct reply reply;
	char address[64];
	int fd;

	ck_assert_int_eq(mcps_listen(&fd, address, sizeof address, &any, NULL),
	                 MCPS_OK);
	health = mcps__health_start(fd, ask, NULL);
	ck_assert_ptr_nonnull(health);
	for (int i = 0; i < 3; i++)
		wires[i] = wire_new(0);
	take_descriptors();
	for (int i = 0; i < 3; i++) {
		wire_connect(&wires[i], atoi(strrchr(address, ':') + 1));
		wire_text(&wires[i], "GET /livez HTTP/1.1\r\n\r\n");
		reply = wire_read(&wires[i]);
		ck_assert_int_eq(reply.status, 200);
		ck_assert_str_eq(reply.body, "alive\n");
	}
	give_descriptors_back();
	for (int i = 0; i < 3; i++)
		wire_close(&wires[i]);
	mcps__health_stop(health);
}
END_TEST

/* ---- in a program's daemon --------------------------------------------- */

/* The daemon's only thread is blocked in a call, and a stream has to be told
 * something. */
START_TEST(daemon_of_a_program_that_does_not_run_is_named_after_5_s)
{
	const struct host_mode *mode = &host_modes[_i];
	struct wire_session session;
	struct wire_stream stream;
	struct wire listens, blocks;

	if (mode->pool != 0)
		return;
	mount_start_with(
		_i, (struct mcps_server_options){ .heartbeat_s = 1000000 });
	session = wire_session_of("");
	listens = wire_open(wire_port());
	wire_get(&listens, session.lines, NULL);
	stream = wire_stream_open(&listens);
	blocks = wire_open(wire_port());
	/* Rounds in which the stream falls silent. */
	for (int i = 0; i < 3; i++)
		assert_status(wire_ask(&blocks, session.lines, WIRE_PING), 200);
	wire_post(&blocks, session.lines, WIRE_CALL(7, "stall", "{}"));
	wire_wait_held(1);
	clock_shift(HOUR_S);
	check_ready(); /* nothing can go on yet */
	wire_change_tools();
	wait_reason(mode->has_loop ? NOT_RUN : THREAD_NOT_RUN);
	unblock(&blocks);
	wire_stream_find(&stream, "list_changed");
	wait_ready();
	wire_close(&listens);
	mount_stop();
}
END_TEST

/* ---- the suite --------------------------------------------------------- */

TEST_MAIN("readiness")
{
	test_case("daemon");
	test_fixture(start, wire_stop);
	test_timeout(TIMEOUT_S);
	test_add(blocked_network_thread_is_named_after_5_s);
	test_add(one_blocked_network_thread_of_several_is_enough);
	test_add(blocked_network_thread_is_logged_once_and_when_it_runs_again);
	test_add(idle_server_stays_ready);
	test_add(busy_network_thread_stays_ready);
	test_add(call_that_takes_long_on_a_worker_stays_ready);
	test_add(full_server_is_ready_while_nobody_waits);
	test_add(full_server_is_named_when_clients_wait_for_30_s);
	test_add(
		server_without_descriptors_is_named_when_clients_wait_for_30_s);
	test_add(full_server_is_ready_while_some_are_accepted);
	test_add(server_that_stops_says_so);
	test_add(readyz_names_the_reason_in_one_line);
	test_add(probes_are_answered_without_free_descriptors);

	test_case("others");
	test_timeout(TIMEOUT_S);
	test_add(server_that_was_not_started_says_so);
	test_add_loop(daemon_of_a_program_that_does_not_run_is_named_after_5_s,
	              host_mode_count);
}
