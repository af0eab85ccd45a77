/* The end of an exchange: closed, or its stream goes on without it. */
#include "http/exchange_internal.h"

#include "http/listening.h"

void mcps__exchange_close(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	mcps__sse_connection_leave(exchange->sse);
	exchange->sse = NULL;
	mcps__exchange_stop_listening(exchange);
	mcps__exchange_unref(exchange);
}

bool mcps__exchange_let_go(struct exchange *exchange)
{
	struct sse_connection *sse = exchange->sse;

	if (sse == NULL) {
		mcps__exchange_close(exchange);
		return true;
	}
	if (exchange->plan.kind != PLAN_STREAM || sse->is_call)
		return false;
	sse->owned_session = exchange->session;
	sse->caller = exchange->caller;
	sse->is_counted = exchange->is_listening;
	exchange->session = NULL;
	exchange->sse = NULL;
	exchange->is_listening =
		false; /* the SSE connection is, until it is left */
	mcps__exchange_unref(exchange);
	return true;
}

void mcps__exchange_leave(struct endpoint *endpoint,
                          struct stream_limits *streams,
                          struct sse_connection *sse)
{
	if (sse == NULL)
		return;
	if (sse->is_counted)
		mcps__listening_end(endpoint, streams, &sse->caller);
	mcps__sse_connection_leave(sse);
}
