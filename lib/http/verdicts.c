#include "http/verdicts.h"

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

struct verdict_kept {
	uint8_t name[NAME_SIZE];     /* never the credential itself */
	struct principal *principal; /* NULL: free */
	int64_t expires_ms;          /* by the wall clock ... */
	int64_t ends_ms;             /* ... and by the boot clock */
};

struct verdicts {
	pthread_mutex_t lock;
	uint8_t key[crypto_generichash_KEYBYTES];
	struct verdict_kept kept[SETS][WAYS];
};

mcps_status mcps__verdicts_new(struct verdicts **out,
                               const struct random_source *random)
{
	struct verdicts *verdicts = mcps__calloc(1, sizeof *verdicts);
	mcps_status status;

	*out = NULL;
	if (verdicts == NULL)
		return MCPS_E_NOMEM;
	status = mcps__random_fill(random, verdicts->key, sizeof verdicts->key);
	if (status == MCPS_OK && pthread_mutex_init(&verdicts->lock, NULL) != 0)
		status = MCPS_E_SYSTEM;
	if (status != MCPS_OK) {
		mcps__free(verdicts);
		return status;
	}
	*out = verdicts;
	return MCPS_OK;
}

static void drop(struct verdict_kept *kept)
{
	mcps__principal_unref(kept->principal);
	*kept = (struct verdict_kept){ 0 };
}

void mcps__verdicts_forget(struct verdicts *verdicts)
{
	pthread_mutex_lock(&verdicts->lock);
	for (int set = 0; set < SETS; set++)
		for (int way = 0; way < WAYS; way++)
			drop(&verdicts->kept[set][way]);
	pthread_mutex_unlock(&verdicts->lock);
}

void mcps__verdicts_free(struct verdicts *verdicts)
{
	if (verdicts == NULL)
		return;
	mcps__verdicts_forget(verdicts);
	pthread_mutex_destroy(&verdicts->lock);
	sodium_memzero(verdicts->key, sizeof verdicts->key);
	mcps__free(verdicts);
}

static struct verdict_kept *set_of(struct verdicts *verdicts, uint8_t *name,
                                   const struct http_value *credential)
{
	crypto_generichash(name, NAME_SIZE, (const uint8_t *)credential->text,
	                   credential->length, verdicts->key,
	                   sizeof verdicts->key);
	return verdicts->kept[((unsigned)name[0] << 8 | name[1]) & (SETS - 1)];
}

struct principal *mcps__verdicts_find(struct verdicts *verdicts,
                                      const struct http_value *credential,
                                      const struct clock_source *clock)
{
	int64_t wall_ms = mcps__wall_ms(clock);
	int64_t boot_ms = mcps__steady_ms(clock);
	struct principal *found = NULL;
	struct verdict_kept *set;
	uint8_t name[NAME_SIZE];

	if (credential->text == NULL)
		return NULL;
	set = set_of(verdicts, name, credential);
	pthread_mutex_lock(&verdicts->lock);
	for (int i = 0; i < WAYS; i++) {
		if (set[i].principal == NULL ||
		    memcmp(set[i].name, name, NAME_SIZE) != 0)
			continue;
		if (set[i].expires_ms > wall_ms && set[i].ends_ms > boot_ms)
			found = mcps__principal_ref(set[i].principal);
		else
			drop(&set[i]);
	}
	pthread_mutex_unlock(&verdicts->lock);
	return found;
}

void mcps__verdicts_keep(struct verdicts *verdicts,
                         const struct http_value *credential,
                         struct principal *principal, int64_t expires_s,
                         const struct clock_source *clock)
{
	int64_t wall_ms = mcps__wall_ms(clock);
	int64_t expires_ms =
		(expires_s < EXPIRES_MAX_S ? expires_s : EXPIRES_MAX_S) * 1000;
	struct verdict_kept *set, *place;
	uint8_t name[NAME_SIZE];

	if (credential->text == NULL)
		return;
	set = set_of(verdicts, name, credential);
	pthread_mutex_lock(&verdicts->lock);
	place = &set[0];
	for (int i = 0; i < WAYS; i++) {
		if (memcmp(set[i].name, name, NAME_SIZE) == 0) {
			place = &set[i];
			break;
		}
		if (set[i].expires_ms < place->expires_ms)
			place = &set[i];
	}
	drop(place);
	memcpy(place->name, name, NAME_SIZE);
	place->principal = mcps__principal_ref(principal);
	place->expires_ms = expires_ms;
	place->ends_ms = mcps__steady_ms(clock) + (expires_ms - wall_ms);
	pthread_mutex_unlock(&verdicts->lock);
}
