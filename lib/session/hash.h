/* uthash for session keys: their last bytes are a uniform hash already, so
 * four of them are the bucket. A file that has a table of other keys does not
 * include this. */
#ifndef MCPS_SESSION_HASH_H
#define MCPS_SESSION_HASH_H

#include <string.h>

#undef HASH_FUNCTION
#define HASH_FUNCTION(key_at, key_length, hash_value) \
	memcpy(&(hash_value), (const char *)(key_at) + (key_length)-4, 4)
#include "base/hash_table.h"

#endif
