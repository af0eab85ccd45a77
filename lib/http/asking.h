/* The exchanges that wait for an auth hook which said that it answers later, so
 * that those whose answer never comes are answered without it. */
#ifndef MCPS_HTTP_ASKING_H
#define MCPS_HTTP_ASKING_H

#include "http/exchange_internal.h"

/* How long a hook may take, in milliseconds. */
enum { ASKING_MOST_MS = 30000 };

/* EXCHANGE, which is parked, waits for its grant. True: it will be woken.
 * False: the grant has finished already. */
bool mcps__asking_begin(struct exchange *exchange);

/* Answer those that ask since before SINCE_MS (steady) with 503, and count and
 * log that. INT64_MAX: all of them, because the server stops. */
void mcps__asking_give_up(struct endpoint *endpoint, int64_t since_ms);

#endif
