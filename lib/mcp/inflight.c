#include "mcp/inflight.h"

#include "base/hash_table.h"

#include <string.h>

struct inflight_caller {
	UT_hash_handle hh;
	uint8_t digest[MCPS_PRINCIPAL_DIGEST_SIZE];
	uint32_t count;
};

mcps_status mcps__inflight_init(struct inflight_calls *calls, uint32_t most)
{
	calls->by_digest = NULL;
	calls->most = most;
	if (pthread_mutex_init(&calls->lock, NULL) != 0)
		return MCPS_E_SYSTEM;
	return MCPS_OK;
}

void mcps__inflight_finish(struct inflight_calls *calls)
{
	struct inflight_caller *caller, *next;

	HASH_ITER (hh, calls->by_digest, caller, next) {
		HASH_DEL(calls->by_digest, caller);
		mcps__free(caller);
	}
	pthread_mutex_destroy(&calls->lock);
}

static bool is_counted(const struct inflight_calls *calls,
                       const struct principal *principal)
{
	return calls->most != 0 && !principal->anonymous;
}

static struct inflight_caller *find(struct inflight_calls *calls,
                                    const uint8_t *digest)
{
	struct inflight_caller *caller;

	HASH_FIND(hh, calls->by_digest, digest, MCPS_PRINCIPAL_DIGEST_SIZE,
	          caller);
	return caller;
}

static struct inflight_caller *add(struct inflight_calls *calls,
                                   const uint8_t *digest)
{
	struct inflight_caller *caller = mcps__calloc(1, sizeof *caller);

	if (caller == NULL)
		return NULL;
	memcpy(caller->digest, digest, sizeof caller->digest);
	HASH_ADD(hh, calls->by_digest, digest, sizeof caller->digest, caller);
	if (caller->hh.tbl != NULL)
		return caller;
	mcps__free(caller);
	return NULL;
}

static mcps_status enter(struct inflight_calls *calls, const uint8_t *digest)
{
	struct inflight_caller *caller = find(calls, digest);

	if (caller == NULL)
		caller = add(calls, digest);
	if (caller == NULL)
		return MCPS_E_NOMEM;
	if (caller->count >= calls->most)
		return MCPS_E_LIMIT;
	caller->count++;
	return MCPS_OK;
}

mcps_status mcps__inflight_enter(struct inflight_calls *calls,
                                 const struct principal *principal)
{
	mcps_status status;

	if (!is_counted(calls, principal))
		return MCPS_OK;
	pthread_mutex_lock(&calls->lock);
	status = enter(calls, principal->digest);
	pthread_mutex_unlock(&calls->lock);
	return status;
}

void mcps__inflight_leave(struct inflight_calls *calls,
                          const struct principal *principal)
{
	struct inflight_caller *caller;

	if (!is_counted(calls, principal))
		return;
	pthread_mutex_lock(&calls->lock);
	caller = find(calls, principal->digest);
	if (caller != NULL && --caller->count == 0) {
		HASH_DEL(calls->by_digest, caller);
		mcps__free(caller);
	}
	pthread_mutex_unlock(&calls->lock);
}
