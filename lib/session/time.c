#include "session/time.h"

bool mcps__session_clock_init(struct session_clock *clock,
                              const struct clock_source *source,
                              const struct clock_record *start,
                              int64_t max_gap_ms)
{
	clock->source = source;
	clock->max_gap_ms = max_gap_ms;
	clock->latest = *start;
	return pthread_mutex_init(&clock->lock, NULL) == 0;
}

void mcps__session_clock_finish(struct session_clock *clock)
{
	pthread_mutex_destroy(&clock->lock);
}

static void session_time_move_on(struct session_clock *clock)
{
	struct clock_record *latest = &clock->latest;
	int64_t boot_ms = mcps__steady_ms(clock->source);
	int64_t passed = boot_ms - latest->at.boot_ms;

	if (passed <= 0)
		return; /* another thread was later */
	latest->at.boot_ms = boot_ms;
	latest->at.wall_ms += passed;
	if (clock->max_gap_ms != 0 && passed > clock->max_gap_ms)
		passed = clock->max_gap_ms;
	latest->session_ms += passed;
}

int64_t mcps__session_clock_now(struct session_clock *clock)
{
	int64_t now;

	pthread_mutex_lock(&clock->lock);
	session_time_move_on(clock);
	now = clock->latest.session_ms;
	pthread_mutex_unlock(&clock->lock);
	return now;
}

void mcps__session_clock_record(struct session_clock *clock,
                                struct clock_record *out)
{
	int64_t wall_ms = mcps__wall_ms(clock->source);

	pthread_mutex_lock(&clock->lock);
	session_time_move_on(clock);
	if (clock->latest.at.wall_ms < wall_ms)
		clock->latest.at.wall_ms = wall_ms;
	*out = clock->latest;
	pthread_mutex_unlock(&clock->lock);
}
