#define _GNU_SOURCE /* SOCK_CLOEXEC */
#include "mhd/listen.h"

#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BACKLOG = 4096, /* the kernel takes its somaxconn if that is less */
	PLACE_HOST_SIZE = 56,
};

struct place {
	char host[PLACE_HOST_SIZE];
	char port[6];
};

static bool listen_is_port(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length <= 5 &&
	       strspn(text, "0123456789") == length && atol(text) <= 65535;
}

static bool listen_place_set_host(struct place *place, const char *host,
                                  size_t length)
{
	if (length >= sizeof place->host)
		return false;
	memcpy(place->host, host, length);
	place->host[length] = '\0';
	return true;
}

/* Names are not resolved, so that no resolver can delay or misdirect the
 * start; "localhost" is what people write. */
static bool listen_place_read(struct place *place, const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t length;

	if (colon == NULL || !listen_is_port(colon + 1))
		return false;
	strcpy(place->port, colon + 1);
	length = (size_t)(colon - text);
	if (length == 0)
		return listen_place_set_host(place, "0.0.0.0", 7);
	if (length == 9 && memcmp(text, "localhost", 9) == 0)
		return listen_place_set_host(place, "127.0.0.1", 9);
	if (text[0] == '[' && text[length - 1] == ']')
		return listen_place_set_host(place, text + 1, length - 2);
	/* "::1:80" might mean two things. */
	if (memchr(text, ':', length) != NULL)
		return false;
	return listen_place_set_host(place, text, length);
}

static mcps_status listen_resolve(struct addrinfo **out, const char *text,
                                  struct mcps_error *error)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct place place;

	if (!listen_place_read(&place, text) ||
	    getaddrinfo(place.host, place.port, &hints, out) != 0)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "cannot listen on %s: not HOST:PORT, "
		                  "[V6]:PORT, :PORT (HOST: an address or "
		                  "localhost) or unix:PATH",
		                  text);
	return MCPS_OK;
}

/* Reuse: else a restart would have to wait for connections of before. */
static int listen_open_socket(const struct addrinfo *where, bool listens)
{
	const int yes = 1;
	int failure;
	int fd = socket(where->ai_family,
	                SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	if (bind(fd, where->ai_addr, where->ai_addrlen) == 0 &&
	    (!listens || listen(fd, BACKLOG) == 0))
		return fd;
	failure = errno;
	close(fd);
	errno = failure;
	return -1;
}

/* ---- what it is called ---- */

static void listen_name_internet(struct listener *listener,
                                 const struct sockaddr *bound, socklen_t size)
{
	bool is_v6 = bound->sa_family == AF_INET6;
	char host[PLACE_HOST_SIZE], port[8];

	if (getnameinfo(bound, size, host, sizeof host, port, sizeof port,
	                NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		snprintf(listener->address, sizeof listener->address,
		         "%s%s%s:%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "",
		         port);
}

/* An abstract one has a NUL before its name, which people write as "@". */
static void listen_name_unix(struct listener *listener,
                             const struct sockaddr_un *bound, socklen_t size)
{
	size_t length = size - offsetof(struct sockaddr_un, sun_path);
	bool is_abstract = length > 1 && bound->sun_path[0] == '\0';

	snprintf(listener->address, sizeof listener->address, "unix:%s%.*s",
	         is_abstract ? "@" : "", (int)(length - is_abstract),
	         bound->sun_path + is_abstract);
}

/* As the kernel chose it, if port 0 was asked for. */
static bool listen_read_address(struct listener *listener)
{
	union {
		struct sockaddr_storage room;
		struct sockaddr any;
		struct sockaddr_un local;
	} bound;
	socklen_t size = sizeof bound;

	listener->address[0] = '\0';
	if (getsockname(listener->fd, &bound.any, &size) != 0)
		return false;
	if (bound.any.sa_family == AF_UNIX)
		listen_name_unix(listener, &bound.local, size);
	else
		listen_name_internet(listener, &bound.any, size);
	return listener->address[0] != '\0';
}

/* ---- one that was passed ---- */

static bool listen_is_listening_stream(int fd)
{
	int type = 0, listens = 0;
	socklen_t size = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0)
		return false;
	size = sizeof listens;
	return type == SOCK_STREAM &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) ==
	               0 &&
	       listens != 0;
}

static mcps_status listen_take_passed(struct listener *out, int fd,
                                      struct mcps_error *error)
{
	int flags;

	if (!listen_is_listening_stream(fd))
		return mcps__fail(error, MCPS_E_INVAL,
		                  "descriptor %d is not a listening socket",
		                  fd);
	out->is_shared = true;
	out->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	flags = out->fd >= 0 ? fcntl(out->fd, F_GETFL) : -1;
	if (flags >= 0 && fcntl(out->fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
	    listen_read_address(out))
		return MCPS_OK;
	return mcps__fail(error, MCPS_E_SYSTEM,
	                  "cannot use the listening socket %d: %s", fd,
	                  strerror(errno));
}

/* ---- one of our own ---- */

static mcps_status listen_refused(const char *text, struct mcps_error *error)
{
	return mcps__fail(error, mcps__refusal(errno, MCPS_E_SYSTEM),
	                  "cannot listen on %s: %s", text, strerror(errno));
}

static mcps_status listen_at(struct listener *out,
                             const struct mcps_daemon_options *options,
                             struct mcps_error *error)
{
	const char *path = mcps__listen_unix_path(options->listen);
	struct addrinfo *where = NULL;
	mcps_status status;

	if (path != NULL) {
		out->fd = mcps__listen_unix(out, path, options->socket_mode,
		                            BACKLOG);
	} else {
		status = listen_resolve(&where, options->listen, error);
		if (status != MCPS_OK)
			return status;
		out->fd = listen_open_socket(where, true);
		freeaddrinfo(where);
	}
	if (out->fd >= 0 && listen_read_address(out))
		return MCPS_OK;
	return listen_refused(options->listen, error);
}

mcps_status mcps__listen(struct listener *out,
                         const struct mcps_daemon_options *options,
                         struct mcps_error *error)
{
	mcps_status status;

	*out = (struct listener){ .fd = -1 };
	if (options->listen_fd != 0)
		status = listen_take_passed(out, options->listen_fd, error);
	else
		status = listen_at(out, options, error);
	if (status != MCPS_OK) {
		mcps__listener_hide(out);
		mcps__listener_close(out);
	}
	return status;
}

mcps_status mcps__listen_check(const struct mcps_daemon_options *options,
                               struct mcps_error *error)
{
	const char *path = mcps__listen_unix_path(options->listen);
	struct addrinfo *where = NULL;
	mcps_status status;
	int fd;

	if (path != NULL)
		return mcps__listen_unix_check(path)
		               ? MCPS_OK
		               : listen_refused(options->listen, error);
	status = listen_resolve(&where, options->listen, error);
	if (status != MCPS_OK)
		return status;
	fd = listen_open_socket(where, false);
	freeaddrinfo(where);
	if (fd < 0)
		return listen_refused(options->listen, error);
	close(fd);
	return MCPS_OK;
}

void mcps__listener_close(struct listener *listener)
{
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
}
