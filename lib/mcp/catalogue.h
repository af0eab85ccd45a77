/* All that is offered at one moment, by kind: in the order of adding, and by
 * name. Readers see one that nobody changes; whoever adds or removes something
 * makes the next. */
#ifndef MCPS_MCP_CATALOGUE_H
#define MCPS_MCP_CATALOGUE_H

#include "mcp/offer.h"
#include "session/session.h"

#include <mcps/sys/store.h>

struct shelf {
	struct offer **offers; /* in order */
	size_t count, room;
	struct offer **slots; /* by name; NULL: free */
	size_t slot_count;    /* twice ROOM, a power of two or 0 */
};

struct catalogue {
	struct shelf shelves[OFFER_KINDS];
	uint8_t digest[MCPS_LISTS_DIGEST_SIZE]; /* of the lists, see below */

	/* Of one that was replaced, see registry.c. */
	struct catalogue *next;
	uint32_t unseen; /* stripes that may still have readers of it */
};

/* A copy of FROM (NULL: nothing) without REMOVED (NULL: with all); NULL: out of
 * memory. Its references are its own. */
struct catalogue *mcps__catalogue_copy(const struct catalogue *from,
                                       const struct offer *removed);
/* Put OFFER behind the others of its kind, with a reference of its own, while
 * nobody reads. False: out of memory. */
bool mcps__catalogue_add(struct catalogue *catalogue, struct offer *offer);
void mcps__catalogue_free(struct catalogue *catalogue); /* NULL is fine */

struct offer *mcps__catalogue_find(const struct catalogue *catalogue,
                                   enum offer_kind kind, const char *name);

/* The first offer that needs scopes; NULL: none does. */
const struct offer *
mcps__catalogue_find_scoped(const struct catalogue *catalogue);

/* Compute the digest: what clients of the newest revision see. */
void mcps__catalogue_digest(struct catalogue *catalogue);

#endif
