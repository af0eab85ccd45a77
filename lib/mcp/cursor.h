/* List cursors: where the next page begins, signed, without anything kept. */
#ifndef MCPS_MCP_CURSOR_H
#define MCPS_MCP_CURSOR_H

#include "call/mcp.h"

enum { CURSOR_TEXT_SIZE = 32 };

/* A list as it is now. */
struct cursor_list {
	const char *name; /* "tools" */
	const uint8_t *digest;
	size_t digest_length;
};

/* The cursor of LIST at entry INDEX. */
void mcps__cursor_make(char out[CURSOR_TEXT_SIZE], const struct mcp *mcp,
                       const struct cursor_list *list, uint32_t index);

/* False for anything that this server, with these lists, did not make. */
bool mcps__cursor_read(uint32_t *index, const struct mcp *mcp,
                       const struct cursor_list *list, const char *text);

#endif
