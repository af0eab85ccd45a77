/* The events of streams in memory. */
#include "base/memory.h"
#include "store/memory_store.h"

#include <string.h>

static struct memory_event *event_find(struct memory_store *store,
                                       uint64_t stream, uint64_t seq)
{
	const struct memory_event_key key = { stream, seq };

	return mcps__memory_get(&store->events, &key, sizeof key);
}

/* Only of a session that lives is a sum kept: it lives whenever one of its
 * events comes or goes, also while changes are undone, or has ended before and
 * after. */
static void memory_event_count_bytes(struct memory_store *store,
                                     const struct memory_event *event,
                                     bool comes)
{
	struct memory_session *session =
		mcps__memory_session(store, event->session);
	uint64_t bytes = mcps__store_event_bytes(event->row.length);

	if (session != NULL)
		session->event_bytes += comes ? bytes : -bytes;
}

void mcps__memory_event_enter(struct memory_store *store, void *row)
{
	struct memory_event *event = row;

	mcps__memory_order(store, &store->events_by_age, &event->by_age, 0,
	                   event->number, event);
	memory_event_count_bytes(store, event, true);
}

void mcps__memory_event_leave(struct memory_store *store, void *row)
{
	struct memory_event *event = row;

	mcps__order_remove(&store->events_by_age, &event->by_age);
	memory_event_count_bytes(store, event, false);
}

/* ---- appending ---- */

static mcps_status event_put(struct memory_store *store,
                             const struct mcps_stream_row *stream,
                             const struct mcps_event_row *row)
{
	const struct memory_event_key key = { stream->id, stream->last };
	struct memory_event *event = mcps__malloc(sizeof *event + row->length);

	if (event == NULL)
		return MCPS_E_NOMEM;
	event->row = *row;
	event->row.seq = stream->last;
	event->stream = stream->id;
	event->session = stream->session;
	event->number = ++store->last_event;
	if (row->length != 0)
		memcpy(event->data, row->data, row->length);
	event->row.data = event->data;
	return mcps__memory_set(store, &store->events, &key, sizeof key, event);
}

/* The oldest stream of a session that holds an event besides the last one of
 * the stream KEPT. */
static const struct memory_stream *
memory_event_holder_find(const struct memory_store *store, int64_t session,
                         uint64_t kept)
{
	const struct order *order = &store->streams_by_holder;
	struct order_node *node = mcps__order_first(order, session);

	while (node != NULL) {
		const struct memory_stream *stream = node->row;

		if (stream->row.id != kept ||
		    stream->row.first < stream->row.last)
			return stream;
		node = mcps__order_next(order, node);
	}
	return NULL;
}

static uint64_t event_bytes_of_stream(struct memory_store *store,
                                      const struct mcps_stream_row *row)
{
	uint64_t bytes = 0;

	for (uint64_t seq = row->first; seq <= row->last; seq++)
		bytes += mcps__store_event_bytes(
			event_find(store, row->id, seq)->row.length);
	return bytes;
}

static uint64_t event_bytes_of_session(struct memory_store *store, int64_t ref)
{
	const struct memory_session *session = mcps__memory_session(store, ref);
	const struct order *order = &store->streams_by_holder;
	struct order_node *node = mcps__order_first(order, ref);
	uint64_t bytes = 0;

	if (session != NULL)
		return session->event_bytes;
	for (; node != NULL; node = mcps__order_next(order, node))
		bytes += event_bytes_of_stream(
			store, &((const struct memory_stream *)node->row)->row);
	return bytes;
}

static mcps_status memory_event_make_room(struct memory_store *store,
                                          int64_t session, uint64_t kept,
                                          uint64_t session_bytes)
{
	while (session_bytes != 0 &&
	       event_bytes_of_session(store, session) > session_bytes) {
		const struct memory_stream *stream =
			memory_event_holder_find(store, session, kept);
		mcps_status status;

		if (stream == NULL)
			break;
		status = mcps__memory_event_drop(store, stream->row.id);
		if (status != MCPS_OK)
			return status;
	}
	return MCPS_OK;
}

mcps_status mcps__memory_event_append(mcps_store *base, uint64_t id,
                                      const struct mcps_event_row *rows,
                                      size_t count, bool ends,
                                      uint64_t session_bytes, uint64_t *seq)
{
	struct memory_store *store = memory_store(base);
	const struct memory_stream *stream = mcps__memory_stream(store, id);
	mcps_status status = MCPS_OK;
	struct mcps_stream_row after;

	*seq = 0;
	if (count == 0)
		return MCPS_E_INVAL;
	if (stream == NULL || stream->row.is_ended)
		return MCPS_E_GONE;
	after = stream->row;
	after.is_ended = ends;
	for (size_t i = 0; i < count && status == MCPS_OK; i++) {
		after.last++;
		if (after.seen_ms < rows[i].at_ms)
			after.seen_ms = rows[i].at_ms;
		status = event_put(store, &after, &rows[i]);
	}
	if (status == MCPS_OK)
		status = mcps__memory_stream_put(store, &after, stream->ref);
	if (status == MCPS_OK)
		status = memory_event_make_room(store, after.session, id,
		                                session_bytes);
	if (status == MCPS_OK)
		*seq = after.last - count + 1;
	return status;
}

/* ---- replaying ---- */

mcps_status mcps__memory_event_replay(mcps_store *base, uint64_t id,
                                      uint64_t after, mcps_event_fn fn,
                                      void *arg)
{
	struct memory_store *store = memory_store(base);
	const struct memory_stream *stream = mcps__memory_stream(store, id);
	mcps_status status = MCPS_OK;
	uint64_t seq;

	if (stream == NULL || after >= stream->row.last)
		return MCPS_OK;
	seq = after + 1 > stream->row.first ? after + 1 : stream->row.first;
	for (; seq <= stream->row.last && status == MCPS_OK; seq++)
		status = fn(arg, &event_find(store, id, seq)->row);
	return status;
}
