/* The timer thread: what has to happen now and then. */
#ifndef MCPS_SERVER_TIMER_H
#define MCPS_SERVER_TIMER_H

#include <mcps/status.h>
#include <stdint.h>

struct timer;

/* Call FN on a thread of its own every PERIOD_MS, the first time after one
 * period; true from it: there is more to do, come back at once. */
MCPS_MUST_USE mcps_status mcps__timer_start(struct timer **out,
                                            uint32_t period_ms,
                                            _Bool (*fn)(void *arg), void *arg,
                                            struct mcps_error *error);
/* Wait for a call that runs, then end. NULL is fine. */
void mcps__timer_stop(struct timer *timer);

#endif
