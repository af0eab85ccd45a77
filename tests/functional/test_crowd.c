/* Nobody gets another's reply: 64 callers use the same ids and the same
 * progress tokens at the same time, on several connections each, for calls
 * that end in no order. Each message a call sends names its caller and the
 * nonce of its request.
 *
 * MCPS_REPLIES: how many there are to be; MCPS_SEED: of what is random. */
#include "functional/answer_reader.h"
#include "functional/wire_server.h"
#include "suite.h"

#include <inttypes.h>
#include <mcps/call.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENTS = 64,
	LANES = 3, /* connections of one client */
	REPLIES = 10000,
	DELAY_MAX_US = 400,
	STEPS_MAX = 5, /* more may be too fast to be told */
};

/* ---- the tool ---- */

struct mirror {
	int64_t nonce;
	int64_t steps; /* said before the result */
	int64_t delay_us;
};

static const mcps_field mirror_fields[] = {
	MCPS_FIELD(struct mirror, nonce, "Of the request"),
	MCPS_FIELD(struct mirror, steps, "Messages before the result"),
	MCPS_FIELD(struct mirror, delay_us, "Before each of them"),
	MCPS_FIELDS_END
};

static mcps_status run_mirror(mcps_call *call, const void *args)
{
	const struct mirror *in = args;
	const struct timespec delay = { 0, (long)in->delay_us * 1000 };
	const char *who = mcps_call_principal(call);

	for (int i = 1; i <= in->steps; i++) {
		nanosleep(&delay, NULL);
		if (i % 2 != 0)
			mcps_progress(call, i, 0, "%s %" PRId64, who,
			              in->nonce);
		else
			mcps_notify_log(call, MCPS_SEVERITY_INFO, NULL,
			                "%s %" PRId64 " %d", who, in->nonce, i);
	}
	nanosleep(&delay, NULL);
	return mcps_text(call, "%s %" PRId64, who, in->nonce);
}

static void add_mirror(mcps_server *server)
{
	mcps_add_tool(server, struct mirror, .name = "mirror",
	              .fields = mirror_fields, .run = run_mirror);
}

/* ---- clients ---- */

struct client {
	char name[20];
	struct wire_session session;
};

/* One connection, one call at a time. */
struct lane {
	const struct client *client;
	struct wire wire;
	struct answer_reader reader;
	int64_t id; /* of the request: others have the same at this time */
	int64_t nonce;
	int64_t steps;
	int64_t heard; /* messages before the response */
	bool cuts;     /* leaves after the first of them, and resumes */
	bool is_answered;
};

static struct {
	int epoll;
	uint64_t random;
	struct client clients[CLIENTS];
	struct lane lanes[CLIENTS * LANES];
	unsigned long wanted, begun, replies, told, cuts;
	unsigned long streams, plain;
} crowd;

static unsigned long number_of(const char *variable, unsigned long usual)
{
	const char *text = getenv(variable);

	return text != NULL ? strtoul(text, NULL, 10) : usual;
}

/* splitmix64 */
static uint64_t draw(void)
{
	uint64_t bits = crowd.random += UINT64_C(0x9e3779b97f4a7c15);

	bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
	return bits ^ (bits >> 31);
}

/* ---- what comes ---- */

static void write_expected(const struct lane *lane, char *out, size_t size,
                           bool is_response)
{
	const char *who = lane->client->name;
	int64_t step = lane->heard + 1;

	if (is_response)
		snprintf(out, size,
		         "{\"jsonrpc\":\"2.0\",\"id\":%" PRId64
		         ",\"result\":{\"content\":[{\"type\":\"text\","
		         "\"text\":\"%s %" PRId64 "\"}]}}",
		         lane->id, who, lane->nonce);
	else if (step % 2 != 0)
		snprintf(out, size,
		         "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
		         "progress\",\"params\":{\"progressToken\":%" PRId64
		         ",\"progress\":%" PRId64 ",\"message\":\"%s %" PRId64
		         "\"}}",
		         lane->id, step, who, lane->nonce);
	else
		snprintf(out, size,
		         "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
		         "message\",\"params\":{\"level\":\"info\","
		         "\"data\":\"%s %" PRId64 " %" PRId64 "\"}}",
		         who, lane->nonce, step);
}

/* All of what its call says and nothing else, each once and in order. */
static void hear(void *arg, const char *message)
{
	struct lane *lane = arg;
	char expected[512];

	ck_assert_msg(!lane->is_answered, "after the response: %s", message);
	lane->is_answered = lane->heard == lane->steps;
	write_expected(lane, expected, sizeof expected, lane->is_answered);
	ck_assert_str_eq(message, expected);
	lane->heard++;
	crowd.told += !lane->is_answered;
}

/* ---- a lane ---- */

static void lane_connect(struct lane *lane)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = lane };

	lane->wire = wire_open(wire_port());
	ck_assert_int_eq(
		epoll_ctl(crowd.epoll, EPOLL_CTL_ADD, lane->wire.fd, &event),
		0);
}

/* Ids are once in each session: its lanes share them out. */
static void lane_ask(struct lane *lane)
{
	char body[512];

	crowd.begun++;
	lane->id += LANES;
	lane->nonce = (int64_t)(draw() >> 12);
	lane->steps = draw() % 2 != 0 ? (int64_t)(draw() % STEPS_MAX) + 1 : 0;
	lane->cuts = draw() % 16 == 0;
	lane->reader.id[0] = '\0';
	lane->heard = 0;
	lane->is_answered = false;
	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",\"id\":%" PRId64
	         ",\"method\":\"tools/call\",\"params\":{\"name\":\"mirror\","
	         "\"arguments\":{\"nonce\":%" PRId64 ",\"steps\":%" PRId64
	         ",\"delay_us\":%d},\"_meta\":{\"progressToken\":%" PRId64
	         "}}}",
	         lane->id, lane->nonce, lane->steps,
	         (int)(draw() % DELAY_MAX_US), lane->id);
	answer_begin(&lane->reader, hear, lane);
	wire_post(&lane->wire, lane->client->session.lines, body);
}

static void lane_cut(struct lane *lane)
{
	char request[1024];

	lane->cuts = false;
	crowd.cuts++;
	if (draw() % 2 != 0)
		wire_reset(&lane->wire);
	else
		wire_close(&lane->wire);
	lane_connect(lane);
	snprintf(request, sizeof request,
	         "GET /mcp HTTP/1.1\r\n" WIRE_HOST
	         "Accept: text/event-stream\r\n%sLast-Event-ID: %s\r\n\r\n",
	         lane->client->session.lines, lane->reader.id);
	answer_begin(&lane->reader, hear, lane);
	wire_text(&lane->wire, request);
}

/* A client that has the answer and left before the end gets 204 on resuming. */
static void lane_finish(struct lane *lane)
{
	bool had_all = lane->reader.status == 204;

	ck_assert(had_all || lane->reader.status == 200);
	ck_assert(lane->is_answered);
	if (lane->reader.is_stream || had_all)
		crowd.streams++;
	else
		crowd.plain++;
	crowd.replies++;
	if (crowd.begun < crowd.wanted)
		lane_ask(lane);
}

/* A client that is about to leave reads a little at a time, so that it leaves
 * anywhere after the first event that it can resume from. */
static void lane_read(struct lane *lane)
{
	size_t most = lane->cuts ? 1 + draw() % 256 : SIZE_MAX;

	ck_assert_msg(answer_receive(&lane->reader, lane->wire.fd, most),
	              "%s lost its connection", lane->client->name);
	if (lane->reader.stage == ANSWER_DONE)
		lane_finish(lane);
	else if (lane->cuts && lane->reader.id[0] != '\0' && draw() % 2 != 0)
		lane_cut(lane);
}

/* ---- all of them ---- */

static void crowd_gather(void)
{
	crowd.wanted = number_of("MCPS_REPLIES", REPLIES);
	crowd.random = number_of("MCPS_SEED", (unsigned long)time(NULL));
	printf("seed %" PRIu64 "\n", crowd.random);
	fflush(stdout);
	crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < CLIENTS; i++) {
		struct client *client = &crowd.clients[i];

		snprintf(client->name, sizeof client->name, "client%d", i);
		client->session = wire_session_of(client->name);
		for (int k = 0; k < LANES; k++) {
			struct lane *lane = &crowd.lanes[k * CLIENTS + i];

			lane->client = client;
			lane->id = k - LANES;
		}
	}
}

static void crowd_disperse(void)
{
	for (int i = 0; i < CLIENTS * LANES; i++)
		wire_close(&crowd.lanes[i].wire);
	close(crowd.epoll);
}

static void crowd_talk(void)
{
	struct epoll_event events[64];

	for (int i = 0; i < CLIENTS * LANES; i++) {
		lane_connect(&crowd.lanes[i]);
		lane_ask(&crowd.lanes[i]);
	}
	while (crowd.replies < crowd.begun) {
		int count = epoll_wait(crowd.epoll, events, 64,
		                       WIRE_DEADLINE_S * 1000);

		ck_assert_int_gt(count, 0);
		for (int i = 0; i < count; i++)
			lane_read(events[i].data.ptr);
	}
}

/* Calls that are under way at a pulse, as some always are, become streams
 * although they say nothing. */
static void start(void)
{
	wire_add(add_mirror);
	wire_start_on(2, WIRE_NAMED,
	              &(const struct mcps_server_options){
			      .size = sizeof(struct mcps_server_options),
			      .workers = 16,
			      .stream_after_ms = 1,
			      .max_event_bytes_per_session = 256 * 1024 });
}

START_TEST(nobody_gets_what_another_asked_for)
{
	size_t memory;

	crowd_gather();
	memory = resident_kib();
	crowd_talk();
	printf("%lu replies, %lu plain, %lu streams, %lu resumed, %lu messages "
	       "before them, %zu KiB, then %zu KiB\n",
	       crowd.replies, crowd.plain, crowd.streams, crowd.cuts,
	       crowd.told, memory, resident_kib());
	fflush(stdout);
	ck_assert_uint_ge(crowd.replies, crowd.wanted);
	ck_assert_uint_gt(crowd.plain, crowd.wanted / 4);
	ck_assert_uint_gt(crowd.streams, crowd.wanted / 4);
	ck_assert_uint_gt(crowd.cuts, crowd.wanted / 100);
	crowd_disperse();
}
END_TEST

TEST_MAIN("crowd")
{
	test_fixture(start, wire_stop);
	test_timeout(120);
	test_add(nobody_gets_what_another_asked_for);
}
