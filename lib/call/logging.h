/* Levels of the client's log. */
#ifndef MCPS_CALL_LOGGING_H
#define MCPS_CALL_LOGGING_H

#include "call/call.h"

/* A level as sessions store it, in 4 bits. */
enum {
	LOG_LEVEL_UNSET, /* by the client */
	LOG_LEVEL_DEBUG,
	LOG_LEVEL_INFO,
	LOG_LEVEL_COUNT = 9
};

/* Their names; of LOG_LEVEL_UNSET NULL. */
extern const char *const mcps__log_levels[LOG_LEVEL_COUNT];

#endif
