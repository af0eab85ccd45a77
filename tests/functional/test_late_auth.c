/* An auth hook that answers later, over real sockets: the request waits in
 * libmicrohttpd's first call, before a byte of its body is read. */
#define _GNU_SOURCE
#include "functional/wire.h"
#include "suite.h"

#include <mcps/daemon.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_MS = 60000 };

static mcps_server *server;
static mcps_daemon *daemon_;
static int port;

/* Auth results come from a thread of their own, one after the other. */
static struct asked {
	mcps_grant *grant;
	bool is_ann;
	struct asked *next;
} * first;
static bool is_over;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static pthread_t thread;

static void decide(const struct asked *asked)
{
	mcps_status status = MCPS_E_AUTH;

	if (asked->is_ann)
		status = mcps_grant_subject(asked->grant, NULL, "ann");
	mcps_grant_finish(asked->grant, status);
}

static void *decide_main(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&lock);
	while (!is_over || first != NULL) {
		struct asked *asked = first;

		if (asked == NULL) {
			pthread_cond_wait(&filled, &lock);
			continue;
		}
		first = asked->next;
		pthread_mutex_unlock(&lock);
		decide(asked);
		free(asked);
		pthread_mutex_lock(&lock);
	}
	pthread_mutex_unlock(&lock);
	return NULL;
}

static mcps_status ask_later(void *arg, const mcps_request *request,
                             mcps_grant *grant)
{
	const char *token = mcps_request_bearer(request);
	struct asked *asked = calloc(1, sizeof *asked);

	(void)arg;
	ck_assert_ptr_nonnull(asked);
	ck_assert_str_eq(mcps_request_peer(request), "127.0.0.1");
	asked->grant = grant;
	asked->is_ann = token != NULL && strcmp(token, "ann") == 0;
	pthread_mutex_lock(&lock);
	asked->next = first;
	first = asked;
	pthread_cond_signal(&filled);
	pthread_mutex_unlock(&lock);
	return MCPS_LATER;
}

static void set_up(void)
{
	const struct mcps_daemon_options options = { .size = sizeof options,
		                                     .listen = "127.0.0.1:0" };
	struct mcps_error error = { MCPS_OK, "" };

	is_over = false;
	pthread_create(&thread, NULL, decide_main, NULL);
	server = mcps_server_new("test", "1");
	mcps_server_set_auth(server, ask_later, NULL);
	ck_assert_msg(mcps_server_start(server, &error) == MCPS_OK, "%s",
	              error.text);
	ck_assert_msg(mcps_daemon_start(&daemon_, server, &options, &error) ==
	                      MCPS_OK,
	              "%s", error.text);
	port = atoi(strrchr(mcps_daemon_address(daemon_), ':') + 1);
}

static void tear_down(void)
{
	mcps_daemon_stop(daemon_, DRAIN_MS);
	mcps_server_free(server);
	pthread_mutex_lock(&lock);
	is_over = true;
	pthread_cond_signal(&filled);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
}

#define ANN "Authorization: Bearer ann\r\n"
#define EVE "Authorization: Bearer eve\r\n"

static void write_session(char *lines, size_t size, struct reply *begun)
{
	snprintf(lines, size, ANN "Mcp-Session-Id: %s\r\n",
	         reply_value(begun, "Mcp-Session-Id"));
}

START_TEST(requests_on_one_connection_are_let_in_one_by_one)
{
	struct wire wire = wire_open(port);
	struct reply begun = wire_ask(&wire, ANN, WIRE_INITIALIZE);
	char lines[512];

	ck_assert_int_eq(begun.status, 200);
	write_session(lines, sizeof lines, &begun);
	for (int i = 0; i < 20; i++) {
		struct reply pinged = wire_ask(&wire, lines, WIRE_PING);

		ck_assert_int_eq(pinged.status, 200);
		ck_assert(!reply_closes(&pinged));
	}
	wire_close(&wire);
}
END_TEST

START_TEST(a_request_without_body_is_let_in)
{
	struct wire wire = wire_open(port);
	struct reply begun = wire_ask(&wire, ANN, WIRE_INITIALIZE);
	char lines[512];

	write_session(lines, sizeof lines, &begun);
	wire_text(&wire, "DELETE /mcp HTTP/1.1\r\n" WIRE_HOST);
	wire_text(&wire, lines);
	wire_text(&wire, "\r\n");
	ck_assert_int_eq(wire_read(&wire).status, 204);
	wire_close(&wire);
}
END_TEST

START_TEST(who_is_refused_keeps_the_connection)
{
	struct wire wire = wire_open(port);

	ck_assert_int_eq(wire_ask(&wire, EVE, WIRE_INITIALIZE).status, 401);
	ck_assert_int_eq(wire_ask(&wire, ANN, WIRE_INITIALIZE).status, 200);
	wire_close(&wire);
}
END_TEST

START_TEST(body_too_long_to_skip_is_not_read_of_a_refused_caller)
{
	struct wire wire = wire_open(port);

	wire_text(&wire, WIRE_HEAD EVE "Content-Length: 5000000\r\n\r\n");
	ck_assert_int_eq(wire_read(&wire).status, 401);
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
}
END_TEST

START_TEST(a_client_may_leave_while_it_is_asked_about)
{
	struct wire wire;

	for (int i = 0; i < 50; i++) {
		wire = wire_open(port);
		wire_text(&wire, WIRE_HEAD ANN "Content-Length: 99\r\n\r\n");
		wire_close(&wire);
	}
	wire = wire_open(port);
	ck_assert_int_eq(wire_ask(&wire, ANN, WIRE_INITIALIZE).status, 200);
	wire_close(&wire);
}
END_TEST

TEST_MAIN("late_auth")
{
	test_fixture(set_up, tear_down);
	test_timeout(120);
	test_add(requests_on_one_connection_are_let_in_one_by_one);
	test_add(a_request_without_body_is_let_in);
	test_add(who_is_refused_keeps_the_connection);
	test_add(body_too_long_to_skip_is_not_read_of_a_refused_caller);
	test_add(a_client_may_leave_while_it_is_asked_about);
}
