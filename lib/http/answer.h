/* The headers that a plan stands for, whoever sends them. */
#ifndef MCPS_HTTP_ANSWER_H
#define MCPS_HTTP_ANSWER_H

#include "http/plan.h"

#include <mcps/admit.h>

enum { ANSWER_HEADERS_MOST = 16 };

/* The request headers that a page of another origin may send. */
#define MCPS__CORS_HEADERS                                                 \
	"Accept, Authorization, Content-Type, Last-Event-ID, Mcp-Method, " \
	"Mcp-Name, Mcp-Session-Id, MCP-Protocol-Version"

struct answer_headers {
	struct mcps_header list[ANSWER_HEADERS_MOST]; /* ends with NULL */
	unsigned count;
	char retry_after[12];
};

/* Borrows from PLAN and of OUT itself. IS_GET: what was asked; CLOSES: even if
 * the plan does not want that, the connection ends with the answer. */
void mcps__answer_headers(struct answer_headers *out, const struct plan *plan,
                          bool is_get, bool closes);

#endif
