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
};

bool mcps__bell_open(struct bell *bell); /* false: errno says why */
void mcps__bell_close(struct bell *bell);

/* Have the sleeper look at its work once more. Any thread. */
void mcps__bell_ring(struct bell *bell);

/* Sleep until FD or OTHER is readable, somebody rings, or TIMEOUT (as poll)
 * passed; not at all if it rang since the last sleep. Whether OTHER is
 * readable, if it was looked at. */
bool mcps__bell_sleep(struct bell *bell, int fd, int other, int timeout);

#endif
