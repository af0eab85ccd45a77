/* The daemon over real sockets: what a client sees of connections, bodies,
 * limits and the stop. No test sleeps: each waits for an event, with a
 * deadline. */
#define _GNU_SOURCE
#include <mcps/call.h>
#include <mcps/daemon.h>

#include "base/clock.h"
#include "raw_client.h"
#include "suite.h"

#include <dirent.h>
#include <pthread.h>
#include <sys/resource.h>
#include <time.h>

enum { DEADLINE_S = 60, LOOPS = 2, MANY = 24 };

/* ---- a tool that ends when it is told to ------------------------------- */

static struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int entered;
	bool open;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false };

static void deadline(struct timespec *at, long ms)
{
	clock_gettime(CLOCK_REALTIME, at);
	mcps__timespec_add(at, ms);
}

/* Cancellation wakes nobody, so it is looked for now and then. */
static mcps_status run_hold(mcps_call *call, const void *args)
{
	struct timespec at;

	(void)args;
	pthread_mutex_lock(&gate.lock);
	gate.entered++;
	pthread_cond_broadcast(&gate.changed);
	while (!gate.open && !mcps_cancelled(call)) {
		deadline(&at, 5);
		pthread_cond_timedwait(&gate.changed, &gate.lock, &at);
	}
	pthread_mutex_unlock(&gate.lock);
	return mcps_text(call, "released");
}

static void wait_entered(int calls)
{
	struct timespec at;
	int result = 0;

	deadline(&at, DEADLINE_S * 1000L);
	pthread_mutex_lock(&gate.lock);
	while (gate.entered < calls && result == 0)
		result = pthread_cond_timedwait(&gate.changed, &gate.lock, &at);
	pthread_mutex_unlock(&gate.lock);
	ck_assert_int_eq(result, 0);
}

static void open_gate(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

/* ---- the server -------------------------------------------------------- */

static mcps_server *server;
static mcps_daemon *daemon_;
static const char *address;
static int port;

static const mcps_field no_fields[] = { MCPS_FIELDS_END };

struct nothing {
	char unused;
};

static void start_at(const char *listen)
{
	struct mcps_daemon_options options = { .size = sizeof options,
		                               .listen = listen,
		                               .loops = LOOPS };
	struct mcps_error error = { MCPS_OK, "" };

	gate.entered = 0;
	gate.open = false;
	server = mcps_server_new("test", "1");
	mcps_add_tool(server, struct nothing, .name = "hold",
	              .fields = no_fields, .run = run_hold);
	mcps_configure(server, .store = "memory:", .workers = 4,
	               .max_workers_per_caller = 4);
	ck_assert_msg(mcps_server_start(server, &error) == MCPS_OK, "%s",
	              error.text);
	ck_assert_msg(mcps_daemon_start(&daemon_, server, &options, &error) ==
	                      MCPS_OK,
	              "%s", error.text);
	address = mcps_daemon_address(daemon_);
	port = atoi(strrchr(address, ':') + 1);
}

static void start(void)
{
	start_at("127.0.0.1:0");
}

static void stop(void)
{
	open_gate();
	mcps_daemon_stop(daemon_, DEADLINE_S * 1000);
	mcps_server_free(server);
}

/* ---- what tests say, and look at --------------------------------------- */

static const char initialize[] =
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{"
	"\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
	"\"clientInfo\":{\"name\":\"test\",\"version\":\"1\"}}}";

static const char hold[] =
	"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\",\"params\":{"
	"\"name\":\"hold\",\"arguments\":{}}}";

/* A session, by a connection that is not needed any more. */
static struct answer new_session(void)
{
	struct client client = client_open(port);
	struct answer answer = ask(&client, "/mcp", NULL, initialize);

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_ne(answer.session, "");
	close(client.fd);
	return answer;
}

static int open_descriptors(void)
{
	DIR *all = opendir("/proc/self/fd");
	int count = 0;

	while (readdir(all) != NULL)
		count++;
	closedir(all);
	return count;
}

/* That the server closed something is to be seen nowhere else. */
static bool descriptors_fall_to(int wanted)
{
	const struct timespec moment = { 0, 2000000 };
	time_t end = time(NULL) + DEADLINE_S;

	while (open_descriptors() > wanted) {
		if (time(NULL) >= end)
			return false;
		nanosleep(&moment, NULL);
	}
	return true;
}

/* ---- connections and bodies
 * -------------------------------------------------- */

START_TEST(initialize_gives_a_session_id)
{
	struct answer answer = new_session();

	ck_assert_ptr_nonnull(strstr(answer.body, "\"serverInfo\""));
}
END_TEST

START_TEST(a_connection_serves_many_requests)
{
	struct client client = client_open(port);

	for (int i = 0; i < MANY; i++) {
		struct answer answer = ask(&client, "/mcp", NULL, initialize);

		ck_assert_int_eq(answer.status, 200);
		ck_assert(!answer.closes);
	}
	close(client.fd);
}
END_TEST

START_TEST(other_paths_are_404)
{
	static const char *const paths[] = { "/", "/mcp//", "/mcp%00x",
		                             "/%6dcp", "http://evil/mcp" };
	struct client client = client_open(port);

	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
		struct answer answer = ask(&client, paths[i], NULL, initialize);

		ck_assert_msg(answer.status == 404, "%s", paths[i]);
		ck_assert(!answer.closes);
	}
	close(client.fd);
}
END_TEST

START_TEST(a_query_is_no_part_of_the_path)
{
	struct client client = client_open(port);

	ck_assert_int_eq(ask(&client, "/mcp?x=%00", NULL, initialize).status,
	                 200);
	close(client.fd);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	struct client client = client_open(port);

	post(&client, "/mcp", NULL, initialize);
	post(&client, "/other", NULL, initialize);
	post(&client, "/mcp", NULL, initialize);
	ck_assert_int_eq(read_answer(&client).status, 200);
	ck_assert_int_eq(read_answer(&client).status, 404);
	ck_assert_int_eq(read_answer(&client).status, 200);
	close(client.fd);
}
END_TEST

START_TEST(a_body_may_come_byte_by_byte)
{
	struct client client = client_open(port);
	char extra[64];

	snprintf(extra, sizeof extra, "Content-Length: %zu\r\n",
	         strlen(initialize));
	send_head(&client, "/mcp", extra);
	for (size_t i = 0; i < strlen(initialize); i++)
		send_bytes(&client, initialize + i, 1);
	ck_assert_int_eq(read_answer(&client).status, 200);
	close(client.fd);
}
END_TEST

START_TEST(a_body_may_come_in_chunks)
{
	struct client client = client_open(port);
	char size[16];

	send_head(&client, "/mcp", "Transfer-Encoding: chunked\r\n");
	for (size_t i = 0, n; i < strlen(initialize); i += n) {
		n = strnlen(initialize + i, 7);
		snprintf(size, sizeof size, "%zx\r\n", n);
		send_text(&client, size);
		send_bytes(&client, initialize + i, n);
		send_text(&client, "\r\n");
	}
	send_text(&client, "0\r\n\r\n");
	ck_assert_int_eq(read_answer(&client).status, 200);
	ck_assert_int_eq(ask(&client, "/mcp", NULL, initialize).status, 200);
	close(client.fd);
}
END_TEST

START_TEST(two_lengths_end_the_connection)
{
	struct client client = client_open(port);
	struct answer answer;

	send_head(&client, "/mcp",
	          "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n");
	send_text(&client, "0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n");
	answer = read_answer(&client);
	ck_assert_int_eq(answer.status, 400);
	ck_assert(answer.closes);
	ck_assert(is_at_end(&client));
	close(client.fd);
}
END_TEST

/* Nobody waits for the rest of what is refused by its headers. */
START_TEST(a_long_body_is_refused_before_it_comes)
{
	struct client client = client_open(port);
	struct answer answer;

	send_head(&client, "/mcp", "Content-Length: 1000000000\r\n");
	answer = read_answer(&client);
	ck_assert_int_eq(answer.status, 413);
	ck_assert(answer.closes);
	ck_assert(is_at_end(&client));
	close(client.fd);
}
END_TEST

START_TEST(a_short_body_that_is_refused_keeps_the_connection)
{
	struct client client = client_open(port);

	ck_assert(!ask(&client, "/other", NULL, initialize).closes);
	ck_assert_int_eq(ask(&client, "/mcp", NULL, initialize).status, 200);
	close(client.fd);
}
END_TEST

/* ---- clients that leave
 * -------------------------------------------------------- */

/* Break off after each byte of a request, with or without a reset. The last
 * request is accepted after all of them. */
static void break_off_anywhere(const struct linger *linger)
{
	char request[2048];
	int before = open_descriptors();

	write_post(request, sizeof request, "/mcp", NULL, initialize);
	for (size_t i = 0; i <= strlen(request); i++) {
		struct client client = client_open(port);

		send_bytes(&client, request, i);
		setsockopt(client.fd, SOL_SOCKET, SO_LINGER, linger,
		           sizeof *linger);
		close(client.fd);
	}
	ck_assert_int_eq(new_session().status, 200);
	ck_assert(descriptors_fall_to(before));
}

START_TEST(clients_may_leave_anywhere)
{
	break_off_anywhere(&(struct linger){ 0, 0 });
}
END_TEST

START_TEST(clients_may_reset_anywhere)
{
	break_off_anywhere(&(struct linger){ 1, 0 });
}
END_TEST

START_TEST(clients_may_leave_while_their_calls_are_parked)
{
	struct answer session = new_session();
	int before = open_descriptors();

	for (int i = 0; i < 4; i++) {
		struct client client = client_open(port);

		post(&client, "/mcp", session.session, hold);
		wait_entered(i + 1);
		close(client.fd);
	}
	open_gate();
	ck_assert(descriptors_fall_to(before));
	ck_assert_int_eq(new_session().status, 200);
}
END_TEST

/* The listening socket stays readable while accept() fails: the server must
 * neither die nor forget who waits. */
START_TEST(newcomers_wait_while_there_are_no_descriptors)
{
	struct client clients[MANY];
	struct rlimit limit, none;

	for (int i = 0; i < MANY; i++)
		clients[i] = (struct client){ .fd = open_socket() };
	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0; /* what is open stays open */
	setrlimit(RLIMIT_NOFILE, &none);
	for (int i = 0; i < MANY; i++) {
		connect_socket(clients[i].fd, port);
		post(&clients[i], "/mcp", NULL, initialize);
	}
	setrlimit(RLIMIT_NOFILE, &limit);
	for (int i = 0; i < MANY; i++) {
		ck_assert_int_eq(read_answer(&clients[i]).status, 200);
		close(clients[i].fd);
	}
}
END_TEST

/* ---- the stop
 * -------------------------------------------------------------------- */

START_TEST(stop_waits_for_parked_calls)
{
	struct answer session, answer;
	struct client client;

	start();
	session = new_session();
	client = client_open(port);
	post(&client, "/mcp", session.session, hold);
	wait_entered(1);
	open_gate();
	ck_assert(mcps_daemon_stop(daemon_, DEADLINE_S * 1000));
	answer = read_answer(&client);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_ptr_nonnull(strstr(answer.body, "released"));
	ck_assert(is_at_end(&client));
	close(client.fd);
	mcps_server_free(server);
}
END_TEST

START_TEST(stop_answers_calls_that_do_not_end)
{
	struct client clients[4];
	struct answer session;

	start();
	session = new_session();
	for (int i = 0; i < 4; i++) {
		clients[i] = client_open(port);
		post(&clients[i], "/mcp", session.session, hold);
		wait_entered(i + 1);
	}
	ck_assert(!mcps_daemon_stop(daemon_, 1));
	for (int i = 0; i < 4; i++) {
		struct answer answer = read_answer(&clients[i]);

		ck_assert_int_eq(answer.status, 200);
		ck_assert_ptr_nonnull(strstr(answer.body, "outcome_unknown"));
		close(clients[i].fd);
	}
	mcps_server_free(server);
}
END_TEST

START_TEST(stop_does_not_wait_for_idle_connections)
{
	struct client clients[MANY];
	int before = open_descriptors();

	start();
	for (int i = 0; i < MANY; i++) {
		clients[i] = client_open(port);
		ck_assert_int_eq(
			ask(&clients[i], "/mcp", NULL, initialize).status, 200);
	}
	ck_assert(mcps_daemon_stop(daemon_, DEADLINE_S * 1000));
	for (int i = 0; i < MANY; i++) {
		ck_assert(is_at_end(&clients[i]));
		close(clients[i].fd);
	}
	mcps_server_free(server);
	ck_assert_int_eq(open_descriptors(), before);
}
END_TEST

/* ---- addresses
 * ---------------------------------------------------------------------- */

static mcps_status try_listen(const char *listen, struct mcps_error *error)
{
	const struct mcps_daemon_options options = { .size = sizeof options,
		                                     .listen = listen };
	mcps_daemon *second;
	mcps_status status =
		mcps_daemon_start(&second, server, &options, error);

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
	ck_assert_int_eq(new_session().status, 200);
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

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
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
	struct client client = { .have = 0 };

	if (!has_ipv6())
		return;
	start_at("[::1]:0");
	ck_assert_int_eq(strncmp(address, "[::1]:", 6), 0);
	to.sin6_port = htons((uint16_t)port);
	client.fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(client.fd, (struct sockaddr *)&to, sizeof to),
	                 0);
	ck_assert_int_eq(ask(&client, "/mcp", NULL, initialize).status, 200);
	close(client.fd);
	stop();
}
END_TEST

/* ---- the suite
 * ------------------------------------------------------------------------ */

TEST_MAIN("daemon")
{
	test_case("serving");
	test_fixture(start, stop);
	test_timeout(3 * DEADLINE_S);
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
	test_timeout(3 * DEADLINE_S);
	test_add(stop_waits_for_parked_calls);
	test_add(stop_answers_calls_that_do_not_end);
	test_add(stop_does_not_wait_for_idle_connections);
	test_add(listens_on_ipv6);
}
