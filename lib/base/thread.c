#define _GNU_SOURCE /* pthread_setname_np */
#include "base/thread.h"

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
