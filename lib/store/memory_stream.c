/* Streams in memory. */
#include "base/memory.h"
#include "store/memory_store.h"

#include <string.h>

static bool memory_stream_holds_events(const struct memory_stream *stream)
{
	return stream->row.first <= stream->row.last;
}

void mcps__memory_stream_enter(struct memory_store *store, void *row)
{
	struct memory_stream *stream = row;
	int64_t session = stream->row.session;

	mcps__memory_order(store, &store->streams_by_session,
	                   &stream->by_session, session, stream->ref, stream);
	if (memory_stream_holds_events(stream))
		mcps__memory_order(store, &store->streams_by_holder,
		                   &stream->by_holder, session, stream->ref,
		                   stream);
	if (stream->row.request_length == 0)
		mcps__memory_order(store, &store->streams_of_no_call,
		                   &stream->of_no_call, session, stream->ref,
		                   stream);
	mcps__memory_order(store, &store->streams_by_seen, &stream->by_seen, 0,
	                   stream->row.seen_ms, stream);
}

void mcps__memory_stream_leave(struct memory_store *store, void *row)
{
	struct memory_stream *stream = row;

	mcps__order_remove(&store->streams_by_session, &stream->by_session);
	if (memory_stream_holds_events(stream))
		mcps__order_remove(&store->streams_by_holder,
		                   &stream->by_holder);
	if (stream->row.request_length == 0)
		mcps__order_remove(&store->streams_of_no_call,
		                   &stream->of_no_call);
	mcps__order_remove(&store->streams_by_seen, &stream->by_seen);
}

struct memory_stream *mcps__memory_stream(struct memory_store *store,
                                          uint64_t id)
{
	return mcps__memory_get(&store->streams, &id, sizeof id);
}

mcps_status mcps__memory_stream_put(struct memory_store *store,
                                    const struct mcps_stream_row *row,
                                    int64_t ref)
{
	struct memory_stream *stream =
		mcps__malloc(sizeof *stream + row->request_length);

	if (stream == NULL)
		return MCPS_E_NOMEM;
	stream->row = *row;
	stream->ref = ref;
	if (row->request_length != 0)
		memcpy(stream->request, row->request, row->request_length);
	stream->row.request = stream->request;
	if (row->ended_key != NULL) {
		memcpy(stream->key, row->ended_key, sizeof stream->key);
		stream->row.ended_key = stream->key;
	}
	return mcps__memory_set(store, &store->streams, &row->id,
	                        sizeof row->id, stream);
}

/* The oldest stream of no call, if the session has MOST of them. */
static const struct memory_stream *
memory_stream_oldest_of_no_call(const struct memory_store *store,
                                int64_t session, uint32_t most)
{
	const struct order *order = &store->streams_of_no_call;
	struct order_node *first = mcps__order_first(order, session);
	struct order_node *node = first;
	uint32_t count = 0;

	for (; node != NULL && count < most; count++)
		node = mcps__order_next(order, node);
	return first != NULL && count == most ? first->row : NULL;
}

static mcps_status memory_stream_make_room(struct memory_store *store,
                                           const struct mcps_stream_row *row,
                                           uint32_t most, uint64_t *gone)
{
	const struct memory_stream *oldest;

	*gone = 0;
	if (most == 0 || row->request_length != 0)
		return MCPS_OK;
	oldest = memory_stream_oldest_of_no_call(store, row->session, most);
	if (oldest == NULL)
		return MCPS_OK;
	*gone = oldest->row.id;
	return mcps__memory_stream_remove(store, *gone);
}

mcps_status mcps__memory_stream_insert(mcps_store *base,
                                       const struct mcps_stream_row *row,
                                       uint32_t most, uint64_t *gone)
{
	struct memory_store *store = memory_store(base);
	struct mcps_stream_row added = *row;
	mcps_status status;

	*gone = 0;
	if (!mcps__store_stream_is_valid(row))
		return MCPS_E_INVAL;
	if (mcps__memory_session(store, row->session) == NULL)
		return MCPS_E_GONE;
	if (mcps__memory_stream(store, row->id) != NULL)
		return MCPS_E_EXISTS;
	added.seen_ms = row->opened_ms;
	added.first = 1;
	added.last = 0;
	added.is_ended = false;
	added.ended_key = NULL;
	status = memory_stream_make_room(store, row, most, gone);
	return status == MCPS_OK ? mcps__memory_stream_put(store, &added,
	                                                   ++store->last_stream)
	                         : status;
}

mcps_status mcps__memory_stream_get(mcps_store *base, uint64_t id,
                                    mcps_stream_fn fn, void *arg)
{
	const struct memory_stream *stream =
		mcps__memory_stream(memory_store(base), id);

	return stream != NULL ? fn(arg, &stream->row) : MCPS_OK;
}

mcps_status mcps__memory_stream_touch(mcps_store *base, uint64_t id,
                                      int64_t seen_ms)
{
	struct memory_store *store = memory_store(base);
	const struct memory_stream *stream = mcps__memory_stream(store, id);
	struct mcps_stream_row touched;

	if (stream == NULL)
		return MCPS_E_GONE;
	if (stream->row.seen_ms >= seen_ms)
		return MCPS_OK;
	touched = stream->row;
	touched.seen_ms = seen_ms;
	return mcps__memory_stream_put(store, &touched, stream->ref);
}

mcps_status mcps__memory_event_drop(struct memory_store *store, uint64_t id)
{
	const struct memory_stream *stream = mcps__memory_stream(store, id);
	const struct memory_event_key key = { id, stream->row.first };
	struct mcps_stream_row after = stream->row;
	mcps_status status =
		mcps__memory_set(store, &store->events, &key, sizeof key, NULL);

	after.first++;
	return status == MCPS_OK
	               ? mcps__memory_stream_put(store, &after, stream->ref)
	               : status;
}

mcps_status mcps__memory_stream_remove(struct memory_store *store, uint64_t id)
{
	const struct memory_stream *stream;

	while ((stream = mcps__memory_stream(store, id)) != NULL &&
	       memory_stream_holds_events(stream)) {
		mcps_status status = mcps__memory_event_drop(store, id);

		if (status != MCPS_OK)
			return status;
	}
	return mcps__memory_set(store, &store->streams, &id, sizeof id, NULL);
}

static mcps_status memory_stream_clear_no_calls(struct memory_store *store,
                                                int64_t session)
{
	struct order_node *node;

	while ((node = mcps__order_first(&store->streams_of_no_call,
	                                 session)) != NULL) {
		const struct memory_stream *stream = node->row;
		mcps_status status =
			mcps__memory_stream_remove(store, stream->row.id);

		if (status != MCPS_OK)
			return status;
	}
	return MCPS_OK;
}

/* Each is put anew, where it was. */
mcps_status mcps__memory_stream_clear(struct memory_store *store,
                                      const struct mcps_session_row *session)
{
	const struct order *order = &store->streams_by_session;
	mcps_status status = memory_stream_clear_no_calls(store, session->ref);
	struct order_node *node = mcps__order_first(order, session->ref);

	while (status == MCPS_OK && node != NULL) {
		const struct memory_stream *stream = node->row;
		struct mcps_stream_row row = stream->row;

		node = mcps__order_next(order, node);
		row.ended_key = session->key;
		status = mcps__memory_stream_put(store, &row, stream->ref);
	}
	return status;
}
