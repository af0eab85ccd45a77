#define _GNU_SOURCE /* accept4 */
#include "app/health.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CLIENTS = 32,
	REQUEST_SIZE = 2048,
	PATIENCE_MS = 2000, /* for a request */
	RETRY_MS = 20,      /* after a failure to accept */
	/* In the array for poll(). */
	STOP = 0,
	LISTENER = 1,
	FIRST_CLIENT = 2,
};

struct client {
	size_t have;
	long long until_ms;
	char request[REQUEST_SIZE];
};

struct health {
	health_ask_fn ask;
	void *arg;
	int spare; /* given up for a probe when no descriptor is free; -1 */
	pthread_t thread;
	struct pollfd watched[FIRST_CLIENT + CLIENTS]; /* fd -1: nobody */
	struct client clients[CLIENTS];
};

static long long health_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* ---- one request ---- */

#define METHODS "GET, HEAD, OPTIONS"
#define ALLOW   "Allow: " METHODS "\r\n"

/* The method and the target of a request; they point into its text. */
struct question {
	const char *method, *target;
	size_t method_length, target_length;
};

/* The request line is METHOD TARGET VERSION. The version is not looked at, and
 * may be missing (HTTP/0.9); neither is the header Host. */
static void health_read_question(struct question *out, const char *request)
{
	static const char ends[] = " \t\r\n";

	out->method = request;
	out->method_length = strcspn(request, ends);
	out->target = request + out->method_length;
	out->target += strspn(out->target, " \t");
	out->target_length = strcspn(out->target, ends);
}

static bool health_has_method(const struct question *question,
                              const char *method)
{
	return question->method_length == strlen(method) &&
	       memcmp(question->method, method, question->method_length) == 0;
}

/* With a query or without. */
static bool health_asks_for(const struct question *question, const char *path)
{
	size_t length = strlen(path);

	return question->target_length >= length &&
	       memcmp(question->target, path, length) == 0 &&
	       (question->target_length == length ||
	        question->target[length] == '?');
}

/* An answer to HEAD has the headers of one to GET, and no body. */
static void health_send_reply(int fd, const struct question *question,
                              const char *status, const char *more,
                              const char *text)
{
	char answer[512];
	int length = snprintf(answer, sizeof answer,
	                      "HTTP/1.1 %s\r\n"
	                      "Content-Type: text/plain\r\n"
	                      "Content-Length: %zu\r\n"
	                      "Cache-Control: no-store\r\n%s"
	                      "Connection: close\r\n\r\n%s",
	                      status, strlen(text), more,
	                      health_has_method(question, "HEAD") ? "" : text);

	(void)send(fd, answer, (size_t)length, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void health_reply_ready(struct health *health, int fd,
                               const struct question *question)
{
	const char *why = health->ask(health->arg);
	char text[128];

	if (why == NULL) {
		health_send_reply(fd, question, "200 OK", "", "ready\n");
		return;
	}
	snprintf(text, sizeof text, "not ready: %s\n", why);
	health_send_reply(fd, question, "503 Service Unavailable",
	                  "Retry-After: 1\r\n", text);
}

static void health_answer_client(struct health *health, int fd,
                                 const char *request)
{
	static const char hint[] = "GET /livez or /readyz\n";
	struct question question;

	health_read_question(&question, request);
	if (health_has_method(&question, "OPTIONS"))
		health_send_reply(fd, &question, "200 OK", ALLOW, "");
	else if (!health_has_method(&question, "GET") &&
	         !health_has_method(&question, "HEAD"))
		health_send_reply(fd, &question, "405 Method Not Allowed",
		                  ALLOW, hint);
	else if (health_asks_for(&question, "/livez"))
		health_send_reply(fd, &question, "200 OK", "", "alive\n");
	else if (health_asks_for(&question, "/readyz"))
		health_reply_ready(health, fd, &question);
	else
		health_send_reply(fd, &question, "404 Not Found", "", hint);
}

static void health_refuse_long(int fd, const char *request)
{
	struct question question;

	health_read_question(&question, request);
	health_send_reply(fd, &question, "431 Request Header Fields Too Large",
	                  "", "at most 2 KB\n");
}

/* ---- clients ---- */

/* Any descriptor will do. */
static void health_keep_spare(struct health *health)
{
	if (health->spare < 0)
		health->spare =
			fcntl(health->watched[STOP].fd, F_DUPFD_CLOEXEC, 0);
}

static void health_drop_client(struct health *health, size_t i)
{
	struct pollfd *watched = &health->watched[FIRST_CLIENT + i];

	close(watched->fd);
	watched->fd = -1;
	health_keep_spare(health);
}

/* Whether the first line ends, and no version stands in it: then no headers
 * follow. */
static bool health_is_line_alone(const char *request)
{
	size_t length = strcspn(request, "\n");
	const char *version = strstr(request, " HTTP/");

	return request[length] == '\n' &&
	       (version == NULL || version > request + length);
}

/* A request is complete with its headers; probes have no bodies. */
static bool health_is_complete(const struct client *client)
{
	return health_is_line_alone(client->request) ||
	       strstr(client->request, "\r\n\r\n") != NULL ||
	       strstr(client->request, "\n\n") != NULL;
}

/* Closing a socket with something to be read in it resets the connection, and
 * the answer may be lost with that. */
static void health_drop_answered(struct health *health, size_t i)
{
	int fd = health->watched[FIRST_CLIENT + i].fd;
	char rest[REQUEST_SIZE];

	(void)shutdown(fd, SHUT_WR);
	(void)recv(fd, rest, sizeof rest, MSG_DONTWAIT);
	health_drop_client(health, i);
}

static void health_read_client(struct health *health, size_t i)
{
	struct client *client = &health->clients[i];
	int fd = health->watched[FIRST_CLIENT + i].fd;
	size_t room = sizeof client->request - 1 - client->have;
	ssize_t got =
		recv(fd, client->request + client->have, room, MSG_DONTWAIT);

	if (got <= 0) {
		health_drop_client(health, i);
		return;
	}
	client->have += (size_t)got;
	client->request[client->have] = '\0';
	if (!health_is_complete(client) && (size_t)got < room)
		return;
	if (health_is_complete(client))
		health_answer_client(health, fd, client->request);
	else
		health_refuse_long(fd, client->request);
	health_drop_answered(health, i);
}

/* A free place, or that of who has waited longest. */
static size_t health_place_client(struct health *health)
{
	size_t oldest = 0;

	for (size_t i = 0; i < CLIENTS; i++) {
		if (health->watched[FIRST_CLIENT + i].fd < 0)
			return i;
		if (health->clients[i].until_ms <
		    health->clients[oldest].until_ms)
			oldest = i;
	}
	health_drop_client(health, oldest);
	return oldest;
}

static int health_accept_one(const struct health *health)
{
	return accept4(health->watched[LISTENER].fd, NULL, NULL,
	               SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* A process without free descriptors answers probes all the same: else it
 * would be killed for something that passes. */
static int health_accept_with_spare(struct health *health)
{
	int fd = health_accept_one(health);

	if (fd >= 0 || health->spare < 0 ||
	    (errno != EMFILE && errno != ENFILE))
		return fd;
	close(health->spare);
	health->spare = -1;
	return health_accept_one(health);
}

static void health_accept_client(struct health *health)
{
	int fd = health_accept_with_spare(health);
	size_t i;

	if (fd < 0) {
		/* The socket stays readable: do not try at full speed. */
		if (errno != EAGAIN)
			(void)poll(&health->watched[STOP], 1, RETRY_MS);
		return;
	}
	i = health_place_client(health);
	health->watched[FIRST_CLIENT + i] =
		(struct pollfd){ .fd = fd, .events = POLLIN };
	health->clients[i].have = 0;
	health->clients[i].until_ms = health_now_ms() + PATIENCE_MS;
}

static void health_drop_late(struct health *health)
{
	long long now = health_now_ms();

	for (size_t i = 0; i < CLIENTS; i++)
		if (health->watched[FIRST_CLIENT + i].fd >= 0 &&
		    health->clients[i].until_ms <= now)
			health_drop_client(health, i);
}

static bool health_has_clients(const struct health *health)
{
	for (size_t i = 0; i < CLIENTS; i++)
		if (health->watched[FIRST_CLIENT + i].fd >= 0)
			return true;
	return false;
}

/* ---- the thread ---- */

static void *health_main(void *arg)
{
	struct health *health = arg;
	struct pollfd *watched = health->watched;

	while (watched[STOP].revents == 0) {
		if (poll(watched, FIRST_CLIENT + CLIENTS,
		         health_has_clients(health) ? PATIENCE_MS / 4 : -1) < 0)
			continue; /* interrupted */
		for (size_t i = 0; i < CLIENTS; i++)
			if (watched[FIRST_CLIENT + i].fd >= 0 &&
			    watched[FIRST_CLIENT + i].revents != 0)
				health_read_client(health, i);
		if (watched[LISTENER].revents != 0)
			health_accept_client(health);
		health_drop_late(health);
	}
	return NULL;
}

/* With all signals blocked: they are for the program's own threads. */
static bool health_start_thread(struct health *health)
{
	sigset_t all, before;
	bool started;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started =
		pthread_create(&health->thread, NULL, health_main, health) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return started;
}

struct health *mcps__health_start(int fd, health_ask_fn ask, void *arg)
{
	struct health *health = calloc(1, sizeof *health);
	int stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (health == NULL || stop < 0) {
		free(health);
		close(fd);
		return NULL;
	}
	health->ask = ask;
	health->arg = arg;
	for (size_t i = 0; i < FIRST_CLIENT + CLIENTS; i++)
		health->watched[i].fd = -1;
	health->watched[STOP] = (struct pollfd){ .fd = stop, .events = POLLIN };
	health->spare = -1;
	health_keep_spare(health);
	health->watched[LISTENER] =
		(struct pollfd){ .fd = fd, .events = POLLIN };
	if (health_start_thread(health))
		return health;
	if (health->spare >= 0)
		close(health->spare);
	close(stop);
	close(fd);
	free(health);
	return NULL;
}

void mcps__health_stop(struct health *health)
{
	static const unsigned long long once = 1;
	ssize_t written;

	if (health == NULL)
		return;
	written = write(health->watched[STOP].fd, &once, sizeof once);
	(void)written; /* an eventfd that was never written takes it */
	pthread_join(health->thread, NULL);
	for (size_t i = 0; i < FIRST_CLIENT + CLIENTS; i++)
		if (health->watched[i].fd >= 0)
			close(health->watched[i].fd);
	if (health->spare >= 0)
		close(health->spare);
	free(health);
}
