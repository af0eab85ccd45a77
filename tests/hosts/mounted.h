/* The server that the programs of tests/hosts mount: two tools and a resource.
 * mount.py writes the calls of it into them. */
#ifndef MCPS_TESTS_HOSTS_MOUNTED_H
#define MCPS_TESTS_HOSTS_MOUNTED_H

#include <mcps/mcps.h>
#include <mcps/mhd.h>
#include <microhttpd.h>

MCPS_BEGIN_DECLS

extern mcps_server *mounted;

/* In tools.c or tools.cc. */

/** Make the server, and start it with the store that MOUNTED_STORE names.
 * @return false: it could not; stderr says why */
bool mounted_start(const char *name);
void mounted_free(void);

/* In mounted.c. */

/** Serve by @p daemon. @return false: refused; stderr says why */
bool mounted_attach(struct MHD_Daemon *daemon);

/** For a program that has no MHD_OPTION_NOTIFY_COMPLETED callback. */
void mounted_completed(void *arg, struct MHD_Connection *connection,
                       void **request, enum MHD_RequestTerminationCode why);

/** The port that MOUNTED_PORT names, for programs that have a fixed one. */
uint16_t mounted_port(void);

/** Block SIGTERM, before any thread is started. */
void mounted_block_stop(void);
/** Wait for it, for programs that end by no other way than being killed. */
void mounted_wait_for_stop(void);

/** How long calls may still run when the program stops. */
#define MOUNTED_DRAIN_MS 3000

/* For the tools. */

/** The resource that changes when a client counts. */
#define MOUNTED_COUNTER "mounted://counter"

/** Wait until the pipe is closed. @return 0; -1: errno says why not */
int mounted_wait_for_pipe(mcps_call *call, const char *path);

void mounted_log(void *arg, enum mcps_log_level level, const char *module,
                 const char *text);

MCPS_END_DECLS

#endif
