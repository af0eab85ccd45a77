#include "call/caller_limit.h"

#include "base/hash_table.h"

#include <string.h>

struct caller_count {
	UT_hash_handle hh;
	uint8_t key[sizeof((struct caller *)0)->key];
	uint32_t count;
};

mcps_status mcps__caller_limit_init(struct caller_limit *limit, uint32_t most)
{
	limit->by_key = NULL;
	limit->most = most;
	if (pthread_mutex_init(&limit->lock, NULL) != 0)
		return MCPS_E_SYSTEM;
	return MCPS_OK;
}

void mcps__caller_limit_finish(struct caller_limit *limit)
{
	struct caller_count *caller, *next;

	HASH_ITER (hh, limit->by_key, caller, next) {
		HASH_DEL(limit->by_key, caller);
		mcps__free(caller);
	}
	pthread_mutex_destroy(&limit->lock);
}

static uint32_t caller_limit_most_of(const struct caller_limit *limit,
                                     const struct caller *caller)
{
	return caller->is_anonymous ? 0 : limit->most;
}

static struct caller_count *caller_limit_find(struct caller_limit *limit,
                                              const uint8_t *key)
{
	struct caller_count *caller;

	HASH_FIND(hh, limit->by_key, key, sizeof caller->key, caller);
	return caller;
}

static struct caller_count *caller_limit_add(struct caller_limit *limit,
                                             const uint8_t *key)
{
	struct caller_count *caller = mcps__calloc(1, sizeof *caller);

	if (caller == NULL)
		return NULL;
	memcpy(caller->key, key, sizeof caller->key);
	HASH_ADD(hh, limit->by_key, key, sizeof caller->key, caller);
	if (caller->hh.tbl != NULL)
		return caller;
	mcps__free(caller);
	return NULL;
}

static mcps_status caller_limit_enter(struct caller_limit *limit,
                                      const uint8_t *key, uint32_t most)
{
	struct caller_count *caller = caller_limit_find(limit, key);

	if (caller == NULL)
		caller = caller_limit_add(limit, key);
	if (caller == NULL)
		return MCPS_E_NOMEM;
	if (caller->count >= most)
		return MCPS_E_LIMIT;
	caller->count++;
	return MCPS_OK;
}

mcps_status mcps__caller_limit_enter_most(struct caller_limit *limit,
                                          const struct caller *caller,
                                          uint32_t most)
{
	mcps_status status;

	if (most == 0)
		return MCPS_OK;
	pthread_mutex_lock(&limit->lock);
	status = caller_limit_enter(limit, caller->key, most);
	pthread_mutex_unlock(&limit->lock);
	return status;
}

mcps_status mcps__caller_limit_enter(struct caller_limit *limit,
                                     const struct caller *caller)
{
	return mcps__caller_limit_enter_most(
		limit, caller, caller_limit_most_of(limit, caller));
}

void mcps__caller_limit_leave_most(struct caller_limit *limit,
                                   const struct caller *caller, uint32_t most)
{
	struct caller_count *counted;

	if (most == 0)
		return;
	pthread_mutex_lock(&limit->lock);
	counted = caller_limit_find(limit, caller->key);
	if (counted != NULL && --counted->count == 0) {
		HASH_DEL(limit->by_key, counted);
		mcps__free(counted);
	}
	pthread_mutex_unlock(&limit->lock);
}

void mcps__caller_limit_leave(struct caller_limit *limit,
                              const struct caller *caller)
{
	mcps__caller_limit_leave_most(limit, caller,
	                              caller_limit_most_of(limit, caller));
}
