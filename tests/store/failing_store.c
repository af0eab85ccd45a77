#include "failing_store.h"

#include <stdlib.h>

struct failing_orders failing_orders;
struct failing_calls failing_calls;
void (*failing_noticed)(void);

/* The functions of the memory store, and its table with ours in it. */
static struct mcps_store_ops inner;
static struct mcps_store_ops outer;
static bool lost; /* the store thread's own */

/* Take one of the failures that were ordered. */
static bool is_ordered(atomic_uint *order)
{
	unsigned left = atomic_load(order);

	while (left > 0)
		if (atomic_compare_exchange_weak(order, &left, left - 1))
			return true;
	return false;
}

static mcps_status failing_begin(mcps_store *store)
{
	atomic_fetch_add(&failing_calls.begins, 1);
	if (is_ordered(&failing_orders.begins))
		return MCPS_E_STORE;
	return inner.begin(store);
}

static mcps_status failing_commit(mcps_store *store)
{
	atomic_fetch_add(&failing_calls.commits, 1);
	if (!lost && !is_ordered(&failing_orders.commits))
		return inner.commit(store);
	lost = false;
	inner.rollback(store);
	return MCPS_E_STORE;
}

static void failing_rollback(mcps_store *store)
{
	lost = false;
	inner.rollback(store);
}

static mcps_status failing_savepoint(mcps_store *store)
{
	return lost ? MCPS_E_STORE : inner.savepoint(store);
}

static mcps_status failing_release(mcps_store *store)
{
	return lost ? MCPS_E_STORE : inner.release(store);
}

static mcps_status failing_rollback_to(mcps_store *store)
{
	return lost ? MCPS_E_STORE : inner.rollback_to(store);
}

static void failing_close(mcps_store *store)
{
	atomic_fetch_add(&failing_calls.closes, 1);
	inner.close(store);
}

static mcps_status failing_reopen(mcps_store *store)
{
	bool failed = is_ordered(&failing_orders.reopens);

	(void)store;
	atomic_fetch_add(&failing_calls.reopens, 1);
	if (failing_noticed != NULL)
		failing_noticed();
	return failed ? MCPS_E_STORE : MCPS_OK;
}

static void failing_idle(mcps_store *store)
{
	(void)store;
	atomic_fetch_add(&failing_calls.idles, 1);
	if (failing_noticed != NULL)
		failing_noticed();
}

mcps_store *failing_open_plain(void)
{
	mcps_store *store;

	if (mcps_store_open(&store, "memory:", NULL, NULL) != MCPS_OK)
		abort();
	inner = *store->ops;
	outer = inner;
	outer.begin = failing_begin;
	outer.commit = failing_commit;
	outer.rollback = failing_rollback;
	outer.savepoint = failing_savepoint;
	outer.release = failing_release;
	outer.rollback_to = failing_rollback_to;
	outer.close = failing_close;
	store->ops = &outer;

	failing_noticed = NULL;
	lost = false;
	failing_orders = (struct failing_orders){ 0 };
	failing_calls = (struct failing_calls){ 0 };
	return store;
}

mcps_store *failing_open(void)
{
	mcps_store *store = failing_open_plain();

	outer.reopen = failing_reopen;
	outer.idle = failing_idle;
	return store;
}

void failing_lose_transaction(mcps_store *store)
{
	inner.rollback(store);
	lost = true;
}
