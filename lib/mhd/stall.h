/* Notices work that waits while nothing of it is done. An observer looks
 * now and then; the workers only count what they do. */
#ifndef MCPS_MHD_STALL_H
#define MCPS_MHD_STALL_H

#include <stdbool.h>
#include <stdint.h>

/* All zero: nothing waits. */
struct stall {
	bool is_waiting;
	int64_t since_ms;  /* when that was first seen without progress */
	uint64_t progress; /* what it was then */
};

/* Look once more: whether work WAITS, and a number, PROGRESS, that changes
 * whenever some of it is done. Returns for how many milliseconds work has been
 * seen to wait without progress; 0: none, or since now. */
int64_t mcps__stall_look(struct stall *stall, bool waits, uint64_t progress,
                         int64_t now_ms);

#endif
