/* At most so many events in a while: keeps what strangers can provoke, such
 * as log lines, from filling a disk. One thread. */
#ifndef MCPS_MHD_PACE_H
#define MCPS_MHD_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct pace {
	int64_t since_ms;  /* when the while began */
	unsigned passed;   /* in it */
	unsigned withheld; /* since the last one that passed */
};

/* Whether an event at NOW_MS passes; then WITHHELD says how many before it
 * did not. */
bool mcps__pace_pass(struct pace *pace, int64_t now_ms, unsigned *withheld);

#endif
