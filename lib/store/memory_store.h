/* The inside of the memory back end: tables of rows that are replaced, never
 * changed in place, so that a transaction is undone by putting the former row
 * back. Committing and undoing allocate nothing and cannot fail. */
#ifndef MCPS_STORE_MEMORY_STORE_H
#define MCPS_STORE_MEMORY_STORE_H

#include "store/backends.h"
#include "store/order.h"

struct memory_slot;
struct memory_store;

/* Rows by key. enter and leave keep the orders below in step with the rows;
 * both may be NULL. A row is one allocation. */
struct memory_table {
	struct memory_slot *slots;
	void (*enter)(struct memory_store *store, void *row);
	void (*leave)(struct memory_store *store, void *row);
};

/* One entry of the undo log. */
struct memory_change {
	struct memory_table *table;
	struct memory_slot *slot;
	void *before; /* the row that was there, or NULL */
};

enum memory_transaction {
	MEMORY_NONE,
	MEMORY_OPEN,
	MEMORY_SAVED, /* open, with a savepoint */
};

struct memory_store {
	mcps_store base;
	struct memory_table metas;
	struct memory_table principals;
	struct memory_table sessions;
	struct memory_table states;
	struct memory_table streams;
	struct memory_table events;

	struct order principals_by_ref;
	struct order sessions_by_ref;     /* live ones */
	struct order sessions_by_owner;   /* live ones, by last seen */
	struct order sessions_by_seen;    /* live ones */
	struct order sessions_by_created; /* live ones */
	struct order tombstones_by_until;
	struct order tombstones_by_owner; /* by the times of their keys */
	struct order states_by_owner;
	struct order states_by_expiry;   /* those that expire */
	struct order streams_by_session; /* in the order they were opened */
	struct order streams_by_holder;  /* those that hold events, likewise */
	struct order streams_of_no_call; /* likewise */
	struct order streams_by_seen;
	struct order events_by_age; /* in the order they were appended */

	enum memory_transaction transaction;
	struct memory_change *changes;
	size_t change_count;
	size_t change_capacity;
	size_t saved; /* changes before the savepoint */

	/* Not undone, so that no number is ever given twice. */
	uint64_t last_serial;
	int64_t last_principal;
	int64_t last_session;
	int64_t last_stream;
	int64_t last_event;
};

struct memory_principal {
	struct mcps_principal_row row;
	int64_t tombstones; /* it owns */
	struct order_node by_ref;
};

struct memory_session {
	struct mcps_session_row row; /* its data points behind the struct */
	struct order_node by_ref;
	struct order_node by_owner;
	struct order_node by_seen;
	struct order_node by_created;
	struct order_node by_until; /* of a tombstone, and by_owner */
	uint64_t event_bytes;       /* of all its streams */
	unsigned char data[];
};

struct memory_state {
	struct mcps_state_row row; /* key and value point behind the struct */
	size_t key_length;
	struct order_node by_owner;
	struct order_node by_expiry;
	char data[]; /* key, NUL, value */
};

struct memory_stream {
	struct mcps_stream_row row; /* its request points behind the struct,
	                             * its ended_key to key */
	int64_t ref;                /* ascending */
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	struct order_node by_session;
	struct order_node by_holder;
	struct order_node of_no_call;
	struct order_node by_seen;
	char request[];
};

/* The key of an event in its table. */
struct memory_event_key {
	uint64_t stream;
	uint64_t seq;
};

struct memory_event {
	struct mcps_event_row row; /* its data points behind the struct */
	uint64_t stream;
	int64_t session;
	int64_t number; /* ascending */
	struct order_node by_age;
	unsigned char data[];
};

static inline struct memory_store *memory_store(mcps_store *base)
{
	return (struct memory_store *)base; /* its first member */
}

/* The live session of a ref, or NULL. */
static inline struct memory_session *
mcps__memory_session(struct memory_store *store, int64_t ref)
{
	struct order_node *node =
		mcps__order_first(&store->sessions_by_ref, ref);

	return node != NULL ? node->row : NULL;
}

/* ---- memory_table.c ---- */

void *mcps__memory_get(const struct memory_table *table, const void *key,
                       size_t length);

/* Replace the row of a key inside the transaction; a NULL row removes it. The
 * row is taken over, also on failure.
 * @return MCPS_OK, MCPS_E_NOMEM, MCPS_E_INVAL (no transaction) */
mcps_status mcps__memory_set(struct memory_store *store,
                             struct memory_table *table, const void *key,
                             size_t length, void *row);
void mcps__memory_table_finish(struct memory_table *table);

mcps_status mcps__memory_begin(mcps_store *store);
mcps_status mcps__memory_commit(mcps_store *store);
void mcps__memory_rollback(mcps_store *store);
mcps_status mcps__memory_savepoint(mcps_store *store);
mcps_status mcps__memory_release(mcps_store *store);
mcps_status mcps__memory_rollback_to(mcps_store *store);

/* Put ROW's NODE into ORDER, or take it out. */
void mcps__memory_order(struct memory_store *store, struct order *order,
                        struct order_node *node, int64_t group, int64_t at,
                        void *row);

/* ---- memory_principal.c, memory_session.c, memory_state.c ---- */

mcps_status mcps__memory_meta_get(mcps_store *, const char *name, mcps_meta_fn,
                                  void *arg);
mcps_status mcps__memory_meta_put(mcps_store *, const char *name,
                                  const void *value, size_t length);
mcps_status mcps__memory_meta_set(struct memory_store *, const char *name,
                                  const void *value, size_t length);

void mcps__memory_principal_enter(struct memory_store *, void *row);
void mcps__memory_principal_leave(struct memory_store *, void *row);
struct memory_principal *mcps__memory_principal(struct memory_store *,
                                                int64_t ref);
mcps_status mcps__memory_principal_get(mcps_store *, const uint8_t *digest,
                                       mcps_principal_fn, void *arg);
mcps_status mcps__memory_principal_intern(mcps_store *, const uint8_t *digest,
                                          int64_t *ref);
mcps_status mcps__memory_principal_revoke(mcps_store *, int64_t ref,
                                          int64_t not_before_ms);
/* Tombstones of keys with a time before FROM_MS may be gone. */
mcps_status mcps__memory_principal_forget(struct memory_store *, int64_t ref,
                                          int64_t from_ms);

void mcps__memory_session_enter(struct memory_store *, void *row);
void mcps__memory_session_leave(struct memory_store *, void *row);
mcps_status mcps__memory_session_load(mcps_store *, const uint8_t *key,
                                      mcps_session_fn, void *arg);
mcps_status mcps__memory_session_insert(mcps_store *,
                                        const struct mcps_session_row *row,
                                        int64_t *ref);
mcps_status mcps__memory_session_save(mcps_store *,
                                      const struct mcps_session_row *row);
mcps_status mcps__memory_session_touch(mcps_store *, const uint8_t *key,
                                       int64_t seen_ms);
mcps_status mcps__memory_session_guard(mcps_store *, int64_t ref);
mcps_status mcps__memory_session_end(mcps_store *, const uint8_t *key,
                                     int64_t until_ms);
mcps_status mcps__memory_session_tombstone(mcps_store *, const uint8_t *key,
                                           int64_t principal, int64_t until_ms);
mcps_status mcps__memory_session_remove(mcps_store *, const uint8_t *key);
mcps_status mcps__memory_session_purge(struct memory_store *,
                                       const uint8_t *key);
mcps_status mcps__memory_session_list(mcps_store *, int64_t principal,
                                      mcps_session_fn, void *arg);
mcps_status mcps__memory_tombstone_trim(mcps_store *, int64_t principal,
                                        uint32_t most, size_t *dropped);

void mcps__memory_state_enter(struct memory_store *, void *row);
void mcps__memory_state_leave(struct memory_store *, void *row);
mcps_status mcps__memory_state_get(mcps_store *, enum mcps_state_owner,
                                   int64_t owner, const char *key,
                                   mcps_state_fn, void *arg);
mcps_status mcps__memory_state_put(mcps_store *,
                                   const struct mcps_state_row *row);
mcps_status mcps__memory_state_delete(mcps_store *, enum mcps_state_owner,
                                      int64_t owner, const char *key,
                                      uint64_t version);
mcps_status mcps__memory_state_usage(mcps_store *, enum mcps_state_owner,
                                     int64_t owner, uint64_t *bytes);
mcps_status mcps__memory_state_remove(struct memory_store *,
                                      const struct memory_state *state);
mcps_status mcps__memory_state_clear(struct memory_store *, int64_t session);

/* ---- memory_stream.c, memory_event.c ---- */

void mcps__memory_stream_enter(struct memory_store *, void *row);
void mcps__memory_stream_leave(struct memory_store *, void *row);
struct memory_stream *mcps__memory_stream(struct memory_store *, uint64_t id);
mcps_status mcps__memory_stream_insert(mcps_store *,
                                       const struct mcps_stream_row *row,
                                       uint32_t most, uint64_t *gone);
mcps_status mcps__memory_stream_get(mcps_store *, uint64_t id, mcps_stream_fn,
                                    void *arg);
mcps_status mcps__memory_stream_touch(mcps_store *, uint64_t id,
                                      int64_t seen_ms);

/* Replace the row of a stream by ROW. */
mcps_status mcps__memory_stream_put(struct memory_store *,
                                    const struct mcps_stream_row *row,
                                    int64_t ref);

/* Remove those streams of a session that ends that answer no call, and note its
 * key in the others. Remove one stream. Each with its events. */
mcps_status mcps__memory_stream_clear(struct memory_store *,
                                      const struct mcps_session_row *session);
mcps_status mcps__memory_stream_remove(struct memory_store *, uint64_t id);

/* Remove the oldest event that a stream holds. */
mcps_status mcps__memory_event_drop(struct memory_store *, uint64_t stream);

void mcps__memory_event_enter(struct memory_store *, void *row);
void mcps__memory_event_leave(struct memory_store *, void *row);
mcps_status mcps__memory_event_append(mcps_store *, uint64_t stream,
                                      const struct mcps_event_row *rows,
                                      size_t count, bool ends,
                                      uint64_t session_bytes, uint64_t *seq);
mcps_status mcps__memory_event_replay(mcps_store *, uint64_t stream,
                                      uint64_t after, mcps_event_fn, void *arg);

mcps_status mcps__memory_sweep(mcps_store *, const struct mcps_sweep *sweep,
                               size_t *removed);

#endif
