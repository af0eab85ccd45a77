/* The daemon over real sockets: what a client sees of connections, bodies,
 * limits and the stop. No test sleeps: each waits for an event, with a
 * deadline. */
#define _GNU_SOURCE
#include "functional/wire_server.h"
#include "suite.h"

#include <check.h>
#include <mcps/daemon.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MANY = 24, STOP_MS = WIRE_DEADLINE_S * 1000 };

#define HOLD WIRE_CALL(7, "hold", "{}")

/* ---- the server -------------------------------------------------------- */

static mcps_daemon *daemon_;
static const char *address;

static void start_at(const char *listen)
{
	const struct mcps_server_options options = { .size = sizeof options,
		                                     .workers = 4,
		                                     .max_workers_per_caller =
		                                             4 };
	const struct mcps_daemon_options how = { .size = sizeof how,
		                                 .listen = listen,
		                                 .loops = 2 };
	struct mcps_error error = { MCPS_OK, "" };

	wire_start_server(WIRE_ANONYMOUS, &options);
	ck_assert_msg(mcps_daemon_start(&daemon_, wire_server(), &how,
	                                &error) == MCPS_OK,
	              "%s", error.text);
	address = mcps_daemon_address(daemon_);
	wire_set_port(atoi(strrchr(address, ':') + 1));
}

static void start(void)
{
	start_at("127.0.0.1:0");
}

static void stop(void)
{
	wire_release();
	mcps_daemon_stop(daemon_, STOP_MS);
	wire_stop();
}

/* ---- connections and bodies -------------------------------------------- */

static struct reply ask_path(struct wire *wire, const char *path)
{
	char line[128];

	snprintf(line, sizeof line, "POST %s HTTP/1.1\r\n", path);
	wire_text(wire, line);
	wire_text(wire, WIRE_HOST WIRE_TYPE WIRE_ACCEPT WIRE_LENGTH WIRE_BODY);
	return wire_read(wire);
}

static void assert_served(struct wire *wire)
{
	ck_assert_int_eq(wire_ask(wire, "", WIRE_INITIALIZE).status, 200);
}

START_TEST(initialize_gives_a_session_id)
{
	struct reply reply = wire_initialize("");

	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_ne(reply_value(&reply, "Mcp-Session-Id"), "");
	ck_assert_ptr_nonnull(strstr(reply.body, "\"serverInfo\""));
}
END_TEST

START_TEST(a_connection_serves_many_requests)
{
	struct wire wire = wire_open(wire_port());

	for (int i = 0; i < MANY; i++) {
		struct reply reply = wire_ask(&wire, "", WIRE_INITIALIZE);

		ck_assert_int_eq(reply.status, 200);
		ck_assert(!reply_closes(&reply));
	}
	wire_close(&wire);
}
END_TEST

START_TEST(other_paths_are_404)
{
	static const char *const paths[] = { "/", "/mcp//", "/mcp%00x",
		                             "/%6dcp", "http://evil/mcp" };
	struct wire wire = wire_open(wire_port());

	for (int i = 0; i < COUNT(paths); i++) {
		struct reply reply = ask_path(&wire, paths[i]);

		ck_assert_msg(reply.status == 404, "%s", paths[i]);
		ck_assert(!reply_closes(&reply));
	}
	wire_close(&wire);
}
END_TEST

START_TEST(a_query_is_no_part_of_the_path)
{
	struct wire wire = wire_open(wire_port());

	ck_assert_int_eq(ask_path(&wire, "/mcp?x=%00").status, 200);
	wire_close(&wire);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	struct wire wire = wire_open(wire_port());

	wire_post(&wire, "", WIRE_INITIALIZE);
	wire_text(&wire, "POST /other HTTP/1.1\r\n" WIRE_HOST WIRE_TYPE
	                         WIRE_ACCEPT WIRE_LENGTH WIRE_BODY);
	wire_post(&wire, "", WIRE_INITIALIZE);
	ck_assert_int_eq(wire_read(&wire).status, 200);
	ck_assert_int_eq(wire_read(&wire).status, 404);
	ck_assert_int_eq(wire_read(&wire).status, 200);
	wire_close(&wire);
}
END_TEST

START_TEST(a_body_may_come_byte_by_byte)
{
	static const char body[] = WIRE_INITIALIZE;
	struct wire wire = wire_open(wire_port());

	wire_text(&wire, WIRE_HEAD WIRE_LENGTH "\r\n");
	for (size_t i = 0; i < strlen(body); i++)
		wire_send(&wire, body + i, 1);
	ck_assert_int_eq(wire_read(&wire).status, 200);
	wire_close(&wire);
}
END_TEST

START_TEST(a_body_may_come_in_chunks)
{
	static const char body[] = WIRE_INITIALIZE;
	struct wire wire = wire_open(wire_port());
	char size[16];

	wire_text(&wire, WIRE_HEAD "Transfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0, n; i < strlen(body); i += n) {
		n = strnlen(body + i, 7);
		snprintf(size, sizeof size, "%zx\r\n", n);
		wire_text(&wire, size);
		wire_send(&wire, body + i, n);
		wire_text(&wire, "\r\n");
	}
	wire_text(&wire, "0\r\n\r\n");
	ck_assert_int_eq(wire_read(&wire).status, 200);
	assert_served(&wire);
	wire_close(&wire);
}
END_TEST

START_TEST(two_lengths_end_the_connection)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_text(&wire, WIRE_HEAD "Content-Length: 4\r\n"
	                           "Transfer-Encoding: chunked\r\n\r\n");
	wire_text(&wire, "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 400);
	ck_assert(reply_closes(&reply));
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
}
END_TEST

/* Nobody waits for the rest of what is refused by its headers. */
START_TEST(a_long_body_is_refused_before_it_comes)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_text(&wire, WIRE_HEAD "Content-Length: 1000000000\r\n\r\n");
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 413);
	ck_assert(reply_closes(&reply));
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
}
END_TEST

START_TEST(a_short_body_that_is_refused_keeps_the_connection)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply = ask_path(&wire, "/other");

	ck_assert(!reply_closes(&reply));
	assert_served(&wire);
	wire_close(&wire);
}
END_TEST

/* ---- clients that leave ------------------------------------------------ */

/* Break off after each byte of a request, with or without a reset. The last
 * request is accepted after all of them. */
static void break_off_anywhere(void (*end)(struct wire *wire))
{
	static const char request[] = WIRE_HEAD WIRE_LENGTH WIRE_BODY;
	int before = open_descriptors();

	for (size_t i = 0; i < sizeof request; i++) {
		struct wire wire = wire_open(wire_port());

		wire_send(&wire, request, i);
		end(&wire);
	}
	ck_assert_int_eq(wire_initialize("").status, 200);
	ck_assert(descriptors_fall_to(before));
}

START_TEST(clients_may_leave_anywhere)
{
	break_off_anywhere(wire_close);
}
END_TEST

START_TEST(clients_may_reset_anywhere)
{
	break_off_anywhere(wire_reset);
}
END_TEST

START_TEST(clients_may_leave_while_their_calls_are_parked)
{
	struct wire_session session = wire_session_of("");
	int before = open_descriptors();

	for (unsigned i = 0; i < 4; i++) {
		struct wire wire = wire_open(wire_port());

		wire_post(&wire, session.lines, HOLD);
		wire_wait_held(i + 1);
		wire_close(&wire);
	}
	wire_release();
	ck_assert(descriptors_fall_to(before));
	ck_assert_int_eq(wire_initialize("").status, 200);
}
END_TEST

/* The listening socket stays readable while accept() fails: the server must
 * neither die nor forget who waits. */
START_TEST(newcomers_wait_while_there_are_no_descriptors)
{
	struct wire wires[MANY];
	struct rlimit limit, none;

	for (int i = 0; i < MANY; i++)
		wires[i] = wire_new(0);
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0; /* what is open stays open */
	setrlimit(RLIMIT_NOFILE, &none);
	for (int i = 0; i < MANY; i++) {
		wire_connect(&wires[i], wire_port());
		wire_post(&wires[i], "", WIRE_INITIALIZE);
	}
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(wire_read(&wires[i]).status, 200);
		wire_close(&wires[i]);
	}
}
END_TEST

/* ---- the stop ---------------------------------------------------------- */

START_TEST(stop_waits_for_parked_calls)
{
	struct wire_session session;
	struct reply reply;
	struct wire wire;

	start();
	session = wire_session_of("");
	wire = wire_open(wire_port());
	wire_post(&wire, session.lines, HOLD);
	wire_wait_held(1);
	wire_release();
	ck_assert(mcps_daemon_stop(daemon_, STOP_MS));
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_ptr_nonnull(strstr(reply.body, "released"));
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
	wire_stop();
}
END_TEST

START_TEST(stop_answers_calls_that_do_not_end)
{
	struct wire wires[4];
	struct wire_session session;

	start();
	session = wire_session_of("");
	for (unsigned i = 0; i < 4; i++) {
		wires[i] = wire_open(wire_port());
		wire_post(&wires[i], session.lines, HOLD);
		wire_wait_held(i + 1);
	}
	ck_assert(!mcps_daemon_stop(daemon_, 1));
	for (int i = 0; i < 4; i++) {
		struct reply reply = wire_read(&wires[i]);

		ck_assert_int_eq(reply.status, 200);
		ck_assert_ptr_nonnull(strstr(reply.body, "outcome_unknown"));
		wire_close(&wires[i]);
	}
	wire_stop();
}
END_TEST

START_TEST(stop_does_not_wait_for_idle_connections)
{
	struct wire wires[MANY];
	int before = open_descriptors();

	start();
	for (int i = 0; i < MANY; i++) {
		wires[i] = wire_open(wire_port());
		assert_served(&wires[i]);
	}
	ck_assert(mcps_daemon_stop(daemon_, STOP_MS));
	for (int i = 0; i < MANY; i++) {
		ck_assert(wire_is_over(&wires[i]));
		wire_close(&wires[i]);
	}
	wire_stop();
	ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

/* ---- addresses --------------------------------------------------------- */

static mcps_status try_listen(const char *listen, struct mcps_error *error)
{
	const struct mcps_daemon_options options = { .size = sizeof options,
		                                     .listen = listen };
	mcps_daemon *second;
	mcps_status status =
		mcps_daemon_start(&second, wire_server(), &options, error);

	mcps_daemon_stop(second, 0);
	return status;
}

START_TEST(an_address_in_use_is_named)
{
	struct mcps_error error;
	char wanted[128];

	snprintf(wanted, sizeof wanted,
	         "cannot listen on %s: Address already in use", address);
	ck_assert_int_eq(try_listen(address, &error), MCPS_E_SYSTEM);
	ck_assert_str_eq(error.text, wanted);
	ck_assert_int_eq(wire_initialize("").status, 200);
}
END_TEST

START_TEST(what_is_no_address_is_refused)
{
	static const char *const texts[] = {
		"",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:x",
		"::1:80",
		"[::1:80",
		"127.0.0.1:65536",
		"[]:80",
		"300.1.1.1:80",
		"example.org:80",
		"127.0.0.1:-1",
	};
	struct mcps_error error;

	for (int i = 0; i < COUNT(texts); i++) {
		ck_assert_msg(try_listen(texts[i], &error) == MCPS_E_INVAL,
		              "%s", texts[i]);
		ck_assert_ptr_nonnull(strstr(error.text, texts[i]));
	}
}
END_TEST

static bool has_ipv6(void)
{
	const struct sockaddr_in6 any = { .sin6_family = AF_INET6,
		                          .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool has = fd >= 0 &&
	           bind(fd, (const struct sockaddr *)&any, sizeof any) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

START_TEST(listens_on_ipv6)
{
	struct sockaddr_in6 to = { .sin6_family = AF_INET6,
		                   .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct wire wire = { .have = 0 };

	if (!has_ipv6())
		return;
	start_at("[::1]:0");
	ck_assert_int_eq(strncmp(address, "[::1]:", 6), 0);
	to.sin6_port = htons((uint16_t)wire_port());
	wire.fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(wire.fd, (struct sockaddr *)&to, sizeof to),
	                 0);
	assert_served(&wire);
	wire_close(&wire);
	stop();
}
END_TEST

/* ---- the suite --------------------------------------------------------- */

TEST_MAIN("daemon")
{
	test_case("serving");
	test_fixture(start, stop);
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(initialize_gives_a_session_id);
	test_add(a_connection_serves_many_requests);
	test_add(other_paths_are_404);
	test_add(a_query_is_no_part_of_the_path);
	test_add(pipelined_requests_are_answered_in_order);
	test_add(a_body_may_come_byte_by_byte);
	test_add(a_body_may_come_in_chunks);
	test_add(two_lengths_end_the_connection);
	test_add(a_long_body_is_refused_before_it_comes);
	test_add(a_short_body_that_is_refused_keeps_the_connection);
	test_add(clients_may_leave_anywhere);
	test_add(clients_may_reset_anywhere);
	test_add(clients_may_leave_while_their_calls_are_parked);
	test_add(newcomers_wait_while_there_are_no_descriptors);
	test_add(an_address_in_use_is_named);
	test_add(what_is_no_address_is_refused);

	test_case("starting and stopping");
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(stop_waits_for_parked_calls);
	test_add(stop_answers_calls_that_do_not_end);
	test_add(stop_does_not_wait_for_idle_connections);
	test_add(listens_on_ipv6);
}
