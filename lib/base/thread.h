/* Threads of ours in a program that is not. */
#ifndef MCPS_BASE_THREAD_H
#define MCPS_BASE_THREAD_H

#include <pthread.h>

/* Start MAIN(ARG) on a thread with that name, of 15 characters at most. It is
 * born with all signals blocked: they are for the program's own threads.
 * 0, or an errno. */
int mcps__thread_start(pthread_t *out, const char *name, void *(*main)(void *),
                       void *arg);

#endif
