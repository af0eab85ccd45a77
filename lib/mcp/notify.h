/* What the server tells by itself, and to whom: the one place where resources,
 * prompts, tools and log messages meet what carries them. */
#ifndef MCPS_MCP_NOTIFY_H
#define MCPS_MCP_NOTIFY_H

#include "call/mcp.h"

/* Whether there is something that carries notifications: only then
 * "subscribe" and "listChanged" are declared. */
bool mcps__notify_is_connected(const struct mcp *mcp);

/* The list of KIND is another now: remember that, and say it to everybody. */
void mcps__notify_list(struct mcp *mcp, enum entry_kind kind);

/* The resource changed: say it to those who subscribed, at once or when they
 * next listen. */
void mcps__notify_updated(struct mcp *mcp, const char *uri);

/* Say to a session which lists are others than it has seen; store that it was
 * said, so that it is not said again after the next restart. */
void mcps__notify_lists(struct mcp *mcp, struct session *session);
void mcps__notify_remember(struct mcp *mcp, struct session *session);

/* Both, and the updates that it has yet to hear of, once. It was sent what the
 * stream of id RESUMED holds; 0: none. */
void mcps__notify_missed(struct mcp *mcp, struct session *session,
                         uint64_t resumed);

#endif
