/* start: how long a server takes from its start to its first answer, and how
 * much CPU time, which others that compute meanwhile do not lengthen. Starts
 * COMMAND again and again, each time asks for a session that is only in its
 * store, and ends it. Prints one line of JSON.
 *
 *   start PORT IDS TIMES SIGNAL SESSIONS COMMAND...
 *
 * SESSIONS are begun before SIGNAL (15 or 9), so that its log is not empty.
 */
#include "answer.h"
#include "request.h"
#include "wire.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATIENCE_NS = 1000000000, PAUSE_NS = 100000, TIMES_MAX = 1000 };

static struct {
	unsigned port;
	struct lines ids;
	int signal;
	unsigned sessions;
	char **command;
} options;

static pid_t server;

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "start: %s\n", what);
	if (server != 0)
		kill(server, SIGKILL);
	exit(1);
}

static pid_t spawn(void)
{
	pid_t child = fork();

	if (child != 0)
		return child;
	if (freopen("/dev/null", "w", stdout) == NULL)
		_exit(1);
	execv(options.command[0], options.command);
	perror(options.command[0]);
	_exit(127);
}

/* Knock until somebody opens. */
static int connect_soon(int64_t began_ns)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };
	int fd;

	while ((fd = wire_connect(options.port)) < 0) {
		if (now_ns() - began_ns > 30LL * PATIENCE_NS ||
		    waitpid(server, NULL, WNOHANG) != 0)
			die("the server does not come up");
		nanosleep(&pause, NULL);
	}
	return fd;
}

static void ask(int fd, const struct request *request)
{
	char bytes[4096] = "";
	struct answer answer;
	char id[REQUEST_ID_LENGTH + 1] = "";
	size_t length = 0;
	ssize_t n;

	if (send(fd, request->bytes, request->length, MSG_NOSIGNAL) !=
	    (ssize_t)request->length)
		die("cannot send");
	do {
		n = recv(fd, bytes + length, sizeof bytes - length - 1, 0);
		if (n <= 0)
			die("no answer");
		length += (size_t)n;
	} while (answer_read(&answer, bytes, length) == ANSWER_PARTIAL);
	memcpy(id, request->id, REQUEST_ID_LENGTH);
	if (answer.status != 200 || !answer_is_result(&answer, bytes, id))
		die(bytes);
}

static void begin_sessions(int fd)
{
	struct request request;

	request_initialize(&request);
	for (unsigned i = 0; i < options.sessions; i++) {
		request_set_id(&request, i);
		ask(fd, &request);
	}
	request_free(&request);
}

/* Milliseconds from fork() to the answer. */
static double start_once(unsigned n, struct request *request, double *cpu_ms)
{
	int64_t began_ns = now_ns();
	double took_ms;
	int fd;

	server = spawn();
	fd = connect_soon(began_ns);
	request_set_session(request, lines_get(&options.ids, n * 7919));
	ask(fd, request);
	took_ms = (double)(now_ns() - began_ns) / 1e6;
	*cpu_ms = (double)cpu_ns(server) / 1e6;
	begin_sessions(fd);
	kill(server, options.signal);
	waitpid(server, NULL, 0);
	close(fd);
	server = 0;
	return took_ms;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	static double took_ms[TIMES_MAX], cpu_ms[TIMES_MAX];
	struct request request;
	unsigned times;

	if (argc < 7)
		return 64;
	options.port = (unsigned)atoi(argv[1]);
	lines_read(&options.ids, argv[2]);
	times = (unsigned)atoi(argv[3]);
	options.signal = atoi(argv[4]);
	options.sessions = (unsigned)atoi(argv[5]);
	options.command = argv + 6;
	if (times == 0 || times > TIMES_MAX)
		return 64;
	request_call(&request, "echo", 10, options.ids.length, false);
	/* The first leaves behind what the others find. */
	(void)start_once(0, &request, cpu_ms);
	for (unsigned i = 0; i < times; i++)
		took_ms[i] = start_once(i + 1, &request, &cpu_ms[i]);
	qsort(took_ms, times, sizeof *took_ms, compare);
	qsort(cpu_ms, times, sizeof *cpu_ms, compare);
	printf("{\"times\":%u,\"median_ms\":%.2f,\"q1_ms\":%.2f,"
	       "\"q3_ms\":%.2f,\"cpu_ms\":%.2f}\n",
	       times, took_ms[times / 2], took_ms[times / 4],
	       took_ms[times * 3 / 4], cpu_ms[times / 2]);
	request_free(&request);
	return 0;
}
