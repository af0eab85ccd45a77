#include "mhd/parked_thread.h"

#include "base/memory.h"
#include "base/steady_wait.h"

#include <pthread.h>

struct parked_thread {
	pthread_mutex_t lock;
	pthread_cond_t woken;
	unsigned pending; /* parks that had no wake yet; under the lock */
};

struct parked_thread *mcps__parked_thread_new(void)
{
	struct parked_thread *self = mcps__malloc(sizeof *self);

	if (self == NULL)
		return NULL;
	self->pending = 0;
	if (pthread_mutex_init(&self->lock, NULL) != 0) {
		mcps__free(self);
		return NULL;
	}
	if (mcps__steady_condition_init(&self->woken) == 0)
		return self;
	pthread_mutex_destroy(&self->lock);
	mcps__free(self);
	return NULL;
}

void mcps__parked_thread_free(struct parked_thread *self)
{
	if (self == NULL)
		return;
	pthread_cond_destroy(&self->woken);
	pthread_mutex_destroy(&self->lock);
	mcps__free(self);
}

void mcps__parked_thread_park(struct parked_thread *self)
{
	pthread_mutex_lock(&self->lock);
	self->pending++;
	pthread_mutex_unlock(&self->lock);
}

/* The signal is sent under the lock: the thread that waits may free SELF as
 * soon as it has the lock. */
void mcps__parked_thread_wake(struct parked_thread *self)
{
	pthread_mutex_lock(&self->lock);
	self->pending--;
	pthread_cond_signal(&self->woken);
	pthread_mutex_unlock(&self->lock);
}

bool mcps__parked_thread_wait(struct parked_thread *self, unsigned limit_ms)
{
	const struct timespec at = mcps__steady_deadline(limit_ms);
	int result = 0;
	bool is_woken;

	pthread_mutex_lock(&self->lock);
	while (self->pending != 0 && result == 0)
		result = limit_ms == 0
		                 ? pthread_cond_wait(&self->woken, &self->lock)
		                 : mcps__steady_wait(&self->woken, &self->lock,
		                                     &at);
	is_woken = self->pending == 0;
	pthread_mutex_unlock(&self->lock);
	return is_woken;
}
