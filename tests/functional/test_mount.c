/* A server mounted in a program's own libmicrohttpd daemon, in each of the
 * modes in which that is possible: what clients see of both. */
#include "functional/mount_case.h"
#include "suite.h"

#include <mcps/mhd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { MANY = MOUNT_WORKERS };

#define HOLD  WIRE_CALL(7, "hold", "{}")
#define TOUCH WIRE_CALL(8, "touch", "{}")

/* ---- side by side ---- */

START_TEST(pages_and_calls_share_a_connection)
{
	struct wire_session session;
	struct wire wire;
	struct reply reply;

	mount_start(_i);
	session = wire_session_of("");
	wire = wire_open(wire_port());
	for (int i = 0; i < 3; i++) {
		reply = say_hello(&wire);
		assert_status(reply, 200);
		assert_says(reply, "hello");
		reply = wire_ask(&wire, session.lines, TOUCH);
		assert_status(reply, 200);
		assert_says(reply, "touched");
		reply = echo(&wire, "what was said");
		assert_status(reply, 200);
		assert_says(reply, "what was said");
		assert_status(wire_ask(&wire, session.lines, WIRE_PING), 200);
	}
	wire_close(&wire);
	mount_stop();
}
END_TEST

START_TEST(other_paths_are_the_programs)
{
	static const char *const paths[] = {
		"/", "/mc", "/mcp/", "/mcpx", "//mcp", "/Mcp", "/.well-known/x"
	};
	struct wire wire;
	char request[128];
	struct reply reply;

	mount_start(_i);
	wire = wire_open(wire_port());
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		snprintf(request, sizeof request,
		         "GET %s HTTP/1.1\r\n" WIRE_HOST "\r\n", paths[i]);
		wire_text(&wire, request);
		reply = wire_read(&wire);
		assert_status(reply, 404);
		assert_says(reply, "no such page");
	}
	wire_close(&wire);
	mount_stop();
}
END_TEST

static int status_of(const char *path)
{
	struct wire wire = wire_open(wire_port());
	char request[1024];
	struct reply reply;

	snprintf(request, sizeof request,
	         "POST %s HTTP/1.1\r\n" WIRE_HOST WIRE_TYPE WIRE_ACCEPT
	         "Content-Length: %zu\r\n\r\n%s",
	         path, strlen(WIRE_INITIALIZE), WIRE_INITIALIZE);
	wire_text(&wire, request);
	reply = wire_read(&wire);
	wire_close(&wire);
	return reply.status;
}

START_TEST(path_with_a_slash_after_it_is_ours_by_option)
{
	mount_start_with(
		_i, (struct mcps_server_options){ .trailing_slash = true });
	ck_assert_int_eq(status_of("/mcp"), 200);
	ck_assert_int_eq(status_of("/mcp/"), 200);
	ck_assert_int_eq(status_of("/mcp/?a=b"), 200);
	ck_assert_int_eq(status_of("/mcp//"), 404);
	mount_stop();
}
END_TEST

START_TEST(calls_that_wait_hold_up_nobody)
{
	struct wire_session session;
	struct wire wires[MANY], other;
	struct reply reply;

	mount_start(_i);
	session = wire_session_of("");
	for (int i = 0; i < MANY; i++) {
		wires[i] = wire_open(wire_port());
		wire_post(&wires[i], session.lines, HOLD);
	}
	wire_wait_held(MANY);
	ck_assert(mount_falls_to(MANY)); /* the one before may end late */
	other = wire_open(wire_port());
	assert_status(say_hello(&other), 200);
	assert_status(wire_ask(&other, session.lines, WIRE_PING), 200);
	wire_release();
	for (int i = 0; i < MANY; i++) {
		reply = wire_read(&wires[i]);
		assert_status(reply, 200);
		assert_says(reply, "released");
		assert_status(say_hello(&wires[i]), 200);
		wire_close(&wires[i]);
	}
	wire_close(&other);
	mount_stop();
}
END_TEST

enum { CLIENTS = 4, ROUNDS = 10 };

static void *visit(void *arg)
{
	const struct wire_session *session = arg;
	struct wire wire = wire_open(wire_port());

	for (int i = 0; i < ROUNDS; i++) {
		assert_status(wire_ask(&wire, session->lines, TOUCH), 200);
		assert_status(echo(&wire, "again"), 200);
	}
	wire_close(&wire);
	return NULL;
}

START_TEST(clients_come_from_all_sides)
{
	struct wire_session session;
	pthread_t clients[CLIENTS];

	mount_start(_i);
	session = wire_session_of("");
	for (int i = 0; i < CLIENTS; i++)
		pthread_create(&clients[i], NULL, visit, &session);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	ck_assert_uint_eq(wire_touched(), CLIENTS * ROUNDS);
	mount_stop();
}
END_TEST

START_TEST(a_session_lives_and_ends_as_ever)
{
	struct wire_session session;
	struct wire wire;
	struct reply reply;

	mount_start(_i);
	session = wire_session_of("");
	wire = wire_open(wire_port());
	wire_text(&wire, "DELETE /mcp HTTP/1.1\r\n" WIRE_HOST);
	wire_text(&wire, session.lines);
	wire_text(&wire, "\r\n");
	assert_status(wire_read(&wire), 204);
	reply = wire_ask(&wire, session.lines, WIRE_PING);
	assert_status(reply, 404);
	assert_says(reply, "mcp_session_terminated");
	assert_status(wire_once("", WIRE_PING), 400);
	wire_close(&wire);
	mount_stop();
}
END_TEST

/* ---- clients that leave ---- */

/* After each so many bytes of a request; the last one is the whole of it. */
static void break_off(const char *request, bool by_reset)
{
	size_t length = strlen(request);

	for (size_t sent = 0; sent <= length; sent += 7) {
		struct wire wire = wire_open(wire_port());

		wire_send(&wire, request, sent);
		if (by_reset)
			wire_reset(&wire);
		else
			wire_close(&wire);
	}
}

static void break_off_upload(size_t length, bool by_reset)
{
	static const char bytes[100000];
	struct wire wire = wire_open(wire_port());

	wire_text(&wire, WIRE_HEAD "Content-Length: 100000\r\n\r\n");
	(void)wire_try_send(&wire, bytes, length);
	if (by_reset)
		wire_reset(&wire);
	else
		wire_close(&wire);
}

START_TEST(clients_may_break_off_anywhere)
{
	int before;

	mount_start(_i);
	before = open_descriptors();
	break_off(WIRE_HEAD WIRE_LENGTH WIRE_BODY, false);
	break_off(WIRE_HEAD WIRE_LENGTH WIRE_BODY, true);
	for (size_t length = 0; length < 100000; length += 14000) {
		break_off_upload(length, false);
		break_off_upload(length, true);
	}
	ck_assert_msg(descriptors_fall_to(before), "%s", mode_name);
	ck_assert_msg(mount_falls_to(0), "%s", mode_name);
	wire_session_of("");
	mount_stop();
}
END_TEST

START_TEST(clients_may_leave_while_their_calls_wait)
{
	struct wire_session session;
	int before;

	mount_start(_i);
	session = wire_session_of("");
	before = open_descriptors();
	for (int i = 0; i < 4; i++) {
		struct wire wire = wire_open(wire_port());

		wire_post(&wire, session.lines, HOLD);
		wire_wait_held((unsigned)i + 1);
		if (i % 2 == 0)
			wire_close(&wire);
		else
			wire_reset(&wire);
	}
	wire_release();
	ck_assert_msg(descriptors_fall_to(before), "%s", mode_name);
	ck_assert_msg(mount_falls_to(0), "%s", mode_name);
	wire_session_of("");
	mount_stop();
}
END_TEST

/* ---- the stop ---- */

START_TEST(a_drain_waits_for_calls)
{
	struct wire_session session;
	struct reply reply;
	struct wire wire;

	mount_start(_i);
	session = wire_session_of("");
	wire = wire_open(wire_port());
	wire_post(&wire, session.lines, HOLD);
	wire_wait_held(1);
	wire_release();
	mount_stop();
	reply = wire_read(&wire);
	assert_status(reply, 200);
	assert_says(reply, "released");
	wire_close(&wire);
}
END_TEST

START_TEST(a_drain_answers_calls_that_do_not_end)
{
	struct wire_session session;
	struct wire wires[MANY];

	mount_start(_i);
	session = wire_session_of("");
	for (int i = 0; i < MANY; i++) {
		wires[i] = wire_open(wire_port());
		wire_post(&wires[i], session.lines, HOLD);
	}
	wire_wait_held(MANY);
	ck_assert(!host_drain(1));
	for (int i = 0; i < MANY; i++) {
		struct reply reply = wire_read(&wires[i]);

		assert_status(reply, 200);
		assert_says(reply, "outcome_unknown");
		ck_assert(!reply_names(&reply, "Retry-After"));
		ck_assert(reply_closes(&reply));
		wire_close(&wires[i]);
	}
	host_stop();
	wire_stop();
}
END_TEST

START_TEST(pages_go_on_after_the_drain)
{
	struct wire_session session;
	struct wire wire;

	mount_start(_i);
	session = wire_session_of("");
	ck_assert(host_drain(MOUNT_DRAIN_MS));
	wire = wire_open(wire_port());
	assert_status(say_hello(&wire), 200);
	assert_status(wire_ask(&wire, session.lines, WIRE_PING), 503);
	wire_close(&wire);
	host_stop();
	wire_stop();
}
END_TEST

TEST_MAIN("mount")
{
	test_timeout(120);
#define EVERY_MODE(name) test_add_loop(name, host_mode_count)
	EVERY_MODE(pages_and_calls_share_a_connection);
	EVERY_MODE(other_paths_are_the_programs);
	EVERY_MODE(path_with_a_slash_after_it_is_ours_by_option);
	EVERY_MODE(calls_that_wait_hold_up_nobody);
	EVERY_MODE(clients_come_from_all_sides);
	EVERY_MODE(a_session_lives_and_ends_as_ever);
	EVERY_MODE(clients_may_break_off_anywhere);
	EVERY_MODE(clients_may_leave_while_their_calls_wait);
	EVERY_MODE(a_drain_waits_for_calls);
	EVERY_MODE(a_drain_answers_calls_that_do_not_end);
	EVERY_MODE(pages_go_on_after_the_drain);
}
