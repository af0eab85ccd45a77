/* Rate limits: so many requests a second for each caller or address, in a
 * table of fixed size. */
#ifndef MCPS_HTTP_RATE_H
#define MCPS_HTTP_RATE_H

#include "base/random.h"

#include <stdint.h>

struct rate;

struct rate_limit {
	uint32_t per_s; /* 0: no limit */
	uint32_t burst; /* how many at once after a rest; 0: one second's */
};

/* NULL in *OUT when LIMIT is none. */
MCPS_MUST_USE mcps_status mcps__rate_new(struct rate **out,
                                         const struct rate_limit *limit,
                                         const struct random_source *random);
void mcps__rate_free(struct rate *rate); /* NULL is fine */

/* Count one of whoever NAME (LENGTH bytes) is, at NOW_MS (steady). 0: within
 * the limit, or RATE is NULL; else the milliseconds until it is. Any thread.
 * Callers beyond the size of the table start afresh: it forgets those longest
 * at rest first. */
uint32_t mcps__rate_take(struct rate *rate, const void *name, size_t length,
                         int64_t now_ms);

#endif
