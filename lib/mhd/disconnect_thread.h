/* A thread that runs the rounds of a disconnect watcher, where no loop of ours
 * does it: in a program's own daemon. */
#ifndef MCPS_MHD_DISCONNECT_THREAD_H
#define MCPS_MHD_DISCONNECT_THREAD_H

#include "mhd/wakeup.h"
#include "mhd/disconnect_watcher.h"

#include <mcps/status.h>
#include <pthread.h>

struct disconnect_thread {
	struct disconnect_watcher watcher;
	struct wakeup wakeup;
	atomic_bool is_over;
	pthread_t thread;
};

/* Its address must not change until it is closed. */
MCPS_MUST_USE mcps_status mcps__disconnect_thread_open(
	struct disconnect_thread *self, struct mcps_error *error);
/* Once nothing is watched. */
void mcps__disconnect_thread_close(struct disconnect_thread *self);

#endif
