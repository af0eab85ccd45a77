#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "app/healthcheck.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_S = 3, HOST_SIZE = 64 };

/* ---- connecting ---- */

/* Listening everywhere is no address to call; the machine itself is. */
static void healthcheck_read_host(char host[HOST_SIZE], const char *text,
                                  size_t length)
{
	static const char *const others[][2] = {
		{ "", "127.0.0.1" },
		{ "0.0.0.0", "127.0.0.1" },
		{ "localhost", "127.0.0.1" },
		{ "::", "::1" },
	};

	if (length > 1 && text[0] == '[') {
		text++;
		length -= 2;
	}
	snprintf(host, HOST_SIZE, "%.*s", (int)length, text);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (strcmp(host, others[i][0]) == 0)
			snprintf(host, HOST_SIZE, "%s", others[i][1]);
}

static int healthcheck_connect_to(int family, const struct sockaddr *to,
                                  socklen_t size)
{
	const struct timeval patience = { PATIENCE_S, 0 };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, to, size) == 0)
		return fd;
	close(fd);
	return -1;
}

static int healthcheck_connect_unix(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof to.sun_path)
		return -1;
	strcpy(to.sun_path, path);
	return healthcheck_connect_to(AF_UNIX, (const struct sockaddr *)&to,
	                              sizeof to);
}

static int healthcheck_connect_address(const char *address)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM,
	};
	const char *colon = strrchr(address, ':');
	struct addrinfo *to = NULL;
	char host[HOST_SIZE];
	int fd = -1;

	if (strncmp(address, "unix:", 5) == 0)
		return healthcheck_connect_unix(address + 5);
	errno = EINVAL;
	if (colon == NULL)
		return -1;
	healthcheck_read_host(host, address, (size_t)(colon - address));
	if (getaddrinfo(host, colon + 1, &hints, &to) != 0)
		return -1;
	fd = healthcheck_connect_to(to->ai_family, to->ai_addr, to->ai_addrlen);
	freeaddrinfo(to);
	return fd;
}

/* ---- asking ---- */

/* The status of the answer, and its body; 0: there was none. */
static int healthcheck_ask(int fd, const char *path, char *body, size_t size)
{
	char text[2048];
	size_t have = 0;
	ssize_t got = 1;
	const char *end;
	int status = 0;
	int length = snprintf(text, sizeof text,
	                      "GET %s HTTP/1.1\r\nHost: localhost\r\n"
	                      "Accept: */*\r\nConnection: close\r\n\r\n",
	                      path);

	if (length >= (int)sizeof text ||
	    send(fd, text, (size_t)length, MSG_NOSIGNAL) != length)
		return 0;
	while (got > 0 && have < sizeof text - 1) {
		got = recv(fd, text + have, sizeof text - 1 - have, 0);
		have += got > 0 ? (size_t)got : 0;
	}
	text[have] = '\0';
	if (sscanf(text, "HTTP/1.%*d %d", &status) != 1)
		return 0;
	end = strstr(text, "\r\n\r\n");
	snprintf(body, size, "%s", end != NULL ? end + 4 : "");
	body[strcspn(body, "\r\n")] = '\0';
	return status;
}

/* Any answer of the endpoint but a failure of its own shows that it serves:
 * without a session or a token it refuses, and is right. */
static bool healthcheck_is_fine(int status, bool is_endpoint)
{
	return is_endpoint ? status >= 200 && status < 500 : status == 200;
}

static bool healthcheck_has_no_port(const char *address)
{
	size_t length = strlen(address);

	return strncmp(address, "unix:", 5) != 0 && length >= 2 &&
	       strcmp(address + length - 2, ":0") == 0;
}

enum exit_code mcps__healthcheck(const struct app_options *options)
{
	bool is_endpoint = options->health == NULL;
	const char *address =
		is_endpoint ? options->daemon.listen : options->health;
	const char *endpoint =
		options->server.path != NULL ? options->server.path : "/mcp";
	const char *probe = options->live ? "/livez" : "/readyz";
	const char *path = is_endpoint ? endpoint : probe;
	char body[256] = "";
	int fd, status;

	if (address == NULL)
		address = "127.0.0.1:8931";
	if (healthcheck_has_no_port(address)) {
		fprintf(stderr,
		        "cannot ask %s: port 0 is any free one; give --health "
		        "a port\n",
		        address);
		return EXIT_CONFIGURATION;
	}
	fd = healthcheck_connect_address(address);
	if (fd < 0) {
		fprintf(stderr, "%s: %s\n", address, strerror(errno));
		return EXIT_RUNTIME;
	}
	status = healthcheck_ask(fd, path, body, sizeof body);
	close(fd);
	if (is_endpoint)
		printf("%s %s answers (%d)\n", address, path, status);
	else
		printf("%s %s: %d %s\n", address, path, status,
		       status == 0 ? "" : body);
	return healthcheck_is_fine(status, is_endpoint) ? EXIT_FINE
	                                                : EXIT_RUNTIME;
}
