/* uthash for owners of work. The general hash of uthash costs more than all the
 * rest of queueing. Keys are digests, or an address with zeros behind it. */
#ifndef MCPS_SERVER_OWNER_HASH_H
#define MCPS_SERVER_OWNER_HASH_H

#include <stdint.h>
#include <string.h>

/* KEY has 32 bytes. */
static inline unsigned mcps__owner_hash(const void *key)
{
	const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15); /* 2^64 / golden
	                                                    * ratio */
	uint64_t words[4];

	memcpy(words, key, sizeof words);
	words[0] = (words[0] ^ words[2]) * odd + (words[1] ^ words[3]);
	return (unsigned)((words[0] ^ words[0] >> 29) * odd >> 32);
}

#define HASH_FUNCTION(key_at, key_length, hash_value) \
	((hash_value) = mcps__owner_hash(key_at))
#include "base/hash_table.h"

#endif
