/* What tools keep, in memory. */
#include "base/memory.h"
#include "store/memory_store.h"

#include <string.h>

/* The key of the table: scope, owner, key, one after the other. */
struct state_key {
	size_t length;
	unsigned char bytes[1 + sizeof(int64_t) + STORE_STATE_KEY_MAX];
};

/* LENGTH is that of KEY, 1 to STORE_STATE_KEY_MAX. */
static void state_key_make(struct state_key *made, enum mcps_state_owner scope,
                           int64_t owner, const char *key, size_t length)
{
	made->bytes[0] = (unsigned char)scope;
	memcpy(made->bytes + 1, &owner, sizeof owner);
	memcpy(made->bytes + 1 + sizeof owner, key, length);
	made->length = 1 + sizeof owner + length;
}

void mcps__memory_state_enter(struct memory_store *store, void *row)
{
	struct memory_state *state = row;

	mcps__memory_order(store, &store->states_by_owner, &state->by_owner,
	                   state->row.owner, state->row.scope, state);
	if (state->row.expires_ms != 0)
		mcps__memory_order(store, &store->states_by_expiry,
		                   &state->by_expiry, 0, state->row.expires_ms,
		                   state);
}

void mcps__memory_state_leave(struct memory_store *store, void *row)
{
	struct memory_state *state = row;

	mcps__order_remove(&store->states_by_owner, &state->by_owner);
	if (state->row.expires_ms != 0)
		mcps__order_remove(&store->states_by_expiry, &state->by_expiry);
}

static struct memory_state *memory_state_find(struct memory_store *store,
                                              enum mcps_state_owner scope,
                                              int64_t owner, const char *key)
{
	size_t length = mcps__store_state_key_length(key);
	struct state_key made;

	if (length == 0)
		return NULL;
	state_key_make(&made, scope, owner, key, length);
	return mcps__memory_get(&store->states, made.bytes, made.length);
}

mcps_status mcps__memory_state_get(mcps_store *base,
                                   enum mcps_state_owner scope, int64_t owner,
                                   const char *key, mcps_state_fn fn, void *arg)
{
	const struct memory_state *state =
		memory_state_find(memory_store(base), scope, owner, key);

	return state != NULL ? fn(arg, &state->row) : MCPS_OK;
}

static struct memory_state *state_new(const struct mcps_state_row *row,
                                      size_t key_length)
{
	struct memory_state *state =
		mcps__malloc(sizeof *state + key_length + 1 + row->length);
	char *value;

	if (state == NULL)
		return NULL;
	memcpy(state->data, row->key, key_length + 1);
	value = state->data + key_length + 1;
	if (row->length != 0)
		memcpy(value, row->value, row->length);
	state->key_length = key_length;
	state->row = *row;
	state->row.key = state->data;
	state->row.value = value;
	state->row.version = row->version + 1;
	return state;
}

/* Compare-and-swap: 0 means "not there". */
static bool memory_state_version_matches(const struct memory_state *state,
                                         uint64_t version)
{
	return (state != NULL ? state->row.version : 0) == version;
}

mcps_status mcps__memory_state_put(mcps_store *base,
                                   const struct mcps_state_row *row)
{
	struct memory_store *store = memory_store(base);
	size_t length = mcps__store_state_key_length(row->key);
	struct memory_state *state;
	struct state_key key;

	if (length == 0)
		return MCPS_E_INVAL;
	state = memory_state_find(store, row->scope, row->owner, row->key);
	if (!memory_state_version_matches(state, row->version))
		return MCPS_E_CONFLICT;
	state = state_new(row, length);
	if (state == NULL)
		return MCPS_E_NOMEM;
	state_key_make(&key, row->scope, row->owner, row->key, length);
	return mcps__memory_set(store, &store->states, key.bytes, key.length,
	                        state);
}

mcps_status mcps__memory_state_remove(struct memory_store *store,
                                      const struct memory_state *state)
{
	struct state_key key;

	state_key_make(&key, state->row.scope, state->row.owner, state->row.key,
	               state->key_length);
	return mcps__memory_set(store, &store->states, key.bytes, key.length,
	                        NULL);
}

mcps_status mcps__memory_state_delete(mcps_store *base,
                                      enum mcps_state_owner scope,
                                      int64_t owner, const char *key,
                                      uint64_t version)
{
	struct memory_store *store = memory_store(base);
	const struct memory_state *state =
		memory_state_find(store, scope, owner, key);

	if (!memory_state_version_matches(state, version))
		return MCPS_E_CONFLICT;
	return state != NULL ? mcps__memory_state_remove(store, state)
	                     : MCPS_OK;
}

/* The next row of an owner in one scope, NODE itself included. */
static struct memory_state *state_of(const struct memory_store *store,
                                     struct order_node *node,
                                     enum mcps_state_owner scope)
{
	while (node != NULL) {
		struct memory_state *state = node->row;

		if (state->row.scope == scope)
			return state;
		node = mcps__order_next(&store->states_by_owner, node);
	}
	return NULL;
}

mcps_status mcps__memory_state_usage(mcps_store *base,
                                     enum mcps_state_owner scope, int64_t owner,
                                     uint64_t *bytes)
{
	struct memory_store *store = memory_store(base);
	const struct order *order = &store->states_by_owner;
	const struct memory_state *state =
		state_of(store, mcps__order_first(order, owner), scope);

	*bytes = 0;
	while (state != NULL) {
		*bytes += state->key_length + state->row.length;
		state = state_of(store,
		                 mcps__order_next(order, &state->by_owner),
		                 scope);
	}
	return MCPS_OK;
}

mcps_status mcps__memory_state_clear(struct memory_store *store,
                                     int64_t session)
{
	const struct order *order = &store->states_by_owner;
	struct memory_state *state;

	while ((state = state_of(store, mcps__order_first(order, session),
	                         MCPS_STATE_OF_SESSION)) != NULL) {
		mcps_status status = mcps__memory_state_remove(store, state);

		if (status != MCPS_OK)
			return status;
	}
	return MCPS_OK;
}
