/* The command healthcheck: a probe for containers that have no curl. */
#ifndef MCPS_APP_HEALTHCHECK_H
#define MCPS_APP_HEALTHCHECK_H

#include "app/options.h"

/* Ask the server that runs with these options. Prints what it said. */
enum exit_code mcps__healthcheck(const struct app_options *options);

#endif
