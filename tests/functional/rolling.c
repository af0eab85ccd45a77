/* Rolling restarts: a supervisor that holds the listening socket and hands it
 * from one demo server to the next, while clients call.
 *
 *   rolling DEMO-SERVER ROUNDS
 *
 * Clients repeat nothing. A connection that the server closed while nothing was
 * under way is opened again, that is all. Each counts by a tool whose counter
 * is committed with its result, so a call that was lost or done twice shows.
 * The last line is
 *
 *   ROUNDS rounds, N calls, N refused, N failed, N miscounted
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { QUICK = 6, SLOW = 4, CLIENTS = QUICK + SLOW, PATIENCE_S = 60 };

static struct {
	const char *demo;
	char directory[64];
	int listener;
	struct sockaddr_in address;
	atomic_bool is_over;
	atomic_ulong calls, refused, failed, miscounted;
} self;

static void die(const char *what)
{
	fprintf(stderr, "rolling: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void pause_us(unsigned microseconds)
{
	const struct timespec pause = { (time_t)(microseconds / 1000000),
		                        (long)(microseconds % 1000000 * 1000) };

	nanosleep(&pause, NULL);
}

/* ---- servers ---- */

struct server {
	pid_t pid;
	int notify; /* what it says arrives here */
};

static int notify_socket(char name[64])
{
	static int count;
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	const struct timeval patience = { PATIENCE_S, 0 };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int length = snprintf(name, 64, "@mcps-rolling-%ld-%d", (long)getpid(),
	                      count++);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
	                             (size_t)length);

	memcpy(at.sun_path, name, (size_t)length);
	at.sun_path[0] = '\0';
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) != 0)
		die("notify socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static void become(const char *notify)
{
	char store[96], log[96], pid[16];
	int out;

	snprintf(store, sizeof store, "sqlite:%s/test.db", self.directory);
	snprintf(log, sizeof log, "%s/log", self.directory);
	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(out, 2);
	if (self.listener == 3)
		fcntl(3, F_SETFD, 0);
	else
		dup2(self.listener, 3);
	setenv("LISTEN_FDS", "1", 1);
	setenv("LISTEN_PID", pid, 1);
	setenv("NOTIFY_SOCKET", notify, 1);
	execl(self.demo, self.demo, "--store", store, (char *)NULL);
	_exit(127);
}

static struct server server_start(void)
{
	char name[64];
	struct server server = { .notify = notify_socket(name) };

	server.pid = fork();
	if (server.pid < 0)
		die("fork");
	if (server.pid == 0)
		become(name);
	return server;
}

/* Until it says so. */
static void server_wait(const struct server *server, const char *line)
{
	char text[512];

	for (;;) {
		ssize_t got = recv(server->notify, text, sizeof text - 1, 0);

		if (got < 0)
			die(line);
		text[got] = '\0';
		if (strstr(text, line) != NULL)
			return;
	}
}

static void server_end(const struct server *server)
{
	int status;

	if (waitpid(server->pid, &status, 0) != server->pid)
		die("waitpid");
	close(server->notify);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	errno = 0;
	die("a server did not end with exit code 0");
}

/* The next one waits for the store while the last one drains. */
static struct server hand_over(struct server old)
{
	struct server next = server_start();

	server_wait(&next, "STATUS=opening the store");
	kill(old.pid, SIGTERM);
	server_wait(&next, "READY=1");
	server_end(&old);
	return next;
}

/* ---- clients ---- */

struct client {
	int fd; /* -1: none */
	bool is_slow;
	unsigned seed;
	long count;
	char session[128];
	char answer[4096];
	const char *body;
};

static void client_close(struct client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

/* Whether it was closed while nothing was under way. */
static bool was_closed(const struct client *client)
{
	char byte;

	return recv(client->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool client_open(struct client *client)
{
	const struct timeval patience = { PATIENCE_S, 0 };
	const int yes = 1;

	if (client->fd >= 0 && was_closed(client))
		client_close(client);
	if (client->fd >= 0)
		return true;
	client->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	           sizeof patience);
	setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if (connect(client->fd, (const struct sockaddr *)&self.address,
	            sizeof self.address) == 0)
		return true;
	client_close(client);
	atomic_fetch_add(&self.refused, 1);
	return false;
}

/* Header names are compared as the server writes them. */
static const char *header(const struct client *client, const char *name)
{
	const char *at = strstr(client->answer, name);

	return at != NULL && at < client->body ? at + strlen(name) : NULL;
}

static bool is_whole(struct client *client)
{
	const char *end = strstr(client->answer, "\r\n\r\n");
	const char *length;

	if (end == NULL)
		return false;
	client->body = end + 4;
	length = header(client, "\r\nContent-Length: ");
	return length == NULL ||
	       strlen(client->body) >= strtoul(length, NULL, 10);
}

static bool read_answer(struct client *client)
{
	size_t have = 0;

	client->answer[0] = '\0';
	while (!is_whole(client)) {
		ssize_t got = recv(client->fd, client->answer + have,
		                   sizeof client->answer - 1 - have, 0);

		if (got <= 0)
			return false;
		have += (size_t)got;
		client->answer[have] = '\0';
	}
	return true;
}

static bool send_call(const struct client *client, const char *body)
{
	char request[2048];
	int length = snprintf(
		request, sizeof request,
		"POST /mcp HTTP/1.1\r\nHost: localhost\r\n"
		"Content-Type: application/json\r\n"
		"Accept: application/json, text/event-stream\r\n"
		"%s%s%sContent-Length: %zu\r\n\r\n%s",
		client->session[0] != '\0' ? "Mcp-Session-Id: " : "",
		client->session, client->session[0] != '\0' ? "\r\n" : "",
		strlen(body), body);

	return send(client->fd, request, (size_t)length, MSG_NOSIGNAL) ==
	       length;
}

static void fail(struct client *client, const char *why)
{
	int status = 0;

	sscanf(client->answer, "HTTP/1.1 %d", &status);
	fprintf(stderr, "%s: status %d %s\n", why, status,
	        client->body != NULL ? client->body : "");
	atomic_fetch_add(&self.failed, 1);
	client_close(client);
}

/* One call, sent once. */
static bool call(struct client *client, const char *body)
{
	client->body = NULL;
	if (!client_open(client))
		return false;
	atomic_fetch_add(&self.calls, 1);
	if (!send_call(client, body) || !read_answer(client)) {
		fail(client, "no answer");
		return false;
	}
	if (strncmp(client->answer, "HTTP/1.1 200", 12) != 0) {
		fail(client, "refused");
		return false;
	}
	if (header(client, "\r\nConnection: close") != NULL)
		client_close(client);
	return true;
}

static bool begin(struct client *client)
{
	const char *id;

	if (!call(client,
	          "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","
	          "\"params\":{\"protocolVersion\":\"2025-11-25\","
	          "\"capabilities\":{},\"clientInfo\":{\"name\":\"rolling\","
	          "\"version\":\"1\"}}}"))
		return false;
	id = header(client, "\r\nMcp-Session-Id: ");
	if (id == NULL)
		return false;
	snprintf(client->session, sizeof client->session, "%.*s",
	         (int)strcspn(id, "\r"), id);
	return true;
}

static void count(struct client *client)
{
	char expected[64];

	if (!call(client,
	          "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/call\","
	          "\"params\":{\"name\":\"count\",\"arguments\":{}}}"))
		return;
	client->count++;
	snprintf(expected, sizeof expected, "\"count\":%ld}", client->count);
	if (strstr(client->body, expected) != NULL)
		return;
	fprintf(stderr, "expected %s: %s\n", expected, client->body);
	atomic_fetch_add(&self.miscounted, 1);
}

/* Some call all the time, some are idle longer than a stop waits for them. */
static void *client_main(void *arg)
{
	struct client *client = arg;
	unsigned most_us = client->is_slow ? 600000 : 4000;

	if (begin(client))
		while (!atomic_load(&self.is_over)) {
			count(client);
			pause_us((unsigned)rand_r(&client->seed) % most_us);
		}
	client_close(client);
	return NULL;
}

/* ---- all of it ---- */

static void bind_listener(void)
{
	socklen_t size = sizeof self.address;

	self.address = (struct sockaddr_in){ .sin_family = AF_INET,
		                             .sin_addr.s_addr =
		                                     htonl(INADDR_LOOPBACK) };
	self.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (self.listener < 0 ||
	    bind(self.listener, (struct sockaddr *)&self.address, size) != 0 ||
	    listen(self.listener, 1024) != 0 ||
	    getsockname(self.listener, (struct sockaddr *)&self.address,
	                &size) != 0)
		die("listening socket");
}

static void remove_directory(void)
{
	char command[96];

	snprintf(command, sizeof command, "rm -rf %s", self.directory);
	if (system(command) != 0)
		fputs("rolling: cannot clean up\n", stderr);
}

static void roll(int rounds)
{
	static struct client clients[CLIENTS];
	pthread_t threads[CLIENTS];
	struct server server = server_start();

	server_wait(&server, "READY=1");
	for (unsigned i = 0; i < CLIENTS; i++) {
		clients[i] = (struct client){ .fd = -1,
			                      .seed = i,
			                      .is_slow = i >= QUICK };
		pthread_create(&threads[i], NULL, client_main, &clients[i]);
	}
	for (int i = 0; i < rounds; i++)
		server = hand_over(server);
	atomic_store(&self.is_over, true);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(threads[i], NULL);
	kill(server.pid, SIGTERM);
	server_end(&server);
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[2]) : 0;
	bool is_fine;

	if (rounds < 1) {
		fputs("rolling DEMO-SERVER ROUNDS\n", stderr);
		return 64;
	}
	self.demo = argv[1];
	strcpy(self.directory, "/tmp/mcps-rolling-XXXXXX");
	if (mkdtemp(self.directory) == NULL)
		die("directory");
	bind_listener();
	roll(rounds);
	remove_directory();
	is_fine = self.refused == 0 && self.failed == 0 &&
	          self.miscounted == 0 && self.calls > (unsigned)rounds;
	printf("%d rounds, %lu calls, %lu refused, %lu failed, "
	       "%lu miscounted\n",
	       rounds, (unsigned long)self.calls, (unsigned long)self.refused,
	       (unsigned long)self.failed, (unsigned long)self.miscounted);
	return is_fine ? 0 : 1;
}
