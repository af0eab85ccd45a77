#include "session/memory_limit.h"

#include <sodium.h>
#include <string.h>

_Static_assert(MEMORY_HASH_KEY_SIZE == crypto_shorthash_KEYBYTES,
               "the size of a hash key");

mcps_status mcps__memory_limit_init(struct memory_limit *limit, size_t most,
                                    const struct random_source *random)
{
	limit->most = most;
	return mcps__random_fill(random, limit->hash_key,
	                         sizeof limit->hash_key);
}

atomic_size_t *mcps__memory_limit_of(struct memory_limit *limit,
                                     const struct caller *caller)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint32_t number;

	crypto_shorthash(hash, caller->key, sizeof caller->key,
	                 limit->hash_key);
	memcpy(&number, hash, sizeof number);
	return &limit->of_callers[number % MEMORY_SHARES];
}

/* The peak may be missed by what several threads add at the same moment: it
 * only tells when memory is worth giving back. */
void mcps__memory_limit_add(struct memory_limit *limit,
                            atomic_size_t *of_caller, size_t bytes)
{
	size_t used = atomic_fetch_add(&limit->used, bytes) + bytes;

	atomic_fetch_add(of_caller, bytes);
	if (used > atomic_load_explicit(&limit->peak, memory_order_relaxed))
		atomic_store_explicit(&limit->peak, used, memory_order_relaxed);
}

void mcps__memory_limit_subtract(struct memory_limit *limit,
                                 atomic_size_t *of_caller, size_t bytes)
{
	atomic_fetch_sub(of_caller, bytes);
	atomic_fetch_sub(&limit->used, bytes);
}

void mcps__memory_claim_take(struct memory_limit *limit,
                             struct memory_claim *claim,
                             const struct caller *caller, size_t bytes)
{
	if (limit == NULL || limit->most == 0)
		return;
	if (claim->of_caller == NULL)
		claim->of_caller = mcps__memory_limit_of(limit, caller);
	mcps__memory_limit_add(limit, claim->of_caller, bytes);
	claim->bytes += bytes;
}

void mcps__memory_claim_release(struct memory_limit *limit,
                                struct memory_claim *claim)
{
	if (claim->bytes == 0)
		return;
	mcps__memory_limit_subtract(limit, claim->of_caller, claim->bytes);
	claim->bytes = 0;
}

mcps_status mcps__memory_limit_check(const struct memory_limit *limit,
                                     const atomic_size_t *of_caller, size_t own)
{
	size_t used = atomic_load(&limit->used);
	size_t of_all = atomic_load(of_caller);

	if (used > limit->most || (own == 0 && used == limit->most))
		return MCPS_E_BUSY;
	return of_all <= own || of_all <= limit->most - used ? MCPS_OK
	                                                     : MCPS_E_LIMIT;
}

mcps_status mcps__memory_limit_admit(struct memory_limit *limit,
                                     const struct caller *caller)
{
	if (!mcps__memory_limit_is_scarce(limit))
		return MCPS_OK;
	return mcps__memory_limit_check(
		limit, mcps__memory_limit_of(limit, caller), 0);
}

size_t mcps__memory_limit_take_peak(struct memory_limit *limit)
{
	size_t peak = atomic_load_explicit(&limit->peak, memory_order_relaxed);
	size_t used = atomic_load_explicit(&limit->used, memory_order_relaxed);

	atomic_store_explicit(&limit->peak, used, memory_order_relaxed);
	return peak > used ? peak : used;
}
