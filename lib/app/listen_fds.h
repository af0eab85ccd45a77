/* Listening sockets that a supervisor passes: sd_listen_fds(3), by hand. */
#ifndef MCPS_APP_LISTEN_FDS_H
#define MCPS_APP_LISTEN_FDS_H

#include "app/fatal.h"

struct listen_fds {
	int endpoint; /* 0: none */
	int health;   /* the one named "health"; 0: none */
};

/* Reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, and removes them, so that
 * no child takes the sockets for its own. What was meant for another process
 * is not looked at. False: FATAL says why. */
_Bool mcps__listen_fds_read(struct listen_fds *listen_fds, struct fatal *fatal);

#endif
