/* load: as many requests as a server answers, from one thread. Each connection
 * stays open and has one request under way; each answer is checked for its
 * status, its id and its being a result. Prints one line of JSON.
 *
 *   load --port PORT [OPTION...]
 *     --connections N    16
 *     --seconds S        how long it counts (1), or
 *     --count N          ... how many requests
 *     --warm S           what it does before it counts (0)
 *     --pid PID          of the server: its CPU time is counted
 *     --tool NAME        which tool is called (echo)
 *     --text BYTES       ... with a text of so many (96: a body of 200)
 *     --ids FILE         session ids, one a line, in turn; none: no sessions
 *     --skip N           ... but for the first N
 *     --same-id          all requests have the id 1000000000
 *     --events N         answers are streams: progress 1 to N, then the result
 *     --numbered         ... whose events have ids
 *     --initialize       begins sessions instead
 *     --out FILE         ... and writes their ids
 */
#define _GNU_SOURCE
#include "answer.h"
#include "events.h"
#include "histogram.h"
#include "request.h"
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 256, PATIENCE_MS = 10000, ANSWER_ROOM = 1024 };

struct options {
	unsigned port;
	unsigned connections;
	double seconds;
	uint64_t count;
	double warm;
	int pid;
	const char *tool;
	size_t text;
	const char *ids;
	size_t skip;
	bool same_id;
	unsigned events;
	bool numbered;
	bool initialize;
	const char *out;
};

struct connection {
	int fd;
	struct request request;
	size_t sent;
	char *answer;
	size_t size, length;
	int64_t began_ns;
};

static struct options options = {
	.connections = 16, .seconds = 1, .tool = "echo", .text = 96
};
static struct lines ids;
static FILE *out;
static int events_fd;
static unsigned under_way; /* connections that wait for an answer */

static struct histogram latencies;
static uint64_t number; /* of requests sent */
static uint64_t left;   /* of those that are still to be sent */
static uint64_t errors;
static char first_error[120];
static bool counts; /* past the warming up */
static int64_t until_ns;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void complain(const char *what, const struct connection *connection)
{
	if (errors++ == 0)
		snprintf(first_error, sizeof first_error, "%s: %.60s", what,
		         connection->length != 0 ? connection->answer
		                                 : "no answer");
}

/* ---- one connection ---- */

static void watch(struct connection *connection, uint32_t what, int how)
{
	struct epoll_event event = { .events = what, .data.ptr = connection };

	if (epoll_ctl(events_fd, how, connection->fd, &event) != 0)
		die("epoll_ctl");
}

static void send_rest(struct connection *connection)
{
	const struct request *request = &connection->request;
	ssize_t n = send(connection->fd, request->bytes + connection->sent,
	                 request->length - connection->sent, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN)
		die("send");
	connection->sent += n > 0 ? (size_t)n : 0;
}

static bool may_send(void)
{
	if (until_ns != 0)
		return now_ns() < until_ns;
	if (left == 0)
		return false;
	left--;
	return true;
}

/* The next request, if there is to be one. A long one may need several turns
 * to be sent. */
static void next(struct connection *connection)
{
	if (!may_send())
		return;
	if (!options.same_id)
		request_set_id(&connection->request, number);
	if (ids.count != 0)
		request_set_session(&connection->request,
		                    lines_get(&ids, options.skip + number));
	number++;
	under_way++;
	connection->sent = connection->length = 0;
	connection->began_ns = now_ns();
	send_rest(connection);
	if (connection->sent < connection->request.length)
		watch(connection, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
}

/* NULL: it is what was asked for. */
static const char *answer_check(struct connection *connection,
                                const struct answer *answer)
{
	char id[REQUEST_ID_LENGTH + 1] = "";

	memcpy(id, connection->request.id, REQUEST_ID_LENGTH);
	if (answer->status != 200)
		return "wrong status";
	if (options.events != 0)
		return answer->is_stream
		               ? events_check(connection->answer + answer->body,
		                              answer->chunked, id,
		                              options.events, options.numbered)
		               : "no stream";
	return answer_is_result(answer, connection->answer, id) ? NULL
	                                                        : "no result";
}

static void answered(struct connection *connection, const struct answer *answer)
{
	const char *wrong = answer_check(connection, answer);

	under_way--;
	if (wrong != NULL)
		complain(wrong, connection);
	else if (counts)
		histogram_add(&latencies,
		              (uint64_t)(now_ns() - connection->began_ns));
	if (out != NULL)
		fprintf(out, "%s\n", answer->session);
	next(connection);
}

static void make_room(struct connection *connection)
{
	if (connection->size - connection->length > 1)
		return;
	connection->size *= 2;
	connection->answer = realloc(connection->answer, connection->size);
	if (connection->answer == NULL)
		die("no memory");
}

static void receive(struct connection *connection)
{
	struct answer answer;
	ssize_t n;

	make_room(connection);
	n = recv(connection->fd, connection->answer + connection->length,
	         connection->size - connection->length - 1, 0);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0)
		die("the server hung up");
	connection->length += (size_t)n;
	connection->answer[connection->length] = '\0';
	switch (answer_read(&answer, connection->answer, connection->length)) {
	case ANSWER_PARTIAL:
		break;
	case ANSWER_WHOLE:
		answered(connection, &answer);
		break;
	case ANSWER_BROKEN:
		die("an answer that is not HTTP");
	}
}

static void turn(struct connection *connection, uint32_t what)
{
	if ((what & EPOLLOUT) != 0) {
		send_rest(connection);
		if (connection->sent == connection->request.length)
			watch(connection, EPOLLIN, EPOLL_CTL_MOD);
	}
	if ((what & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0)
		receive(connection);
}

/* ---- all of them ---- */

static void connection_open(struct connection *connection)
{
	*connection = (struct connection){ .size = ANSWER_ROOM };
	connection->answer = malloc(connection->size);
	connection->fd = wire_connect(options.port);
	if (connection->answer == NULL || connection->fd < 0)
		die("cannot connect");
	fcntl(connection->fd, F_SETFL, O_NONBLOCK);
	if (options.initialize)
		request_initialize(&connection->request);
	else
		request_call(&connection->request, options.tool, options.text,
		             ids.length, options.events != 0);
	watch(connection, EPOLLIN, EPOLL_CTL_ADD);
}

/* Until nobody waits for an answer any more. */
static void run(struct connection *connections)
{
	struct epoll_event events[EVENTS];

	for (unsigned i = 0; i < options.connections; i++)
		next(&connections[i]);
	while (under_way > 0) {
		int n = epoll_wait(events_fd, events, EVENTS, PATIENCE_MS);

		if (n == 0) {
			errno = ETIMEDOUT;
			die("requests hang");
		}
		for (int i = 0; i < n; i++)
			turn(events[i].data.ptr, events[i].events);
	}
}

static void report(double seconds, double cpu_us, size_t body)
{
	uint64_t n = latencies.count;

	printf("{\"requests\":%" PRIu64 ",\"errors\":%" PRIu64
	       ",\"seconds\":%.6f,\"rate\":%.1f,\"cpu_us\":%.3f,"
	       "\"p50_us\":%.1f,\"p99_us\":%.1f,\"body\":%zu,"
	       "\"error\":\"",
	       n, errors, seconds, (double)n / seconds,
	       n != 0 ? cpu_us / (double)n : 0,
	       (double)histogram_at(&latencies, 0.5) / 1000,
	       (double)histogram_at(&latencies, 0.99) / 1000, body);
	for (const char *c = first_error; *c != '\0'; c++)
		putchar(*c < ' ' || *c == '"' || *c == '\\' ? ' ' : *c);
	puts("\"}");
}

static void measure(struct connection *connections)
{
	int64_t began_ns, began_cpu_ns;

	if (options.warm > 0) {
		until_ns = now_ns() + (int64_t)(options.warm * 1e9);
		run(connections);
	}
	counts = true;
	began_ns = now_ns();
	began_cpu_ns = cpu_ns(options.pid);
	left = options.count;
	until_ns = left != 0 ? 0 : began_ns + (int64_t)(options.seconds * 1e9);
	run(connections);
	report((double)(now_ns() - began_ns) / 1e9,
	       options.pid == 0
	               ? 0
	               : (double)(cpu_ns(options.pid) - began_cpu_ns) / 1000,
	       connections[0].request.body_length);
}

/* ---- options ---- */

static void option_take(const char *name, const char *value)
{
	if (strcmp(name, "port") == 0)
		options.port = (unsigned)atoi(value);
	else if (strcmp(name, "connections") == 0)
		options.connections = (unsigned)atoi(value);
	else if (strcmp(name, "seconds") == 0)
		options.seconds = atof(value);
	else if (strcmp(name, "count") == 0)
		options.count = strtoull(value, NULL, 10);
	else if (strcmp(name, "warm") == 0)
		options.warm = atof(value);
	else if (strcmp(name, "pid") == 0)
		options.pid = atoi(value);
	else if (strcmp(name, "tool") == 0)
		options.tool = value;
	else if (strcmp(name, "text") == 0)
		options.text = strtoull(value, NULL, 10);
	else if (strcmp(name, "ids") == 0)
		options.ids = value;
	else if (strcmp(name, "skip") == 0)
		options.skip = strtoull(value, NULL, 10);
	else if (strcmp(name, "same-id") == 0)
		options.same_id = true;
	else if (strcmp(name, "events") == 0)
		options.events = (unsigned)atoi(value);
	else if (strcmp(name, "numbered") == 0)
		options.numbered = true;
	else if (strcmp(name, "initialize") == 0)
		options.initialize = true;
	else
		options.out = value;
}

static void options_read(int argc, char **argv)
{
	static const struct option known[] = {
		{ "port", required_argument, NULL, 0 },
		{ "connections", required_argument, NULL, 0 },
		{ "seconds", required_argument, NULL, 0 },
		{ "count", required_argument, NULL, 0 },
		{ "warm", required_argument, NULL, 0 },
		{ "pid", required_argument, NULL, 0 },
		{ "tool", required_argument, NULL, 0 },
		{ "text", required_argument, NULL, 0 },
		{ "ids", required_argument, NULL, 0 },
		{ "skip", required_argument, NULL, 0 },
		{ "same-id", no_argument, NULL, 0 },
		{ "events", required_argument, NULL, 0 },
		{ "numbered", no_argument, NULL, 0 },
		{ "initialize", no_argument, NULL, 0 },
		{ "out", required_argument, NULL, 0 },
		{ NULL, 0, NULL, 0 },
	};
	int which = 0;
	int found;

	while ((found = getopt_long(argc, argv, "", known, &which)) == 0)
		option_take(known[which].name, optarg);
	if (found == '?' || options.port == 0 || options.connections == 0)
		exit(64);
}

int main(int argc, char **argv)
{
	struct connection *connections;

	options_read(argc, argv);
	if (options.ids != NULL)
		lines_read(&ids, options.ids);
	if (options.out != NULL && (out = fopen(options.out, "w")) == NULL)
		die(options.out);
	connections = calloc(options.connections, sizeof *connections);
	events_fd = epoll_create1(EPOLL_CLOEXEC);
	if (connections == NULL || events_fd < 0)
		die("cannot begin");
	for (unsigned i = 0; i < options.connections; i++)
		connection_open(&connections[i]);
	measure(connections);
	for (unsigned i = 0; i < options.connections; i++) {
		close(connections[i].fd);
		request_free(&connections[i].request);
		free(connections[i].answer);
	}
	free(connections);
	if (out != NULL && fclose(out) != 0)
		die(options.out);
	return errors != 0;
}
