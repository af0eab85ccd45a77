/* A limit on the calls that each caller has under way, or on the streams that
 * it listens to: one caller cannot take all the workers, or connections. */
#ifndef MCPS_CALL_CALLER_LIMIT_H
#define MCPS_CALL_CALLER_LIMIT_H

#include "session/caller.h"

#include <pthread.h>

struct caller_count;

struct caller_limit {
	pthread_mutex_t lock;
	struct caller_count *by_key; /* those with calls under way */
	uint32_t most;               /* of one identified caller; 0: no limit */
};

MCPS_MUST_USE mcps_status mcps__caller_limit_init(struct caller_limit *limit,
                                                  uint32_t most);
void mcps__caller_limit_finish(struct caller_limit *limit);

/* One more: MCPS_E_LIMIT, and nothing counted, when that is too many;
 * MCPS_E_NOMEM. Anonymous callers are not counted. */
MCPS_MUST_USE mcps_status mcps__caller_limit_enter(struct caller_limit *limit,
                                                   const struct caller *caller);
void mcps__caller_limit_leave(struct caller_limit *limit,
                              const struct caller *caller);

/* The same with MOST instead of limit->most, for any caller. MOST 0: it is not
 * counted. Leave with the same MOST. */
MCPS_MUST_USE mcps_status mcps__caller_limit_enter_most(
	struct caller_limit *limit, const struct caller *caller, uint32_t most);
void mcps__caller_limit_leave_most(struct caller_limit *limit,
                                   const struct caller *caller, uint32_t most);

#endif
