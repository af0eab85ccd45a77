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

static uint32_t most_of(const struct inflight_calls *calls,
                        const struct caller *caller)
{
	return caller->is_anonymous ? 0 : calls->most;
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

static mcps_status enter(struct inflight_calls *calls, const uint8_t *key,
                         uint32_t most)
{
	struct inflight_caller *caller = find(calls, key);

	if (caller == NULL)
		caller = add(calls, key);
	if (caller == NULL)
		return MCPS_E_NOMEM;
	if (caller->count >= most)
		return MCPS_E_LIMIT;
	caller->count++;
	return MCPS_OK;
}

mcps_status mcps__inflight_enter_most(struct inflight_calls *calls,
                                      const struct caller *caller,
                                      uint32_t most)
{
	mcps_status status;

	if (most == 0)
		return MCPS_OK;
	pthread_mutex_lock(&calls->lock);
	status = enter(calls, caller->key, most);
	pthread_mutex_unlock(&calls->lock);
	return status;
}

mcps_status mcps__inflight_enter(struct inflight_calls *calls,
                                 const struct caller *caller)
{
	return mcps__inflight_enter_most(calls, caller, most_of(calls, caller));
}

void mcps__inflight_leave_most(struct inflight_calls *calls,
                               const struct caller *caller, uint32_t most)
{
	struct inflight_caller *counted;

	if (most == 0)
		return;
	pthread_mutex_lock(&calls->lock);
	counted = find(calls, caller->key);
	if (counted != NULL && --counted->count == 0) {
		HASH_DEL(calls->by_key, counted);
		mcps__free(counted);
	}
	pthread_mutex_unlock(&calls->lock);
}

void mcps__inflight_leave(struct inflight_calls *calls,
                          const struct caller *caller)
{
	mcps__inflight_leave_most(calls, caller, most_of(calls, caller));
}
