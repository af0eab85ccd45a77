#include "http/body_share.h"

#include <sodium.h>
#include <string.h>

_Static_assert(BODY_HASH_KEY_SIZE == crypto_shorthash_KEYBYTES, "of the hash");

mcps_status mcps__body_shares_init(struct body_shares *shares,
                                   const struct random_source *random)
{
	return mcps__random_fill(random, shares->hash_key,
	                         sizeof shares->hash_key);
}

atomic_size_t *mcps__body_share(struct body_shares *shares,
                                const struct caller *caller)
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint32_t number;

	crypto_shorthash(hash, caller->key, sizeof caller->key,
	                 shares->hash_key);
	memcpy(&number, hash, sizeof number);
	return &shares->bytes[number % BODY_SHARES];
}
