/* Named values and callers in memory. */
#include "base/memory.h"
#include "store/memory_store.h"

#include <string.h>

struct memory_meta {
	size_t length;
	unsigned char value[];
};

mcps_status mcps__memory_meta_get(mcps_store *base, const char *name,
                                  mcps_meta_fn fn, void *arg)
{
	const struct memory_meta *meta = mcps__memory_get(
		&memory_store(base)->metas, name, strlen(name));

	return meta != NULL ? fn(arg, meta->value, meta->length) : MCPS_OK;
}

mcps_status mcps__memory_meta_set(struct memory_store *store, const char *name,
                                  const void *value, size_t length)
{
	struct memory_meta *meta = mcps__malloc(sizeof *meta + length);

	if (meta == NULL)
		return MCPS_E_NOMEM;
	meta->length = length;
	if (length != 0)
		memcpy(meta->value, value, length);
	return mcps__memory_set(store, &store->metas, name, strlen(name), meta);
}

mcps_status mcps__memory_meta_put(mcps_store *base, const char *name,
                                  const void *value, size_t length)
{
	if (mcps__store_owns_meta(name))
		return MCPS_E_INVAL;
	return mcps__memory_meta_set(memory_store(base), name, value, length);
}

/* ---- principals ---- */

void mcps__memory_principal_enter(struct memory_store *store, void *row)
{
	struct memory_principal *principal = row;

	mcps__memory_order(store, &store->principals_by_ref, &principal->by_ref,
	                   principal->row.ref, 0, principal);
}

void mcps__memory_principal_leave(struct memory_store *store, void *row)
{
	struct memory_principal *principal = row;

	mcps__order_remove(&store->principals_by_ref, &principal->by_ref);
}

struct memory_principal *mcps__memory_principal(struct memory_store *store,
                                                int64_t ref)
{
	struct order_node *node =
		mcps__order_first(&store->principals_by_ref, ref);

	return node != NULL ? node->row : NULL;
}

/* TOMBSTONES is how many it owns. */
static mcps_status principal_put(struct memory_store *store,
                                 const struct mcps_principal_row *row,
                                 int64_t tombstones)
{
	struct memory_principal *principal = mcps__malloc(sizeof *principal);

	if (principal == NULL)
		return MCPS_E_NOMEM;
	principal->row = *row;
	principal->tombstones = tombstones;
	return mcps__memory_set(store, &store->principals, row->digest,
	                        sizeof row->digest, principal);
}

mcps_status mcps__memory_principal_get(mcps_store *base, const uint8_t *digest,
                                       mcps_principal_fn fn, void *arg)
{
	const struct memory_principal *principal =
		mcps__memory_get(&memory_store(base)->principals, digest,
	                         MCPS_PRINCIPAL_DIGEST_SIZE);

	return principal != NULL ? fn(arg, &principal->row) : MCPS_OK;
}

mcps_status mcps__memory_principal_intern(mcps_store *base,
                                          const uint8_t *digest, int64_t *ref)
{
	struct memory_store *store = memory_store(base);
	const struct memory_principal *principal = mcps__memory_get(
		&store->principals, digest, MCPS_PRINCIPAL_DIGEST_SIZE);
	struct mcps_principal_row row = { 0 };
	mcps_status status;

	*ref = 0;
	if (principal != NULL) {
		*ref = principal->row.ref;
		return MCPS_OK;
	}
	row.ref = ++store->last_principal;
	memcpy(row.digest, digest, sizeof row.digest);
	status = principal_put(store, &row, 0);
	if (status == MCPS_OK)
		*ref = row.ref;
	return status;
}

mcps_status mcps__memory_principal_forget(struct memory_store *store,
                                          int64_t ref, int64_t from_ms)
{
	const struct memory_principal *principal =
		mcps__memory_principal(store, ref);
	struct mcps_principal_row row = principal->row;

	if (row.tombstones_from_ms >= from_ms)
		return MCPS_OK;
	row.tombstones_from_ms = from_ms;
	return principal_put(store, &row, principal->tombstones);
}

mcps_status mcps__memory_principal_revoke(mcps_store *base, int64_t ref,
                                          int64_t not_before_ms)
{
	struct memory_store *store = memory_store(base);
	const struct memory_principal *principal =
		mcps__memory_principal(store, ref);
	struct mcps_principal_row row;

	if (principal == NULL)
		return MCPS_E_INVAL;
	row = principal->row;
	if (not_before_ms > row.not_before_ms)
		row.not_before_ms = not_before_ms;
	return principal_put(store, &row, principal->tombstones);
}
