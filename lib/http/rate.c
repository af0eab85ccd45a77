#include "http/rate.h"

#include "base/memory.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

enum {
	SETS = 1024, /* a power of two */
	WAYS = 4
};

/* GCRA: a bucket is the moment at which its caller's past requests would have
 * been served one after the other at the allowed rate. */
struct bucket {
	uint64_t name; /* keyed hash; nobody can aim at somebody's bucket */
	int64_t free_us;
};

struct rate {
	pthread_mutex_t lock;
	uint8_t key[crypto_shorthash_KEYBYTES];
	int64_t each_us;
	int64_t burst_us;
	struct bucket buckets[SETS][WAYS];
};

mcps_status mcps__rate_new(struct rate **out, const struct rate_limit *limit,
                           const struct random_source *random)
{
	struct rate *rate;
	uint32_t burst = limit->burst != 0 ? limit->burst : limit->per_s;
	mcps_status status;

	*out = NULL;
	if (limit->per_s == 0)
		return MCPS_OK;
	rate = mcps__calloc(1, sizeof *rate);
	if (rate == NULL)
		return MCPS_E_NOMEM;
	rate->each_us = 1000000 / limit->per_s;
	if (rate->each_us == 0)
		rate->each_us = 1;
	rate->burst_us = rate->each_us * (burst - 1);
	status = mcps__random_fill(random, rate->key, sizeof rate->key);
	if (status == MCPS_OK && pthread_mutex_init(&rate->lock, NULL) != 0)
		status = MCPS_E_SYSTEM;
	if (status != MCPS_OK) {
		mcps__free(rate);
		return status;
	}
	*out = rate;
	return MCPS_OK;
}

void mcps__rate_free(struct rate *rate)
{
	if (rate == NULL)
		return;
	pthread_mutex_destroy(&rate->lock);
	mcps__free(rate);
}

/* The caller's bucket, or that of its set which is longest at rest. */
static struct bucket *bucket_find(struct rate *rate, uint64_t name)
{
	struct bucket *set = rate->buckets[name & (SETS - 1)];
	struct bucket *oldest = &set[0];

	for (int i = 0; i < WAYS; i++) {
		if (set[i].name == name)
			return &set[i];
		if (set[i].free_us < oldest->free_us)
			oldest = &set[i];
	}
	oldest->name = name;
	oldest->free_us = 0;
	return oldest;
}

uint32_t mcps__rate_take(struct rate *rate, const void *name, size_t length,
                         int64_t now_ms)
{
	int64_t now_us = now_ms * 1000;
	uint8_t hash[crypto_shorthash_BYTES];
	struct bucket *bucket;
	uint64_t number;
	int64_t wait_us;

	if (rate == NULL)
		return 0;
	crypto_shorthash(hash, name, length, rate->key);
	memcpy(&number, hash, sizeof number);
	pthread_mutex_lock(&rate->lock);
	bucket = bucket_find(rate, number);
	if (bucket->free_us < now_us)
		bucket->free_us = now_us;
	wait_us = bucket->free_us - now_us - rate->burst_us;
	if (wait_us <= 0)
		bucket->free_us += rate->each_us;
	pthread_mutex_unlock(&rate->lock);
	return wait_us <= 0 ? 0 : (uint32_t)((wait_us + 999) / 1000);
}
