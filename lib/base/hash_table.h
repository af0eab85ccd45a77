/* uthash as this library uses it: it allocates through base/memory.h, and an
 * entry that did not fit for want of memory is left out (its hh.tbl is NULL)
 * instead of ending the process. */
#ifndef MCPS_BASE_HASH_TABLE_H
#define MCPS_BASE_HASH_TABLE_H

#include "base/memory.h"

#define HASH_NONFATAL_OOM        1
#define uthash_malloc(size)      mcps__malloc(size)
#define uthash_free(bytes, size) mcps__free(bytes)

#include <uthash.h>

#endif
