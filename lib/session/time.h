/* The time by which sessions are counted: that of the wall clock, but without
 * its jumps. A wall clock that is set while the process runs, by a day or by
 * ten years, must neither end sessions that are in use nor bring back what is
 * over; so this one only hurries or dawdles until both agree again:
 *
 *   it never goes back, not over a restart either (the store keeps it), and
 *   runs at most at twice and at least at half the speed of the steady clock.
 *
 * Between two processes a jump cannot be told from time that passed. */
#ifndef MCPS_SESSION_TIME_H
#define MCPS_SESSION_TIME_H

#include "base/clock.h"

#include <pthread.h>
#include <stdbool.h>

struct session_clock {
	const struct clock_source *source;
	pthread_mutex_t lock; /* of what follows */
	int64_t now_ms;       /* at steady_ms */
	int64_t steady_ms;
	int64_t began_ms; /* both when the process began */
	int64_t began_steady_ms;
};

/* Begin not before LATEST_MS, the latest time that the store has seen. */
bool mcps__session_clock_init(struct session_clock *clock,
                              const struct clock_source *source,
                              int64_t latest_ms);
void mcps__session_clock_finish(struct session_clock *clock);

/* Milliseconds since 1970. Any thread. */
int64_t mcps__session_clock_now(struct session_clock *clock);

/* How much longer than by the steady clock it took since the process began;
 * not negative. By so much may rows look older than sessions in memory. */
int64_t mcps__session_clock_ahead(struct session_clock *clock);

#endif
