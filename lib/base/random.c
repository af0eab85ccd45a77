#include "base/random.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

static mcps_status random_system_fill(void *arg, void *bytes, size_t length)
{
	uint8_t *to = bytes;
	size_t have = 0;

	(void)arg;
	while (have < length) {
		ssize_t got = getrandom(to + have, length - have, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return MCPS_E_SYSTEM; /* never fall back to a clock */
		have += (size_t)got;
	}
	return MCPS_OK;
}

const struct random_source mcps__system_random = { random_system_fill, NULL };

mcps_status mcps__random_fill(const struct random_source *source, void *bytes,
                              size_t length)
{
	return source->fill(source->arg, bytes, length);
}
