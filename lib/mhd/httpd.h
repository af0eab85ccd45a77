/* What libmicrohttpd is told about one loop: its modes, limits and callbacks,
 * and what becomes of its own messages. */
#ifndef MCPS_MHD_HTTPD_H
#define MCPS_MHD_HTTPD_H

#include <stdbool.h>
#include <sys/socket.h>

struct MHD_Daemon;
struct loop;
struct loop_options;

/* It has no listening socket: mcps__httpd_add() brings its connections. NULL:
 * it said why to the log. */
struct MHD_Daemon *mcps__httpd_start(struct loop *loop,
                                     const struct loop_options *options);

/* Its epoll descriptor. */
int mcps__httpd_events(struct MHD_Daemon *http);

/* Serve a client that was accepted, on the loop's thread. It owns FD from now
 * on. False, with errno: no memory; FD is closed. */
bool mcps__httpd_add(struct MHD_Daemon *http, int fd,
                     const struct sockaddr_storage *address, socklen_t size);

#endif
