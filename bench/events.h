/* The events of one call's answer, as a load generator must know them: are
 * they all here, in order, and this call's? */
#ifndef MCPS_BENCH_EVENTS_H
#define MCPS_BENCH_EVENTS_H

#include <stdbool.h>

/* BODY is whole and ends with a NUL; it is changed. NULL: it holds
 * progress 1, 2 ... COUNT of the request ID, whose progress token is its id,
 * and then its result, and nothing else; else what is wrong. With ids, an
 * event without data may come first, and each has the next number of one and
 * the same stream; they must have them if IS_NUMBERED. */
const char *events_check(char *body, bool is_chunked, const char *id,
                         unsigned count, bool is_numbered);

#endif
