/* Threads of ours in a program that is not. */
#ifndef MCPS_BASE_THREAD_H
#define MCPS_BASE_THREAD_H

#include <pthread.h>
#include <stdint.h>

/* Start MAIN(ARG) on a thread with that name, of 15 characters at most. It is
 * born with all signals blocked: they are for the program's own threads.
 * 0, or an errno. */
int mcps__thread_start(pthread_t *out, const char *name, void *(*main)(void *),
                       void *arg);

/* Cores that this process may use: containers often have fewer than the
 * machine. At least 1. */
uint32_t mcps__core_count(void);

/* In a loop that waits for another core: let the processor do so cheaply. */
static inline void mcps__pause(void)
{
#if defined __x86_64__ || defined __i386__
	__builtin_ia32_pause();
#elif defined __aarch64__
	__asm__ volatile("yield");
#endif
}

#endif
