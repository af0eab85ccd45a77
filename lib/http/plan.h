/* The answer to an exchange as data: decided here, carried out by the glue. */
#ifndef MCPS_HTTP_PLAN_H
#define MCPS_HTTP_PLAN_H

#include "base/buffer.h"

#include <stdbool.h>

struct sse_connection;

enum plan_body {
	PLAN_EMPTY,  /* no body, no Content-Type */
	PLAN_JSON,   /* application/json */
	PLAN_EVENTS, /* text/event-stream, whole: the body, perhaps none */
	PLAN_STREAM, /* text/event-stream: what the SSE connection brings */
};

struct plan {
	bool ready; /* false: there is no answer yet */
	int status; /* HTTP */
	enum plan_body kind;
	struct buffer body;
	struct sse_connection *sse; /* borrowed from the exchange */
	char session_id[132];       /* Mcp-Session-Id of the answer; "" none */
	const char *allow;          /* Allow, with 405; static; may be NULL */
	const char *encoding;       /* Accept-Encoding, with 415; may be NULL */
	const char *challenge;      /* WWW-Authenticate; static; may be NULL */
	const char *origin;     /* CORS: of the page that may read it; borrowed
	                         * from the request; NULL: no CORS */
	bool is_preflight;      /* ... and this answers its OPTIONS */
	struct buffer allowed;  /* ... which asked for these headers, too: a
	                         * list with its NUL; empty: none */
	unsigned retry_after_s; /* Retry-After; 0: none */
	bool wants_events;      /* the client takes no JSON */
	bool close;             /* the connection is not to be used again */
};

void mcps__plan_finish(struct plan *plan);

#endif
