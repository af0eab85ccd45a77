/* How often callers and addresses may call, and callers begin sessions: the
 * counters that an endpoint keeps for it. */
#ifndef MCPS_SERVER_RATES_H
#define MCPS_SERVER_RATES_H

#include "http/endpoint.h"

MCPS_MUST_USE mcps_status mcps__server_open_rates(
	struct endpoint *endpoint, const struct mcps_server_options *options,
	struct mcps_error *error);

/* Fine if they were never opened. */
void mcps__server_close_rates(struct endpoint *endpoint);

#endif
