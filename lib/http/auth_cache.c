#include "http/auth_cache.h"

#include "base/memory.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

enum {
	SETS = 1024, /* a power of two */
	WAYS = 4,
	NAME_SIZE = 16
};

/* Hooks may say anything: milliseconds of it, and sums of those, fit. */
#define EXPIRES_MAX_S (INT64_MAX / 4000)

struct auth_cache_entry {
	uint8_t name[NAME_SIZE];     /* never the credential itself */
	struct principal *principal; /* NULL: free */
	int64_t expires_ms;          /* by the wall clock ... */
	int64_t ends_ms;             /* ... and by the boot clock */
};

struct auth_cache {
	pthread_mutex_t lock;
	uint8_t key[crypto_generichash_KEYBYTES];
	struct auth_cache_entry kept[SETS][WAYS];
};

mcps_status mcps__auth_cache_new(struct auth_cache **out,
                                 const struct random_source *random)
{
	struct auth_cache *auth_cache = mcps__calloc(1, sizeof *auth_cache);
	mcps_status status;

	*out = NULL;
	if (auth_cache == NULL)
		return MCPS_E_NOMEM;
	status = mcps__random_fill(random, auth_cache->key,
	                           sizeof auth_cache->key);
	if (status == MCPS_OK &&
	    pthread_mutex_init(&auth_cache->lock, NULL) != 0)
		status = MCPS_E_SYSTEM;
	if (status != MCPS_OK) {
		mcps__free(auth_cache);
		return status;
	}
	*out = auth_cache;
	return MCPS_OK;
}

static void auth_cache_drop(struct auth_cache_entry *kept)
{
	mcps__principal_unref(kept->principal);
	*kept = (struct auth_cache_entry){ 0 };
}

void mcps__auth_cache_forget(struct auth_cache *auth_cache)
{
	pthread_mutex_lock(&auth_cache->lock);
	for (int set = 0; set < SETS; set++)
		for (int way = 0; way < WAYS; way++)
			auth_cache_drop(&auth_cache->kept[set][way]);
	pthread_mutex_unlock(&auth_cache->lock);
}

void mcps__auth_cache_free(struct auth_cache *auth_cache)
{
	if (auth_cache == NULL)
		return;
	mcps__auth_cache_forget(auth_cache);
	pthread_mutex_destroy(&auth_cache->lock);
	sodium_memzero(auth_cache->key, sizeof auth_cache->key);
	mcps__free(auth_cache);
}

static struct auth_cache_entry *
auth_cache_set_of(struct auth_cache *auth_cache, uint8_t *name,
                  const struct http_value *credential)
{
	crypto_generichash(name, NAME_SIZE, (const uint8_t *)credential->text,
	                   credential->length, auth_cache->key,
	                   sizeof auth_cache->key);
	return auth_cache
	        ->kept[((unsigned)name[0] << 8 | name[1]) & (SETS - 1)];
}

struct principal *mcps__auth_cache_find(struct auth_cache *auth_cache,
                                        const struct http_value *credential,
                                        const struct clock_source *clock)
{
	int64_t wall_ms = mcps__wall_ms(clock);
	int64_t boot_ms = mcps__steady_ms(clock);
	struct principal *found = NULL;
	struct auth_cache_entry *set;
	uint8_t name[NAME_SIZE];

	if (credential->text == NULL)
		return NULL;
	set = auth_cache_set_of(auth_cache, name, credential);
	pthread_mutex_lock(&auth_cache->lock);
	for (int i = 0; i < WAYS; i++) {
		if (set[i].principal == NULL ||
		    memcmp(set[i].name, name, NAME_SIZE) != 0)
			continue;
		if (set[i].expires_ms > wall_ms && set[i].ends_ms > boot_ms)
			found = mcps__principal_ref(set[i].principal);
		else
			auth_cache_drop(&set[i]);
	}
	pthread_mutex_unlock(&auth_cache->lock);
	return found;
}

void mcps__auth_cache_keep(struct auth_cache *auth_cache,
                           const struct http_value *credential,
                           struct principal *principal, int64_t expires_s,
                           const struct clock_source *clock)
{
	int64_t wall_ms = mcps__wall_ms(clock);
	int64_t expires_ms =
		(expires_s < EXPIRES_MAX_S ? expires_s : EXPIRES_MAX_S) * 1000;
	struct auth_cache_entry *set, *place;
	uint8_t name[NAME_SIZE];

	if (credential->text == NULL)
		return;
	set = auth_cache_set_of(auth_cache, name, credential);
	pthread_mutex_lock(&auth_cache->lock);
	place = &set[0];
	for (int i = 0; i < WAYS; i++) {
		if (memcmp(set[i].name, name, NAME_SIZE) == 0) {
			place = &set[i];
			break;
		}
		if (set[i].expires_ms < place->expires_ms)
			place = &set[i];
	}
	auth_cache_drop(place);
	memcpy(place->name, name, NAME_SIZE);
	place->principal = mcps__principal_ref(principal);
	place->expires_ms = expires_ms;
	place->ends_ms = mcps__steady_ms(clock) + (expires_ms - wall_ms);
	pthread_mutex_unlock(&auth_cache->lock);
}
