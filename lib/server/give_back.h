/* When memory of large bodies and answers that are gone is given back to the
 * operating system. The allocator keeps freed memory for later, which after a
 * load that is over may be all that the load ever held. */
#ifndef MCPS_SERVER_GIVE_BACK_H
#define MCPS_SERVER_GIVE_BACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All zero: nothing was ever used. */
struct give_back {
	size_t peak;           /* bytes: the most in use since the last time */
	int64_t low_ms;        /* steady; since when much less is in use; 0: it
	                        * is not */
	int64_t not_before_ms; /* steady; the earliest next time */
};

/* PEAK: the most bytes that were in use since the last call, USED: how many are
 * now. Returns true when it is time to give back: much more was in use, and for
 * a second little has been. Decides nothing else: the caller calls
 * mcps__memory_give_back(). */
bool mcps__give_back_is_due(struct give_back *self, size_t peak, size_t used,
                            int64_t now_ms);

#endif
