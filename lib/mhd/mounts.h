/* The libmicrohttpd daemons of a program that a server is attached to. */
#ifndef MCPS_MHD_MOUNTS_H
#define MCPS_MHD_MOUNTS_H

#include "http/listening.h"
#include "mhd/daemon_id.h"
#include "mhd/mhd_context.h"
#include "mhd/linger.h"
#include "mhd/live.h"
#include "mhd/disconnect_thread.h"
#include "mhd/mode.h"
#include "mhd/stall.h"
#include "server/attachment.h"
#include "server/readiness.h"

#include <mcps/mhd.h>
#include <pthread.h>

/* One of them. It lasts until it is detached and nothing uses it any more. */
struct mount {
	struct mounts *mounts;
	struct mount *next;  /* lock of mounts */
	struct daemon_id id; /* constant, as is the mode */
	struct mode mode;
	atomic_bool is_detached;
	atomic_uint users; /* callbacks of the program that are in it */
	struct mhd_context mhd;
	struct stream_limits streams;
	struct readiness_probe probe;
	struct stall going_on; /* the probe's */
	mcps_mhd_wake_fn wake;
	void *wake_arg;
	atomic_bool warned;         /* that the daemon may oversleep */
	atomic_bool warned_of_ends; /* that nobody tells those of requests */
	struct live_set live;
	char mark[1]; /* "": of requests that are this mount's */
};

/* All of them. */
struct mounts {
	struct attachment attachment;
	mcps_server *server;
	struct disconnect_thread disconnect_thread;
	struct linger_set linger;
	pthread_mutex_t changes; /* one attach, detach or drain at a time */
	pthread_rwlock_t lock;
	struct mount *first;
	atomic_bool warned; /* of a daemon that is not attached */
	atomic_bool warned_of_any_caller;
};

/* NULL: it was never attached to any daemon. Any thread. */
struct mounts *mcps__mounts_of(mcps_server *server);

/* Use the first one that IS returns true for, until it is left; NULL: none.
 * IS must not call back. Any thread. */
struct mount *mcps__mounts_enter(struct mounts *mounts,
                                 bool (*is)(struct mount *mount, void *arg),
                                 void *arg);
void mcps__mount_leave(struct mount *mount); /* NULL is fine */

/* How many requests are open in all of them. Any thread. */
unsigned mcps__mounts_open(struct mounts *mounts);

#endif
