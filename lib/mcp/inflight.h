/* How many calls each caller has under way, or how many streams it listens to:
 * one caller cannot take all the workers, or connections. */
#ifndef MCPS_MCP_INFLIGHT_H
#define MCPS_MCP_INFLIGHT_H

#include "session/caller.h"

#include <pthread.h>

struct inflight_caller;

struct inflight_calls {
	pthread_mutex_t lock;
	struct inflight_caller *by_key; /* those with calls under way */
	uint32_t most; /* of one identified caller; 0: no limit */
};

MCPS_MUST_USE mcps_status mcps__inflight_init(struct inflight_calls *calls,
                                              uint32_t most);
void mcps__inflight_finish(struct inflight_calls *calls);

/* One more: MCPS_E_LIMIT, and nothing counted, when that is too many;
 * MCPS_E_NOMEM. Anonymous callers are not counted. */
MCPS_MUST_USE mcps_status mcps__inflight_enter(struct inflight_calls *calls,
                                               const struct caller *caller);
void mcps__inflight_leave(struct inflight_calls *calls,
                          const struct caller *caller);

/* The same with MOST instead of calls->most, for any caller. MOST 0: it is not
 * counted. Leave with the same MOST. */
MCPS_MUST_USE mcps_status
mcps__inflight_enter_most(struct inflight_calls *calls,
                          const struct caller *caller, uint32_t most);
void mcps__inflight_leave_most(struct inflight_calls *calls,
                               const struct caller *caller, uint32_t most);

#endif
