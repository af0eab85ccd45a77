#define _GNU_SOURCE /* CLOCK_BOOTTIME */
#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t read_ms(clockid_t id)
{
	struct timespec now = { 0, 0 };

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_wall(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_REALTIME);
}

static int64_t system_steady(void *arg)
{
	(void)arg;
	return read_ms(CLOCK_BOOTTIME); /* goes on while the machine sleeps */
}

const struct clock_source mcps__system_clock = { system_wall, system_steady,
	                                         NULL };

int64_t mcps__wall_ms(const struct clock_source *clock)
{
	return clock->wall_ms(clock->arg);
}

int64_t mcps__steady_ms(const struct clock_source *clock)
{
	return clock->steady_ms(clock->arg);
}

bool mcps__await_zero(const atomic_uint *count, int64_t wait_ms)
{
	const struct timespec tick = { 0, 5 * 1000 * 1000 };
	int64_t until_ms = mcps__steady_ms(&mcps__system_clock) + wait_ms;

	while (atomic_load(count) != 0) {
		if (mcps__steady_ms(&mcps__system_clock) >= until_ms)
			return false;
		nanosleep(&tick, NULL);
	}
	return true;
}
