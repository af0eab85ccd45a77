#define _GNU_SOURCE /* accept4 */
#include "mhd/acceptor.h"

#include "mhd/httpd.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	/* After a failure, clients wait this long in the kernel's queue.
	 * Nothing tells when there are descriptors again. */
	RETRY_MS = 20,
	/* A loop without room is woken by whatever makes room. The limit is
	 * for the case that libmicrohttpd overlooks something. */
	FULL_MS = 1000,
};

bool mcps__acceptor_open(struct acceptor *acceptor, int listener)
{
	*acceptor = (struct acceptor){ .listener = listener };
	acceptor->events = epoll_create1(EPOLL_CLOEXEC);
	return acceptor->events >= 0;
}

void mcps__acceptor_close(struct acceptor *acceptor)
{
	if (acceptor->events >= 0)
		close(acceptor->events);
	acceptor->events = -1;
}

/* Level-triggered: a client that waited before is seen at once. */
static void acceptor_set(struct acceptor *acceptor, bool is_watching)
{
	struct epoll_event event = { .events = EPOLLIN };
	int how = is_watching ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;

	if (acceptor->is_watching != is_watching &&
	    epoll_ctl(acceptor->events, how, acceptor->listener, &event) == 0)
		acceptor->is_watching = is_watching;
}

int mcps__acceptor_watch(struct acceptor *acceptor, unsigned room,
                         int64_t now_ms)
{
	int64_t wait_ms = acceptor->retry_ms - now_ms;
	bool must_wait = acceptor->failure != 0 && wait_ms > 0;

	if (acceptor->is_stopped)
		return -1;
	acceptor_set(acceptor, room != 0 && !must_wait);
	if (acceptor->is_watching)
		return -1;
	if (room == 0)
		return FULL_MS;
	/* The set may be full, too: epoll_ctl() needs memory. */
	return must_wait ? (int)wait_ms : RETRY_MS;
}

/* False: no client waits any more, or an attempt failed. */
static bool acceptor_take_one(struct acceptor *acceptor,
                              struct MHD_Daemon *http)
{
	struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
	socklen_t size = sizeof address;
	int fd = accept4(acceptor->listener, (struct sockaddr *)&address, &size,
	                 SOCK_CLOEXEC | SOCK_NONBLOCK);

	acceptor->failure = 0;
	if (fd >= 0 && mcps__httpd_add(http, fd, &address, size)) {
		atomic_fetch_add_explicit(&acceptor->accepted, 1,
		                          memory_order_relaxed);
		return true;
	}
	/* A client that left before it was accepted is no failure. */
	if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
		return true;
	if (fd >= 0 || errno != EAGAIN)
		acceptor->failure = errno;
	return false;
}

unsigned mcps__acceptor_take(struct acceptor *acceptor, struct MHD_Daemon *http,
                             unsigned room, int64_t now_ms)
{
	unsigned most = room < ACCEPT_BATCH ? room : ACCEPT_BATCH;
	unsigned count = 0;

	while (count < most && acceptor_take_one(acceptor, http))
		count++;
	if (acceptor->failure != 0)
		acceptor->retry_ms = now_ms + RETRY_MS;
	return count;
}

void mcps__acceptor_stop(struct acceptor *acceptor)
{
	acceptor_set(acceptor, false);
	acceptor->is_stopped = true;
}
