/* Random bytes, injectable. There is no fallback: without entropy nothing is
 * minted. */
#ifndef MCPS_BASE_RANDOM_H
#define MCPS_BASE_RANDOM_H

#include <mcps/status.h>
#include <stddef.h>

struct random_source {
	mcps_status (*fill)(void *arg, void *bytes, size_t length);
	void *arg;
};

/* getrandom(2). */
extern const struct random_source mcps__system_random;

MCPS_MUST_USE mcps_status mcps__random_fill(const struct random_source *source,
                                            void *bytes, size_t length);

#endif
