/* How the program ends, under load and when something does not end. No test
 * sleeps: each waits for what the program says. */
#define _GNU_SOURCE
#include "functional/program.h"
#include "functional/wire_events.h"
#include "suite.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct program_process program;

#define CALL_SLEEP(ms) WIRE_CALL(7, "sleep", "{\"ms\":" ms "}")

static double seconds_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The line that names a session of the server at PORT. */
/* ---- the stop ---- */

enum { CALLERS = 6 };

static struct {
	int port;
	char line[256];
	atomic_uint answered, lost, refused;
} load;

/* Whether the server closed it while nothing was under way. */
static bool is_closed(const struct wire *wire)
{
	char byte;

	return recv(wire->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool connects(struct wire *wire)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)load.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	wire->have = 0;
	wire->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(wire->fd, (const struct sockaddr *)&to, sizeof to) == 0)
		return true;
	close(wire->fd);
	return false;
}

/* Call without a pause, until nobody takes connections any more. A connection
 * that was opened, but not accepted, ends with a reset before any answer; then
 * the next one is refused. */
static void *caller_main(void *arg)
{
	static const char body[] = CALL_SLEEP("10");
	bool is_new = true;
	struct wire wire;

	(void)arg;
	if (!connects(&wire))
		return NULL;
	for (;;) {
		struct reply reply = { 0 };

		if (is_closed(&wire)) {
			close(wire.fd);
			is_new = true;
			if (!connects(&wire))
				return NULL;
		}
		wire_post(&wire, load.line, body);
		reply = wire_read(&wire);
		if (reply.status == 200)
			atomic_fetch_add(&load.answered, 1);
		else if (reply.status == 0 && is_new)
			break;
		else
			atomic_fetch_add(&load.lost, 1);
		is_new = false;
		if (reply.status != 200)
			break;
		if (reply_closes(&reply)) {
			close(wire.fd);
			is_new = true;
			if (!connects(&wire))
				return NULL;
		}
	}
	close(wire.fd);
	return NULL;
}

START_TEST(a_stop_under_load_loses_no_call)
{
	pthread_t threads[CALLERS];

	program_run(&program, "--listen", "127.0.0.1:0", "--drain", "100s",
	            "--workers", "8");
	load.port = program_port(&program);
	snprintf(load.line, sizeof load.line, "%s",
	         program_session_line(load.port));
	for (int i = 0; i < CALLERS; i++)
		pthread_create(&threads[i], NULL, caller_main, NULL);
	while (atomic_load(&load.answered) < 20 * CALLERS &&
	       atomic_load(&load.lost) == 0)
		sched_yield();
	program_signal(&program, SIGTERM);
	for (int i = 0; i < CALLERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_int_eq(program_end(&program), 0);
	ck_assert_uint_eq(atomic_load(&load.lost), 0);
	ck_assert_ptr_null(strstr(program.text, "did not end within --drain"));
}
END_TEST

/* The call is a stream when the stop begins, and ends with an error. */
START_TEST(a_call_that_does_not_end_in_time_is_of_unknown_outcome)
{
	struct wire_stream stream;
	struct wire_event event;
	struct wire wire;
	double began;
	int port;

	program_run(&program, "--listen", "127.0.0.1:0", "--drain", "3s");
	port = program_port(&program);
	load.line[0] = '\0';
	strcpy(load.line, program_session_line(port));
	wire = wire_open(port);
	wire_post(&wire, load.line, CALL_SLEEP("60000"));
	stream = wire_stream_open(&wire);
	began = seconds_now();
	program_signal(&program, SIGTERM);
	event = wire_stream_find(&stream, "\"id\":7,\"error\":");
	ck_assert_ptr_nonnull(strstr(event.data, "outcome_unknown"));
	ck_assert_str_ne(stream.last_id, "");
	ck_assert_uint_eq(wire_stream_rest(&stream, ""), 0);
	ck_assert(!stream.is_cut);
	ck_assert(seconds_now() - began > 2.99); /* all of --drain */
	ck_assert_int_eq(program_end(&program), 0);
	(void)program_says(&program, "some calls did not end within --drain");
	wire_close(&wire);
}
END_TEST

/* A server with a tool that does not look whether it was told to stop. */
static void use_deaf_server(void)
{
	const char *build = getenv("top_builddir");
	char path[256];

	snprintf(path, sizeof path, "%s/tests/clients/effects",
	         build != NULL ? build : ".");
	setenv("MCPS_DEMO", path, 1);
	setenv("EFFECTS_FILE", program_path("effects"), 1);
}

/* Its client has its answer when --drain is over, and the process ends. */
START_TEST(a_handler_that_does_not_end_delays_a_stop_by_1500_ms)
{
	double began;
	struct reply reply;
	struct wire wire;
	int port;

	use_deaf_server();
	program_run(&program, "--listen", "127.0.0.1:0", "--drain", "1s",
	            "--stream-after", "1h");
	port = program_port(&program);
	strcpy(load.line, program_session_line(port));
	wire = wire_open(port);
	wire_post(&wire, load.line,
	          WIRE_CALL(7, "act",
	                    "{\"name\":\"x\",\"ms\":60000,\"is_deaf\":true}"));
	while (access(program_path("effects"), F_OK) != 0)
		sched_yield(); /* until it has begun */
	began = seconds_now();
	program_signal(&program, SIGTERM);
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_ptr_nonnull(strstr(reply.body, "outcome_unknown"));
	ck_assert(seconds_now() - began > 0.99);
	ck_assert_int_eq(program_end(&program), 0);
	ck_assert(seconds_now() - began > 2.49);
	(void)program_says(&program, "more than 1.5 s longer than --drain");
	wire_close(&wire);
}
END_TEST

/* Ask a program that stops to end at once, until it does: signals that come
 * early do not count. Returns the exit code. */
static int end_now(int number)
{
	struct pollfd end = { .fd = program.out };

	do
		program_signal(&program, number);
	while (poll(&end, 1, 50) == 0);
	return program_end(&program);
}

static unsigned retry_of(const struct reply *reply)
{
	const char *retry = strstr(reply->body, "retry: ");

	ck_assert_msg(retry != NULL, "%s", reply->body);
	return (unsigned)atoi(retry + strlen("retry: "));
}

/* No connection is accepted any more, so the GET has begun before. */
START_TEST(get_that_is_whole_during_the_drain_is_told_when_to_come_again)
{
	struct wire call, listener, late;
	struct reply reply;
	int port;

	program_run(&program, "--listen", "127.0.0.1:0", "--loops", "1",
	            "--drain", "60s");
	port = program_port(&program);
	strcpy(load.line, program_session_line(port));
	call = wire_open(port);
	wire_post(&call, load.line, CALL_SLEEP("60000"));
	listener = wire_open(port);
	wire_text(&listener, "GET /mcp HTTP/1.1\r\n" WIRE_HOST
	                     "Accept: text/event-stream\r\n");
	wire_text(&listener, load.line);
	wire_text(&listener, "\r\n");
	late = wire_open(port);
	wire_text(&late, "GET /mcp HTTP/1.1\r\n" WIRE_HOST
	                 "Accept: text/event-stream\r\n"
	                 "Content-Length: 2\r\n");
	wire_text(&late, load.line);
	wire_text(&late, "\r\n");
	/* The next answer on another connection shows that all was read. */
	(void)program_session_line(port);
	program_signal(&program, SIGTERM);
	reply = wire_read(&listener); /* up to its end: the drain has begun */
	ck_assert_int_eq(reply.status, 200);
	wire_text(&late, "{}");
	reply = wire_read(&late);
	ck_assert_int_eq(reply.status, 200);
	ck_assert(reply_has(&reply, "Content-Type: text/event-stream"));
	ck_assert(reply_closes(&reply));
	ck_assert_uint_ge(retry_of(&reply), 5000);
	ck_assert_uint_le(retry_of(&reply), 63000);
	(void)end_now(SIGTERM);
	wire_close(&call);
	wire_close(&listener);
	wire_close(&late);
}
END_TEST

/* A call of BODY that the program, which may drain for an hour, carries out. */
static struct wire call_of_an_hour(const char *body)
{
	struct wire wire;
	int port;

	program_run(&program, "--listen", "127.0.0.1:0", "--loops", "1",
	            "--drain", "1h");
	port = program_port(&program);
	strcpy(load.line, program_session_line(port));
	wire = wire_open(port);
	wire_post(&wire, load.line, body);
	(void)program_session_line(
		port); /* its answer shows that the call was read */
	return wire;
}

START_TEST(a_signal_one_second_after_the_first_ends_it_at_once)
{
	struct wire wire = call_of_an_hour(CALL_SLEEP("60000"));
	double began = seconds_now();

	program_signal(&program, SIGTERM);
	(void)program_says(&program, "stopping");
	ck_assert_int_eq(end_now(SIGINT), 1);
	ck_assert(seconds_now() - began > 0.99);
	wire_close(&wire);
}
END_TEST

/* As timeout(1) sends them: to the process, and to its group. */
START_TEST(two_signals_within_a_second_do_not_cut_calls_off)
{
	struct wire wire = call_of_an_hour(CALL_SLEEP("1500"));
	struct reply reply;

	program_signal(&program, SIGTERM);
	program_signal(&program, SIGINT);
	program_signal(&program, SIGTERM);
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_ptr_nonnull(strstr(reply.body, "\"id\":7,\"result\":"));
	ck_assert_int_eq(program_end(&program), 0);
	wire_close(&wire);
}
END_TEST

TEST_MAIN("program's stop")
{
	program_case("starts and stops");

	test_add(a_stop_under_load_loses_no_call);
	test_add(a_call_that_does_not_end_in_time_is_of_unknown_outcome);
	test_add(a_handler_that_does_not_end_delays_a_stop_by_1500_ms);
	test_add(get_that_is_whole_during_the_drain_is_told_when_to_come_again);
	test_add(a_signal_one_second_after_the_first_ends_it_at_once);
	test_add(two_signals_within_a_second_do_not_cut_calls_off);
}
