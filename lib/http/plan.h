/* The answer to an exchange as data: decided here, carried out by the glue. */
#ifndef MCPS_HTTP_PLAN_H
#define MCPS_HTTP_PLAN_H

#include "base/buffer.h"

#include <stdbool.h>

struct outlet;

enum plan_body {
	PLAN_EMPTY,        /* no body, no Content-Type */
	PLAN_JSON,         /* application/json */
	PLAN_ENDED_STREAM, /* text/event-stream that ends without an event */
	PLAN_STREAM,       /* text/event-stream: what the outlet brings */
};

struct plan {
	bool ready; /* false: there is no answer yet */
	int status; /* HTTP */
	enum plan_body kind;
	struct buffer body;
	struct outlet *outlet;  /* borrowed from the exchange */
	char session_id[132];   /* Mcp-Session-Id of the answer; "" none */
	const char *allow;      /* Allow, with 405; static; may be NULL */
	const char *challenge;  /* WWW-Authenticate; static; may be NULL */
	const char *origin;     /* CORS: of the page that may read it; borrowed
	                         * from the request; NULL: no CORS */
	bool is_preflight;      /* ... and this answers its OPTIONS */
	unsigned retry_after_s; /* Retry-After; 0: none */
	bool close;             /* the connection is not to be used again */
};

void mcps__plan_finish(struct plan *plan);

#endif
