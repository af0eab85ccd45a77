/* The threads that run tools and hooks: a bounded queue, first come first
 * served. */
#ifndef MCPS_SERVER_WORKERS_H
#define MCPS_SERVER_WORKERS_H

#include "base/work.h"

#include <mcps/status.h>
#include <stdint.h>

struct workers;

MCPS_MUST_USE mcps_status mcps__workers_start(struct workers **out,
                                              uint32_t threads, uint32_t queue,
                                              struct mcps_error *error);
struct executor mcps__workers_executor(struct workers *workers);

/* Run what is queued, then end the threads. What must run after that runs on
 * its caller's thread. */
void mcps__workers_stop(struct workers *workers);
/* After stop, when nobody submits any more. NULL is fine. */
void mcps__workers_free(struct workers *workers);

#endif
