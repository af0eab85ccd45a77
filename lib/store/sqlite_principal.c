/* Callers, interned as small integers. */
#include "store/sqlite_store.h"

#include <string.h>

/* live_sessions is not in it: it changes with every session, and a wrong
 * number costs a quota, not an identity. */
static int64_t principal_checksum(const struct sqlite_store *store,
                                  const struct mcps_principal_row *row)
{
	struct checksum sum;

	mcps__checksum_start(&sum, store, 'P');
	mcps__checksum_int(&sum, row->ref);
	mcps__checksum_bytes(&sum, row->digest, sizeof row->digest);
	mcps__checksum_int(&sum, row->not_before_ms);
	return mcps__checksum_end(&sum);
}

static bool principal_read(struct query *query, struct mcps_principal_row *row)
{
	bool whole;

	*row = (struct mcps_principal_row){ 0 };
	whole = mcps__query_bytes(query, 1, row->digest, sizeof row->digest);
	row->ref = mcps__query_int_at(query, 0);
	row->not_before_ms = mcps__query_int_at(query, 2);
	row->live_sessions = mcps__query_int_at(query, 3);
	return whole && mcps__query_int_at(query, 4) ==
	                        principal_checksum(query->store, row);
}

static mcps_status principal_damaged(struct sqlite_store *store,
                                     const uint8_t *digest)
{
	mcps__sqlite_report_damage(
		store, "principal",
		mcps__checksum_of(store, digest, MCPS_PRINCIPAL_DIGEST_SIZE));
	return MCPS_E_CORRUPT;
}

/* Finish a query for one principal. A damaged one is not taken for absent: it
 * would come back with a new ref and without what was revoked. */
static mcps_status principal_take(struct query *query,
                                  struct mcps_principal_row *row, bool *found)
{
	bool whole = true;
	mcps_status status;

	*found = mcps__query_row(query);
	if (*found)
		whole = principal_read(query, row);
	status = mcps__query_end(query);
	return status != MCPS_OK || whole
	               ? status
	               : principal_damaged(query->store, row->digest);
}

static mcps_status principal_find(struct sqlite_store *store,
                                  const uint8_t *digest,
                                  struct mcps_principal_row *row, bool *found)
{
	struct query query;
	mcps_status status;

	mcps__query_start(&query, store, STATEMENT_PRINCIPAL_GET);
	mcps__query_blob(&query, digest, MCPS_PRINCIPAL_DIGEST_SIZE);
	status = principal_take(&query, row, found);
	/* By a damaged index one may find somebody else. */
	if (status == MCPS_OK && *found &&
	    memcmp(row->digest, digest, sizeof row->digest) != 0)
		status = principal_damaged(store, digest);
	return status;
}

mcps_status mcps__sqlite_principal_get(mcps_store *base, const uint8_t *digest,
                                       mcps_principal_fn fn, void *arg)
{
	struct mcps_principal_row row;
	bool found;
	struct sqlite_store *store = sqlite_store(base);
	mcps_status status = principal_find(store, digest, &row, &found);

	if (status == MCPS_OK && found)
		status = mcps__sqlite_tombstone_read(store, &row);
	return status == MCPS_OK && found ? fn(arg, &row) : status;
}

static mcps_status principal_add(struct sqlite_store *store,
                                 struct mcps_principal_row *row)
{
	struct query query;
	mcps_status status =
		mcps__query_start_write(&query, store, STATEMENT_PRINCIPAL_ADD);

	if (status != MCPS_OK)
		return status;
	row->ref = mcps__sqlite_count(&store->principals);
	mcps__query_int(&query, row->ref);
	mcps__query_blob(&query, row->digest, sizeof row->digest);
	mcps__query_int(&query, row->not_before_ms);
	mcps__query_int(&query, principal_checksum(store, row));
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_principal_intern(mcps_store *base,
                                          const uint8_t *digest, int64_t *ref)
{
	struct sqlite_store *store = sqlite_store(base);
	struct mcps_principal_row row = { 0 };
	bool found;
	mcps_status status = principal_find(store, digest, &row, &found);

	*ref = 0;
	if (status == MCPS_OK && !found) {
		memcpy(row.digest, digest, sizeof row.digest);
		status = principal_add(store, &row);
	}
	if (status == MCPS_OK)
		*ref = row.ref;
	return status;
}

mcps_status mcps__sqlite_principal_revoke(mcps_store *base, int64_t ref,
                                          int64_t not_before_ms)
{
	struct sqlite_store *store = sqlite_store(base);
	struct mcps_principal_row row = { 0 };
	struct query query;
	bool found;
	mcps_status status;

	mcps__query_start(&query, store, STATEMENT_PRINCIPAL_BY_REF);
	mcps__query_int(&query, ref);
	status = principal_take(&query, &row, &found);
	if (status == MCPS_OK && !found)
		status = MCPS_E_INVAL;
	if (status == MCPS_OK)
		status = mcps__query_start_write(&query, store,
		                                 STATEMENT_PRINCIPAL_REVOKE);
	if (status != MCPS_OK || row.not_before_ms >= not_before_ms)
		return status;
	row.not_before_ms = not_before_ms;
	mcps__query_int(&query, ref);
	mcps__query_int(&query, not_before_ms);
	mcps__query_int(&query, principal_checksum(store, &row));
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_principal_count(struct sqlite_store *store,
                                         int64_t ref, int change)
{
	struct query query;
	int changes;
	mcps_status status = mcps__query_start_write(&query, store,
	                                             STATEMENT_PRINCIPAL_COUNT);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, ref);
	mcps__query_int(&query, change);
	status = mcps__query_run(&query, &changes);
	if (status == MCPS_OK && changes == 0 && change >= 0)
		return MCPS_E_INVAL;
	return status;
}
