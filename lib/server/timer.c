#include "server/timer.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/steady_wait.h"
#include "base/thread.h"

#include <pthread.h>
#include <stdbool.h>
#include <string.h>

struct timer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool is_stopping;
	uint32_t period_ms;
	bool (*fn)(void *arg);
	void *arg;
};

/* False when it is time to end. */
static bool timer_wait(struct timer *timer, uint32_t wait_ms)
{
	const struct timespec at = mcps__steady_deadline(wait_ms);
	bool goes_on;
	int result = 0;

	pthread_mutex_lock(&timer->lock);
	while (!timer->is_stopping && result == 0)
		result = mcps__steady_wait(&timer->stopped, &timer->lock, &at);
	goes_on = !timer->is_stopping;
	pthread_mutex_unlock(&timer->lock);
	return goes_on;
}

static void *timer_main(void *arg)
{
	struct timer *timer = arg;
	bool has_more = false;

	while (timer_wait(timer, has_more ? 10 : timer->period_ms))
		has_more = timer->fn(timer->arg);
	return NULL;
}

mcps_status mcps__timer_start(struct timer **out, uint32_t period_ms,
                              bool (*fn)(void *arg), void *arg,
                              struct mcps_error *error)
{
	struct timer *timer = mcps__calloc(1, sizeof *timer);
	int result;

	*out = NULL;
	if (timer == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	timer->period_ms = period_ms;
	timer->fn = fn;
	timer->arg = arg;
	pthread_mutex_init(&timer->lock, NULL);
	result = mcps__steady_condition_init(&timer->stopped);
	if (result != 0)
		goto no_condition;
	result = mcps__thread_start(&timer->thread, "mcps-timer", timer_main,
	                            timer);
	if (result == 0) {
		*out = timer;
		return MCPS_OK;
	}
	pthread_cond_destroy(&timer->stopped);
no_condition:
	pthread_mutex_destroy(&timer->lock);
	mcps__free(timer);
	return mcps__fail(error, MCPS_E_SYSTEM, "cannot start the timer: %s",
	                  strerror(result));
}

void mcps__timer_stop(struct timer *timer)
{
	if (timer == NULL)
		return;
	pthread_mutex_lock(&timer->lock);
	timer->is_stopping = true;
	pthread_cond_broadcast(&timer->stopped);
	pthread_mutex_unlock(&timer->lock);
	pthread_join(timer->thread, NULL);
	pthread_cond_destroy(&timer->stopped);
	pthread_mutex_destroy(&timer->lock);
	mcps__free(timer);
}
