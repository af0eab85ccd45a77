#define _GNU_SOURCE /* strcasestr */
#include "functional/wire.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 60 };

/* ---- connections ---- */

struct wire wire_new(int receive_buffer)
{
	const struct timeval patience = { PATIENCE_S, 0 };
	const int yes = 1;
	struct wire wire = { .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC,
		                          0) };

	ck_assert_int_ge(wire.fd, 0);
	setsockopt(wire.fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	           sizeof patience);
	setsockopt(wire.fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
	           sizeof patience);
	setsockopt(wire.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	if (receive_buffer != 0)
		setsockopt(wire.fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
		           sizeof receive_buffer);
	return wire;
}

void wire_connect(const struct wire *wire, int port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		                        .sin_port = htons((uint16_t)port),
		                        .sin_addr.s_addr =
		                                htonl(INADDR_LOOPBACK) };

	ck_assert_int_eq(
		connect(wire->fd, (const struct sockaddr *)&to, sizeof to), 0);
}

struct wire wire_open_small(int port, int receive_buffer)
{
	struct wire wire = wire_new(receive_buffer);

	wire_connect(&wire, port);
	return wire;
}

struct wire wire_open(int port)
{
	return wire_open_small(port, 0);
}

struct wire wire_open_from(int port, const char *address)
{
	struct wire wire = wire_new(0);
	struct sockaddr_in from = { .sin_family = AF_INET };

	ck_assert_int_eq(inet_pton(AF_INET, address, &from.sin_addr), 1);
	ck_assert_int_eq(
		bind(wire.fd, (const struct sockaddr *)&from, sizeof from), 0);
	wire_connect(&wire, port);
	return wire;
}

void wire_close(struct wire *wire)
{
	close(wire->fd);
	wire->fd = -1;
}

void wire_reset(struct wire *wire)
{
	const struct linger linger = { 1, 0 };

	setsockopt(wire->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	wire_close(wire);
}

void wire_end(const struct wire *wire)
{
	shutdown(wire->fd, SHUT_WR);
}

/* ---- sending ---- */

bool wire_try_send(const struct wire *wire, const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t sent = send(wire->fd, bytes, length, MSG_NOSIGNAL);

		if (sent <= 0)
			return false;
		bytes += sent;
		length -= (size_t)sent;
	}
	return true;
}

void wire_send(const struct wire *wire, const char *bytes, size_t length)
{
	ck_assert_msg(wire_try_send(wire, bytes, length), "cannot send: %s",
	              strerror(errno));
}

void wire_text(const struct wire *wire, const char *text)
{
	wire_send(wire, text, strlen(text));
}

void wire_post(const struct wire *wire, const char *lines, const char *body)
{
	char *request;
	int length =
		asprintf(&request, WIRE_HEAD "%sContent-Length: %zu\r\n\r\n%s",
	                 lines, strlen(body), body);

	ck_assert_int_gt(length, 0);
	wire_send(wire, request, (size_t)length);
	free(request);
}

/* ---- reading ---- */

/* A reset may overtake what was sent before it; to a client it is an end. */
static bool read_more(struct wire *wire)
{
	ssize_t got = recv(wire->fd, wire->bytes + wire->have,
	                   sizeof wire->bytes - 1 - wire->have, 0);

	ck_assert_msg(got >= 0 || errno == ECONNRESET, "no answer: %s",
	              strerror(errno));
	if (got <= 0)
		return false;
	wire->have += (size_t)got;
	wire->bytes[wire->have] = '\0';
	return true;
}

static void use_up(struct wire *wire, size_t length)
{
	wire->have -= length;
	memmove(wire->bytes, wire->bytes + length, wire->have);
	wire->bytes[wire->have] = '\0';
}

static bool read_head(struct wire *wire, struct reply *reply)
{
	char *end;
	size_t length;

	while ((end = strstr(wire->bytes, "\r\n\r\n")) == NULL)
		if (!read_more(wire))
			return false;
	length = (size_t)(end - wire->bytes) + 4;
	ck_assert_uint_lt(length, sizeof reply->head);
	memcpy(reply->head, wire->bytes, length);
	reply->head[length] = '\0';
	use_up(wire, length);
	ck_assert_int_eq(strncmp(reply->head, "HTTP/1.", 7), 0);
	reply->status = atoi(reply->head + strlen("HTTP/1.1 "));
	return true;
}

/* Reads LENGTH more bytes of the body. Bytes that do not fit are only counted.
 */
static void read_body(struct wire *wire, struct reply *reply, size_t length)
{
	const size_t end = reply->length + length;

	while (reply->length < end) {
		size_t room = sizeof reply->body - 1 - reply->length;
		size_t left = end - reply->length;
		size_t some;

		if (wire->have == 0)
			ck_assert(read_more(wire));
		some = wire->have < left ? wire->have : left;
		if (reply->length < sizeof reply->body - 1)
			memcpy(reply->body + reply->length, wire->bytes,
			       some < room ? some : room);
		reply->length += some;
		use_up(wire, some);
	}
}

/* A line without its end; it must fit. */
static void read_line(struct wire *wire, char *line, size_t size)
{
	size_t length;
	char *end;

	while ((end = strstr(wire->bytes, "\r\n")) == NULL)
		ck_assert_msg(read_more(wire), "the body ends in its middle");
	length = (size_t)(end - wire->bytes);
	ck_assert_uint_lt(length, size);
	memcpy(line, wire->bytes, length);
	line[length] = '\0';
	use_up(wire, length + 2);
}

/* Up to the last one, and the empty line behind it; no trailers. */
static void read_chunks(struct wire *wire, struct reply *reply)
{
	char line[64];
	size_t length;
	char *end;

	do {
		read_line(wire, line, sizeof line);
		length = strtoul(line, &end, 16);
		ck_assert_msg(end != line && *end == '\0', "a chunk of \"%s\"",
		              line);
		read_body(wire, reply, length);
		read_line(wire, line, sizeof line);
		ck_assert_str_eq(line, "");
	} while (length != 0);
}

static bool is_chunked(const struct reply *reply)
{
	return reply_has(reply, "Transfer-Encoding: chunked");
}

struct reply wire_read_head(struct wire *wire)
{
	struct reply reply;

	do {
		memset(&reply, 0, sizeof reply);
		if (!read_head(wire, &reply))
			return reply;
	} while (reply.status / 100 == 1);
	return reply;
}

struct reply wire_read_open(struct wire *wire)
{
	struct reply reply = wire_read_head(wire);

	if (reply.status != 0 && !is_chunked(&reply))
		read_body(wire, &reply,
		          (size_t)atol(reply_value(&reply, "Content-Length")));
	return reply;
}

struct reply wire_read(struct wire *wire)
{
	struct reply reply = wire_read_open(wire);

	if (is_chunked(&reply))
		read_chunks(wire, &reply);
	return reply;
}

size_t wire_take(struct wire *wire, char *out, size_t size)
{
	size_t some;

	if (wire->have == 0 && !read_more(wire))
		return 0;
	some = wire->have < size ? wire->have : size;
	memcpy(out, wire->bytes, some);
	use_up(wire, some);
	return some;
}

struct reply wire_ask(struct wire *wire, const char *lines, const char *body)
{
	wire_post(wire, lines, body);
	return wire_read(wire);
}

/* The bodies of libmicrohttpd's own errors may be longer than they say. */
bool wire_is_over(struct wire *wire)
{
	do {
		if (strstr(wire->bytes, "HTTP/1.") != NULL)
			return false;
		use_up(wire, wire->have);
	} while (read_more(wire));
	return true;
}

/* ---- looking ---- */

static const char *find_line(const struct reply *reply, const char *begin)
{
	char text[512];

	ck_assert_int_lt(snprintf(text, sizeof text, "\r\n%s", begin),
	                 (int)sizeof text);
	return strcasestr(reply->head, text);
}

bool reply_has(const struct reply *reply, const char *line)
{
	char text[512];

	ck_assert_int_lt(snprintf(text, sizeof text, "%s\r\n", line),
	                 (int)sizeof text);
	return find_line(reply, text) != NULL;
}

bool reply_names(const struct reply *reply, const char *name)
{
	char text[128];

	ck_assert_int_lt(snprintf(text, sizeof text, "%s:", name),
	                 (int)sizeof text);
	return find_line(reply, text) != NULL;
}

bool reply_closes(const struct reply *reply)
{
	return reply_has(reply, "Connection: close");
}

const char *reply_value(struct reply *reply, const char *name)
{
	char *value = reply->value;
	char text[128];
	const char *found;

	snprintf(text, sizeof text, "%s: ", name);
	found = find_line(reply, text);
	value[0] = '\0';
	if (found != NULL)
		snprintf(value, sizeof reply->value, "%.*s",
		         (int)strcspn(found + 2 + strlen(text), "\r"),
		         found + 2 + strlen(text));
	return value;
}
