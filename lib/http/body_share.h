/* How much memory the request bodies of each caller hold, so that one caller
 * does not hold all that bodies may: as long as it has several requests, they
 * get no more than what is free. Counted without a lock, in a table of fixed
 * size: callers whose hashes fall together share a count, which matters only
 * when half of the memory is in use. */
#ifndef MCPS_HTTP_BODY_SHARE_H
#define MCPS_HTTP_BODY_SHARE_H

#include "base/random.h"
#include "session/caller.h"

#include <stdatomic.h>
#include <stddef.h>

enum { BODY_SHARES = 1024, BODY_HASH_KEY_SIZE = 16 };

/* All zero counts, too, but then anybody can tell whose hashes fall together.
 */
struct body_shares {
	uint8_t hash_key[BODY_HASH_KEY_SIZE];
	atomic_size_t bytes[BODY_SHARES];
};

MCPS_MUST_USE mcps_status mcps__body_shares_init(
	struct body_shares *shares, const struct random_source *random);

/* The count of a caller. */
atomic_size_t *mcps__body_share(struct body_shares *shares,
                                const struct caller *caller);

/* Whether a request may hold OWN bytes, when all requests of its caller hold
 * OF_CALLER, this one included, and FREE bytes are left. */
static inline bool mcps__body_share_allows(size_t own, size_t of_caller,
                                           size_t free)
{
	return of_caller <= own || of_caller <= free;
}

#endif
