#include "store/recovery.h"

#include "base/clock.h"
#include "store/backends.h"

#include <inttypes.h>

enum { PAUSE_FIRST_MS = 50, PAUSE_MAX_MS = 5000, PAUSE_DOUBLINGS = 7 };

void mcps__recovery_committed(struct recovery *recovery)
{
	recovery->failures = 0;
}

static int64_t recovery_pause_ms(unsigned failures)
{
	unsigned doublings = failures - 2;
	int64_t pause;

	if (failures < 2)
		return 0;
	if (doublings > PAUSE_DOUBLINGS)
		doublings = PAUSE_DOUBLINGS;
	pause = (int64_t)PAUSE_FIRST_MS << doublings;
	return pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
}

void mcps__recovery_failed(struct recovery *recovery)
{
	int64_t pause = recovery_pause_ms(++recovery->failures);

	recovery->broken = STORE_HAS(recovery->store, reopen);
	recovery->due_ms = mcps__steady_ms(&mcps__system_clock) + pause;
	mcps__log(recovery->log, MCPS_LOG_ERROR, "store",
	          "store failed failures=%u retry_ms=%" PRId64,
	          recovery->failures, recovery->broken ? pause : 0);
}

int64_t mcps__recovery_wait_ms(const struct recovery *recovery)
{
	int64_t now = mcps__steady_ms(&mcps__system_clock);

	if (!recovery->broken)
		return -1;
	if (!recovery->patient || recovery->due_ms <= now)
		return 0;
	return recovery->due_ms - now;
}

bool mcps__recovery_try(struct recovery *recovery)
{
	mcps_status status;

	if (!recovery->broken)
		return true;
	if (mcps__recovery_wait_ms(recovery) > 0)
		return false;
	status = recovery->store->ops->reopen(recovery->store);
	if (status != MCPS_OK) {
		mcps__recovery_failed(recovery);
		return false;
	}
	recovery->broken = false;
	return true;
}
