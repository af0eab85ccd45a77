/* Session time: the time in which stored times are given and by which sessions
 * grow old. It begins at the wall time at which the store is made, and then
 * counts the time that passes. Setting the wall clock, by a day or by ten
 * years, neither ends sessions in use nor brings back ended ones:
 *
 *   - While a process runs, session time advances with the boot clock.
 *   - A time in which no process ran counts as at most max_gap: the process was
 *     stopped (session/clock_record.h) or frozen, or the machine slept. Clients
 *     could not use their sessions then.
 *   - Session time never goes back, not over a restart either.
 *
 * Session time is behind the calendar by the downtimes that did not count, and
 * keeps the error that the wall clock had when the store was made. */
#ifndef MCPS_SESSION_TIME_H
#define MCPS_SESSION_TIME_H

#include "session/clock_record.h"

#include <pthread.h>

struct session_clock {
	const struct clock_source *source;
	int64_t max_gap_ms;
	pthread_mutex_t lock;       /* of what follows */
	struct clock_record latest; /* as of the last look at the boot clock */
};

/* Go on at START. If the boot clock advances by more than MAX_GAP_MS between
 * two looks at it, the rest does not count; 0: no limit. A running process
 * looks at least every CLOCK_RECORD_EVERY_MS. */
bool mcps__session_clock_init(struct session_clock *clock,
                              const struct clock_source *source,
                              const struct clock_record *start,
                              int64_t max_gap_ms);
void mcps__session_clock_finish(struct session_clock *clock);

/* Session time in milliseconds. Any thread. */
int64_t mcps__session_clock_now(struct session_clock *clock);

/* The record of this moment. Any thread. */
void mcps__session_clock_record(struct session_clock *clock,
                                struct clock_record *out);

#endif
