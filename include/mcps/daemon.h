/* The stand-alone HTTP daemon: libmicrohttpd on loops of our own, for programs
 * that have no daemon yet. */
#ifndef MCPS_DAEMON_H
#define MCPS_DAEMON_H

#include <mcps/server.h>

MCPS_BEGIN_DECLS

typedef struct mcps_daemon mcps_daemon;

/** The default of mcps_daemon_options.max_connections. */
enum { MCPS_DAEMON_MAX_CONNECTIONS = 16384 };

/** Everything has a default, and zero means it. */
struct mcps_daemon_options {
	size_t size; /* sizeof(struct mcps_daemon_options) */

	/** "HOST:PORT", "[V6]:PORT" or ":PORT" (all of IPv4); HOST is an
	 * address or "localhost". Port 0: any free one. "127.0.0.1:8931".
	 * Or "unix:PATH", a Unix socket: one of this user that nobody listens
	 * on any more is replaced, any other file is left alone, and the
	 * socket is removed at the end. */
	const char *listen;

	uint32_t loops;           /* network threads; one for two cores (rounded
	                           * up), at most 8 */
	uint32_t max_connections; /* most at once, more than max_streams of the
	                           * server; 16 384, or what the descriptor
	                           * limit leaves. Clients beyond it wait until
	                           * a connection ends */
	uint32_t max_memory_per_connection; /* bytes per connection, bounds
	                             headers; 16 KiB */
	uint32_t idle_timeout_s; /* of a connection without a request; 75 */

	/** A listening socket that somebody else has bound, such as a
	 * supervisor that hands it from process to process; then listen is
	 * not looked at. It is copied, made non-blocking, and stays the
	 * caller's; at the end it is left as it was, so that who connects
	 * waits in its queue for the next process. 0: none. */
	int listen_fd;
	uint32_t socket_mode; /* of a Unix socket's file; 0600 */
};

/**
 * Bind and serve @p server, which must have been started and must outlive the
 * daemon.
 *
 * @param[out] out     stop it with mcps_daemon_stop()
 * @param options      NULL: all defaults
 * @param[out] error   names the address and what the system said
 * @return MCPS_OK; MCPS_E_INVAL (address, no listening socket, max_streams
 *         leaves no connection for calls); MCPS_E_PERMISSION; MCPS_E_SYSTEM
 *         (bind, threads); MCPS_E_NOMEM
 */
MCPS_API MCPS_MUST_USE mcps_status mcps_daemon_start(
	mcps_daemon **out, mcps_server *server,
	const struct mcps_daemon_options *options, struct mcps_error *error);

/**
 * Only bind and listen, as mcps_daemon_start() would: for a program that gives
 * up privileges before it starts, or answers something else there.
 *
 * @param[out] out      the socket, for listen_fd; the caller closes it, and
 *                      removes the file of a Unix socket
 * @param[out] address  where it listens, cut to @p size; may be NULL
 * @return as mcps_daemon_start()
 */
MCPS_API MCPS_MUST_USE mcps_status mcps_listen(
	int *out, char *address, size_t size,
	const struct mcps_daemon_options *options, struct mcps_error *error);

/**
 * Whether mcps_daemon_start() could listen there now: binds for a moment, and
 * does not listen.
 *
 * @return as mcps_daemon_start()
 */
MCPS_API MCPS_MUST_USE mcps_status mcps_daemon_check(
	const struct mcps_daemon_options *options, struct mcps_error *error);

/** Where it listens, such as "127.0.0.1:8931" or "unix:/run/mcps.sock": valid
 * until stop. */
MCPS_API const char *mcps_daemon_address(const mcps_daemon *daemon);

/**
 * Be ready no more, accept nothing new, let running calls end
 * (mcps_server_drain()), send every answer, stop, release. For a moment before
 * the drain what comes over open connections is still served, and each is
 * closed after its answer, so that clients go elsewhere between two calls.
 * NULL is ignored.
 *
 * @param drain_ms milliseconds that calls have to end. Then those that run are
 *                 answered with an error, answers are sent to slow readers for
 *                 1 s at most, and the store is waited for as long as it takes
 * @return true when every call had ended by itself
 */
MCPS_API bool mcps_daemon_stop(mcps_daemon *daemon, uint32_t drain_ms);

MCPS_END_DECLS

#endif
