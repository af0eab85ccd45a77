#include "base/steady_wait.h"

#include "base/clock.h"

int mcps__steady_condition_init(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;
	int failure = pthread_condattr_init(&attributes);

	if (failure != 0)
		return failure;
	failure = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (failure == 0)
		failure = pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
	return failure;
}

struct timespec mcps__steady_deadline(int64_t wait_ms)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	mcps__timespec_add(&at, wait_ms < 0 ? 0 : wait_ms);
	return at;
}

int mcps__steady_wait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                      const struct timespec *until)
{
	return pthread_cond_timedwait(condition, mutex, until);
}
