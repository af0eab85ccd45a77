/* A limit of the memory that all requests together may hold, such as their
 * bodies or their answers, and a share of it for each caller: what one caller
 * holds must not be more than what is still free, which is half of all if
 * nobody else holds any. Counted without a lock, in a table of fixed size:
 * callers whose hashes are equal share a count, which matters only when half of
 * the memory is in use. */
#ifndef MCPS_SESSION_MEMORY_LIMIT_H
#define MCPS_SESSION_MEMORY_LIMIT_H

#include "base/random.h"
#include "session/caller.h"

#include <stdatomic.h>
#include <stddef.h>

enum { MEMORY_SHARES = 1024, MEMORY_HASH_KEY_SIZE = 16 };

/* All zero is no limit. */
struct memory_limit {
	size_t most; /* bytes; 0: no limit, and nothing is counted */
	atomic_size_t used;
	atomic_size_t peak; /* about the most since it was last taken */
	uint8_t hash_key[MEMORY_HASH_KEY_SIZE];
	atomic_size_t of_callers[MEMORY_SHARES];
};

/* The part of it that one holder has. All zero: nothing. One thread at a time.
 */
struct memory_claim {
	atomic_size_t *of_caller; /* NULL: nothing was ever counted */
	size_t bytes;
};

MCPS_MUST_USE mcps_status
mcps__memory_limit_init(struct memory_limit *limit, size_t most,
                        const struct random_source *random);

/* The count of a caller. */
atomic_size_t *mcps__memory_limit_of(struct memory_limit *limit,
                                     const struct caller *caller);

/* Count BYTES more for, or fewer of, a caller. */
void mcps__memory_limit_add(struct memory_limit *limit,
                            atomic_size_t *of_caller, size_t bytes);
void mcps__memory_limit_subtract(struct memory_limit *limit,
                                 atomic_size_t *of_caller, size_t bytes);

/* Count BYTES more for CLAIM, whatever the limit is. LIMIT may be NULL. */
void mcps__memory_claim_take(struct memory_limit *limit,
                             struct memory_claim *claim,
                             const struct caller *caller, size_t bytes);
void mcps__memory_claim_release(struct memory_limit *limit,
                                struct memory_claim *claim);

/* Whether a caller may go on that holds OWN bytes for what it asks about, and
 * has this count in all: MCPS_E_BUSY, all memory is in use; MCPS_E_LIMIT, the
 * caller holds more than is free. A holder that is its caller's only one may
 * use all of the memory. */
mcps_status mcps__memory_limit_check(const struct memory_limit *limit,
                                     const atomic_size_t *of_caller,
                                     size_t own);

/* Whether as much is in use that a caller may have reached its share. */
static inline bool
mcps__memory_limit_is_scarce(const struct memory_limit *limit)
{
	return limit != NULL && limit->most != 0 &&
	       atomic_load_explicit(&limit->used, memory_order_relaxed) >
	               limit->most / 2;
}

/* Whether CALLER may hold more: as check says, for something that holds
 * nothing yet. LIMIT may be NULL. */
mcps_status mcps__memory_limit_admit(struct memory_limit *limit,
                                     const struct caller *caller);

/* The most that was in use since the last time, about. One thread. */
size_t mcps__memory_limit_take_peak(struct memory_limit *limit);

#endif
