#include "mhd/wakeup.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*   awake ──(wait)──► asleep ──(signal: write)──► signalled
 *    │ ▲                │                            │
 *    │ └─(wait is over)─┴────────────────────────────┘
 *    └──(signal: nothing to write)───────────────────►
 *
 * Only the first signal to a loop that sleeps pays for a system call. A signal
 * that comes after the loop went to awake keeps it from falling asleep. After
 * one that comes before, the loop looks at its work, as it does after each
 * wait: no signal is lost. A write may arrive after its wait is over and then
 * shortens the next; that costs a round. The descriptor is therefore emptied
 * whenever it is seen readable, and the state alone decides.
 */

bool mcps__wakeup_open(struct wakeup *wakeup)
{
	atomic_init(&wakeup->state, WAKEUP_AWAKE);
	wakeup->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return wakeup->fd >= 0;
}

void mcps__wakeup_close(struct wakeup *wakeup)
{
	if (wakeup->fd >= 0)
		close(wakeup->fd);
	wakeup->fd = -1;
}

void mcps__wakeup_signal(struct wakeup *wakeup)
{
	static const uint64_t once = 1;
	ssize_t written;

	if (atomic_exchange(&wakeup->state, WAKEUP_SIGNALLED) != WAKEUP_ASLEEP)
		return;
	do {
		written = write(wakeup->fd, &once, sizeof once);
	} while (written < 0 && errno == EINTR);
}

static void wakeup_empty(struct wakeup *wakeup)
{
	uint64_t signals;

	while (read(wakeup->fd, &signals, sizeof signals) < 0 && errno == EINTR)
		continue;
}

/* A loop that always has something to do does not pay for a system call each
 * time, but new clients, and clients that left, are seen soon. */
static bool wakeup_may_skip(struct wakeup *wakeup)
{
	enum { SKIPS_MOST = 15 };

	if (wakeup->skipped >= SKIPS_MOST)
		return false;
	wakeup->skipped++;
	return true;
}

/* If poll() fails, the caller had better look everywhere itself. */
static unsigned wakeup_poll(struct wakeup *wakeup, const int fds[WAKEUP_FDS],
                            int timeout)
{
	struct pollfd watched[1 + WAKEUP_FDS] = { { .fd = wakeup->fd,
		                                    .events = POLLIN } };
	unsigned readable = 0;
	bool failed;

	for (unsigned i = 0; i < WAKEUP_FDS; i++)
		watched[1 + i] =
			(struct pollfd){ .fd = fds[i], .events = POLLIN };
	failed = poll(watched, 1 + WAKEUP_FDS, timeout) < 0 && errno != EINTR;
	if (watched[0].revents != 0)
		wakeup_empty(wakeup);
	for (unsigned i = 0; i < WAKEUP_FDS; i++)
		if (watched[1 + i].revents != 0 || (failed && fds[i] >= 0))
			readable |= 1U << i;
	return readable;
}

unsigned mcps__wakeup_wait(struct wakeup *wakeup, const int fds[WAKEUP_FDS],
                           int timeout)
{
	enum wakeup_state awake = WAKEUP_AWAKE;
	unsigned readable = 0;

	if (timeout != 0 && !atomic_compare_exchange_strong(
				    &wakeup->state, &awake, WAKEUP_ASLEEP))
		timeout = 0;
	if (timeout != 0 || !wakeup_may_skip(wakeup)) {
		wakeup->skipped = 0;
		readable = wakeup_poll(wakeup, fds, timeout);
	}
	atomic_store(&wakeup->state, WAKEUP_AWAKE);
	return readable;
}
