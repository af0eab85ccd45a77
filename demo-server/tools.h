/* The tools of the demo server; each file adds its own. */
#ifndef DEMO_TOOLS_H
#define DEMO_TOOLS_H

#include <mcps/server.h>

#define COUNTER_URI "counter://session"

void add_memory_tools(mcps_server *server); /* remember, recall */
void add_count_tool(mcps_server *server);
void add_whoami_tool(mcps_server *server);
void add_simple_tools(mcps_server *server); /* echo, sleep */
void add_resources(mcps_server *server);    /* and a prompt */

#endif
