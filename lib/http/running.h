/* The exchanges whose calls are under way, so that a server that stops can
 * wait for them. */
#ifndef MCPS_HTTP_RUNNING_H
#define MCPS_HTTP_RUNNING_H

#include "http/exchange.h"

/* The whole request is there: until it runs, or is answered otherwise, it is
 * waited for. Each may be called more than once. */
void mcps__running_enter(struct exchange *exchange);
void mcps__running_entered(struct exchange *exchange);

/* It runs. False: it is too late, nobody waits for it any more. */
bool mcps__running_add(struct exchange *exchange);
void mcps__running_remove(struct exchange *exchange);

#endif
