/* What carries notifications: the streams of calls and of sessions. */
#ifndef MCPS_MCP_DELIVER_H
#define MCPS_MCP_DELIVER_H

#include "call/mcp.h"

/* Connect MCP's notifier, and have its sessions tell of listeners. Before
 * anything else uses either. */
void mcps__deliver_connect(struct mcp *mcp);

#endif
