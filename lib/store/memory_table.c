/* Tables with an undo log: the transactions of the memory back end. */
#include "base/hash_table.h"
#include "store/memory_store.h"

#include <string.h>

enum { CHANGES_FIRST = 64 };

/* A key and the row that the transaction sees. It stays as long as the undo
 * log names it, even without a row, so that undoing needs no new one. */
struct memory_slot {
	UT_hash_handle hh;
	void *row;
	size_t changes; /* entries of the undo log that name it */
	size_t key_length;
	unsigned char key[];
};

static struct memory_slot *memory_slot_find(const struct memory_table *table,
                                            const void *key, size_t length)
{
	struct memory_slot *slot;

	HASH_FIND(hh, table->slots, key, length, slot);
	return slot;
}

static struct memory_slot *memory_slot_add(struct memory_table *table,
                                           const void *key, size_t length)
{
	struct memory_slot *slot = mcps__malloc(sizeof *slot + length);

	if (slot == NULL)
		return NULL;
	memset(slot, 0, sizeof *slot);
	slot->key_length = length;
	memcpy(slot->key, key, length);
	HASH_ADD_KEYPTR(hh, table->slots, slot->key, length, slot);
	if (slot->hh.tbl == NULL) { /* no memory for the table */
		mcps__free(slot);
		return NULL;
	}
	return slot;
}

static void memory_slot_drop_unused(struct memory_table *table,
                                    struct memory_slot *slot)
{
	if (slot->row != NULL || slot->changes != 0)
		return;
	HASH_DEL(table->slots, slot);
	mcps__free(slot);
}

/* Exchange the row of a slot; the former one is not freed. */
static void memory_slot_switch(struct memory_store *store,
                               struct memory_table *table,
                               struct memory_slot *slot, void *row)
{
	if (slot->row != NULL && table->leave != NULL)
		table->leave(store, slot->row);
	slot->row = row;
	if (row != NULL && table->enter != NULL)
		table->enter(store, row);
}

static bool memory_changes_reserve(struct memory_store *store)
{
	size_t capacity = store->change_capacity != 0
	                          ? store->change_capacity * 2
	                          : CHANGES_FIRST;
	struct memory_change *changes;

	if (store->change_count < store->change_capacity)
		return true;
	changes = mcps__realloc(store->changes, capacity * sizeof *changes);
	if (changes == NULL)
		return false;
	store->changes = changes;
	store->change_capacity = capacity;
	return true;
}

void *mcps__memory_get(const struct memory_table *table, const void *key,
                       size_t length)
{
	struct memory_slot *slot = memory_slot_find(table, key, length);

	return slot != NULL ? slot->row : NULL;
}

mcps_status mcps__memory_set(struct memory_store *store,
                             struct memory_table *table, const void *key,
                             size_t length, void *row)
{
	struct memory_slot *slot;

	if (store->transaction == MEMORY_NONE) {
		mcps__free(row);
		return MCPS_E_INVAL;
	}
	slot = memory_slot_find(table, key, length);
	if (slot == NULL)
		slot = memory_slot_add(table, key, length);
	if (slot != NULL && !memory_changes_reserve(store)) {
		memory_slot_drop_unused(table, slot);
		slot = NULL;
	}
	if (slot == NULL) {
		mcps__free(row);
		return MCPS_E_NOMEM;
	}
	store->changes[store->change_count++] =
		(struct memory_change){ table, slot, slot->row };
	slot->changes++;
	memory_slot_switch(store, table, slot, row);
	return MCPS_OK;
}

void mcps__memory_table_finish(struct memory_table *table)
{
	struct memory_slot *slot;
	struct memory_slot *next;

	HASH_ITER (hh, table->slots, slot, next) {
		HASH_DEL(table->slots, slot);
		mcps__free(slot->row);
		mcps__free(slot);
	}
}

void mcps__memory_order(struct memory_store *store, struct order *order,
                        struct order_node *node, int64_t group, int64_t at,
                        void *row)
{
	*node = (struct order_node){
		.group = group,
		.at = at,
		.serial = ++store->last_serial,
		.row = row,
	};
	mcps__order_add(order, node);
}

/* ---- transactions ---- */

/* Undo the changes after the first KEPT ones, the latest first. */
static void memory_changes_undo(struct memory_store *store, size_t kept)
{
	while (store->change_count > kept) {
		struct memory_change *change =
			&store->changes[--store->change_count];
		void *undone = change->slot->row;

		memory_slot_switch(store, change->table, change->slot,
		                   change->before);
		mcps__free(undone);
		change->slot->changes--;
		memory_slot_drop_unused(change->table, change->slot);
	}
}

/* The rows before the changes are not needed any more. */
static void memory_changes_forget(struct memory_store *store)
{
	for (size_t i = 0; i < store->change_count; i++) {
		struct memory_change *change = &store->changes[i];

		mcps__free(change->before);
		change->slot->changes--;
		memory_slot_drop_unused(change->table, change->slot);
	}
	store->change_count = 0;
}

/*   none ──begin──► open ──savepoint──► saved
 *     ▲◄──commit─────┘ ▲◄──release, rollback_to──┘
 *     └◄──rollback─────── from each of them            */
static mcps_status memory_transaction_move(struct memory_store *store,
                                           enum memory_transaction from,
                                           enum memory_transaction to)
{
	if (store->transaction != from)
		return MCPS_E_INVAL;
	store->transaction = to;
	return MCPS_OK;
}

mcps_status mcps__memory_begin(mcps_store *base)
{
	return memory_transaction_move(memory_store(base), MEMORY_NONE,
	                               MEMORY_OPEN);
}

mcps_status mcps__memory_commit(mcps_store *base)
{
	struct memory_store *store = memory_store(base);
	mcps_status status =
		memory_transaction_move(store, MEMORY_OPEN, MEMORY_NONE);

	if (status == MCPS_OK)
		memory_changes_forget(store);
	return status;
}

void mcps__memory_rollback(mcps_store *base)
{
	struct memory_store *store = memory_store(base);

	memory_changes_undo(store, 0);
	store->transaction = MEMORY_NONE;
}

mcps_status mcps__memory_savepoint(mcps_store *base)
{
	struct memory_store *store = memory_store(base);
	mcps_status status =
		memory_transaction_move(store, MEMORY_OPEN, MEMORY_SAVED);

	if (status == MCPS_OK)
		store->saved = store->change_count;
	return status;
}

mcps_status mcps__memory_release(mcps_store *base)
{
	return memory_transaction_move(memory_store(base), MEMORY_SAVED,
	                               MEMORY_OPEN);
}

mcps_status mcps__memory_rollback_to(mcps_store *base)
{
	struct memory_store *store = memory_store(base);
	mcps_status status =
		memory_transaction_move(store, MEMORY_SAVED, MEMORY_OPEN);

	if (status == MCPS_OK)
		memory_changes_undo(store, store->saved);
	return status;
}
