/* A stream as columns: reading with its checksum, writing with a new one. A
 * damaged row counts as absent. */
#include "store/sqlite_stream.h"

#include <string.h>

enum { /* STREAM_COLUMNS */
       COLUMN_REF,
       COLUMN_ID,
       COLUMN_SESSION,
       COLUMN_OPENED,
       COLUMN_SEEN,
       COLUMN_LAST,
       COLUMN_ENDED,
       COLUMN_REQUEST,
       COLUMN_CHECKSUM,
};

static int64_t stream_checksum(const struct sqlite_store *store,
                               const struct stream_copy *copy)
{
	const struct mcps_stream_row *row = &copy->row;
	struct checksum sum;

	mcps__checksum_start(&sum, store, 'R');
	mcps__checksum_int(&sum, copy->ref);
	mcps__checksum_int(&sum, (int64_t)row->id);
	mcps__checksum_int(&sum, row->session);
	mcps__checksum_int(&sum, row->opened_ms);
	mcps__checksum_int(&sum, row->seen_ms);
	mcps__checksum_int(&sum, (int64_t)row->last);
	mcps__checksum_int(&sum, row->is_ended);
	mcps__checksum_int(&sum, (int64_t)row->request_length);
	mcps__checksum_int(&sum,
	                   (int64_t)mcps__checksum_of(store, row->request,
	                                              row->request_length));
	return mcps__checksum_end(&sum);
}

void mcps__sqlite_stream_keep_request(struct stream_copy *copy,
                                      const void *request, size_t length)
{
	if (length != 0)
		memcpy(copy->request, request, length);
	copy->row.request = copy->request;
	copy->row.request_length = length;
}

/* Copy the row that the query stands on; false, and reported, if it is
 * damaged: then only ref, id and session are what the row says. */
static bool stream_read(struct query *query, struct stream_copy *copy)
{
	struct mcps_stream_row *row = &copy->row;
	int64_t ended = mcps__query_int_at(query, COLUMN_ENDED);
	size_t length;
	const void *request =
		mcps__query_blob_at(query, COLUMN_REQUEST, &length);

	copy->ref = mcps__query_int_at(query, COLUMN_REF);
	*row = (struct mcps_stream_row){
		.id = (uint64_t)mcps__query_int_at(query, COLUMN_ID),
		.session = mcps__query_int_at(query, COLUMN_SESSION),
		.opened_ms = mcps__query_int_at(query, COLUMN_OPENED),
		.seen_ms = mcps__query_int_at(query, COLUMN_SEEN),
		.last = (uint64_t)mcps__query_int_at(query, COLUMN_LAST),
		.is_ended = ended == 1,
	};
	if (length <= sizeof copy->request && (ended == 0 || ended == 1)) {
		mcps__sqlite_stream_keep_request(copy, request, length);
		if (mcps__query_int_at(query, COLUMN_CHECKSUM) ==
		    stream_checksum(query->store, copy))
			return true;
	}
	mcps__sqlite_report_damage(
		query->store, "stream",
		mcps__checksum_of(query->store, &copy->ref, sizeof copy->ref));
	return false;
}

mcps_status mcps__sqlite_stream_find(struct sqlite_store *store, uint64_t id,
                                     struct stream_copy *copy)
{
	struct query query;

	mcps__query_start(&query, store, STATEMENT_STREAM_GET);
	mcps__query_int(&query, (int64_t)id);
	copy->found = mcps__query_row(&query) && stream_read(&query, copy) &&
	              copy->row.id == id;
	return mcps__query_end(&query);
}

mcps_status mcps__sqlite_stream_find_ref(struct sqlite_store *store,
                                         int64_t ref, struct stream_copy *copy)
{
	struct query query;

	mcps__query_start(&query, store, STATEMENT_STREAM_BY_REF);
	mcps__query_int(&query, ref);
	copy->found = mcps__query_row(&query) && stream_read(&query, copy);
	return mcps__query_end(&query);
}

mcps_status mcps__sqlite_stream_add(struct sqlite_store *store,
                                    const struct stream_copy *copy)
{
	const struct mcps_stream_row *row = &copy->row;
	struct query query;
	mcps_status status =
		mcps__query_start_write(&query, store, STATEMENT_STREAM_ADD);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, copy->ref);
	mcps__query_int(&query, (int64_t)row->id);
	mcps__query_int(&query, row->session);
	mcps__query_int(&query, row->opened_ms);
	mcps__query_int(&query, row->seen_ms);
	mcps__query_int(&query, (int64_t)row->last);
	mcps__query_int(&query, row->is_ended);
	mcps__query_blob(&query, row->request, row->request_length);
	mcps__query_int(&query, stream_checksum(store, copy));
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_stream_write(struct sqlite_store *store,
                                      const struct stream_copy *copy)
{
	struct query query;
	mcps_status status =
		mcps__query_start_write(&query, store, STATEMENT_STREAM_CHANGE);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, copy->ref);
	mcps__query_int(&query, copy->row.seen_ms);
	mcps__query_int(&query, (int64_t)copy->row.last);
	mcps__query_int(&query, copy->row.is_ended);
	mcps__query_int(&query, stream_checksum(store, copy));
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_stream_advance(struct sqlite_store *store,
                                        const struct stream_copy *copy)
{
	struct query query;
	mcps_status status = mcps__query_start_write(&query, store,
	                                             STATEMENT_STREAM_ADVANCE);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, copy->ref);
	mcps__query_int(&query, (int64_t)copy->row.last);
	mcps__query_int(&query, copy->row.is_ended);
	mcps__query_int(&query, stream_checksum(store, copy));
	return mcps__query_run(&query, NULL);
}
