/* How many bytes of events each session holds, so that appending one does not
 * sum them up. A row that is missing or damaged is only a reason to do so. */
#include "store/sqlite_stream.h"

static int64_t usage_checksum(const struct sqlite_store *store,
                              const struct usage *usage)
{
	struct checksum sum;

	mcps__checksum_start(&sum, store, 'U');
	mcps__checksum_int(&sum, usage->session);
	mcps__checksum_int(&sum, usage->bytes);
	return mcps__checksum_end(&sum);
}

mcps_status mcps__sqlite_usage_sum(struct sqlite_store *store,
                                   struct usage *usage)
{
	struct query query;

	mcps__query_start(&query, store, STATEMENT_USAGE_SUM);
	mcps__query_int(&query, usage->session);
	if (mcps__query_row(&query))
		usage->bytes = mcps__query_int_at(&query, 0);
	return mcps__query_end(&query);
}

mcps_status mcps__sqlite_usage_read(struct sqlite_store *store, int64_t session,
                                    struct usage *usage)
{
	bool found = false;
	struct query query;
	mcps_status status;

	*usage = (struct usage){ .session = session };
	mcps__query_start(&query, store, STATEMENT_USAGE_GET);
	mcps__query_int(&query, session);
	if (mcps__query_row(&query)) {
		usage->bytes = mcps__query_int_at(&query, 0);
		found = mcps__query_int_at(&query, 1) ==
		        usage_checksum(store, usage);
	}
	status = mcps__query_end(&query);
	return status == MCPS_OK && !found
	               ? mcps__sqlite_usage_sum(store, usage)
	               : status;
}

mcps_status mcps__sqlite_usage_write(struct sqlite_store *store,
                                     const struct usage *usage)
{
	struct query query;
	mcps_status status;

	if (usage->bytes <= 0)
		return mcps__sqlite_usage_clear(store, usage->session);
	status = mcps__query_start_write(&query, store, STATEMENT_USAGE_PUT);
	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, usage->session);
	mcps__query_int(&query, usage->bytes);
	mcps__query_int(&query, usage_checksum(store, usage));
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_usage_clear(struct sqlite_store *store,
                                     int64_t session)
{
	return mcps__query_run_of(store, STATEMENT_USAGE_CLEAR, session);
}
