/* Replacing what others read.
 *
 * A reader counts itself on the stripe of its thread, takes the current
 * catalog, and counts itself out when it is done. Who changes something
 * makes a new catalog and puts it in place of the old one, which is retired:
 * it may be freed once each stripe was seen with no reader, at whatever moment
 * after, for whoever comes later sees a newer one. That is looked for at each
 * change and at the end; nobody waits for it, so that a handler may change
 * what is offered while it is a reader itself. */
#include "catalog/registry.h"

#include "base/error.h"

#include <string.h>

_Static_assert(REGISTRY_STRIPES == 32, "retired.unseen has so many bits");

mcps_status mcps__registry_init(struct registry *registry)
{
	struct catalog *first = mcps__catalog_copy(NULL, NULL);

	memset(registry, 0, sizeof *registry);
	if (first == NULL)
		return MCPS_E_NOMEM;
	if (pthread_mutex_init(&registry->lock, NULL) != 0) {
		mcps__catalog_free(first);
		return MCPS_E_SYSTEM;
	}
	atomic_init(&registry->current, first);
	return MCPS_OK;
}

/* ---- reading ---- */

static unsigned registry_stripe_of_thread(void)
{
	static atomic_uint next;
	static _Thread_local unsigned mine; /* counted from 1 */

	if (mine == 0)
		mine = atomic_fetch_add(&next, 1) % REGISTRY_STRIPES + 1;
	return mine - 1;
}

const struct catalog *mcps__registry_enter(struct registry *registry,
                                           unsigned *stripe)
{
	*stripe = registry_stripe_of_thread();
	atomic_fetch_add(&registry->stripes[*stripe].readers, 1);
	return atomic_load(&registry->current);
}

void mcps__registry_leave(struct registry *registry, unsigned stripe)
{
	atomic_fetch_sub_explicit(&registry->stripes[stripe].readers, 1,
	                          memory_order_release);
}

void mcps__registry_digest(struct registry *registry,
                           uint8_t out[MCPS_LISTS_DIGEST_SIZE])
{
	unsigned stripe;

	memcpy(out, mcps__registry_enter(registry, &stripe)->digest,
	       MCPS_LISTS_DIGEST_SIZE);
	mcps__registry_leave(registry, stripe);
}

/* ---- changing ---- */

/* Free what nobody can read any more. */
static void registry_reclaim(struct registry *registry)
{
	struct catalog **at = &registry->retired;
	uint32_t quiet = 0;

	for (unsigned i = 0; i < REGISTRY_STRIPES; i++)
		if (atomic_load(&registry->stripes[i].readers) == 0)
			quiet |= 1u << i;
	while (*at != NULL) {
		struct catalog *retired = *at;

		retired->unseen &= ~quiet;
		if (retired->unseen != 0) {
			at = &retired->next;
			continue;
		}
		*at = retired->next;
		mcps__catalog_free(retired);
	}
}

static void registry_replace(struct registry *registry, struct catalog *made)
{
	struct catalog *old;

	mcps__catalog_digest(made);
	old = atomic_exchange(&registry->current, made);
	old->unseen = UINT32_MAX;
	old->next = registry->retired;
	registry->retired = old;
	registry_reclaim(registry);
}

void mcps__registry_close(struct registry *registry)
{
	pthread_mutex_lock(&registry->lock);
	mcps__catalog_digest(atomic_load(&registry->current));
	registry->is_closed = true;
	pthread_mutex_unlock(&registry->lock);
}

static bool registry_put(struct registry *registry, struct entry *entry)
{
	struct catalog *current = atomic_load(&registry->current);
	struct catalog *made;

	if (!registry->is_closed)
		return mcps__catalog_add(current, entry);
	made = mcps__catalog_copy(current, NULL);
	if (made == NULL || !mcps__catalog_add(made, entry)) {
		mcps__catalog_free(made);
		return false;
	}
	registry_replace(registry, made);
	return true;
}

static mcps_status registry_add(struct registry *registry, struct entry *entry,
                                struct mcps_error *error)
{
	if (mcps__catalog_find(atomic_load(&registry->current), entry->kind,
	                       entry->name) != NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "%s \"%s\" is added twice",
		                  mcps__entry_word(entry->kind), entry->name);
	if (!registry_put(registry, entry))
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	atomic_store(&registry->has[entry->kind], true);
	if (mcps__entry_completes(entry))
		atomic_store(&registry->completes, true);
	return MCPS_OK;
}

mcps_status mcps__registry_add(struct registry *registry, struct entry *entry,
                               struct mcps_error *error)
{
	mcps_status status;

	pthread_mutex_lock(&registry->lock);
	status = registry_add(registry, entry, error);
	pthread_mutex_unlock(&registry->lock);
	mcps__entry_unref(entry);
	return status;
}

static mcps_status registry_take_out(struct registry *registry,
                                     enum entry_kind kind, const char *name)
{
	const struct catalog *current = atomic_load(&registry->current);
	const struct entry *entry = mcps__catalog_find(current, kind, name);
	struct catalog *made;

	if (entry == NULL)
		return MCPS_E_NOT_FOUND;
	made = mcps__catalog_copy(current, entry);
	if (made == NULL)
		return MCPS_E_NOMEM;
	registry_replace(registry, made);
	return MCPS_OK;
}

mcps_status mcps__registry_remove(struct registry *registry,
                                  enum entry_kind kind, const char *name)
{
	mcps_status status;

	pthread_mutex_lock(&registry->lock);
	status = registry_take_out(registry, kind, name);
	pthread_mutex_unlock(&registry->lock);
	return status;
}

mcps_status mcps__registry_add_tool(struct registry *registry,
                                    const mcps_tool *tool,
                                    struct mcps_error *error)
{
	struct entry *entry;
	mcps_status status = mcps__tool_make(&entry, tool, error);

	return status == MCPS_OK ? mcps__registry_add(registry, entry, error)
	                         : status;
}

void mcps__registry_finish(struct registry *registry)
{
	struct catalog *current = atomic_load(&registry->current);

	if (current == NULL)
		return;
	registry_reclaim(registry);
	mcps__catalog_free(current);
	pthread_mutex_destroy(&registry->lock);
	memset(registry, 0, sizeof *registry);
}
