#define _GNU_SOURCE /* pthread_setname_np, sched_getaffinity */
#include "base/thread.h"

#include <sched.h>
#include <signal.h>

int mcps__thread_start(pthread_t *out, const char *name, void *(*main)(void *),
                       void *arg)
{
	sigset_t all, before;
	int failure;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	failure = pthread_create(out, NULL, main, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failure == 0)
		pthread_setname_np(*out, name);
	return failure;
}

uint32_t mcps__core_count(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) != 0)
		return 1;
	return (uint32_t)CPU_COUNT(&set);
}
