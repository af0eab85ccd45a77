/* A libmicrohttpd daemon of the program's own, in which a server is mounted. */
#ifndef MCPS_BENCH_MOUNT_H
#define MCPS_BENCH_MOUNT_H

#include <mcps/server.h>

/* Start a daemon in MODE ("select", "poll", "epoll", "pool", "loop", "thread"),
 * at PORT of this machine, and mount SERVER, which was started. False: it does
 * not start, and says why. */
bool mount_start(mcps_server *server, const char *mode, uint16_t port);

/* Drain the server and stop the daemon. */
void mount_stop(mcps_server *server);

#endif
