/* When clients are told to connect again for a stream that was lost. */
#include "stream/sse_connection.h"

#include <string.h>

enum {
	/* Clients wait up to this part longer than they have to. */
	SPREAD = 5,
	/* From the end of a drain until the next process may serve. */
	RESTART_MS = 2000,
	/* The keyed hash in a session's key stands behind a time. */
	HASH_AT = 6,
};

void mcps__sse_connections_stop(struct sse_connections *all, uint32_t rest_ms)
{
	atomic_store(&all->back_ms,
	             mcps__steady_ms(all->clock) + rest_ms + RESTART_MS);
}

/* How long until the next process may serve; 0: this one does not stop. */
static uint32_t retry_until_back(const struct sse_connections *all)
{
	int64_t back_ms = atomic_load(&all->back_ms);
	int64_t wait_ms = back_ms - mcps__steady_ms(all->clock);

	if (back_ms == 0 || wait_ms <= 0)
		return 0;
	return wait_ms < INT32_MAX ? (uint32_t)wait_ms : INT32_MAX;
}

uint32_t mcps__sse_connections_retry(const struct sse_connections *all,
                                     const uint8_t key[MCPS_SESSION_KEY_SIZE])
{
	uint32_t least_ms = retry_until_back(all);
	uint32_t share; /* random to clients, but constant */

	if (all->retry_ms == 0)
		return 0;
	memcpy(&share, key + HASH_AT, sizeof share);
	if (least_ms < all->retry_ms)
		least_ms = all->retry_ms;
	return least_ms + share % (all->retry_ms / SPREAD + 1);
}
