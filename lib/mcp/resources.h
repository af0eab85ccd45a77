/* From a URI to the resource that it names. */
#ifndef MCPS_MCP_RESOURCES_H
#define MCPS_MCP_RESOURCES_H

#include "mcp/dispatch.h"

/* Read params.uri into call->text, find what it names, and set call->entry and
 * the variables. False: the call is answered (-32602, -32002, 403). */
bool mcps__resource_find(struct mcps_call *call, const struct catalog *catalog);

#endif
