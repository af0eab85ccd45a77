#include "mhd/bell.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/*   awake ──(sleep)──► asleep ──(ring: write)──► rung
 *    │ ▲                 │                        │
 *    │ └─(sleep is over)─┴────────────────────────┘
 *    └──(ring: nothing to write)─────────────────►
 *
 * Only the first ring of a sleeping loop pays for a system call. A ring after
 * the loop went to awake keeps it from falling asleep, one before is followed
 * by the look at its work that comes after each sleep: none is lost. A write
 * may arrive after its sleep is over and then shortens the next; that costs
 * a round, so the descriptor is emptied whenever it is seen readable, and the
 * state alone decides.
 */

bool mcps__bell_open(struct bell *bell)
{
	atomic_init(&bell->state, BELL_AWAKE);
	bell->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return bell->fd >= 0;
}

void mcps__bell_close(struct bell *bell)
{
	if (bell->fd >= 0)
		close(bell->fd);
	bell->fd = -1;
}

void mcps__bell_ring(struct bell *bell)
{
	static const uint64_t once = 1;
	ssize_t written;

	if (atomic_exchange(&bell->state, BELL_RUNG) != BELL_ASLEEP)
		return;
	do {
		written = write(bell->fd, &once, sizeof once);
	} while (written < 0 && errno == EINTR);
}

static void empty(struct bell *bell)
{
	uint64_t rings;

	while (read(bell->fd, &rings, sizeof rings) < 0 && errno == EINTR)
		continue;
}

/* A loop that always has something to do does not pay for a system call each
 * time, but new clients, and clients that left, are seen soon. */
static bool bell_may_skip(struct bell *bell)
{
	enum { SKIPS_MOST = 15 };

	if (bell->skipped >= SKIPS_MOST)
		return false;
	bell->skipped++;
	return true;
}

/* If poll() fails, the caller had better look everywhere itself. */
static unsigned bell_poll(struct bell *bell, const int fds[BELL_FDS],
                          int timeout)
{
	struct pollfd watched[1 + BELL_FDS] = { { .fd = bell->fd,
		                                  .events = POLLIN } };
	unsigned readable = 0;
	bool failed;

	for (unsigned i = 0; i < BELL_FDS; i++)
		watched[1 + i] =
			(struct pollfd){ .fd = fds[i], .events = POLLIN };
	failed = poll(watched, 1 + BELL_FDS, timeout) < 0 && errno != EINTR;
	if (watched[0].revents != 0)
		empty(bell);
	for (unsigned i = 0; i < BELL_FDS; i++)
		if (watched[1 + i].revents != 0 || (failed && fds[i] >= 0))
			readable |= 1U << i;
	return readable;
}

unsigned mcps__bell_sleep(struct bell *bell, const int fds[BELL_FDS],
                          int timeout)
{
	enum bell_state awake = BELL_AWAKE;
	unsigned readable = 0;

	if (timeout != 0 &&
	    !atomic_compare_exchange_strong(&bell->state, &awake, BELL_ASLEEP))
		timeout = 0;
	if (timeout != 0 || !bell_may_skip(bell)) {
		bell->skipped = 0;
		readable = bell_poll(bell, fds, timeout);
	}
	atomic_store(&bell->state, BELL_AWAKE);
	return readable;
}
