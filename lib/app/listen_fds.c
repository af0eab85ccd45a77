#include "app/listen_fds.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FIRST = 3, MOST = 2 };

/* Digits alone; -1: anything else. */
static long listen_fds_number_of(const char *variable)
{
	const char *text = getenv(variable);
	char *end;
	long value;

	if (text == NULL || *text < '0' || *text > '9')
		return -1;
	value = strtol(text, &end, 10);
	return *end == '\0' ? value : -1;
}

/* Whether the name at index of "a:b:c" is "health". */
static bool listen_fds_is_health(const char *names, int index)
{
	for (; names != NULL && index > 0; index--) {
		names = strchr(names, ':');
		names = names != NULL ? names + 1 : NULL;
	}
	return names != NULL && strncmp(names, "health", 6) == 0 &&
	       (names[6] == '\0' || names[6] == ':');
}

static bool listen_fds_is_listening(int fd)
{
	int listens = 0, type = 0;
	socklen_t size = sizeof listens;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0)
		return false;
	size = sizeof type;
	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
	       type == SOCK_STREAM && listens != 0;
}

static bool listen_fds_take(struct listen_fds *listen_fds, int index,
                            struct fatal *fatal)
{
	int *which = listen_fds_is_health(getenv("LISTEN_FDNAMES"), index)
	                     ? &listen_fds->health
	                     : &listen_fds->endpoint;
	int fd = FIRST + index;
	int flags = fcntl(fd, F_GETFD);

	if (*which != 0)
		return mcps__fatal(fatal, EXIT_CONFIGURATION,
		                   "LISTEN_FDS: more sockets than one for "
		                   "the endpoint and one named \"health\"");
	if (flags < 0 || !listen_fds_is_listening(fd))
		return mcps__fatal(fatal, EXIT_CONFIGURATION,
		                   "LISTEN_FDS: descriptor %d is not a "
		                   "listening stream socket",
		                   fd);
	(void)fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
	*which = fd;
	return true;
}

static bool listen_fds_read_all(struct listen_fds *listen_fds,
                                struct fatal *fatal)
{
	long count = listen_fds_number_of("LISTEN_FDS");

	if (listen_fds_number_of("LISTEN_PID") != getpid())
		return true;
	if (count < 0 || count > MOST)
		return mcps__fatal(fatal, EXIT_CONFIGURATION,
		                   "LISTEN_FDS=%s: not a number up to %d",
		                   getenv("LISTEN_FDS") != NULL
		                           ? getenv("LISTEN_FDS")
		                           : "",
		                   MOST);
	for (int i = 0; i < count; i++)
		if (!listen_fds_take(listen_fds, i, fatal))
			return false;
	return true;
}

bool mcps__listen_fds_read(struct listen_fds *listen_fds, struct fatal *fatal)
{
	bool fine;

	*listen_fds = (struct listen_fds){ 0 };
	fine = listen_fds_read_all(listen_fds, fatal);
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return fine;
}
