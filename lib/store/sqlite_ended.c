/* Sessions that have ended and left streams of calls, in SQLite: under the ref
 * that each had, its key. A row that is missing or damaged makes its streams
 * nobody's. */
#include "store/sqlite_stream.h"

#include <string.h>

static int64_t ended_checksum(const struct sqlite_store *store, int64_t session,
                              const uint8_t *key)
{
	struct checksum sum;

	mcps__checksum_start(&sum, store, 'D');
	mcps__checksum_int(&sum, session);
	mcps__checksum_int(&sum, (int64_t)mcps__checksum_of(
					 store, key, MCPS_SESSION_KEY_SIZE));
	return mcps__checksum_end(&sum);
}

/* Nothing is added if the session has no streams. */
mcps_status mcps__sqlite_ended_add(struct sqlite_store *store, int64_t session,
                                   const uint8_t *key)
{
	struct query query;
	mcps_status status =
		mcps__query_start_write(&query, store, STATEMENT_ENDED_ADD);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, session);
	mcps__query_blob(&query, key, MCPS_SESSION_KEY_SIZE);
	mcps__query_int(&query, ended_checksum(store, session, key));
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_ended_find(struct sqlite_store *store, int64_t session,
                                    uint8_t *key, bool *found)
{
	struct query query;

	mcps__query_start(&query, store, STATEMENT_ENDED_GET);
	mcps__query_int(&query, session);
	*found = mcps__query_row(&query) &&
	         mcps__query_bytes(&query, 0, key, MCPS_SESSION_KEY_SIZE) &&
	         mcps__query_int_at(&query, 1) ==
	                 ended_checksum(store, session, key);
	return mcps__query_end(&query);
}

mcps_status mcps__sqlite_ended_forget(struct sqlite_store *store,
                                      int64_t session)
{
	return mcps__query_run_of(store, STATEMENT_ENDED_FORGET, session);
}
