/* One network loop: a libmicrohttpd daemon without a thread of its own, and a
 * thread of ours that waits for it.
 *
 * libmicrohttpd's own epoll thread sleeps for ever when a multiple of 128
 * descriptors is ready at once (0.9.75, 1.0.1), so the waiting is done here:
 * poll() on its epoll descriptor, then MHD_run(). In this mode a resume from
 * another thread wakes nobody; the wakeup does. The loop accepts clients
 * itself (acceptor.h).
 */
#ifndef MCPS_MHD_LOOP_H
#define MCPS_MHD_LOOP_H

#include "base/log.h"
#include "mhd/acceptor.h"
#include "mhd/wakeup.h"
#include "mhd/mhd_context.h"
#include "mhd/log_limiter.h"
#include "mhd/socket.h"
#include "mhd/disconnect_watcher.h"

#include <mcps/status.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*   serving ──► quiet ──► leaving        accepts / accepts nothing new /
 *                                        ends when the last answer is sent  */
enum loop_phase { LOOP_SERVING, LOOP_QUIET, LOOP_LEAVING };

struct loop {
	struct mhd_context mhd; /* its open and parked requests keep it alive */
	unsigned number;

	struct MHD_Daemon *http;
	unsigned connections; /* most at once */
	struct acceptor acceptor;
	bool is_shared; /* other processes have the listening socket, too */
	atomic_uint *accepting; /* of all loops: how many still accept */
	int events;             /* libmicrohttpd's epoll descriptor */

	struct wakeup wakeup;
	_Atomic uint64_t rounds; /* begun; written by the loop's thread */
	struct disconnect_watcher watcher;
	pthread_t thread;
	_Atomic enum loop_phase phase;
	int64_t quiesce_ms;  /* set before the phase says quiet */
	int64_t leave_by_ms; /* set before the phase says leaving */
	sem_t quiesced; /* posted once: who was idle has been served, or cut */

	/* The loop thread's own. */
	bool has_cut; /* idle connections were cut */
	bool is_quiesced;
	int64_t quiesce_by_ms; /* when to do that, then when it is done */
	struct sockets sockets;
	struct log_limiter log_limiter;
};

struct loop_options {
	struct endpoint *endpoint;
	struct linger_set *linger; /* of the daemon */
	const struct log_sink *log;
	struct stream_limits *streams; /* of the daemon */
	struct fullness *fullness;     /* likewise */
	int listener;                  /* not owned: stays open until close */
	bool is_shared;                /* never shut down */
	atomic_uint *accepting;        /* counts the loops that accept */
	unsigned number;               /* for names */
	unsigned connections;          /* most at once */
	size_t pool;                   /* bytes per connection */
	unsigned idle_s;
};

/* Make a loop that does not run yet; its address must not change. Then start
 * the thread, and end it with quiesce, leave, close, or with close alone if
 * it was never started. */
MCPS_MUST_USE mcps_status mcps__loop_open(struct loop *loop,
                                          const struct loop_options *options,
                                          struct mcps_error *error);
MCPS_MUST_USE mcps_status mcps__loop_start(struct loop *loop,
                                           struct mcps_error *error);

/* Accept nothing new. What comes over connections that are there is still
 * answered, each is closed after its answer, and those that are idle for
 * QUIESCE_MS from now are cut: so clients change over between two calls. */
void mcps__loop_quiesce(struct loop *loop, int64_t quiesce_ms);

/* Wait until that is done; calls may still run. */
void mcps__loop_wait_quiesced(struct loop *loop);

/* End once no request is open, after PATIENCE_MS at the latest. */
void mcps__loop_leave(struct loop *loop, int64_t patience_ms);

/* Wait for the thread. False: a request is still parked, which nothing above
 * should let happen, and the loop must never be closed. */
bool mcps__loop_join(struct loop *loop);

void mcps__loop_close(struct loop *loop);

/* ---- how it is getting on: any thread ---- */

/* It does not sleep, or is to wake up. */
bool mcps__loop_is_busy(const struct loop *loop);

/* How often it has begun to do what there is to do. */
uint64_t mcps__loop_rounds(const struct loop *loop);

/* How many clients it has accepted. */
uint64_t mcps__loop_accepted(const struct loop *loop);

#endif
