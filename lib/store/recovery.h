/* What becomes of a store whose medium failed: it is opened again, at once the
 * first time, then after pauses that grow until a COMMIT has worked. */
#ifndef MCPS_STORE_RECOVERY_H
#define MCPS_STORE_RECOVERY_H

#include "base/log.h"

#include <mcps/sys/store.h>
#include <stdint.h>

struct recovery {
	mcps_store *store;
	const struct log_sink *log;
	bool patient;      /* pauses are kept; else every try is made */
	bool broken;       /* to be opened again before it is written to */
	unsigned failures; /* of commits and openings since the last COMMIT */
	int64_t due_ms;    /* when to try next, steady clock */
};

/* A COMMIT worked, or it failed. */
void mcps__recovery_committed(struct recovery *recovery);
void mcps__recovery_failed(struct recovery *recovery);

/* How long until the next try, in milliseconds; 0: now; -1: none is needed. */
int64_t mcps__recovery_wait_ms(const struct recovery *recovery);

/* Try to open the store again if it is due; whether it may be written to. */
bool mcps__recovery_try(struct recovery *recovery);

#endif
