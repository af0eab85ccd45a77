/* The program stops while a thousand clients listen and some wait for calls:
 * each that listens is told when to come back, and goes on with the next
 * process where it was; each call is answered. */
#define _GNU_SOURCE
#include "functional/bystander.h"
#include "functional/listeners.h"
#include "functional/program.h"
#include "functional/wire.h"
#include "suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	STREAMS = 1000,
	STREAMS_SANITIZED = 200,
	CALLS = 8, /* behind the GETs in the crowd */
	OLD_EVERY = 4,
	WINDOW = 64,
	PATIENCE_S = 60,
	DRAIN_S = 3,
	/* The drain is too short for more. */
	RETRY_LEAST_MS = 5000,
	RETRY_MOST_MS = 6000,
};

#define OLD "2025-06-18"
#define NEW "2025-11-25"

static struct program_process program;
static struct listeners crowd;
static unsigned streams;
static unsigned all; /* with the calls */
static char (*sessions)[200];

/* Every fourth GET is of a revision that has no "retry". */
static bool is_old(unsigned i)
{
	return i < streams && i % OLD_EVERY == 0;
}

static const char *revision_of(unsigned i)
{
	return is_old(i) ? OLD : NEW;
}

static void need(const unsigned *sum, unsigned wanted)
{
	ck_assert_msg(
		listeners_wait(&crowd, sum, wanted, PATIENCE_S),
		"%u wanted; answered %u, refused %u, have an id %u, events "
		"%u, heartbeats %u, ended %u, closed %u",
		wanted, crowd.answered, crowd.refused, crowd.have_id,
		crowd.events, crowd.heartbeats, crowd.ended, crowd.closed);
}

/* ---- asking ---- */

static int start_program(void)
{
	static char store[160], drain[8];

	snprintf(store, sizeof store, "sqlite:%s", program_path("test.db"));
	snprintf(drain, sizeof drain, "%ds", DRAIN_S);
	program_run(&program, "--listen", "127.0.0.1:0", "--store", store,
	            "--drain", drain, "--workers", "16", "--heartbeat", "1s");
	return program_port(&program);
}

static void begin_sessions(int port)
{
	static const char initialize[] =
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
		"\"params\":{\"protocolVersion\":\"%s\",\"capabilities\":{},"
		"\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}";
	struct wire wire = wire_open(port);

	for (unsigned i = 0; i < all; i++) {
		struct reply reply;
		char body[256];

		snprintf(body, sizeof body, initialize, revision_of(i));
		reply = wire_ask(&wire, "", body);
		ck_assert_int_eq(reply.status, 200);
		snprintf(sessions[i], sizeof sessions[i], "%s",
		         reply_value(&reply, "Mcp-Session-Id"));
	}
	wire_close(&wire);
}

static void ask(unsigned i, int port, const char *request)
{
	ck_assert_msg(listeners_ask(&crowd, i, port, request), "stream %u: %s",
	              i, strerror(errno));
	if (crowd.answered + WINDOW < i)
		need(&crowd.answered, i - WINDOW);
}

/* Go on after LAST, "": nothing was seen. */
static void ask_stream(unsigned i, int port, const char *last)
{
	char request[768];

	snprintf(request, sizeof request,
	         "GET /mcp HTTP/1.1\r\n" WIRE_HOST
	         "Accept: text/event-stream\r\n"
	         "MCP-Protocol-Version: %s\r\nMcp-Session-Id: %s\r\n"
	         "%s%s%s\r\n",
	         revision_of(i), sessions[i],
	         last[0] != '\0' ? "Last-Event-ID: " : "", last,
	         last[0] != '\0' ? "\r\n" : "");
	ask(i, port, request);
}

static void ask_count(unsigned i, int port)
{
	static const char body[] =
		"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"tools/call\","
		"\"params\":{\"_meta\":{\"progressToken\":\"t\"},"
		"\"name\":\"slow_count\","
		"\"arguments\":{\"to\":1000,\"ms\":100}}}";
	char request[1024];

	snprintf(request, sizeof request,
	         WIRE_HEAD "MCP-Protocol-Version: " NEW
	                   "\r\nMcp-Session-Id: %s\r\n"
	                   "Content-Length: %zu\r\n\r\n%s",
	         sessions[i], sizeof body - 1, body);
	ask(i, port, request);
}

static void open_crowd(int port)
{
	begin_sessions(port);
	for (unsigned i = 0; i < streams; i++)
		ask_stream(i, port, "");
	for (unsigned i = streams; i < all; i++)
		ask_count(i, port);
	need(&crowd.answered, all);
	need(&crowd.have_id, all - (streams + OLD_EVERY - 1) / OLD_EVERY);
	need(&crowd.events, CALLS); /* one has counted so far, at least */
}

/* ---- the stop ---- */

/* The stream of each call ends with an error: the outcome is unknown. */
static void check_is_answered(const struct listener *one)
{
	ck_assert_int_eq(one->status, 200);
	ck_assert(one->is_ended);
	ck_assert_ptr_nonnull(strstr(one->data, "\"id\":7,\"error\":"));
	ck_assert_ptr_nonnull(strstr(one->data, "outcome_unknown"));
}

/* Spread: so many of the crowd, at the least, in each quarter. */
static void check_spread(const unsigned quarters[4], unsigned sum)
{
	for (int i = 0; i < 4; i++)
		ck_assert_msg(quarters[i] >= sum / 8, "%u of %u in quarter %d",
		              quarters[i], sum, i);
}

static void check_last_words(void)
{
	unsigned quarters[4] = { 0 };
	unsigned sum = 0;

	ck_assert_uint_eq(crowd.reset, 0);
	for (unsigned i = 0; i < all; i++) {
		const struct listener *one = &crowd.all[i];

		/* A proper end would be one for ever to old clients. */
		ck_assert(one->is_ended != is_old(i));
		if (is_old(i)) {
			ck_assert_uint_eq(one->retry_ms, 0);
			ck_assert_uint_eq(one->ids, 0);
			continue;
		}
		ck_assert_str_ne(one->id, "");
		if (i >= streams) {
			check_is_answered(one);
			continue;
		}
		ck_assert_uint_ge(one->retry_ms, RETRY_LEAST_MS);
		ck_assert_uint_le(one->retry_ms, RETRY_MOST_MS);
		quarters[(one->retry_ms - RETRY_LEAST_MS) * 4 /
		         (RETRY_MOST_MS - RETRY_LEAST_MS + 1)]++;
		sum++;
	}
	check_spread(quarters, sum);
}

static void stop_program(void)
{
	program_signal(&program, SIGTERM);
	need(&crowd.closed, all);
	ck_assert_int_eq(program_end(&program), 0);
}

/* ---- coming back ---- */

/* A stream that goes on is silent, but for signs of life, and the id that its
 * client came with; a fresh one would begin with an id of its own. */
static void check_goes_on(const struct listener *one, const char *last)
{
	ck_assert_int_eq(one->status, 200);
	ck_assert(!one->is_ended);
	ck_assert_str_eq(one->id, last);
	ck_assert_uint_eq(one->ids, last[0] != '\0');
	ck_assert_uint_eq(one->events, 0);
	ck_assert_uint_ge(one->heartbeats, 1);
}

/* Back to the event before the last one. */
static void go_back(char *id)
{
	char *number = strchr(id, '-') + 1;

	sprintf(number, "%d", atoi(number) - 1);
}

static void come_back(int port)
{
	char(*last)[40] = calloc(all, sizeof *last);

	ck_assert_ptr_nonnull(last);
	for (unsigned i = 0; i < all; i++)
		memcpy(last[i], crowd.all[i].id, sizeof last[i]);
	for (unsigned i = streams; i < all; i++)
		go_back(last[i]);
	listeners_finish(&crowd);
	ck_assert(listeners_init(&crowd, all));
	for (unsigned i = 0; i < all; i++)
		ask_stream(i, port, last[i]);
	need(&crowd.answered, all);
	need(&crowd.heartbeats, streams);
	need(&crowd.ended, CALLS);
	for (unsigned i = 0; i < streams; i++) {
		while (crowd.all[i].heartbeats == 0)
			need(&crowd.heartbeats, crowd.heartbeats + 1);
		check_goes_on(&crowd.all[i], last[i]);
	}
	for (unsigned i = streams; i < all; i++)
		check_is_answered(&crowd.all[i]);
	free(last);
}

START_TEST(each_client_of_a_program_that_stops_goes_on_with_the_next)
{
	struct rlimit limit;
	int port;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	streams = IS_SANITIZED || limit.rlim_max < 2 * STREAMS
	                  ? STREAMS_SANITIZED
	                  : STREAMS;
	if (streams < STREAMS)
		printf("%u streams instead of %d\n", streams, STREAMS);
	all = streams + CALLS;
	sessions = calloc(all, sizeof *sessions);
	ck_assert_ptr_nonnull(sessions);
	ck_assert(listeners_init(&crowd, all));
	open_crowd(start_program());
	stop_program();
	check_last_words();
	port = start_program();
	come_back(port);
	listeners_leave(&crowd);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
	listeners_finish(&crowd);
	free(sessions);
}
END_TEST

TEST_MAIN("program's drain")
{
	program_case("a crowd");

	test_add(each_client_of_a_program_that_stops_goes_on_with_the_next);
}
