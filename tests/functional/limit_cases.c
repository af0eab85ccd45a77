#include "functional/limit_cases.h"

#include "functional/clock_shift.h"
#include "functional/wire_events.h"

#include <arpa/inet.h>
#include <check.h>
#include <json-c/json.h>
#include <mcps/call.h>
#include <mcps/state.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

/* ---- the counts ---- */

struct counts {
	const char *wanted;
	uint64_t of_wanted;
	const char *other;
};

static void take_count(void *arg, const char *name, uint64_t count)
{
	struct counts *counts = arg;

	if (strcmp(name, counts->wanted) == 0)
		counts->of_wanted = count;
	else if (count != 0)
		counts->other = name;
}

uint64_t limit_count(const char *name, const char **other)
{
	struct counts counts = { .wanted = name };

	mcps_server_read_incidents(wire_server(), take_count, &counts);
	if (other != NULL)
		*other = counts.other;
	return counts.of_wanted;
}

bool limit_count_reaches(const char *name, uint64_t wanted)
{
	const struct timespec moment = { 0, 1000000 };
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	while (limit_count(name, NULL) < wanted && time(NULL) < end)
		nanosleep(&moment, NULL);
	return limit_count(name, NULL) >= wanted;
}

/* ---- what clients send ---- */

static struct wire_session session; /* ann's */
static unsigned turn;               /* how often the limit was reached */

static int post(const char *body)
{
	return wire_once(session.lines, body).status;
}

static int listen_in(const struct wire_session *where, const char *after)
{
	static struct wire wires[8];
	static unsigned count;
	struct wire *wire = &wires[count++];

	ck_assert_uint_le(count, 8);
	*wire = wire_open(wire_port());
	wire_get(wire, where->lines, after);
	return wire_read_open(wire).status;
}

/* HEAD, then COUNT times BYTE, then TAIL. */
static char *repeat(const char *head, char byte, size_t count, const char *tail)
{
	size_t before = strlen(head);
	char *text = malloc(before + count + strlen(tail) + 1);

	ck_assert_ptr_nonnull(text);
	memcpy(text, head, before);
	memset(text + before, byte, count);
	memcpy(text + before + count, tail, strlen(tail) + 1);
	return text;
}

static int post_long(const char *head, char byte, size_t count,
                     const char *tail)
{
	char *body = repeat(head, byte, count, tail);
	int status = post(body);

	free(body);
	return status;
}

/* ---- reach a limit once more: connections ---- */

static int ping_on(struct wire *wire)
{
	wire_post(wire, session.lines, WIRE_PING);
	return wire_read(wire).status;
}

/* A loop that was full accepts again once it has something to do. */
static void connect_to_all(void)
{
	enum { ALL = 4 };
	static struct wire wires[ALL];
	int descriptors = open_descriptors();

	if (turn > 1) {
		wire_close(&wires[0]);
		ck_assert(descriptors_fall_to(descriptors - 2));
	}
	for (int i = turn > 1 ? 1 : 0; i < ALL; i++) {
		if (turn == 1)
			wires[i] = wire_open(wire_port());
		ck_assert_int_eq(ping_on(&wires[i]), 200);
	}
	if (turn == 1)
		return;
	wires[0] = wire_open(wire_port());
	ck_assert_int_eq(ping_on(&wires[0]), 200);
}

static void lack_descriptors(void)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		                        .sin_port =
		                                htons((uint16_t)wire_port()),
		                        .sin_addr.s_addr =
		                                htonl(INADDR_LOOPBACK) };
	uint64_t before = limit_count("descriptor_limit", NULL);
	struct wire wire = { .fd = socket(AF_INET, SOCK_STREAM, 0) };
	struct rlimit limit, none;

	getrlimit(RLIMIT_NOFILE, &limit);
	none = limit;
	none.rlim_cur = 0; /* what is open stays open */
	setrlimit(RLIMIT_NOFILE, &none);
	ck_assert_int_eq(
		connect(wire.fd, (const struct sockaddr *)&to, sizeof to), 0);
	ck_assert(limit_count_reaches("descriptor_limit", before + 1));
	setrlimit(RLIMIT_NOFILE, &limit);
	ck_assert_int_eq(ping_on(&wire), 200);
	wire_close(&wire);
}

static void ping(void)
{
	ck_assert_int_eq(wire_once(session.lines, WIRE_PING).status, 200);
}

/* It sends a part of its head, and then nothing. One loop accepts it before it
 * answers the ping, and looks at deadlines when it has something to do. */
static void send_slowly(void)
{
	uint64_t before = limit_count("slow_client", NULL);
	struct wire wire = wire_open(wire_port());
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	wire_text(&wire, WIRE_POST);
	ping();
	clock_shift(11);
	while (limit_count("slow_client", NULL) == before && time(NULL) < end)
		(void)wire_once(session.lines, WIRE_PING);
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
}

/* The rest of its answer finds no room, until libmicrohttpd gives up. */
static void read_nothing(void)
{
	uint64_t before = limit_count("slow_client", NULL);
	struct wire wire = wire_open_small(wire_port(), 4096);

	wire_post(&wire, session.lines,
	          WIRE_CALL(2, "big", "{\"size\":8000000}"));
	ck_assert(limit_count_reaches("slow_client", before + 1));
	wire_close(&wire);
}

/* ---- streams ---- */

static void listen_too_often(void)
{
	struct wire_session other = wire_session_of("ann");

	if (turn == 1)
		ck_assert_int_eq(listen_in(&session, NULL), 200);
	ck_assert_int_ne(listen_in(&other, NULL), 200);
}

static void listen_in_one_session(void)
{
	if (turn == 1)
		ck_assert_int_eq(listen_in(&session, NULL), 200);
	ck_assert_int_eq(listen_in(&session, NULL), 200);
}

static void resume_what_is_not_stored(void)
{
	ck_assert_int_eq(listen_in(&session, "0123456789abcdef-1"), 200);
}

/* ---- sizes ---- */

static void declare_large_body(void)
{
	ck_assert_int_eq(post_long(WIRE_PING, ' ', 5000, ""), 413);
}

static void send_large_body(void)
{
	struct wire wire = wire_open(wire_port());
	char *body = repeat("1388\r\n" /* 5 000 */, ' ', 5000, "\r\n0\r\n\r\n");

	wire_text(&wire, WIRE_HEAD "Transfer-Encoding: chunked\r\n");
	wire_text(&wire, session.lines);
	wire_text(&wire, "\r\n");
	wire_text(&wire, body);
	ck_assert_int_eq(wire_read(&wire).status, 413);
	wire_close(&wire);
	free(body);
}

static void use_all_body_memory(void)
{
	ck_assert_int_eq(post_long(WIRE_PING, ' ', 2000, ""), 503);
}

/* One answer of 8 MB is not read; then another request comes. */
static void leave_answer_unread(void)
{
	static struct wire wire;

	if (turn == 1) {
		wire = wire_open_small(wire_port(), 4096);
		wire_post(&wire, session.lines,
		          WIRE_CALL(2, "big", "{\"size\":8000000}"));
		ck_assert_int_eq(wire_read_head(&wire).status, 200);
	}
	ck_assert_int_eq(post(WIRE_PING), 503);
}

/* The connection may be reset before the answer is read. */
static void send_head(const char *begin, const char *end)
{
	uint64_t before = limit_count("header_size_limit", NULL);
	struct wire wire = wire_open(wire_port());
	char *head = repeat(begin, 'x', 40 * 1024, end);

	(void)wire_try_send(&wire, head, strlen(head));
	ck_assert(limit_count_reaches("header_size_limit", before + 1));
	wire_close(&wire);
	free(head);
}

static void send_long_header(void)
{
	send_head(WIRE_HEAD "X-Long: ", "\r\n\r\n");
}

static void send_long_target(void)
{
	send_head("GET /", " HTTP/1.1\r\n" WIRE_HOST "\r\n");
}

static void nest_deeply(void)
{
	ck_assert_int_eq(post_long("", '[', 20, ""), 400);
}

static void send_many_members(void)
{
	ck_assert_int_eq(post("{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,"
	                      "\"f\":6,\"g\":7,\"h\":8,\"i\":9}"),
	                 400);
}

static void send_large_batch(void)
{
	ck_assert_int_eq(post("[" WIRE_PING "," WIRE_PING "," WIRE_PING "]"),
	                 400);
}

static void name_long_uri(void)
{
	ck_assert_int_eq(
		post_long("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
	                  "\"resources/read\",\"params\":{\"uri\":\"test:",
	                  'x', 64 * 1024, "\"}}"),
		200);
}

static void ask_for_large_result(void)
{
	ck_assert_int_eq(post(WIRE_CALL(2, "big", "{\"size\":5000}")), 200);
}

/* ---- rates, sessions, calls ---- */

static void ask_too_often(void)
{
	int status;

	do
		status = post(WIRE_PING);
	while (status == 200);
	ck_assert_int_eq(status, 429);
}

static void begin_too_often(void)
{
	int status;

	do
		status = wire_initialize("ann").status;
	while (status == 200);
	ck_assert_int_eq(status, 429);
}

/* A session whose last answer is just being sent is in use: it cannot make
 * room yet. */
static void begin_another_session(void)
{
	const struct timespec moment = { 0, 1000000 };
	time_t end = time(NULL) + WIRE_DEADLINE_S;
	int status = wire_initialize("ann").status;

	while (status == 429 && time(NULL) < end) {
		nanosleep(&moment, NULL);
		status = wire_initialize("ann").status;
	}
	ck_assert_int_eq(status, 200);
}

/* A session that is still in use does not leave memory: then the next one
 * makes it. */
static void begin_until_one_leaves_memory(void)
{
	uint64_t before = limit_count("session_memory_limit", NULL);
	time_t end = time(NULL) + WIRE_DEADLINE_S;

	do
		begin_another_session();
	while (limit_count("session_memory_limit", NULL) == before &&
	       time(NULL) < end);
}

static void hold_a_call(const struct wire_session *where)
{
	static struct wire wires[16];
	static unsigned count;

	ck_assert_uint_lt(count, 16);
	wires[count] = wire_open(wire_port());
	wire_post(&wires[count++], where->lines, WIRE_CALL(2, "hold", "{}"));
}

static void begin_while_all_sessions_are_used(void)
{
	if (turn == 1) {
		hold_a_call(&session);
		wire_wait_held(1);
	}
	ck_assert_int_eq(wire_initialize("ann").status, 429);
}

/* One runs, one waits, one is too many. */
static void fill_the_worker_queue(void)
{
	uint64_t before = limit_count("worker_queue_limit", NULL);

	for (int i = 0; i < 3; i++)
		hold_a_call(&session);
	ck_assert(limit_count_reaches("worker_queue_limit", before + 1));
}

static void call_too_often(void)
{
	if (turn == 1) {
		hold_a_call(&session);
		wire_wait_held(1);
	}
	ck_assert_int_eq(post(WIRE_CALL(3, "touch", "{}")), 429);
}

/* ---- what is offered here beside the usual ---- */

struct keep {
	int64_t values, size;
};

static const mcps_field keep_fields[] = {
	MCPS_FIELD(struct keep, values, "How many"),
	MCPS_FIELD(struct keep, size, "Bytes of each"), MCPS_FIELDS_END
};

static mcps_status run_keep_much(mcps_call *call, const void *args)
{
	const struct keep *in = args;
	char *text = repeat("", 'x', (size_t)in->size, "");
	mcps_status status = MCPS_OK;
	char key[32];

	for (int64_t i = 0; i < in->values && status == MCPS_OK; i++) {
		snprintf(key, sizeof key, "key%d", (int)i);
		status =
			mcps_state_put(call, key, json_object_new_string(text));
	}
	free(text);
	return status != MCPS_OK ? status : mcps_text(call, "kept");
}

static void add_more(mcps_server *server)
{
	mcps_add_tool(server, struct keep, .name = "keep-much",
	              .fields = keep_fields, .run = run_keep_much);
	mcps_add_resource(server, .uri = "test:a", .name = "a", .text = "a");
	mcps_add_resource(server, .uri = "test:b", .name = "b", .text = "b");
}

static void keep_large_value(void)
{
	ck_assert_int_eq(post(WIRE_CALL(2, "keep-much",
	                                "{\"values\":1,\"size\":70000}")),
	                 200);
}

static void keep_many_values(void)
{
	ck_assert_int_eq(post(WIRE_CALL(2, "keep-much",
	                                "{\"values\":18,\"size\":60000}")),
	                 200);
}

static void subscribe_too_often(void)
{
	static const char *const bodies[] = {
#define SUBSCRIBE(uri)                                                      \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/subscribe\"," \
	"\"params\":{\"uri\":\"" uri "\"}}"
		SUBSCRIBE("test:a"), SUBSCRIBE("test:b")
	};

	ck_assert_int_eq(post(bodies[0]), 200);
	ck_assert_int_eq(post(bodies[1]), 200);
}

static void update_many_resources(void)
{
	enum { REMEMBERED = 1024 };
	char uri[32];

	for (unsigned i = 0; i <= REMEMBERED; i++) {
		snprintf(uri, sizeof uri, "test:%u-%u", turn, i);
		mcps_resource_updated(wire_server(), uri);
	}
}

/* ---- starting ---- */

void limit_case_start(const struct limit_case *one, mcps_log_fn log)
{
	struct mcps_server_options options = one->options;
	int descriptors;

	options.size = sizeof options;
	options.log = log;
	wire_add(add_more);
	wire_start_with(WIRE_NAMED, &options, &one->daemon);
	descriptors = open_descriptors();
	session = wire_session_of("ann");
	ck_assert(descriptors_fall_to(descriptors));
}

void limit_case_reach(const struct limit_case *one)
{
	turn++;
	one->reach();
}

/* ---- the table ---- */

const struct limit_case limit_cases[] = {
	{ .name = "connection_limit",
	  .reach = connect_to_all,
	  .daemon = { .loops = 1, .max_connections = 4 } },
	{ .name = "connection_limit",
	  .reach = connect_to_all,
	  .daemon = { .loops = 2, .max_connections = 4 } },
	{ .name = "descriptor_limit", .reach = lack_descriptors },
	{ .name = "slow_client",
	  .reach = send_slowly,
	  .daemon = { .loops = 1 } },
	{ .name = "slow_client",
	  .reach = read_nothing,
	  .daemon = { .idle_timeout_s = 1 } },
	{ .name = "stream_limit",
	  .reach = listen_too_often,
	  .options = { .max_streams = 1 } },
	{ .name = "caller_stream_limit",
	  .reach = listen_too_often,
	  .options = { .max_streams_per_caller = 1 } },
	{ .name = "session_stream_limit",
	  .reach = listen_in_one_session,
	  .options = { .max_streams_per_session = 1 } },
	{ .name = "event_limit", .reach = resume_what_is_not_stored },
	{ .name = "body_size_limit",
	  .reach = declare_large_body,
	  .options = { .max_body = 4096 } },
	{ .name = "body_size_limit",
	  .reach = send_large_body,
	  .options = { .max_body = 4096 } },
	{ .name = "body_memory_limit",
	  .reach = use_all_body_memory,
	  .options = { .max_bodies = 1000 } },
	{ .name = "answer_memory_limit",
	  .reach = leave_answer_unread,
	  .options = { .max_answers = 1024 * 1024 } },
	{ .name = "header_size_limit", .reach = send_long_header },
	{ .name = "header_size_limit", .reach = send_long_target },
	{ .name = "json_limit",
	  .reach = nest_deeply,
	  .options = { .max_nesting = 8 } },
	{ .name = "json_limit",
	  .reach = send_many_members,
	  .options = { .max_keys = 8 } },
	{ .name = "batch_limit",
	  .reach = send_large_batch,
	  .options = { .max_batch = 2 } },
	{ .name = "uri_size_limit", .reach = name_long_uri },
	{ .name = "result_size_limit",
	  .reach = ask_for_large_result,
	  .options = { .max_result = 1000 } },
	{ .name = "request_rate_limit",
	  .reach = ask_too_often,
	  .options = { .request_rate_per_caller = 2 } },
	{ .name = "request_rate_limit",
	  .reach = ask_too_often,
	  .options = { .request_rate_per_address = 2 } },
	{ .name = "session_rate_limit",
	  .reach = begin_too_often,
	  .options = { .session_rate_per_caller = 1,
	               .session_burst_per_caller = 2 } },
	{ .name = "session_quota",
	  .reach = begin_another_session,
	  .options = { .max_sessions_per_caller = 1 } },
	{ .name = "session_quota",
	  .reach = begin_while_all_sessions_are_used,
	  .options = { .max_sessions_per_caller = 1 } },
	{ .name = "session_memory_limit",
	  .reach = begin_until_one_leaves_memory,
	  .options = { .max_sessions_in_memory = 1 } },
	{ .name = "worker_queue_limit",
	  .reach = fill_the_worker_queue,
	  .options = { .workers = 1, .max_waiting_calls = 1 } },
	{ .name = "caller_call_limit",
	  .reach = call_too_often,
	  .options = { .max_calls_per_caller = 1 } },
	{ .name = "state_size_limit", .reach = keep_large_value },
	{ .name = "state_size_limit", .reach = keep_many_values },
	{ .name = "subscription_limit",
	  .reach = subscribe_too_often,
	  .options = { .max_subscriptions_per_session = 1 } },
	{ .name = "update_memory_limit", .reach = update_many_resources },
};
const int limit_case_count = sizeof limit_cases / sizeof *limit_cases;
