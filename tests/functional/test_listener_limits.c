/* Clients that only listen (GET) cannot take all connections: whoever calls
 * is answered. In a daemon of ours with one loop and with several, and mounted
 * in a program's own daemon. */
#include "functional/host_program.h"
#include "functional/wire_events.h"
#include "suite.h"

#include <mcps/mhd.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* The input of the fault: twelve connections, twelve clients that listen. */
enum { CONNECTIONS = 12, SHARE = 9, LISTENERS = 12 };

/* A process with so few descriptors has 32 connections; see mhd/limits.h. */
enum { DESCRIPTORS = 160, FEW = 32, FEW_SHARE = 24 };

static struct wire_session sessions[FEW];
static struct wire wires[FEW];

/* ---- starting ---- */

static void begin_sessions(void)
{
	for (int i = 0; i < FEW; i++)
		sessions[i] = wire_session_of("");
}

static void start_daemon(unsigned loops,
                         const struct mcps_server_options *options)
{
	wire_start_with(
		WIRE_ANONYMOUS, options,
		&(const struct mcps_daemon_options){
			.loops = loops, .max_connections = CONNECTIONS });
	begin_sessions();
}

static void start_host(int mode, const struct mcps_server_options *options)
{
	wire_start_server(WIRE_ANONYMOUS, options);
	host_start(&(const struct host_options){
		.mode = &host_modes[mode], .max_connections = CONNECTIONS });
	begin_sessions();
}

static void stop_host(void)
{
	ck_assert(host_drain(60000));
	host_stop();
	wire_stop();
}

/* ---- listening ---- */

static struct reply listen_on(int i)
{
	wires[i] = wire_open(wire_port());
	wire_get(&wires[i], sessions[i].lines, NULL);
	return wire_read_open(&wires[i]);
}

/* Each listens on a connection of its own; the number of those that may. The
 * others are told to come again, and lose their connection. */
static int listen_all(int count)
{
	int listening = 0;

	for (int i = 0; i < count; i++) {
		struct reply reply = listen_on(i);

		if (reply.status == 200) {
			listening++;
			continue;
		}
		ck_assert_int_eq(reply.status, 503);
		ck_assert(reply_names(&reply, "Retry-After"));
		ck_assert(reply_closes(&reply));
	}
	return listening;
}

static void leave_all(void)
{
	for (int i = 0; i < FEW; i++)
		if (wires[i].fd > 0)
			wire_close(&wires[i]);
}

/* The server notices in its own time that a client has left. */
static int listen_until_it_is_let_in(int i)
{
	time_t end = time(NULL) + WIRE_DEADLINE_S;
	int status = listen_on(i).status;

	while (status != 200 && time(NULL) < end) {
		wire_close(&wires[i]);
		status = listen_on(i).status;
	}
	return status;
}

/* ---- tests ---- */

static const unsigned loops[] = { 1, 2, 4, 5 };

START_TEST(twelve_listeners_on_twelve_connections_leave_room_for_a_call)
{
	start_daemon(loops[_i],
	             &(const struct mcps_server_options){
			     .size = sizeof(struct mcps_server_options) });
	ck_assert_int_eq(listen_all(LISTENERS), SHARE);
	ck_assert_int_eq(wire_once(sessions[0].lines, WIRE_PING).status, 200);
	ck_assert_int_eq(wire_initialize("").status, 200);
	leave_all();
	wire_stop();
}
END_TEST

START_TEST(listener_that_leaves_makes_room_for_the_next_one)
{
	start_daemon(loops[_i],
	             &(const struct mcps_server_options){
			     .size = sizeof(struct mcps_server_options) });
	ck_assert_int_eq(listen_all(LISTENERS), SHARE);
	wire_close(&wires[0]);
	ck_assert_int_eq(listen_until_it_is_let_in(LISTENERS - 1), 200);
	ck_assert_int_eq(wire_once(sessions[0].lines, WIRE_PING).status, 200);
	leave_all();
	wire_stop();
}
END_TEST

START_TEST(max_streams_is_the_number_of_listeners)
{
	start_daemon(loops[_i],
	             &(const struct mcps_server_options){
			     .size = sizeof(struct mcps_server_options),
			     .max_streams = 3 });
	ck_assert_int_eq(listen_all(LISTENERS), 3);
	ck_assert_int_eq(wire_once(sessions[0].lines, WIRE_PING).status, 200);
	leave_all();
	wire_stop();
}
END_TEST

START_TEST(listeners_of_a_mounted_server_leave_room_for_pages_and_calls)
{
	struct wire page;

	start_host(_i, &(const struct mcps_server_options){
			       .size = sizeof(struct mcps_server_options),
			       .max_streams = SHARE });
	ck_assert_int_eq(listen_all(LISTENERS), SHARE);
	ck_assert_int_eq(wire_once(sessions[0].lines, WIRE_PING).status, 200);
	page = wire_open(wire_port());
	wire_text(&page, "GET /hello HTTP/1.1\r\n" WIRE_HOST "\r\n");
	ck_assert_int_eq(wire_read(&page).status, 200);
	wire_close(&page);
	leave_all();
	stop_host();
}
END_TEST

/* Limits that an operator asked for do not count where they cannot be met. */
static const struct mcps_server_options asked[] = {
	{ .size = sizeof(struct mcps_server_options) },
	{ .size = sizeof(struct mcps_server_options), .max_streams = 900 },
};

START_TEST(fewer_descriptors_leave_room_for_fewer_listeners)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max = DESCRIPTORS;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
	wire_start_with(WIRE_ANONYMOUS, &asked[_i],
	                &(const struct mcps_daemon_options){
				.loops = 2, .max_connections = 1000 });
	begin_sessions();
	ck_assert_int_eq(listen_all(FEW_SHARE + 2), FEW_SHARE);
	ck_assert_int_eq(wire_once(sessions[0].lines, WIRE_PING).status, 200);
	leave_all();
	wire_stop();
}
END_TEST

/* The program's limit is not known: nothing is refused. */
START_TEST(mounted_server_without_max_streams_refuses_no_listener)
{
	start_host(0, &(const struct mcps_server_options){
			      .size = sizeof(struct mcps_server_options) });
	ck_assert_int_eq(listen_all(LISTENERS), LISTENERS);
	leave_all();
	stop_host();
}
END_TEST

/* Nobody needs a bound that leaves no connection for calls. */
START_TEST(max_streams_that_leaves_no_connection_for_calls_is_refused)
{
	static const uint32_t wrong[] = { CONNECTIONS, CONNECTIONS + 1,
		                          UINT32_MAX };
	struct mcps_daemon_options how = { .size = sizeof how,
		                           .listen = "127.0.0.1:0",
		                           .max_connections = CONNECTIONS };
	struct mcps_error error = { MCPS_OK, "" };
	mcps_daemon *daemon;

	wire_start_server(WIRE_ANONYMOUS,
	                  &(const struct mcps_server_options){
				  .size = sizeof(struct mcps_server_options),
				  .max_streams = wrong[_i] });
	ck_assert_int_eq(
		mcps_daemon_start(&daemon, wire_server(), &how, &error),
		MCPS_E_INVAL);
	ck_assert_ptr_null(daemon);
	ck_assert_ptr_nonnull(strstr(error.text, "max_streams"));
	wire_stop();
}
END_TEST

TEST_MAIN("listener limits")
{
	const int loop_counts = sizeof loops / sizeof *loops;

	test_timeout(4 * WIRE_DEADLINE_S);
	test_add_loop(
		twelve_listeners_on_twelve_connections_leave_room_for_a_call,
		loop_counts);
	test_add_loop(listener_that_leaves_makes_room_for_the_next_one,
	              loop_counts);
	test_add_loop(max_streams_is_the_number_of_listeners, loop_counts);
	test_add_loop(fewer_descriptors_leave_room_for_fewer_listeners,
	              COUNT(asked));
	test_add_loop(
		listeners_of_a_mounted_server_leave_room_for_pages_and_calls,
		host_mode_count);
	test_add(mounted_server_without_max_streams_refuses_no_listener);
	test_add_loop(
		max_streams_that_leaves_no_connection_for_calls_is_refused, 3);
}
