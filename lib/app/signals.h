/* SIGTERM and SIGINT: the first asks to stop; another one that comes a second
 * later or more ends the process at once, and earlier ones are ignored. SIGHUP:
 * read what may have changed. A thread of its own takes them, so that they are
 * heard at any time, also while the store of a predecessor is being waited for.
 */
#ifndef MCPS_APP_SIGNALS_H
#define MCPS_APP_SIGNALS_H

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What the program does about them, on the signals' own thread. */
struct signal_actions {
	void (*reload)(void *arg);
	void (*late)(void *arg); /* the stop took too long: last words */
	void *arg;
	uint32_t stop_ms; /* how long it may take */
};

struct signals {
	sigset_t set;
	pthread_t thread;
	sem_t asked;
	struct signal_actions actions; /* constant once serving */
	bool is_open;
	atomic_bool serving;
	atomic_bool closing;
};

/* SIGNALS is all zero. From here on threads are born with them blocked;
 * SIGPIPE is ignored. False: no thread to be had. */
bool mcps__signals_open(struct signals *signals);

/* From here on somebody waits, or soon will: the first signal only asks, and
 * the process ends with 0 when the stop takes longer than it may. Before this
 * call it ends the process at once, as nothing is served yet. */
void mcps__signals_serve(struct signals *signals,
                         const struct signal_actions *actions);

/* Return when asked to stop. */
void mcps__signals_wait(struct signals *signals);

/* Fine if it was never opened. */
void mcps__signals_close(struct signals *signals);

#endif
