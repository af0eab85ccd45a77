/* Waiting for a condition, or until a time has passed that no one who sets the
 * clock can make longer or shorter. All timed waits of the library go through
 * here. POSIX has had pthread_condattr_setclock() since 2001, so this works
 * with every C library; pthread_cond_clockwait(), which glibc has, is missing
 * from musl. */
#ifndef MCPS_BASE_STEADY_WAIT_H
#define MCPS_BASE_STEADY_WAIT_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* Make a condition for the waits below; pthread_cond_wait() works with it, too.
 * 0, or an errno. It is destroyed as any other. */
int mcps__steady_condition_init(pthread_cond_t *condition);

/* The time that is WAIT_MS from now; negative counts as 0. */
struct timespec mcps__steady_deadline(int64_t wait_ms);

/* Wait with MUTEX held until the condition is signalled or the time UNTIL has
 * come. It may return before either, as pthread_cond_wait() may.
 * @return 0; ETIMEDOUT: the time has come */
int mcps__steady_wait(pthread_cond_t *condition, pthread_mutex_t *mutex,
                      const struct timespec *until);

#endif
