/* Sessions in memory. */
#include "base/memory.h"
#include "store/memory_store.h"

#include <string.h>

static void memory_session_count(struct memory_store *store,
                                 const struct mcps_session_row *row, int change)
{
	struct memory_principal *principal =
		mcps__memory_principal(store, row->principal);

	if (principal != NULL && row->phase == MCPS_PHASE_ENDED)
		principal->tombstones += change;
	else if (principal != NULL)
		principal->row.live_sessions += change;
}

void mcps__memory_session_enter(struct memory_store *store, void *row)
{
	struct memory_session *session = row;
	const struct mcps_session_row *is = &session->row;

	memory_session_count(store, is, 1);
	if (is->phase == MCPS_PHASE_ENDED) {
		mcps__memory_order(store, &store->tombstones_by_until,
		                   &session->by_until, 0, is->until_ms,
		                   session);
		mcps__memory_order(store, &store->tombstones_by_owner,
		                   &session->by_owner, is->principal,
		                   mcps__store_key_time(is->key), session);
		return;
	}
	mcps__memory_order(store, &store->sessions_by_ref, &session->by_ref,
	                   is->ref, 0, session);
	mcps__memory_order(store, &store->sessions_by_owner, &session->by_owner,
	                   is->principal, is->seen_ms, session);
	mcps__memory_order(store, &store->sessions_by_seen, &session->by_seen,
	                   0, is->seen_ms, session);
	mcps__memory_order(store, &store->sessions_by_created,
	                   &session->by_created, 0, is->created_ms, session);
}

void mcps__memory_session_leave(struct memory_store *store, void *row)
{
	struct memory_session *session = row;

	memory_session_count(store, &session->row, -1);
	if (session->row.phase == MCPS_PHASE_ENDED) {
		mcps__order_remove(&store->tombstones_by_until,
		                   &session->by_until);
		mcps__order_remove(&store->tombstones_by_owner,
		                   &session->by_owner);
		return;
	}
	mcps__order_remove(&store->sessions_by_ref, &session->by_ref);
	mcps__order_remove(&store->sessions_by_owner, &session->by_owner);
	mcps__order_remove(&store->sessions_by_seen, &session->by_seen);
	mcps__order_remove(&store->sessions_by_created, &session->by_created);
}

/* ---- helpers ---- */

static struct memory_session *memory_session_find(struct memory_store *store,
                                                  const uint8_t *key)
{
	return mcps__memory_get(&store->sessions, key, MCPS_SESSION_KEY_SIZE);
}

static struct memory_session *
memory_session_find_live(struct memory_store *store, const uint8_t *key)
{
	struct memory_session *session = memory_session_find(store, key);

	if (session == NULL || session->row.phase != MCPS_PHASE_LIVE)
		return NULL;
	return session;
}

static mcps_status memory_session_put(struct memory_store *store,
                                      const struct mcps_session_row *row)
{
	const struct memory_session *before =
		memory_session_find(store, row->key);
	struct memory_session *session =
		mcps__malloc(sizeof *session + row->data_length);

	if (session == NULL)
		return MCPS_E_NOMEM;
	session->event_bytes = before != NULL ? before->event_bytes : 0;
	session->row = *row;
	session->row.data = NULL;
	if (row->data_length != 0) {
		memcpy(session->data, row->data, row->data_length);
		session->row.data = session->data;
	}
	return mcps__memory_set(store, &store->sessions, row->key,
	                        sizeof row->key, session);
}

static mcps_status memory_tombstone_put(struct memory_store *store,
                                        const uint8_t *key, int64_t principal,
                                        int64_t until_ms)
{
	struct mcps_session_row row = {
		.principal = principal,
		.phase = MCPS_PHASE_ENDED,
		.until_ms = until_ms,
	};

	memcpy(row.key, key, sizeof row.key);
	return memory_session_put(store, &row);
}

/* ---- operations ---- */

mcps_status mcps__memory_session_load(mcps_store *base, const uint8_t *key,
                                      mcps_session_fn fn, void *arg)
{
	const struct memory_session *session =
		memory_session_find(memory_store(base), key);

	return session != NULL ? fn(arg, &session->row) : MCPS_OK;
}

mcps_status mcps__memory_session_insert(mcps_store *base,
                                        const struct mcps_session_row *row,
                                        int64_t *ref)
{
	struct memory_store *store = memory_store(base);
	struct mcps_session_row added = *row;
	mcps_status status;

	*ref = 0;
	if (memory_session_find(store, row->key) != NULL)
		return MCPS_E_EXISTS;
	if (mcps__memory_principal(store, row->principal) == NULL)
		return MCPS_E_INVAL;
	added.ref = ++store->last_session;
	added.phase = MCPS_PHASE_LIVE;
	added.version = 1;
	added.until_ms = 0;
	status = memory_session_put(store, &added);
	if (status == MCPS_OK)
		*ref = added.ref;
	return status;
}

mcps_status mcps__memory_session_save(mcps_store *base,
                                      const struct mcps_session_row *row)
{
	struct memory_store *store = memory_store(base);
	const struct memory_session *session =
		memory_session_find_live(store, row->key);
	struct mcps_session_row saved = *row;

	if (session == NULL)
		return MCPS_E_GONE;
	if (session->row.version != row->version)
		return MCPS_E_CONFLICT;
	if (session->row.principal != row->principal)
		return MCPS_E_INVAL; /* keys belong to principals */
	saved.ref = session->row.ref;
	saved.phase = MCPS_PHASE_LIVE;
	saved.version = row->version + 1;
	saved.until_ms = 0;
	if (saved.seen_ms < session->row.seen_ms)
		saved.seen_ms = session->row.seen_ms;
	return memory_session_put(store, &saved);
}

mcps_status mcps__memory_session_touch(mcps_store *base, const uint8_t *key,
                                       int64_t seen_ms)
{
	struct memory_store *store = memory_store(base);
	const struct memory_session *session =
		memory_session_find_live(store, key);
	struct mcps_session_row touched;

	if (session == NULL)
		return MCPS_E_GONE;
	if (session->row.seen_ms >= seen_ms)
		return MCPS_OK;
	touched = session->row;
	touched.seen_ms = seen_ms;
	return memory_session_put(store, &touched);
}

mcps_status mcps__memory_session_guard(mcps_store *base, int64_t ref)
{
	return mcps__memory_session(memory_store(base), ref) != NULL
	               ? MCPS_OK
	               : MCPS_E_GONE;
}

/* A live session that ends leaves the streams of its calls, and no state. */
static mcps_status memory_session_let_go(struct memory_store *store,
                                         const struct memory_session *session)
{
	mcps_status status = mcps__memory_state_clear(store, session->row.ref);

	return status == MCPS_OK
	               ? mcps__memory_stream_clear(store, &session->row)
	               : status;
}

mcps_status mcps__memory_session_end(mcps_store *base, const uint8_t *key,
                                     int64_t until_ms)
{
	struct memory_store *store = memory_store(base);
	const struct memory_session *session =
		memory_session_find_live(store, key);
	mcps_status status;

	if (session == NULL)
		return MCPS_E_GONE;
	status = memory_session_let_go(store, session);
	if (status != MCPS_OK)
		return status;
	return memory_tombstone_put(store, session->row.key,
	                            session->row.principal, until_ms);
}

mcps_status mcps__memory_session_tombstone(mcps_store *base, const uint8_t *key,
                                           int64_t principal, int64_t until_ms)
{
	struct memory_store *store = memory_store(base);
	const struct memory_session *session = memory_session_find(store, key);

	if (session == NULL) {
		if (mcps__memory_principal(store, principal) == NULL)
			return MCPS_E_INVAL;
		return memory_tombstone_put(store, key, principal, until_ms);
	}
	if (session->row.phase == MCPS_PHASE_LIVE)
		return MCPS_E_EXISTS;
	if (session->row.until_ms >= until_ms)
		return MCPS_OK;
	return memory_tombstone_put(store, key, session->row.principal,
	                            until_ms);
}

mcps_status mcps__memory_session_purge(struct memory_store *store,
                                       const uint8_t *key)
{
	return mcps__memory_set(store, &store->sessions, key,
	                        MCPS_SESSION_KEY_SIZE, NULL);
}

mcps_status mcps__memory_session_remove(mcps_store *base, const uint8_t *key)
{
	struct memory_store *store = memory_store(base);
	const struct memory_session *session =
		memory_session_find_live(store, key);
	mcps_status status;

	if (session == NULL)
		return MCPS_E_GONE;
	status = memory_session_let_go(store, session);
	return status == MCPS_OK ? mcps__memory_session_purge(store, key)
	                         : status;
}

mcps_status mcps__memory_session_list(mcps_store *base, int64_t principal,
                                      mcps_session_fn fn, void *arg)
{
	const struct order *order = &memory_store(base)->sessions_by_owner;
	struct order_node *node = mcps__order_first(order, principal);

	while (node != NULL) {
		const struct memory_session *session = node->row;
		mcps_status status = fn(arg, &session->row);

		if (status != MCPS_OK)
			return status;
		node = mcps__order_next(order, node);
	}
	return MCPS_OK;
}

/* Drop the tombstone of the lowest key. */
static mcps_status memory_tombstone_drop(struct memory_store *store,
                                         int64_t principal)
{
	const struct order_node *node =
		mcps__order_first(&store->tombstones_by_owner, principal);
	const struct memory_session *session = node->row;
	mcps_status status = mcps__memory_principal_forget(
		store, principal, mcps__store_key_time(session->row.key) + 1);

	return status == MCPS_OK
	               ? mcps__memory_session_purge(store, session->row.key)
	               : status;
}

mcps_status mcps__memory_tombstone_trim(mcps_store *base, int64_t principal,
                                        uint32_t most, size_t *dropped)
{
	struct memory_store *store = memory_store(base);
	const struct memory_principal *owner =
		mcps__memory_principal(store, principal);
	mcps_status status = MCPS_OK;

	*dropped = 0;
	while (owner != NULL && owner->tombstones > most &&
	       *dropped < MCPS_TOMBSTONES_DROPPED) {
		status = memory_tombstone_drop(store, principal);
		if (status != MCPS_OK)
			break;
		++*dropped;
		owner = mcps__memory_principal(store, principal);
	}
	return status;
}
