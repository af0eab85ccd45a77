/* All that is offered at one moment, by kind: in the order of adding, and by
 * name. Readers see one that nobody changes; whoever adds or removes something
 * makes the next. */
#ifndef MCPS_CATALOG_CATALOG_H
#define MCPS_CATALOG_CATALOG_H

#include "catalog/entry.h"
#include "session/session.h"

#include <mcps/sys/store.h>

struct entry_list {
	struct entry **entries; /* in order */
	size_t count, room;
	struct entry **slots; /* by name; NULL: free */
	size_t slot_count;    /* twice ROOM, a power of two or 0 */
};

struct catalog {
	struct entry_list lists[ENTRY_KINDS];
	uint8_t digest[MCPS_LISTS_DIGEST_SIZE]; /* of the lists, see below */

	/* Used once the catalog was replaced, see registry.c. */
	struct catalog *next;
	uint32_t unseen; /* stripes that may still have readers of it */
};

/* A copy of FROM (NULL: nothing) without REMOVED (NULL: with all); NULL: out of
 * memory. Its references are its own. */
struct catalog *mcps__catalog_copy(const struct catalog *from,
                                   const struct entry *removed);
/* Put ENTRY behind the others of its kind, with a reference of its own, while
 * nobody reads. False: out of memory. */
bool mcps__catalog_add(struct catalog *catalog, struct entry *entry);
void mcps__catalog_free(struct catalog *catalog); /* NULL is fine */

struct entry *mcps__catalog_find(const struct catalog *catalog,
                                 enum entry_kind kind, const char *name);

/* The first entry that needs scopes; NULL: none does. */
const struct entry *mcps__catalog_find_scoped(const struct catalog *catalog);

/* Compute the digest: what clients of the newest revision see. */
void mcps__catalog_digest(struct catalog *catalog);

#endif
