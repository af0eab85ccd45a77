/* A thread that has a watcher look round, where no loop of ours does it: in a
 * program's own daemon. */
#ifndef MCPS_MHD_LOOKOUT_H
#define MCPS_MHD_LOOKOUT_H

#include "mhd/wakeup.h"
#include "mhd/watcher.h"

#include <mcps/status.h>
#include <pthread.h>

struct lookout {
	struct watcher watcher;
	struct wakeup wakeup;
	atomic_bool is_over;
	pthread_t thread;
};

/* Its address must not change until it is closed. */
MCPS_MUST_USE mcps_status mcps__lookout_open(struct lookout *lookout,
                                             struct mcps_error *error);
/* Once nothing is watched. */
void mcps__lookout_close(struct lookout *lookout);

#endif
