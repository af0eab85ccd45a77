/* Thousands of clients that listen, in one process with their server: what
 * each of them costs, that all of them hear what is told to all, and that
 * nothing of them stays. Under sanitizers, and where there are not enough
 * descriptors, there are fewer. How fast it is, script/bench measures. */
#include "functional/bystander.h"
#include "functional/listeners.h"
#include "functional/wire_server.h"
#include "suite.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
	STREAMS = 8000,
	STREAMS_SANITIZED = 1000,
	DESCRIPTORS = 400, /* for everything else */
	WINDOW = 64,       /* that are not answered yet */
	PATIENCE_S = 60,
	TIMEOUT_S = 240,

	/* Bytes of each stream; and what is remembered of it when its client
	 * has left, with the holes that lie between. */
	STREAM_MOST = 14000,
	STREAM_MOST_SMALL = 10000,
	LEFT_MOST = 4000,
};

static struct listeners crowd;
static unsigned streams;
static char (*sessions)[200]; /* header lines */

/* ---- as many as there may be ---- */

static unsigned streams_that_fit(void)
{
	unsigned wanted = IS_SANITIZED ? STREAMS_SANITIZED : STREAMS;
	struct rlimit limit;
	rlim_t fit;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	fit = limit.rlim_cur > 2 * DESCRIPTORS
	              ? (limit.rlim_cur - DESCRIPTORS) / 2
	              : 100;
	if (wanted > fit)
		wanted = (unsigned)fit;
	if (wanted < STREAMS)
		printf("%u streams instead of %d: %s\n", wanted, STREAMS,
		       IS_SANITIZED ? "sanitizers" : "the limit of open files");
	return wanted;
}

/* ---- the crowd ---- */

static void need(const unsigned *sum, unsigned wanted)
{
	ck_assert_msg(
		listeners_wait(&crowd, sum, wanted, PATIENCE_S),
		"%u wanted; answered %u, refused %u, have an id %u, events "
		"%u, ended %u, closed %u",
		wanted, crowd.answered, crowd.refused, crowd.have_id,
		crowd.events, crowd.ended, crowd.closed);
}

static void begin_sessions(void)
{
	struct wire wire = wire_open(wire_port());

	for (unsigned i = 0; i < streams; i++) {
		struct reply reply = wire_ask(&wire, "", WIRE_INITIALIZE);

		ck_assert_int_eq(reply.status, 200);
		snprintf(sessions[i], sizeof sessions[i],
		         "Mcp-Session-Id: %s\r\n",
		         reply_value(&reply, "Mcp-Session-Id"));
	}
	wire_close(&wire);
}

static void listen_all(void)
{
	char request[512];

	for (unsigned i = 0; i < streams; i++) {
		snprintf(request, sizeof request,
		         "GET /mcp HTTP/1.1\r\n" WIRE_HOST
		         "Accept: text/event-stream\r\n%s\r\n",
		         sessions[i]);
		ck_assert_msg(listeners_ask(&crowd, i, wire_port(), request),
		              "stream %u: %s", i, strerror(errno));
		if (i >= WINDOW)
			need(&crowd.have_id, i - WINDOW);
	}
	need(&crowd.have_id, streams);
	ck_assert_uint_eq(crowd.refused, 0);
}

/* Sessions are there before anything is measured. */
static void start(uint32_t pool)
{
	const struct mcps_server_options options = {
		.size = sizeof options,
		.heartbeat_s = 1000000,
		.anonymous_session_burst = UINT32_MAX,
	};
	const struct mcps_daemon_options how = { .loops = 2,
		                                 .max_memory_per_connection =
		                                         pool };

	streams = streams_that_fit();
	ck_assert(listeners_init(&crowd, streams));
	sessions = calloc(streams, sizeof *sessions);
	ck_assert_ptr_nonnull(sessions);
	wire_start_with(WIRE_ANONYMOUS, &options, &how);
	begin_sessions();
}

static void finish(void)
{
	listeners_finish(&crowd);
	free(sessions);
}

static long bytes_each(size_t before_kib)
{
	return ((long)resident_kib() - (long)before_kib) * 1024 / (long)streams;
}

/* ---- tests ---- */

/* Sanitizers keep memory of their own. */
static void check_memory(uint32_t pool, long most)
{
	size_t before_kib;
	int descriptors;
	long each;

	start(pool);
	descriptors = open_descriptors();
	before_kib = resident_kib();
	listen_all();
	each = bytes_each(before_kib);
	printf("%u streams, pool of %u: %ld bytes each\n", streams, pool, each);
	fflush(stdout);
	ck_assert(IS_SANITIZED || each <= most);
	listeners_leave(&crowd);
	ck_assert(descriptors_fall_to(descriptors));
	each = bytes_each(before_kib);
	printf("... and %ld when they have left\n", each);
	fflush(stdout);
	ck_assert(IS_SANITIZED || each <= LEFT_MOST);
	wire_stop();
	finish();
}

START_TEST(an_idle_stream_takes_little_memory_and_gives_it_back)
{
	check_memory(0, STREAM_MOST);
}
END_TEST

START_TEST(an_idle_stream_takes_less_with_a_small_pool)
{
	check_memory(8192, STREAM_MOST_SMALL);
}
END_TEST

START_TEST(each_of_many_streams_hears_what_all_are_told_once)
{
	start(0);
	listen_all();
	ck_assert_int_eq(mcps_server_remove_tool(wire_server(), "touch"),
	                 MCPS_OK);
	need(&crowd.events, streams);
	for (unsigned i = 0; i < streams; i++) {
		ck_assert_uint_eq(crowd.all[i].events, 1);
		ck_assert_uint_eq(crowd.all[i].ids, 2); /* with the priming */
		ck_assert_ptr_nonnull(strstr(
			crowd.all[i].data, "notifications/tools/list_changed"));
	}
	listeners_leave(&crowd);
	wire_stop();
	finish();
}
END_TEST

START_TEST(a_stop_ends_each_of_many_streams_properly)
{
	int descriptors = open_descriptors();

	start(0);
	listen_all();
	wire_stop();
	need(&crowd.closed, streams);
	ck_assert_uint_eq(crowd.ended, streams);
	ck_assert_uint_eq(crowd.retries, 2 * streams); /* at both ends */
	ck_assert_uint_eq(crowd.reset, 0);
	finish();
	ck_assert_int_le(open_descriptors(), descriptors);
}
END_TEST

TEST_MAIN("idle streams")
{
	test_timeout(TIMEOUT_S);
	test_add(an_idle_stream_takes_little_memory_and_gives_it_back);
	test_add(an_idle_stream_takes_less_with_a_small_pool);
	test_add(each_of_many_streams_hears_what_all_are_told_once);
	test_add(a_stop_ends_each_of_many_streams_properly);
}
