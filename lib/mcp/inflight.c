#include "mcp/inflight.h"

#include "base/hash_table.h"

#include <string.h>

struct inflight_caller {
	UT_hash_handle hh;
	uint8_t key[sizeof((struct caller *)0)->key];
	uint32_t count;
};

mcps_status mcps__inflight_init(struct inflight_calls *calls, uint32_t most)
{
	calls->by_key = NULL;
	calls->most = most;
	if (pthread_mutex_init(&calls->lock, NULL) != 0)
		return MCPS_E_SYSTEM;
	return MCPS_OK;
}

void mcps__inflight_finish(struct inflight_calls *calls)
{
	struct inflight_caller *caller, *next;

	HASH_ITER (hh, calls->by_key, caller, next) {
		HASH_DEL(calls->by_key, caller);
		mcps__free(caller);
	}
	pthread_mutex_destroy(&calls->lock);
}

static bool is_counted(const struct inflight_calls *calls,
                       const struct caller *caller)
{
	return calls->most != 0 && !caller->is_anonymous;
}

static struct inflight_caller *find(struct inflight_calls *calls,
                                    const uint8_t *key)
{
	struct inflight_caller *caller;

	HASH_FIND(hh, calls->by_key, key, sizeof caller->key, caller);
	return caller;
}

static struct inflight_caller *add(struct inflight_calls *calls,
                                   const uint8_t *key)
{
	struct inflight_caller *caller = mcps__calloc(1, sizeof *caller);

	if (caller == NULL)
		return NULL;
	memcpy(caller->key, key, sizeof caller->key);
	HASH_ADD(hh, calls->by_key, key, sizeof caller->key, caller);
	if (caller->hh.tbl != NULL)
		return caller;
	mcps__free(caller);
	return NULL;
}

static mcps_status enter(struct inflight_calls *calls, const uint8_t *key)
{
	struct inflight_caller *caller = find(calls, key);

	if (caller == NULL)
		caller = add(calls, key);
	if (caller == NULL)
		return MCPS_E_NOMEM;
	if (caller->count >= calls->most)
		return MCPS_E_LIMIT;
	caller->count++;
	return MCPS_OK;
}

mcps_status mcps__inflight_enter(struct inflight_calls *calls,
                                 const struct caller *caller)
{
	mcps_status status;

	if (!is_counted(calls, caller))
		return MCPS_OK;
	pthread_mutex_lock(&calls->lock);
	status = enter(calls, caller->key);
	pthread_mutex_unlock(&calls->lock);
	return status;
}

void mcps__inflight_leave(struct inflight_calls *calls,
                          const struct caller *caller)
{
	struct inflight_caller *counted;

	if (!is_counted(calls, caller))
		return;
	pthread_mutex_lock(&calls->lock);
	counted = find(calls, caller->key);
	if (counted != NULL && --counted->count == 0) {
		HASH_DEL(calls->by_key, counted);
		mcps__free(counted);
	}
	pthread_mutex_unlock(&calls->lock);
}
