#include "mhd/limits.h"

#include <sys/resource.h>

enum {
	RESERVED = 128, /* for everything but connections */
	LEAST = 16,     /* connections: with fewer nothing works anyway */
};

void mcps__limits_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit); /* what there is must do */
}

unsigned mcps__limits_connections(unsigned wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur == RLIM_INFINITY)
		return wanted;
	if (limit.rlim_cur < RESERVED + LEAST)
		return wanted < LEAST ? wanted : LEAST;
	if (wanted <= limit.rlim_cur - RESERVED)
		return wanted;
	return (unsigned)(limit.rlim_cur - RESERVED);
}
