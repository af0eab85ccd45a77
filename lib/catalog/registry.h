/* What a server offers now. Reading costs two uncontended atomic additions and
 * never waits; adding and removing may happen at any time, by any thread. */
#ifndef MCPS_CATALOG_REGISTRY_H
#define MCPS_CATALOG_REGISTRY_H

#include "catalog/catalog.h"

#include <pthread.h>

enum { REGISTRY_STRIPES = 32 };

struct registry {
	_Atomic(struct catalog *) current;
	pthread_mutex_t lock;         /* of those who change it, and of: */
	struct catalog *retired;      /* that may still have readers */
	bool is_closed;               /* it is shared: to be copied */
	atomic_bool completes;        /* something offers completion */
	atomic_bool has[ENTRY_KINDS]; /* ... had some of the kind, ever */

	/* How many read, counted apart so that threads do not fight for one
	 * cache line. */
	struct registry_stripe {
		atomic_uint readers;
		char apart[60];
	} stripes[REGISTRY_STRIPES];
};

MCPS_MUST_USE mcps_status mcps__registry_init(struct registry *registry);
void mcps__registry_finish(struct registry *registry);

/* Set-up is over: from now on there are readers. */
void mcps__registry_close(struct registry *registry);

/* Put an entry behind the others; its reference moves in, also on failure.
 * MCPS_E_INVAL when its name is taken; MCPS_E_NOMEM. */
mcps_status mcps__registry_add(struct registry *registry, struct entry *entry,
                               struct mcps_error *error);
/* MCPS_E_NOT_FOUND; MCPS_E_NOMEM. */
mcps_status mcps__registry_remove(struct registry *registry,
                                  enum entry_kind kind, const char *name);

/* What is offered now, until leave with the same STRIPE, by the same thread.
 * What is to live longer takes a reference. */
const struct catalog *mcps__registry_enter(struct registry *registry,
                                           unsigned *stripe);
void mcps__registry_leave(struct registry *registry, unsigned stripe);

/* The digest of what is offered now. */
void mcps__registry_digest(struct registry *registry,
                           uint8_t out[MCPS_LISTS_DIGEST_SIZE]);

/* mcps__tool_make and mcps__registry_add. */
MCPS_MUST_USE mcps_status mcps__registry_add_tool(struct registry *registry,
                                                  const mcps_tool *tool,
                                                  struct mcps_error *error);

#endif
