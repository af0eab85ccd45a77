/* More libmicrohttpd daemons of the program of host_program.h, whose access
 * handlers ask the same server. Its pages: "/hello", "hello". Any number. */
#ifndef MCPS_TESTS_SECOND_DAEMON_H
#define MCPS_TESTS_SECOND_DAEMON_H

#include "functional/host_program.h"

struct second_daemon;

/* Start one that is not attached; FLAGS are added to those of MODE. Aborts the
 * test if that does not work. */
struct second_daemon *second_start(const struct host_mode *mode,
                                   unsigned flags);
int second_port(const struct second_daemon *second);
struct MHD_Daemon *second_mhd(const struct second_daemon *second);

mcps_status second_attach(struct second_daemon *second,
                          struct mcps_error *error);
/* The same of one whose loop does not run yet, because its mode was said to
 * have none; and begin to run the loop. */
mcps_status second_attach_loop(struct second_daemon *second,
                               struct mcps_error *error);
void second_drive(struct second_daemon *second);
/* Returns what mcps_mhd_detach() returns. */
bool second_detach(struct second_daemon *second, unsigned milliseconds);

/* Stop and free it. */
void second_stop(struct second_daemon *second);

#endif
