/* streams: what event streams cost that have nothing to say. Opens one GET for
 * each session, lets them be idle, has the server tell all of them something,
 * then closes them, or has the server stop. Prints one line of JSON.
 *
 *   streams --port PORT --pid PID --ids FILE [OPTION...]
 *     --count N          of streams (1000)
 *     --seconds S        of idleness (1)
 *     --stop             the server is to stop, instead of all clients leaving
 */
#define _GNU_SOURCE
#include "functional/listeners.h"
#include "request.h"
#include "wire.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { WINDOW = 64, PATIENCE_S = 60 };

static struct {
	unsigned port;
	int pid;
	const char *ids;
	unsigned count;
	double seconds;
	bool stop;
} options = { .count = 1000, .seconds = 1 };

static struct lines ids;
static struct listeners crowd;

static _Noreturn void die(const char *what)
{
	fprintf(stderr,
	        "streams: %s: %s (answered %u, refused %u, told %u, ended %u, "
	        "closed %u)\n",
	        what, strerror(errno), crowd.answered, crowd.refused,
	        crowd.events, crowd.ended, crowd.closed);
	exit(1);
}

static void need(const unsigned *sum, unsigned wanted, const char *what)
{
	if (!listeners_wait(&crowd, sum, wanted, PATIENCE_S))
		die(what);
}

/* ---- the server's process ---- */

static long resident_kib(void)
{
	char path[64], line[256];
	long kib = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", options.pid);
	file = fopen(path, "r");
	if (file == NULL)
		die(path);
	while (fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = atol(line + 6);
	fclose(file);
	return kib;
}

static int descriptors(void)
{
	char path[64];
	int count = 0;
	DIR *all;

	snprintf(path, sizeof path, "/proc/%d/fd", options.pid);
	all = opendir(path);
	if (all == NULL)
		die(path);
	while (readdir(all) != NULL)
		count++;
	closedir(all);
	return count;
}

/* ---- the steps ---- */

static void open_all(void)
{
	char request[512];

	if (!listeners_init(&crowd, options.count))
		die("no memory");
	for (unsigned i = 0; i < options.count; i++) {
		snprintf(request, sizeof request,
		         "GET /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		         "Accept: text/event-stream\r\n"
		         "MCP-Protocol-Version: 2025-11-25\r\n"
		         "Mcp-Session-Id: %.*s\r\n\r\n",
		         (int)ids.length, lines_get(&ids, i));
		if (!listeners_ask(&crowd, i, (int)options.port, request))
			die("cannot ask");
		if (i >= WINDOW)
			need(&crowd.have_id, i - WINDOW, "no answer");
	}
	need(&crowd.have_id, options.count, "no answer");
}

/* Milliseconds from asking until each has heard of it. */
static double announce(void)
{
	const struct timespec moment = { 0, 1000000 };
	int64_t began_ns = now_ns();
	struct request request;
	int fd = wire_connect(options.port);
	char answer[2048];
	double ms;

	request_call(&request, "announce", 1, ids.length, false);
	request_set_session(&request, lines_get(&ids, 0));
	if (fd < 0 || send(fd, request.bytes, request.length, MSG_NOSIGNAL) !=
	                      (ssize_t)request.length)
		die("cannot ask for news");
	need(&crowd.events, options.count, "no news");
	ms = (double)(now_ns() - began_ns) / 1e6;
	if (recv(fd, answer, sizeof answer, 0) <= 0)
		die("no answer");
	close(fd);
	request_free(&request);
	nanosleep(&moment, NULL);
	return ms;
}

/* That the server noticed is to be seen nowhere else. */
static double leave_all(int descriptors_before)
{
	const struct timespec moment = { 0, 2000000 };
	int64_t began_ns = now_ns();

	listeners_leave(&crowd);
	while (descriptors() > descriptors_before) {
		if (now_ns() - began_ns > PATIENCE_S * INT64_C(1000000000)) {
			errno = ETIMEDOUT;
			die("descriptors stay");
		}
		nanosleep(&moment, NULL);
	}
	return (double)(now_ns() - began_ns) / 1e6;
}

/* Each stream ends properly, and then the process. */
static double stop(void)
{
	int64_t began_ns = now_ns();
	struct pollfd process = { .fd = (int)syscall(SYS_pidfd_open,
		                                     options.pid, 0),
		                  .events = POLLIN };

	if (process.fd < 0 || kill(options.pid, SIGTERM) != 0)
		die("cannot stop it");
	need(&crowd.closed, options.count, "streams stay open");
	/* The first event says when to connect again, and so do the last words.
	 */
	if (crowd.ended < options.count || crowd.retries < 2 * options.count)
		die("streams were cut");
	if (poll(&process, 1, PATIENCE_S * 1000) != 1)
		die("it does not end");
	close(process.fd);
	return (double)(now_ns() - began_ns) / 1e6;
}

static void measure(void)
{
	int descriptors_before = descriptors();
	long before_kib = resident_kib();
	int64_t began_ns = now_ns();
	double opened_ms, idle_s, cpu_s, told_ms, left_ms, each;
	unsigned heartbeats;

	open_all();
	opened_ms = (double)(now_ns() - began_ns) / 1e6;
	each = (double)(resident_kib() - before_kib) * 1024 / options.count;
	heartbeats = crowd.heartbeats;
	began_ns = now_ns();
	cpu_s = (double)cpu_ns(options.pid) / 1e9;
	listeners_spend(&crowd, options.seconds);
	cpu_s = (double)cpu_ns(options.pid) / 1e9 - cpu_s;
	idle_s = (double)(now_ns() - began_ns) / 1e9;
	heartbeats = crowd.heartbeats - heartbeats;
	told_ms = announce();
	left_ms = options.stop ? stop() : leave_all(descriptors_before);
	printf("{\"streams\":%u,\"opened_ms\":%.1f,\"bytes\":%.0f,"
	       "\"idle_s\":%.1f,\"cpu_percent\":%.3f,\"heartbeats\":%u,"
	       "\"told_ms\":%.1f,\"%s_ms\":%.1f,\"kept_bytes\":%.0f}\n",
	       options.count, opened_ms, each, idle_s, 100 * cpu_s / idle_s,
	       heartbeats, told_ms, options.stop ? "stopped" : "left", left_ms,
	       options.stop ? 0
	                    : (double)(resident_kib() - before_kib) * 1024 /
	                              options.count);
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "pid", required_argument, NULL, 'P' },
		{ "ids", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 's' },
		{ "stop", no_argument, NULL, 'S' },
		{ NULL, 0, NULL, 0 },
	};
	int found;

	while ((found = getopt_long(argc, argv, "", known, NULL)) != -1)
		switch (found) {
		case 'p':
			options.port = (unsigned)atoi(optarg);
			break;
		case 'P':
			options.pid = atoi(optarg);
			break;
		case 'i':
			options.ids = optarg;
			break;
		case 'n':
			options.count = (unsigned)atoi(optarg);
			break;
		case 's':
			options.seconds = atof(optarg);
			break;
		case 'S':
			options.stop = true;
			break;
		default:
			exit(64);
		}
	if (options.port == 0 || options.pid == 0 || options.ids == NULL ||
	    options.count == 0)
		exit(64);
	lines_read(&ids, options.ids);
	measure();
	listeners_finish(&crowd);
	return 0;
}
