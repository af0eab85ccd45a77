/* A whole program around a server (libmcps-app): options, signals, supervisors,
 * probes, log lines on stderr, orderly stop. */
#ifndef MCPS_APP_H
#define MCPS_APP_H

#include <mcps/server.h>

MCPS_BEGIN_DECLS

/**
 * Run @p server as a program until SIGTERM or SIGINT, and free it.
 *
 * Whatever an operator may want to set is an option: as a flag (--store URL),
 * in the environment (MCPS_STORE), or in the file that --config names (store =
 * URL), in this order of precedence; what the author configured is the default.
 * --help lists them all. Commands: healthcheck, client-config.
 *
 * Log lines and the banner go to stderr. Listening sockets are taken from a
 * supervisor (LISTEN_FDS; one named "health" is for probes), which is told by
 * NOTIFY_SOCKET. SIGHUP reads tokens, keys and log options again. On SIGTERM
 * /readyz answers 503 first; then nothing new is accepted, clients leave
 * between two calls, running calls end, and the process exits with 0, within
 * the time of --drain. A second signal ends it at once, with 1.
 *
 * While the store is another process's, it waits for the time of --drain and
 * 5 s more, and listens nowhere before.
 *
 * @param server may be NULL: then there was no memory to make it
 * @param argv   may be NULL: then there are no arguments
 * @return the exit code for main(): 0 ok, 1 runtime, 64 usage, 69 address or
 *         store not available, 75 store locked, 77 not permitted, 78
 *         configuration
 */
MCPS_API int mcps_main(mcps_server *server, int argc, char **argv);

MCPS_END_DECLS

#endif
