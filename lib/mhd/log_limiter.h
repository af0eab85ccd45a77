/* Passes at most 10 log lines in 10 seconds: keeps lines that any client can
 * provoke from filling a disk. One thread. */
#ifndef MCPS_MHD_LOG_LIMITER_H
#define MCPS_MHD_LOG_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

struct log_limiter {
	int64_t since_ms;  /* when this interval began */
	unsigned passed;   /* in this interval */
	unsigned withheld; /* since the last one that passed */
};

/* Whether an event at NOW_MS passes; then WITHHELD says how many before it
 * did not. */
bool mcps__log_limiter_pass(struct log_limiter *limiter, int64_t now_ms,
                            unsigned *withheld);

#endif
