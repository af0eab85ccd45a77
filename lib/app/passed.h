/* Listening sockets that a supervisor passes: sd_listen_fds(3), by hand. */
#ifndef MCPS_APP_PASSED_H
#define MCPS_APP_PASSED_H

#include "app/complaint.h"

struct passed {
	int endpoint; /* 0: none */
	int health;   /* the one named "health"; 0: none */
};

/* Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, and removes them, so that
 * no child takes the sockets for its own. What was meant for another process
 * is not looked at. False: COMPLAINT says why. */
_Bool mcps__passed_read(struct passed *passed, struct complaint *complaint);

#endif
