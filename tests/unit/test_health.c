/* The health address takes what probes and load balancers send: each request is
 * answered, and its connection closed. */
#include "app/health.h"
#include "suite.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PATIENCE_S = 60 };

static struct health *health;
static struct sockaddr_in address;
static const char *not_ready; /* NULL: it is ready */

static const char *ask(void *arg)
{
	(void)arg;
	return not_ready;
}

static void set_up(void)
{
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	address = (struct sockaddr_in){ .sin_family = AF_INET,
		                        .sin_addr.s_addr =
		                                htonl(INADDR_LOOPBACK) };
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	getsockname(fd, (struct sockaddr *)&address, &size);
	not_ready = NULL;
	health = mcps__health_start(fd, ask, NULL);
	ck_assert_ptr_nonnull(health);
}

static void tear_down(void)
{
	mcps__health_stop(health);
}

/* Send REQUEST, and read until the server closes the connection. */
static const char *answer_to(const char *request, size_t length)
{
	static char text[2048];
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t have = 0;
	ssize_t got;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	ck_assert_int_eq(
		connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	ck_assert_int_eq(send(fd, request, length, MSG_NOSIGNAL),
	                 (ssize_t)length);
	while ((got = recv(fd, text + have, sizeof text - 1 - have, 0)) > 0)
		have += (size_t)got;
	ck_assert_msg(got == 0, "the connection was reset");
	text[have] = '\0';
	close(fd);
	return text;
}

static const struct row {
	const char *request;
	const char *status; /* the first line of the answer */
	const char *body;
	const char *header; /* NULL: any */
} rows[] = {
	{ "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "alive\n",
	  "Connection: close" },
	{ "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "ready\n",
	  NULL },
	{ "GET /livez?verbose HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "alive\n",
	  NULL },
	{ "GET /livezz HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found",
	  "GET /livez or /readyz\n", NULL },
	{ "GET /livez/ HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found",
	  "GET /livez or /readyz\n", NULL },

	/* HEAD: the headers of GET, without the body. */
	{ "HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "",
	  "Content-Length: 6" },
	{ "HEAD /readyz HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "",
	  "Content-Length: 6" },
	{ "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not Found", "",
	  "Content-Length: 22" },

	{ "OPTIONS /livez HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "",
	  "Allow: GET, HEAD, OPTIONS" },
	{ "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", "",
	  "Allow: GET, HEAD, OPTIONS" },
	{ "POST /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
	  "405 Method Not Allowed", "GET /livez or /readyz\n",
	  "Allow: GET, HEAD, OPTIONS" },
	{ "GETS /livez HTTP/1.1\r\nHost: x\r\n\r\n", "405 Method Not Allowed",
	  "GET /livez or /readyz\n", NULL },

	/* Old and simple probes. */
	{ "GET /livez HTTP/1.0\r\n\r\n", "200 OK", "alive\n", NULL },
	{ "GET /readyz HTTP/1.1\n\n", "200 OK", "ready\n", NULL },
	{ "GET /livez\r\n", "200 OK", "alive\n", NULL },
	{ "GET /livez\n", "200 OK", "alive\n", NULL },
	{ "GET /readyz\r\n\r\n", "200 OK", "ready\n", NULL },
	{ "HEAD /readyz\r\n", "200 OK", "", NULL },
	{ "GET\r\n", "404 Not Found", "GET /livez or /readyz\n", NULL },
	{ "hello\r\n", "405 Method Not Allowed", "GET /livez or /readyz\n",
	  NULL },
	{ "\r\n", "405 Method Not Allowed", "GET /livez or /readyz\n", NULL },
};

START_TEST(each_request_is_answered_and_its_connection_closed)
{
	const struct row *row = &rows[_i];
	const char *answer = answer_to(row->request, strlen(row->request));
	const char *end = strstr(answer, "\r\n\r\n");
	char line[80];

	snprintf(line, sizeof line, "HTTP/1.1 %s\r\n", row->status);
	ck_assert_msg(strncmp(answer, line, strlen(line)) == 0, "%s: %s",
	              row->request, answer);
	ck_assert_ptr_nonnull(end);
	ck_assert_str_eq(end + 4, row->body);
	if (row->header != NULL)
		ck_assert_msg(strstr(answer, row->header) != NULL, "%s",
		              answer);
}
END_TEST

START_TEST(head_of_a_server_that_is_not_ready_is_503)
{
	static const char request[] = "HEAD /readyz HTTP/1.1\r\n\r\n";
	const char *answer;

	not_ready = "starting";
	answer = answer_to(request, sizeof request - 1);
	ck_assert_ptr_eq(strstr(answer, "HTTP/1.1 503 "), answer);
	ck_assert_ptr_nonnull(strstr(answer, "Retry-After: 1\r\n"));
	ck_assert_str_eq(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
}
END_TEST

START_TEST(headers_that_are_too_long_are_431_without_a_reset)
{
	enum { SIZE = 3000 };
	static const char line[] = "GET /livez HTTP/1.1\r\nCookie: ";
	static char request[SIZE];
	const char *answer;

	memset(request, 'x', sizeof request);
	memcpy(request, line, sizeof line - 1);
	answer = answer_to(request, sizeof request);
	ck_assert_ptr_eq(strstr(answer, "HTTP/1.1 431 "), answer);
}
END_TEST

TEST_MAIN("health")
{
	test_fixture(set_up, tear_down);
	test_timeout(2 * PATIENCE_S);
	test_add_loop(each_request_is_answered_and_its_connection_closed,
	              COUNT(rows));
	test_add(head_of_a_server_that_is_not_ready_is_503);
	test_add(headers_that_are_too_long_are_431_without_a_reset);
}
