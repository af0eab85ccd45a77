/* A store in memory that fails when it is told to. There is one at a time; its
 * orders may be given from any thread. */
#ifndef MCPS_TESTS_STORE_FAILING_STORE_H
#define MCPS_TESTS_STORE_FAILING_STORE_H

#include <mcps/sys/store.h>
#include <stdatomic.h>

/* The next so many calls fail. A commit that fails undoes the transaction. */
struct failing_orders {
	atomic_uint begins;
	atomic_uint commits;
	atomic_uint reopens;
};

/* Calls so far, failed ones included. */
struct failing_calls {
	atomic_uint begins;
	atomic_uint commits;
	atomic_uint reopens;
	atomic_uint idles;
	atomic_uint closes;
};

extern struct failing_orders failing_orders;
extern struct failing_calls failing_calls;

/* Called after each reopen and idle, on the thread that does it; may be NULL.
 */
extern void (*failing_noticed)(void);

/* With all counts at 0. */
mcps_store *failing_open(void);

/* The same without its optional functions. */
mcps_store *failing_open_plain(void);

/* Within a job: the transaction is undone behind its back. */
void failing_lose_transaction(mcps_store *store);

#endif
