/* Other threads end the wait of a network loop with it. libmicrohttpd has
 * nothing for that in the mode in which we run it. */
#ifndef MCPS_MHD_WAKEUP_H
#define MCPS_MHD_WAKEUP_H

#include <stdatomic.h>
#include <stdbool.h>

enum wakeup_state { WAKEUP_AWAKE, WAKEUP_ASLEEP, WAKEUP_SIGNALLED };

struct wakeup {
	int fd; /* eventfd */
	_Atomic enum wakeup_state state;
	unsigned skipped; /* waits in a row that did not poll */
};

/* Descriptors that a wait watches besides the wakeup; -1: none. */
enum { WAKEUP_FDS = 3 };

bool mcps__wakeup_open(struct wakeup *wakeup); /* false: errno says why */
void mcps__wakeup_close(struct wakeup *wakeup);

/* Have the waiting thread look at its work once more. Any thread. */
void mcps__wakeup_signal(struct wakeup *wakeup);

/* Wait until one of FDS is readable, a signal comes, or TIMEOUT (as poll)
 * passed; not at all if a signal came since the last wait. Returns a bit for
 * each of FDS that is readable, 1 << index. A wait of no time does not look at
 * them each time, but often enough that none of them is forgotten. If poll()
 * fails, all of them count as readable. */
unsigned mcps__wakeup_wait(struct wakeup *wakeup, const int fds[WAKEUP_FDS],
                           int timeout);

#endif
