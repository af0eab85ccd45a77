/* The events of streams in SQLite. Which number comes next stands in the row
 * of the stream; which is the lowest one kept, the index knows. */
#include "store/sqlite_stream.h"

_Static_assert(MCPS_EVENT_LEAST == 64, "EVENT_BYTES says so, too");

struct event_place {
	int64_t id; /* of the row; 0: none */
	int64_t session;
	int64_t stream;
	int64_t bytes; /* as they count */
	bool due;
};

/* It names the stream by its id, which is never used again. */
static int64_t event_checksum(const struct sqlite_store *store,
                              const struct stream_copy *stream,
                              const struct mcps_event_row *row)
{
	struct checksum sum;

	mcps__checksum_start(&sum, store, 'E');
	mcps__checksum_int(&sum, (int64_t)stream->row.id);
	mcps__checksum_int(&sum, stream->row.session);
	mcps__checksum_int(&sum, stream->ref);
	mcps__checksum_int(&sum, (int64_t)row->seq);
	mcps__checksum_int(&sum, row->at_ms);
	mcps__checksum_int(&sum, (int64_t)row->length);
	mcps__checksum_int(&sum, (int64_t)mcps__checksum_of(store, row->data,
	                                                    row->length));
	return mcps__checksum_end(&sum);
}

mcps_status mcps__sqlite_event_first(struct sqlite_store *store,
                                     const struct stream_copy *stream,
                                     uint64_t *first)
{
	struct query query;

	*first = 0;
	mcps__query_start(&query, store, STATEMENT_EVENT_FIRST);
	mcps__query_int(&query, stream->row.session);
	mcps__query_int(&query, stream->ref);
	mcps__query_int(&query, (int64_t)stream->row.last);
	if (mcps__query_row(&query))
		*first = (uint64_t)mcps__query_int_at(&query, 0);
	if (*first == 0) /* NULL: there is none */
		*first = stream->row.last + 1;
	return mcps__query_end(&query);
}

/* ---- removing ---- */

static void event_cut_bind(struct query *query,
                           const struct stream_copy *stream, uint64_t upto)
{
	mcps__query_int(query, stream->row.session);
	mcps__query_int(query, stream->ref);
	mcps__query_int(query, (int64_t)upto);
}

static mcps_status event_sum(struct sqlite_store *store,
                             const struct stream_copy *stream, uint64_t upto,
                             size_t *count, int64_t *bytes)
{
	struct query query;

	*bytes = 0;
	mcps__query_start(&query, store, STATEMENT_EVENT_SUM);
	event_cut_bind(&query, stream, upto);
	if (mcps__query_row(&query)) {
		*count = (size_t)mcps__query_int_at(&query, 0);
		*bytes = mcps__query_int_at(&query, 1);
	}
	return mcps__query_end(&query);
}

static mcps_status event_cut(struct sqlite_store *store,
                             const struct stream_copy *stream, uint64_t upto)
{
	struct query query;
	mcps_status status =
		mcps__query_start_write(&query, store, STATEMENT_EVENT_CUT);

	if (status != MCPS_OK)
		return status;
	event_cut_bind(&query, stream, upto);
	return mcps__query_run(&query, NULL);
}

mcps_status mcps__sqlite_event_cut(struct sqlite_store *store,
                                   const struct stream_copy *stream,
                                   size_t limit, size_t *removed)
{
	uint64_t upto = stream->row.last;
	struct usage usage;
	uint64_t first;
	int64_t bytes;
	mcps_status status = mcps__sqlite_event_first(store, stream, &first);

	*removed = 0;
	if (status != MCPS_OK || first > upto)
		return status;
	if (upto - first >= limit)
		upto = first + limit - 1;
	status = event_sum(store, stream, upto, removed, &bytes);
	if (status == MCPS_OK && *removed == 0)
		status = MCPS_E_CORRUPT; /* the index lies */
	if (status == MCPS_OK)
		status = mcps__sqlite_usage_read(store, stream->row.session,
		                                 &usage);
	if (status == MCPS_OK)
		status = event_cut(store, stream, upto);
	if (status != MCPS_OK)
		return status;
	usage.bytes -= bytes;
	return mcps__sqlite_usage_write(store, &usage);
}

/* Read the oldest event of all. What cannot be believed is due. */
static mcps_status event_oldest(struct sqlite_store *store, int64_t last_ms,
                                struct event_place *place)
{
	struct mcps_event_row row;
	struct stream_copy stream = { .found = false };
	struct query query;
	mcps_status status = MCPS_OK;
	mcps_status ended;

	*place = (struct event_place){ 0 };
	mcps__query_start(&query, store, STATEMENT_EVENT_OLDEST);
	if (mcps__query_row(&query)) {
		place->id = mcps__query_int_at(&query, 0);
		place->session = mcps__query_int_at(&query, 1);
		place->stream = mcps__query_int_at(&query, 2);
		row.seq = (uint64_t)mcps__query_int_at(&query, 3);
		row.at_ms = mcps__query_int_at(&query, 4);
		row.data = mcps__query_blob_at(&query, 5, &row.length);
		place->bytes = (int64_t)mcps__store_event_bytes(row.length);
		place->due = row.at_ms <= last_ms;
		if (!place->due)
			status = mcps__sqlite_stream_find_ref(
				store, place->stream, &stream);
		if (status == MCPS_OK && !place->due)
			place->due =
				!stream.found ||
				mcps__query_int_at(&query, 6) !=
					event_checksum(store, &stream, &row);
	}
	ended = mcps__query_end(&query);
	return status == MCPS_OK ? ended : status;
}

/* The sums of the sessions are written when another session's turn comes. */
mcps_status mcps__sqlite_event_sweep(struct sqlite_store *store,
                                     int64_t last_ms, size_t limit,
                                     size_t *removed)
{
	struct usage usage = { 0 };
	struct event_place place;
	mcps_status status = MCPS_OK;

	while (status == MCPS_OK && *removed < limit) {
		status = event_oldest(store, last_ms, &place);
		if (status != MCPS_OK || place.id == 0 || !place.due)
			break;
		if (usage.session != place.session && usage.session != 0)
			status = mcps__sqlite_usage_write(store, &usage);
		if (status == MCPS_OK && usage.session != place.session)
			status = mcps__sqlite_usage_read(store, place.session,
			                                 &usage);
		if (status == MCPS_OK)
			status = mcps__query_run_of(
				store, STATEMENT_EVENT_DELETE, place.id);
		usage.bytes -= place.bytes;
		++*removed;
	}
	if (status == MCPS_OK && usage.session != 0)
		status = mcps__sqlite_usage_write(store, &usage);
	return status;
}

/* ---- appending ---- */

static mcps_status event_add(struct sqlite_store *store,
                             const struct stream_copy *stream,
                             const struct mcps_event_row *row)
{
	struct query query;
	mcps_status status =
		mcps__query_start_write(&query, store, STATEMENT_EVENT_ADD);

	if (status != MCPS_OK)
		return status;
	mcps__query_int(&query, stream->row.session);
	mcps__query_int(&query, stream->ref);
	mcps__query_int(&query, (int64_t)row->seq);
	mcps__query_int(&query, row->at_ms);
	mcps__query_blob(&query, row->data, row->length);
	mcps__query_int(&query, event_checksum(store, stream, row));
	return mcps__query_run(&query, NULL);
}

/* The oldest event of the session but for the last one of STREAM. */
static mcps_status event_oldest_of(struct sqlite_store *store,
                                   const struct stream_copy *stream,
                                   struct event_place *place)
{
	struct query query;

	*place = (struct event_place){ 0 };
	mcps__query_start(&query, store, STATEMENT_EVENT_OLDEST_OF);
	mcps__query_int(&query, stream->row.session);
	mcps__query_int(&query, stream->ref);
	mcps__query_int(&query, (int64_t)stream->row.last);
	if (mcps__query_row(&query))
		place->id = mcps__query_int_at(&query, 0);
	return mcps__query_end(&query);
}

/* What it counts; one that is not there is named by an index that lies. */
static mcps_status event_measure(struct sqlite_store *store,
                                 struct event_place *place)
{
	struct query query;
	mcps_status status;
	bool found;

	mcps__query_start(&query, store, STATEMENT_EVENT_LENGTH);
	mcps__query_int(&query, place->id);
	found = mcps__query_row(&query);
	if (found)
		place->bytes = mcps__query_int_at(&query, 0);
	status = mcps__query_end(&query);
	return status == MCPS_OK && !found ? MCPS_E_CORRUPT : status;
}

/* Remove one event, if there is one; *FREED: what it counted. */
static mcps_status event_make_some_room(struct sqlite_store *store,
                                        const struct stream_copy *stream,
                                        bool *found, int64_t *freed)
{
	struct event_place place;
	mcps_status status = event_oldest_of(store, stream, &place);

	*freed = 0;
	*found = place.id != 0;
	if (status != MCPS_OK || place.id == 0)
		return status;
	status = event_measure(store, &place);
	*freed = place.bytes;
	return status == MCPS_OK
	               ? mcps__query_run_of(store, STATEMENT_EVENT_DELETE,
	                                    place.id)
	               : status;
}

static mcps_status sqlite_event_make_room(struct sqlite_store *store,
                                          const struct stream_copy *stream,
                                          int64_t bytes, uint64_t session_bytes,
                                          struct usage *usage)
{
	mcps_status status = MCPS_OK;
	bool repaired = false;

	while (status == MCPS_OK && session_bytes != 0 &&
	       (uint64_t)usage->bytes > session_bytes) {
		bool found;
		int64_t freed;

		status = event_make_some_room(store, stream, &found, &freed);
		if (status == MCPS_OK)
			usage->bytes = found ? usage->bytes - freed : bytes;
		if (status == MCPS_OK && !found)
			break; /* the appended one is alone */
		if (status == MCPS_E_CORRUPT && !repaired) {
			repaired = true;
			status = mcps__sqlite_reindex(store);
			if (status == MCPS_OK)
				status = mcps__sqlite_usage_sum(store, usage);
		}
	}
	return status;
}

/* Add what follows the last one; the row of the stream is still to be written.
 */
static mcps_status events_add(struct sqlite_store *store,
                              struct stream_copy *stream,
                              const struct mcps_event_row *rows, size_t count,
                              struct usage *usage)
{
	mcps_status status = MCPS_OK;

	for (size_t i = 0; i < count && status == MCPS_OK; i++) {
		struct mcps_event_row added = rows[i];

		added.seq = ++stream->row.last;
		if (stream->row.seen_ms < added.at_ms)
			stream->row.seen_ms = added.at_ms;
		usage->bytes += (int64_t)mcps__store_event_bytes(added.length);
		status = event_add(store, stream, &added);
	}
	return status;
}

static mcps_status events_append(struct sqlite_store *store,
                                 struct stream_copy *stream,
                                 const struct mcps_event_row *rows,
                                 size_t count, uint64_t session_bytes)
{
	size_t length = rows[count - 1].length;
	int64_t seen_ms = stream->row.seen_ms;
	struct usage usage;
	mcps_status status =
		mcps__sqlite_usage_read(store, stream->row.session, &usage);

	if (status == MCPS_OK)
		status = events_add(store, stream, rows, count, &usage);
	if (status == MCPS_OK)
		status = stream->row.seen_ms != seen_ms
		                 ? mcps__sqlite_stream_write(store, stream)
		                 : mcps__sqlite_stream_advance(store, stream);
	if (status == MCPS_OK)
		status = sqlite_event_make_room(
			store, stream, (int64_t)mcps__store_event_bytes(length),
			session_bytes, &usage);
	return status == MCPS_OK ? mcps__sqlite_usage_write(store, &usage)
	                         : status;
}

mcps_status mcps__sqlite_event_append(mcps_store *base, uint64_t id,
                                      const struct mcps_event_row *rows,
                                      size_t count, bool ends,
                                      uint64_t session_bytes, uint64_t *seq)
{
	struct sqlite_store *store = sqlite_store(base);
	struct stream_copy stream;
	mcps_status status;

	*seq = 0;
	if (count == 0)
		return MCPS_E_INVAL;
	if (store->disk_full)
		return MCPS_E_STORE;
	status = mcps__sqlite_stream_find(store, id, &stream);
	if (status == MCPS_OK && (!stream.found || stream.row.is_ended))
		status = MCPS_E_GONE;
	if (status != MCPS_OK)
		return status;
	stream.row.is_ended = ends;
	status = events_append(store, &stream, rows, count, session_bytes);
	if (status == MCPS_OK)
		*seq = stream.row.last - count + 1;
	return status;
}

/* ---- replaying ---- */

/* Read the event that the query stands on, which must be number SEQ. */
static bool event_read(struct query *query, const struct stream_copy *stream,
                       uint64_t seq, struct mcps_event_row *row)
{
	row->seq = (uint64_t)mcps__query_int_at(query, 0);
	row->at_ms = mcps__query_int_at(query, 1);
	row->data = mcps__query_blob_at(query, 2, &row->length);
	return row->seq == seq &&
	       mcps__query_int_at(query, 3) ==
	               event_checksum(query->store, stream, row);
}

static mcps_status event_gap_found(struct sqlite_store *store,
                                   const struct stream_copy *stream,
                                   uint64_t seq)
{
	const uint64_t place[] = { stream->row.id, seq };

	mcps__sqlite_report_damage(
		store, "event", mcps__checksum_of(store, place, sizeof place));
	return MCPS_E_CORRUPT;
}

/* Hand out NEXT to last, each of which must be there. */
static mcps_status event_replay(struct sqlite_store *store,
                                const struct stream_copy *stream, uint64_t next,
                                mcps_event_fn fn, void *arg)
{
	mcps_status answer = MCPS_OK;
	struct mcps_event_row row;
	bool whole = true;
	struct query query;
	mcps_status status;

	mcps__query_start(&query, store, STATEMENT_EVENT_LIST);
	mcps__query_int(&query, stream->row.session);
	mcps__query_int(&query, stream->ref);
	mcps__query_int(&query, (int64_t)(next - 1));
	mcps__query_int(&query, (int64_t)stream->row.last);
	while (answer == MCPS_OK && mcps__query_row(&query)) {
		whole = event_read(&query, stream, next, &row);
		if (!whole)
			break;
		answer = fn(arg, &row);
		next++;
	}
	status = mcps__query_end(&query);
	if (status != MCPS_OK || answer != MCPS_OK)
		return status != MCPS_OK ? status : answer;
	return whole && next == stream->row.last + 1
	               ? MCPS_OK
	               : event_gap_found(store, stream, next);
}

mcps_status mcps__sqlite_event_replay(mcps_store *base, uint64_t id,
                                      uint64_t after, mcps_event_fn fn,
                                      void *arg)
{
	struct sqlite_store *store = sqlite_store(base);
	struct stream_copy stream;
	uint64_t first = 0;
	mcps_status status = mcps__sqlite_stream_find(store, id, &stream);

	if (status != MCPS_OK || !stream.found || after >= stream.row.last)
		return status;
	status = mcps__sqlite_event_first(store, &stream, &first);
	if (status != MCPS_OK)
		return status;
	return event_replay(store, &stream,
	                    after + 1 > first ? after + 1 : first, fn, arg);
}
