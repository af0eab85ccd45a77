/* Levels of the client's log. */
#ifndef MCPS_MCP_LOGGING_H
#define MCPS_MCP_LOGGING_H

#include "mcp/call.h"

/* Their names, by enum mcps_severity. */
extern const char *const mcps__log_levels[];

#endif
