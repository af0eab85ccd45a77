#include "server/give_back.h"

enum {
	WORTH_BYTES = 2 * 1024 * 1024, /* less than that is left alone */
	LOW_MS = 1000,                 /* a load may only pause */
	EVERY_MS = 5000,               /* it costs time of all threads */
};

bool mcps__give_back_is_due(struct give_back *self, size_t peak, size_t used,
                            int64_t now_ms)
{
	if (peak > self->peak)
		self->peak = peak;
	if (self->peak - used < WORTH_BYTES || used > self->peak / 2) {
		self->low_ms = 0;
		return false;
	}
	if (self->low_ms == 0)
		self->low_ms = now_ms;
	if (now_ms - self->low_ms < LOW_MS || now_ms < self->not_before_ms)
		return false;
	*self = (struct give_back){ .peak = used,
		                    .not_before_ms = now_ms + EVERY_MS };
	return true;
}
