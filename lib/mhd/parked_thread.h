/* How a request waits where each connection has a thread of its own
 * (MHD_USE_THREAD_PER_CONNECTION): libmicrohttpd cannot resume a suspended
 * connection there, so the thread waits instead. */
#ifndef MCPS_MHD_PARKED_THREAD_H
#define MCPS_MHD_PARKED_THREAD_H

#include <stdbool.h>

struct parked_thread;

/* NULL: out of memory. Free it on its thread, after each park has had its
 * wake and a wait has returned true since; NULL is fine. */
struct parked_thread *mcps__parked_thread_new(void);
void mcps__parked_thread_free(struct parked_thread *self);

/* park is called by the thread itself, wake by any thread, once per park and
 * after it. The wake may come before the wait. */
void mcps__parked_thread_park(struct parked_thread *self);
void mcps__parked_thread_wake(struct parked_thread *self);

/* Wait until each park has had its wake. LIMIT_MS 0: as long as it takes; else
 * false when it takes longer. */
bool mcps__parked_thread_wait(struct parked_thread *self, unsigned limit_ms);

#endif
