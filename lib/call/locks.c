#include "call/locks.h"

#include "base/hash_table.h"
#include "base/memory.h"
#include "base/steady_wait.h"

#include <string.h>
#include <stdbool.h>

/* An entry of the wait queue; lives on the stack of the waiting thread. */
struct waiter {
	struct waiter *next;
	pthread_cond_t granted;
	bool has_it;
};

/* In the table as long as it is held. */
struct key_lock {
	UT_hash_handle hh;
	struct waiter *first;
	size_t length;
	char name[];
};

mcps_status mcps__locks_init(struct locks *locks)
{
	locks->by_name = NULL;
	if (pthread_mutex_init(&locks->mutex, NULL) != 0)
		return MCPS_E_SYSTEM;
	return MCPS_OK;
}

void mcps__locks_finish(struct locks *locks)
{
	struct key_lock *lock, *next;

	HASH_ITER (hh, locks->by_name, lock, next) {
		HASH_DEL(locks->by_name, lock);
		mcps__free(lock);
	}
	pthread_mutex_destroy(&locks->mutex);
}

static struct key_lock *lock_new(struct locks *locks, const void *name,
                                 size_t length)
{
	struct key_lock *lock = mcps__calloc(1, sizeof *lock + length);

	if (lock == NULL)
		return NULL;
	lock->length = length;
	memcpy(lock->name, name, length);
	HASH_ADD_KEYPTR(hh, locks->by_name, lock->name, lock->length, lock);
	if (lock->hh.tbl != NULL)
		return lock;
	mcps__free(lock);
	return NULL;
}

static void lock_wait_queue_add(struct key_lock *lock, struct waiter *waiter)
{
	struct waiter **end = &lock->first;

	while (*end != NULL)
		end = &(*end)->next;
	*end = waiter;
}

static void lock_wait_queue_leave(struct key_lock *lock, struct waiter *waiter)
{
	struct waiter **at = &lock->first;

	while (*at != waiter)
		at = &(*at)->next;
	*at = waiter->next;
}

/* With the mutex held. The holder hands over to the first in the wait queue. */
static mcps_status lock_wait_in_queue(struct locks *locks,
                                      struct key_lock *lock, uint32_t wait_ms)
{
	struct waiter self = { .next = NULL };
	const struct timespec at = mcps__steady_deadline(wait_ms);
	int result = 0;

	if (mcps__steady_condition_init(&self.granted) != 0)
		return MCPS_E_SYSTEM;
	lock_wait_queue_add(lock, &self);
	while (!self.has_it && result == 0)
		result = mcps__steady_wait(&self.granted, &locks->mutex, &at);
	if (!self.has_it)
		lock_wait_queue_leave(lock, &self);
	pthread_cond_destroy(&self.granted);
	return self.has_it ? MCPS_OK : MCPS_E_STATE_BUSY;
}

mcps_status mcps__lock_take(struct locks *locks, struct key_lock **out,
                            const void *name, size_t length, uint32_t wait_ms)
{
	struct key_lock *lock;
	mcps_status status = MCPS_OK;

	*out = NULL;
	pthread_mutex_lock(&locks->mutex);
	HASH_FIND(hh, locks->by_name, name, length, lock);
	if (lock != NULL) {
		status = lock_wait_in_queue(locks, lock, wait_ms);
	} else {
		lock = lock_new(locks, name, length);
		status = lock != NULL ? MCPS_OK : MCPS_E_NOMEM;
	}
	if (status == MCPS_OK)
		*out = lock;
	pthread_mutex_unlock(&locks->mutex);
	return status;
}

void mcps__lock_release(struct locks *locks, struct key_lock *lock)
{
	struct waiter *next;

	if (lock == NULL)
		return;
	pthread_mutex_lock(&locks->mutex);
	next = lock->first;
	if (next != NULL) {
		lock->first = next->next;
		next->has_it = true;
		pthread_cond_signal(&next->granted);
	} else {
		HASH_DEL(locks->by_name, lock);
		mcps__free(lock);
	}
	pthread_mutex_unlock(&locks->mutex);
}
