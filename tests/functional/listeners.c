#include "functional/listeners.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256, PIECE = 16384 };

/* ---- lines ---- */

static const char *after(const char *line, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(line, prefix, length) == 0 ? line + length : NULL;
}

static void copy(char *out, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		length = size - 1;
	memcpy(out, text, length);
	out[length] = '\0';
}

static void head_line(struct listeners *crowd, struct listener *one)
{
	const char *status = after(one->line, "HTTP/1.1 ");

	if (status != NULL)
		one->status = atoi(status);
	if (one->line[0] != '\0')
		return;
	one->has_head = true;
	if (one->status == 200)
		crowd->answered++;
	else
		crowd->refused++;
}

/* Lines between events, and the sizes of chunks, say nothing here; but a size
 * of 0 is the end. */
static void body_line(struct listeners *crowd, struct listener *one)
{
	const char *value;

	if ((value = after(one->line, "id: ")) != NULL) {
		copy(one->id, sizeof one->id, value);
		crowd->have_id += one->ids == 0;
		one->ids++;
		crowd->ids++;
	} else if ((value = after(one->line, "data: ")) != NULL &&
	           value[0] != '\0') {
		copy(one->data, sizeof one->data, value);
		one->events++;
		crowd->events++;
	} else if ((value = after(one->line, "retry: ")) != NULL) {
		one->retry_ms = (unsigned)atoi(value);
		crowd->retries++;
	} else if (one->line[0] == ':') {
		one->heartbeats++;
		crowd->heartbeats++;
	} else if (strcmp(one->line, "0") == 0 && !one->is_ended) {
		one->is_ended = true;
		crowd->ended++;
	}
}

static void line_end(struct listeners *crowd, struct listener *one)
{
	if (one->length > 0 && one->line[one->length - 1] == '\r')
		one->length--;
	one->line[one->length] = '\0';
	one->length = 0;
	if (one->has_head)
		body_line(crowd, one);
	else
		head_line(crowd, one);
}

static void take(struct listeners *crowd, struct listener *one,
                 const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (bytes[i] == '\n')
			line_end(crowd, one);
		else if (one->length < sizeof one->line - 1)
			one->line[one->length++] = bytes[i];
}

/* ---- sockets ---- */

static void close_one(struct listener *one)
{
	if (one->fd >= 0)
		close(one->fd);
	one->fd = -1;
}

static void receive(struct listeners *crowd, struct listener *one)
{
	char bytes[PIECE];
	ssize_t got = recv(one->fd, bytes, sizeof bytes, MSG_DONTWAIT);

	if (got > 0) {
		take(crowd, one, bytes, (size_t)got);
		return;
	}
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	crowd->reset += got < 0;
	one->is_closed = true;
	crowd->closed++;
	close_one(one);
}

bool listeners_ask(struct listeners *crowd, unsigned i, int port,
                   const char *request)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		                        .sin_port = htons((uint16_t)port),
		                        .sin_addr.s_addr =
		                                htonl(INADDR_LOOPBACK) };
	struct listener *one = &crowd->all[i];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = one };
	const size_t length = strlen(request);

	close_one(one);
	*one = (struct listener){ .fd = socket(AF_INET,
		                               SOCK_STREAM | SOCK_CLOEXEC, 0) };
	return one->fd >= 0 &&
	       connect(one->fd, (const struct sockaddr *)&to, sizeof to) == 0 &&
	       send(one->fd, request, length, MSG_NOSIGNAL) ==
	               (ssize_t)length &&
	       epoll_ctl(crowd->watch, EPOLL_CTL_ADD, one->fd, &event) == 0;
}

void listeners_leave(struct listeners *crowd)
{
	for (unsigned i = 0; i < crowd->count; i++)
		close_one(&crowd->all[i]);
}

/* ---- all of them ---- */

bool listeners_init(struct listeners *crowd, unsigned count)
{
	*crowd = (struct listeners){
		.all = malloc(count * sizeof *crowd->all),
		.count = count,
		.watch = epoll_create1(EPOLL_CLOEXEC),
	};
	if (crowd->all == NULL || crowd->watch < 0)
		return false;
	memset(crowd->all, 0x55, count * sizeof *crowd->all);
	for (unsigned i = 0; i < count; i++)
		crowd->all[i] = (struct listener){ .fd = -1 };
	return true;
}

void listeners_finish(struct listeners *crowd)
{
	if (crowd->all != NULL)
		listeners_leave(crowd);
	if (crowd->watch >= 0)
		close(crowd->watch);
	free(crowd->all);
	crowd->all = NULL;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void turn(struct listeners *crowd, double left)
{
	struct epoll_event events[BATCH];
	int count =
		epoll_wait(crowd->watch, events, BATCH, (int)(left * 1000) + 1);

	for (int i = 0; i < count; i++)
		receive(crowd, events[i].data.ptr);
}

bool listeners_wait(struct listeners *crowd, const unsigned *sum,
                    unsigned wanted, double seconds)
{
	const double end = now() + seconds;
	double left;

	while (*sum < wanted && (left = end - now()) > 0)
		turn(crowd, left);
	return *sum >= wanted;
}

void listeners_spend(struct listeners *crowd, double seconds)
{
	const unsigned never = 0;

	(void)listeners_wait(crowd, &never, 1, seconds);
}
