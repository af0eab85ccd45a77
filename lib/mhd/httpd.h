/* What libmicrohttpd is told about one loop: its modes, limits and callbacks,
 * and what becomes of its own messages. */
#ifndef MCPS_MHD_HTTPD_H
#define MCPS_MHD_HTTPD_H

struct MHD_Daemon;
struct loop;
struct loop_options;

/* NULL: it said why to the log. It closes LOOP's listener in the end, unless
 * it is quiesced before. */
struct MHD_Daemon *mcps__httpd_start(struct loop *loop,
                                     const struct loop_options *options);

/* Its epoll descriptor. */
int mcps__httpd_events(struct MHD_Daemon *http);

/* How many connections it has. On the loop's thread. */
unsigned mcps__httpd_connections(struct MHD_Daemon *http);

#endif
