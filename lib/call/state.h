/* The state changes of one call: buffered while its handler runs, committed
 * together with its result or not at all. */
#ifndef MCPS_CALL_STATE_H
#define MCPS_CALL_STATE_H

#include "call/locks.h"

#include <mcps/sys/store.h>

struct state_entry;

/* All zero: nothing was touched. */
struct state_batch {
	struct state_entry *entries;
	bool has_changes;
};

/* What the commit job does inside its transaction: MCPS_E_GONE when the
 * session SESSION_REF has ended, MCPS_E_STATE_TOO_LARGE when an owner would
 * hold too much, MCPS_E_CONFLICT when somebody else wrote. */
MCPS_MUST_USE mcps_status mcps__state_commit(const struct state_batch *batch,
                                             mcps_store *store,
                                             int64_t session_ref);

/* Let all locks go, forget everything. */
void mcps__state_finish(struct state_batch *batch, struct locks *locks);

#endif
