#include "mhd/log_limiter.h"

enum { LOG_LIMITER_WHILE_MS = 10000, LOG_LIMITER_EVENTS = 10 };

bool mcps__log_limiter_pass(struct log_limiter *limiter, int64_t now_ms,
                            unsigned *withheld)
{
	if (now_ms - limiter->since_ms >= LOG_LIMITER_WHILE_MS) {
		limiter->since_ms = now_ms;
		limiter->passed = 0;
	}
	if (limiter->passed >= LOG_LIMITER_EVENTS) {
		limiter->withheld++;
		return false;
	}
	limiter->passed++;
	*withheld = limiter->withheld;
	limiter->withheld = 0;
	return true;
}
