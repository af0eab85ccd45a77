/* floor: what libmicrohttpd alone can do. Reads the whole body of each POST
 * into memory and answers with a fixed result, on loops like ours, because its
 * own epoll thread may sleep for ever when 128 descriptors are ready at once.
 *
 *   floor PORT LOOPS
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char result[] =
	"{\"jsonrpc\":\"2.0\",\"id\":1000000000,\"result\":{\"content\":["
	"{\"type\":\"text\",\"text\":\"a quick brown fox jumps over it; a "
	"quick brown fox jumps over it; a quick brown fox jumps over it\"}]}}";

struct body {
	size_t length, size;
	char *bytes;
};

static enum MHD_Result keep(struct body *body, const char *bytes, size_t length)
{
	if (body->size - body->length < length) {
		size_t size = (body->length + length) * 2;
		char *grown = realloc(body->bytes, size);

		if (grown == NULL)
			return MHD_NO;
		body->bytes = grown;
		body->size = size;
	}
	memcpy(body->bytes + body->length, bytes, length);
	body->length += length;
	return MHD_YES;
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *connection,
                              const char *url, const char *method,
                              const char *version, const char *bytes,
                              size_t *size, void **slot)
{
	struct body *body = *slot;
	struct MHD_Response *response;
	enum MHD_Result queued;

	(void)arg, (void)url, (void)method, (void)version;
	if (body == NULL) {
		*slot = calloc(1, sizeof *body);
		return *slot != NULL ? MHD_YES : MHD_NO;
	}
	if (*size != 0) {
		enum MHD_Result kept = keep(body, bytes, *size);

		*size = 0;
		return kept;
	}
	response = MHD_create_response_from_buffer(
		sizeof result - 1, (void *)result, MHD_RESPMEM_PERSISTENT);
	MHD_add_response_header(response, "Content-Type", "application/json");
	queued = MHD_queue_response(connection, 200, response);
	MHD_destroy_response(response);
	return queued;
}

static void completed(void *arg, struct MHD_Connection *connection, void **slot,
                      enum MHD_RequestTerminationCode why)
{
	struct body *body = *slot;

	(void)arg, (void)connection, (void)why;
	if (body != NULL)
		free(body->bytes);
	free(body);
	*slot = NULL;
}

static int listen_at(unsigned port)
{
	const struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	int yes = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(fd, 4096) != 0) {
		perror("floor: cannot listen");
		exit(69);
	}
	return fd;
}

static void *loop(void *arg)
{
	struct MHD_Daemon *daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_TURBO, 0, NULL, NULL, handle, NULL,
		MHD_OPTION_LISTEN_SOCKET, *(int *)arg,
		MHD_OPTION_NOTIFY_COMPLETED, completed, NULL,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16384,
		MHD_OPTION_CONNECTION_LIMIT, 16384u, MHD_OPTION_END);
	struct pollfd ready = { .events = POLLIN };

	if (daemon == NULL) {
		fputs("floor: libmicrohttpd does not start\n", stderr);
		exit(1);
	}
	ready.fd =
		MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
	for (;;) {
		MHD_UNSIGNED_LONG_LONG left;

		if (MHD_get_timeout(daemon, &left) != MHD_YES)
			poll(&ready, 1, -1);
		else if (left > 0)
			poll(&ready, 1, (int)left);
		MHD_run(daemon);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int listener = argc == 3 ? listen_at((unsigned)atoi(argv[1])) : -1;
	pthread_t thread;

	if (listener < 0)
		return 64;
	for (int loops = atoi(argv[2]); loops > 1; loops--)
		pthread_create(&thread, NULL, loop, &listener);
	printf("ready\n");
	fflush(stdout);
	loop(&listener);
}
