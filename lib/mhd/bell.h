/* How other threads end the sleep of a network loop. In the mode we run it
 * in, libmicrohttpd has nothing for that. */
#ifndef MCPS_MHD_BELL_H
#define MCPS_MHD_BELL_H

#include <stdatomic.h>
#include <stdbool.h>

enum bell_state { BELL_AWAKE, BELL_ASLEEP, BELL_RUNG };

struct bell {
	int fd; /* eventfd */
	_Atomic enum bell_state state;
	unsigned skipped; /* the sleeper's: sleeps in a row that did not poll */
};

/* Descriptors that a sleeper watches besides its bell; -1: none. */
enum { BELL_FDS = 3 };

bool mcps__bell_open(struct bell *bell); /* false: errno says why */
void mcps__bell_close(struct bell *bell);

/* Have the sleeper look at its work once more. Any thread. */
void mcps__bell_ring(struct bell *bell);

/* Sleep until one of FDS is readable, somebody rings, or TIMEOUT (as poll)
 * passed; not at all if it rang since the last sleep. Returns a bit for each of
 * FDS that is readable, 1 << index. A sleep of no time does not look at them
 * each time, but often enough that none of them is forgotten. If poll() fails,
 * all of them count as readable. */
unsigned mcps__bell_sleep(struct bell *bell, const int fds[BELL_FDS],
                          int timeout);

#endif
