/* The threads that run handlers and session hooks. Which work they take next
 * is decided by a fair queue, whose owners are callers: one caller neither
 * holds all threads nor fills the queue. */
#ifndef MCPS_SERVER_WORKERS_H
#define MCPS_SERVER_WORKERS_H

#include "base/clock.h"
#include "base/incident.h"
#include "base/work.h"

struct workers;

struct workers_options {
	uint32_t threads;     /* at least 1 */
	uint32_t queue;       /* most work that waits; at least 1 */
	uint32_t most_of_one; /* threads that one owner holds at most; 0: all
	                       * but one, or the only one */
	const struct clock_source *clock; /* borrowed */
	struct incidents *incidents;      /* borrowed; may be NULL */
};

MCPS_MUST_USE mcps_status
mcps__workers_start(struct workers **out, const struct workers_options *options,
                    struct mcps_error *error);
struct executor mcps__workers_executor(struct workers *workers);

/* Report work that has been waiting for more than a second, each once. Called
 * by a timer, several times a second. */
void mcps__workers_check(struct workers *workers);

/* Wait until nothing runs and nothing is queued, at most that long. False: it
 * takes longer. Not on a worker. */
bool mcps__workers_await_idle(struct workers *workers, uint32_t wait_ms);

/* Run what is queued, then end the threads. Work that must run after that runs
 * on the thread that submits it. NULL is fine. */
void mcps__workers_stop(struct workers *workers);
/* After stop, when nobody submits any more. NULL is fine. */
void mcps__workers_free(struct workers *workers);

#endif
