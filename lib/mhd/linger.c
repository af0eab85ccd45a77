#include "mhd/linger.h"

#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

static int64_t linger_now_ms(void)
{
	return mcps__steady_ms(&mcps__system_clock);
}

/* Returns false when the client has closed its side. Beyond the limit nothing
 * is read, which stops the client from sending; it is not closed yet, because
 * a client that fails to send may not look at the answer. */
static bool linger_socket_drop_bytes(struct linger_socket *one)
{
	char piece[PIECE];
	ssize_t length;

	if (one->left == 0)
		return false; /* an error, or a hang-up: the rest is not polled
		               */
	do {
		length = recv(one->fd, piece, sizeof piece, MSG_DONTWAIT);
		if (length > 0)
			one->left -= (uint64_t)length < one->left
			                     ? (uint64_t)length
			                     : one->left;
	} while (length == sizeof piece && one->left > 0);
	if (length < 0)
		return errno == EAGAIN || errno == EINTR;
	return length > 0;
}

/* ---- the thread ---- */

static int linger_timeout(const struct linger_set *linger)
{
	int64_t now = linger_now_ms();
	int64_t least = -1;

	for (unsigned i = 0; i < linger->count; i++) {
		int64_t left = linger->sockets[i].closes_ms - now;

		if (left < 0)
			left = 0;
		if (least < 0 || left < least)
			least = left;
	}
	return (int)least;
}

/* Only this thread removes sockets, so those that it polled are still there
 * when it looks at them, in the same order. */
static unsigned linger_poll(struct linger_set *linger, struct pollfd *polled)
{
	const struct linger_socket *sockets = linger->sockets;
	unsigned count;
	int timeout;

	pthread_mutex_lock(&linger->lock);
	count = linger->count;
	for (unsigned i = 0; i < count; i++)
		polled[i] =
			(struct pollfd){ .fd = sockets[i].fd,
			                 .events = sockets[i].left > 0 ? POLLIN
			                                               : 0 };
	polled[count] =
		(struct pollfd){ .fd = linger->wakeup, .events = POLLIN };
	timeout = linger_timeout(linger);
	pthread_mutex_unlock(&linger->lock);
	(void)poll(polled, count + 1, timeout);
	return count;
}

static void linger_remove(struct linger_set *linger, unsigned i)
{
	close(linger->sockets[i].fd);
	linger->sockets[i] = linger->sockets[--linger->count];
}

/* Backwards: what takes the place of a removed one was looked at. */
static void linger_look(struct linger_set *linger, const struct pollfd *polled,
                        unsigned count)
{
	int64_t now = linger_now_ms();

	for (unsigned i = count; i-- > 0;) {
		struct linger_socket *one = &linger->sockets[i];

		if (now >= one->closes_ms ||
		    (polled[i].revents != 0 && !linger_socket_drop_bytes(one)))
			linger_remove(linger, i);
	}
}

static void *linger_main(void *arg)
{
	struct pollfd polled[LINGER_SOCKETS_MAX + 1];
	struct linger_set *linger = arg;
	bool is_over = false;
	uint64_t ignored;

	while (!is_over) {
		unsigned count = linger_poll(linger, polled);

		if (polled[count].revents != 0)
			(void)!read(linger->wakeup, &ignored, sizeof ignored);
		pthread_mutex_lock(&linger->lock);
		linger_look(linger, polled, count);
		is_over = linger->is_over;
		pthread_mutex_unlock(&linger->lock);
	}
	return NULL;
}

/* ---- for others ---- */

void mcps__linger_init(struct linger_set *linger)
{
	*linger = (struct linger_set){ .wakeup = eventfd(
					       0, EFD_CLOEXEC | EFD_NONBLOCK) };
	pthread_mutex_init(&linger->lock, NULL);
}

static void linger_wake(struct linger_set *linger)
{
	const uint64_t one = 1;

	(void)!write(linger->wakeup, &one, sizeof one);
}

static bool linger_start(struct linger_set *linger)
{
	if (!linger->has_thread && linger->wakeup >= 0)
		linger->has_thread =
			mcps__thread_start(&linger->thread, "mcps-linger",
		                           linger_main, linger) == 0;
	return linger->has_thread;
}

void mcps__linger_add(struct linger_set *linger, int fd)
{
	int kept;

	pthread_mutex_lock(&linger->lock);
	if (linger->count < LINGER_SOCKETS_MAX && linger_start(linger)) {
		kept = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		if (kept >= 0) {
			(void)shutdown(kept, SHUT_WR);
			linger->sockets[linger->count++] =
				(struct linger_socket){
					.fd = kept,
					.left = LINGER_BYTES_MAX,
					.closes_ms =
						linger_now_ms() + LINGER_MS_MAX
				};
			linger_wake(linger);
		}
	}
	pthread_mutex_unlock(&linger->lock);
}

void mcps__linger_finish(struct linger_set *linger)
{
	pthread_mutex_lock(&linger->lock);
	linger->is_over = true;
	if (linger->has_thread)
		linger_wake(linger);
	pthread_mutex_unlock(&linger->lock);
	if (linger->has_thread)
		pthread_join(linger->thread, NULL);
	while (linger->count > 0)
		linger_remove(linger, 0);
	if (linger->wakeup >= 0)
		close(linger->wakeup);
	pthread_mutex_destroy(&linger->lock);
}
