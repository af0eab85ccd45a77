/* Locks on state keys: from a call's first access to a key until its commit,
 * granted in the order of asking, waited for with a deadline (two calls may
 * want two keys in opposite order). */
#ifndef MCPS_CALL_LOCKS_H
#define MCPS_CALL_LOCKS_H

#include <mcps/status.h>
#include <pthread.h>
#include <stdint.h>

struct key_lock;

struct locks {
	pthread_mutex_t mutex;
	struct key_lock *by_name;
};

MCPS_MUST_USE mcps_status mcps__locks_init(struct locks *locks);
void mcps__locks_finish(struct locks *locks);

/* Take the lock named by LENGTH bytes. Blocks: workers only. MCPS_E_STATE_BUSY:
 * not to be had within WAIT_MS; MCPS_E_NOMEM. */
MCPS_MUST_USE mcps_status mcps__lock_take(struct locks *locks,
                                          struct key_lock **out,
                                          const void *name, size_t length,
                                          uint32_t wait_ms);

/* Let it go, on any thread. NULL is fine. */
void mcps__lock_release(struct locks *locks, struct key_lock *lock);

#endif
