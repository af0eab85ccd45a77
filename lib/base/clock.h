/* Time, injectable: persisted times use the wall clock, intervals inside the
 * process use one that never jumps. */
#ifndef MCPS_BASE_CLOCK_H
#define MCPS_BASE_CLOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct clock_source {
	int64_t (*wall_ms)(void *arg);   /* milliseconds since 1970, UTC */
	int64_t (*steady_ms)(void *arg); /* since some start, never backwards */
	void *arg;
};

/* The system's: CLOCK_REALTIME and CLOCK_BOOTTIME. */
extern const struct clock_source mcps__system_clock;

int64_t mcps__wall_ms(const struct clock_source *clock);
int64_t mcps__steady_ms(const struct clock_source *clock);

/* Wait until COUNT is zero, which rings no bell; false: it was not within
 * WAIT_MS. */
bool mcps__await_zero(const atomic_uint *count, int64_t wait_ms);

#endif
