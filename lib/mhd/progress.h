/* Whether the loops of a daemon do their work: each runs when it has something
 * to do, and clients that wait are accepted. */
#ifndef MCPS_MHD_PROGRESS_H
#define MCPS_MHD_PROGRESS_H

#include "mhd/loop.h"
#include "mhd/stall.h"
#include "server/readiness.h"

enum {
	LOOPS_MOST = 8,
	/* How long work may wait before nobody should send more. */
	RUN_WITHIN_MS = 5 * 1000,
	ACCEPT_WITHIN_MS = 30 * 1000,
};

struct loop_progress {
	struct readiness_probe probe;
	const struct loop *loops;
	unsigned count;
	int listener;
	struct stall running[LOOPS_MOST];
	struct stall accepting;
};

/* For the first COUNT of LOOPS, which share LISTENER. These stay alive while
 * the probe is asked. */
void mcps__progress_init(struct loop_progress *progress,
                         const struct loop *loops, unsigned count,
                         int listener);

#endif
