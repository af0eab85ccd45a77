#include "mhd/pace.h"

enum { PACE_WHILE_MS = 10000, PACE_EVENTS = 10 };

bool mcps__pace_pass(struct pace *pace, int64_t now_ms, unsigned *withheld)
{
	if (now_ms - pace->since_ms >= PACE_WHILE_MS) {
		pace->since_ms = now_ms;
		pace->passed = 0;
	}
	if (pace->passed >= PACE_EVENTS) {
		pace->withheld++;
		return false;
	}
	pace->passed++;
	*withheld = pace->withheld;
	pace->withheld = 0;
	return true;
}
