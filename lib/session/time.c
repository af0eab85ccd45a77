#include "session/time.h"

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

bool mcps__session_clock_init(struct session_clock *clock,
                              const struct clock_source *source,
                              int64_t latest_ms)
{
	clock->source = source;
	clock->now_ms = later(mcps__wall_ms(source), latest_ms);
	clock->steady_ms = mcps__steady_ms(source);
	clock->began_ms = clock->now_ms;
	clock->began_steady_ms = clock->steady_ms;
	return pthread_mutex_init(&clock->lock, NULL) == 0;
}

void mcps__session_clock_finish(struct session_clock *clock)
{
	pthread_mutex_destroy(&clock->lock);
}

/* Towards the wall clock, as far as the steady one allows. */
static void move_on(struct session_clock *clock)
{
	int64_t wall = mcps__wall_ms(clock->source);
	int64_t steady = mcps__steady_ms(clock->source);
	int64_t passed = steady - clock->steady_ms;
	int64_t slow = clock->now_ms + passed / 2;
	int64_t fast = clock->now_ms + passed * 2;

	if (passed <= 0)
		return; /* another thread was later */
	clock->steady_ms = steady;
	clock->now_ms = wall < slow ? slow : wall;
	if (clock->now_ms > fast)
		clock->now_ms = fast;
}

int64_t mcps__session_clock_now(struct session_clock *clock)
{
	int64_t now;

	pthread_mutex_lock(&clock->lock);
	move_on(clock);
	now = clock->now_ms;
	pthread_mutex_unlock(&clock->lock);
	return now;
}

int64_t mcps__session_clock_ahead(struct session_clock *clock)
{
	int64_t ahead;

	pthread_mutex_lock(&clock->lock);
	move_on(clock);
	ahead = (clock->now_ms - clock->began_ms) -
	        (clock->steady_ms - clock->began_steady_ms);
	pthread_mutex_unlock(&clock->lock);
	return later(ahead, 0);
}
