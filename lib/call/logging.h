/* Levels of the client's log. */
#ifndef MCPS_CALL_LOGGING_H
#define MCPS_CALL_LOGGING_H

#include "call/call.h"

/* Their names, by enum mcps_severity. */
extern const char *const mcps__log_levels[];

#endif
