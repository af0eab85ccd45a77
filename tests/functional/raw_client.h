/* A client on a raw socket, for tests: it sends what it is told to the byte
 * and reads one answer at a time. */
#ifndef MCPS_TESTS_RAW_CLIENT_H
#define MCPS_TESTS_RAW_CLIENT_H

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { CLIENT_PATIENCE_S = 60 };

struct client {
	int fd;
	size_t have; /* bytes that were read and not used */
	char bytes[16384];
};

struct answer {
	int status; /* 0: the connection ended instead */
	bool closes;
	char session[128];
	char body[8192];
};

static int open_socket(void)
{
	const struct timeval patience = { CLIENT_PATIENCE_S, 0 };
	const int yes = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
	return fd;
}

static void connect_socket(int fd, int port)
{
	const struct sockaddr_in to = { .sin_family = AF_INET,
		                        .sin_port = htons((uint16_t)port),
		                        .sin_addr.s_addr =
		                                htonl(INADDR_LOOPBACK) };

	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&to, sizeof to),
	                 0);
}

static struct client client_open(int port)
{
	struct client client = { .fd = open_socket() };

	connect_socket(client.fd, port);
	return client;
}

static void send_bytes(const struct client *client, const char *bytes,
                       size_t length)
{
	while (length > 0) {
		ssize_t sent = send(client->fd, bytes, length, MSG_NOSIGNAL);

		ck_assert_int_gt(sent, 0);
		bytes += sent;
		length -= (size_t)sent;
	}
}

static void send_text(const struct client *client, const char *text)
{
	send_bytes(client, text, strlen(text));
}

/* The headers of a POST; EXTRA are further whole lines. */
static void write_head(char *out, size_t size, const char *path,
                       const char *extra)
{
	int length = snprintf(out, size,
	                      "POST %s HTTP/1.1\r\nHost: localhost\r\n"
	                      "Content-Type: application/json\r\n"
	                      "Accept: application/json, text/event-stream\r\n"
	                      "%s\r\n",
	                      path, extra);

	ck_assert_uint_lt((size_t)length, size);
}

static void send_head(const struct client *client, const char *path,
                      const char *extra)
{
	char head[2048];

	write_head(head, sizeof head, path, extra);
	send_text(client, head);
}

/* A whole request; SESSION may be NULL. */
static void write_post(char *out, size_t size, const char *path,
                       const char *session, const char *body)
{
	char extra[512];

	snprintf(extra, sizeof extra, "%s%s%sContent-Length: %zu\r\n",
	         session != NULL ? "Mcp-Session-Id: " : "",
	         session != NULL ? session : "", session != NULL ? "\r\n" : "",
	         strlen(body));
	write_head(out, size, path, extra);
	ck_assert_uint_lt(strlen(out) + strlen(body), size);
	strcat(out, body);
}

static void post(const struct client *client, const char *path,
                 const char *session, const char *body)
{
	char request[4096];

	write_post(request, sizeof request, path, session, body);
	send_text(client, request);
}

static bool read_more(struct client *client)
{
	ssize_t got = recv(client->fd, client->bytes + client->have,
	                   sizeof client->bytes - 1 - client->have, 0);

	ck_assert_msg(got >= 0 || errno == ECONNRESET, "no answer: %s",
	              strerror(errno));
	if (got <= 0)
		return false;
	client->have += (size_t)got;
	client->bytes[client->have] = '\0';
	return true;
}

static void copy_header(char *out, size_t size, const char *head,
                        const char *name)
{
	const char *found = strcasestr(head, name);
	size_t length;

	out[0] = '\0';
	if (found == NULL)
		return;
	found += strlen(name);
	length = strcspn(found, "\r");
	ck_assert_uint_lt(length, size);
	memcpy(out, found, length);
	out[length] = '\0';
}

static void read_head(struct answer *answer, const char *head)
{
	char text[32];

	answer->status = atoi(head + strlen("HTTP/1.1 "));
	copy_header(answer->session, sizeof answer->session, head,
	            "\r\nMcp-Session-Id: ");
	copy_header(text, sizeof text, head, "\r\nConnection: ");
	answer->closes = strcmp(text, "close") == 0;
}

static void use_up(struct client *client, size_t length)
{
	client->have -= length;
	memmove(client->bytes, client->bytes + length, client->have + 1);
}

static size_t body_length(const char *head)
{
	char text[32];

	copy_header(text, sizeof text, head, "\r\nContent-Length: ");
	return (size_t)atol(text);
}

static struct answer read_answer(struct client *client)
{
	struct answer answer = { 0 };
	size_t head, body;
	char *end;

	while ((end = client->have > 0 ? strstr(client->bytes, "\r\n\r\n")
	                               : NULL) == NULL)
		if (!read_more(client))
			return answer;
	head = (size_t)(end - client->bytes) + 4;
	end[2] = '\0';
	read_head(&answer, client->bytes);
	body = body_length(client->bytes);
	ck_assert_uint_lt(body, sizeof answer.body);
	while (client->have < head + body)
		ck_assert(read_more(client));
	memcpy(answer.body, client->bytes + head, body);
	use_up(client, head + body);
	return answer;
}

static struct answer ask(struct client *client, const char *path,
                         const char *session, const char *body)
{
	post(client, path, session, body);
	return read_answer(client);
}

static bool is_at_end(struct client *client)
{
	return client->have == 0 && !read_more(client);
}

#endif
