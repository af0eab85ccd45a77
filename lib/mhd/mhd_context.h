/* The libmicrohttpd daemon that requests come from: of one of our loops, or of
 * a program that we are mounted in. This is all that the glue knows of it.
 *
 * Parking is the same everywhere, for a request that waits and for a stream
 * that has nothing to say: park on the daemon's own thread and before anything
 * is handed over; then one wake, by any thread. A parked connection is
 * suspended, or, where each connection has a thread of its own, that thread
 * waits.
 */
#ifndef MCPS_MHD_MHD_CONTEXT_H
#define MCPS_MHD_MHD_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>

struct MHD_Connection;
struct endpoint;
struct linger_set;
struct log_sink;
struct parked_thread;
struct sockets;
struct stream_limits;
struct disconnect_watcher;

struct mhd_context {
	struct endpoint *endpoint;
	const struct log_sink *log;
	struct stream_limits *streams; /* of the daemon */

	/* Have the daemon's thread look at its connections once more: after a
	 * resume nothing else does. Any thread. NULL: libmicrohttpd does. */
	void (*signal)(struct mhd_context *mhd);

	/* Each connection has a thread of its own, which waits instead of being
	 * suspended. */
	bool blocks;

	/* Deadlines of clients; NULL: the daemon's own timeout must do. */
	struct sockets *sockets;

	/* Finds clients of streams that left; NULL: heartbeats do. */
	struct disconnect_watcher *watcher;

	/* Keeps sockets whose clients still send when they are answered. */
	struct linger_set *linger;
	atomic_uint skipping; /* requests whose body is read for nothing */

	atomic_uint open;    /* requests between first call and completion */
	atomic_uint working; /* all is here, no answer was made */
	atomic_uint parked;  /* connections, until their wake has returned */
	atomic_bool closes;  /* each answer ends its connection */
	atomic_bool refuses; /* the requests that were not begun */

	/* Connections that were woken, and those of them that libmicrohttpd
	 * went on with. Counted where others drive it, as that may fail. */
	bool counts_wakes;
	atomic_uint woken, went_on;
};

/* Park CONNECTION. On its daemon's thread, in a handler or reader. Where the
 * context blocks, THREAD is the one of the connection, and has to wait before
 * the handler or reader returns; else it is NULL, and the connection is
 * suspended.
 */
void mcps__mhd_context_park(struct mhd_context *mhd,
                            struct MHD_Connection *connection,
                            struct parked_thread *thread);

/* Resume it: exactly once per park, any thread. The connection may be gone
 * when this returns, and MHD, too, if parked is zero. */
void mcps__mhd_context_wake(struct mhd_context *mhd,
                            struct MHD_Connection *connection,
                            struct parked_thread *thread);

/* It went on after a park, or ended: once per park, on the daemon's thread. */
void mcps__mhd_context_went_on(struct mhd_context *mhd);

#endif
