#include "mhd/stall.h"

int64_t mcps__stall_look(struct stall *stall, bool waits, uint64_t progress,
                         int64_t now_ms)
{
	if (!waits || !stall->is_waiting || stall->progress != progress)
		*stall = (struct stall){ .is_waiting = waits,
			                 .since_ms = now_ms,
			                 .progress = progress };
	return now_ms - stall->since_ms;
}
