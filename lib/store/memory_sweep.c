/* Removing what is over, oldest first: each step takes the first of an order
 * as long as it is due and the limit allows. */
#include "store/memory_store.h"

struct sweep_step {
	const struct order *order;
	int64_t last; /* the last moment that is over */
	mcps_status (*remove)(struct memory_store *store, void *row,
	                      const struct mcps_sweep *sweep);
};

static mcps_status memory_sweep_tombstone(struct memory_store *store, void *row,
                                          const struct mcps_sweep *sweep)
{
	const struct memory_session *session = row;

	(void)sweep;
	return mcps__memory_session_purge(store, session->row.key);
}

static mcps_status memory_sweep_aged(struct memory_store *store, void *row,
                                     const struct mcps_sweep *sweep)
{
	const struct memory_session *session = row;
	int64_t principal = session->row.principal;
	mcps_status status = mcps__memory_session_end(
		&store->base, session->row.key, sweep->tombstone_until_ms);
	size_t dropped;

	if (status != MCPS_OK || sweep->max_tombstones == 0)
		return status;
	return mcps__memory_tombstone_trim(&store->base, principal,
	                                   sweep->max_tombstones, &dropped);
}

static mcps_status memory_sweep_idle(struct memory_store *store, void *row,
                                     const struct mcps_sweep *sweep)
{
	const struct memory_session *session = row;

	(void)sweep;
	return mcps__memory_session_remove(&store->base, session->row.key);
}

static mcps_status memory_sweep_state(struct memory_store *store, void *row,
                                      const struct mcps_sweep *sweep)
{
	(void)sweep;
	return mcps__memory_state_remove(store, row);
}

/* One row at a time: its events first. */
static mcps_status memory_sweep_stream(struct memory_store *store, void *row,
                                       const struct mcps_sweep *sweep)
{
	const struct memory_stream *stream = row;

	(void)sweep;
	return stream->row.first <= stream->row.last
	               ? mcps__memory_event_drop(store, stream->row.id)
	               : mcps__memory_stream_remove(store, stream->row.id);
}

static mcps_status memory_sweep_run(struct memory_store *store,
                                    const struct sweep_step *step,
                                    const struct mcps_sweep *sweep,
                                    size_t *removed)
{
	struct order_node *node;

	while (*removed < sweep->limit &&
	       (node = mcps__order_first(step->order, 0)) != NULL &&
	       node->at <= step->last) {
		mcps_status status = step->remove(store, node->row, sweep);

		if (status != MCPS_OK)
			return status;
		++*removed;
	}
	return MCPS_OK;
}

/* In the order they were appended, whatever their times are. */
static mcps_status memory_sweep_events(struct memory_store *store, int64_t last,
                                       uint32_t limit, size_t *removed)
{
	struct order_node *node;

	while (*removed < limit &&
	       (node = mcps__order_first(&store->events_by_age, 0)) != NULL) {
		const struct memory_event *event = node->row;
		mcps_status status;

		if (event->row.at_ms > last)
			break;
		status = mcps__memory_event_drop(store, event->stream);
		if (status != MCPS_OK)
			return status;
		++*removed;
	}
	return MCPS_OK;
}

/* Aged sessions go before idle ones: one that is both must stay ended, not
 * become unknown. */
mcps_status mcps__memory_sweep(mcps_store *base, const struct mcps_sweep *sweep,
                               size_t *removed)
{
	struct memory_store *store = memory_store(base);
	const struct sweep_step steps[] = {
		{ &store->tombstones_by_until, sweep->now_ms,
		  memory_sweep_tombstone },
		{ &store->sessions_by_created, sweep->aged_before_ms - 1,
		  memory_sweep_aged },
		{ &store->sessions_by_seen, sweep->idle_before_ms - 1,
		  memory_sweep_idle },
		{ &store->states_by_expiry, sweep->now_ms, memory_sweep_state },
		{ &store->streams_by_seen, sweep->streams_before_ms - 1,
		  memory_sweep_stream },
	};
	mcps_status status = MCPS_OK;

	*removed = 0;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		status = memory_sweep_run(store, &steps[i], sweep, removed);
		if (status != MCPS_OK)
			return status;
	}
	return memory_sweep_events(store, sweep->events_before_ms - 1,
	                           sweep->limit, removed);
}
