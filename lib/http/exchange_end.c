/* The end of an exchange: closed, or its stream goes on without it. */
#include "http/exchange_internal.h"

#include "http/listening.h"

void mcps__exchange_close(struct exchange *exchange)
{
	if (exchange == NULL)
		return;
	mcps__outlet_leave(exchange->outlet);
	exchange->outlet = NULL;
	mcps__exchange_stop_listening(exchange);
	mcps__exchange_unref(exchange);
}

bool mcps__exchange_let_go(struct exchange *exchange)
{
	struct outlet *outlet = exchange->outlet;

	if (outlet == NULL) {
		mcps__exchange_close(exchange);
		return true;
	}
	if (exchange->plan.kind != PLAN_STREAM || outlet->is_call)
		return false;
	outlet->kept = exchange->session;
	outlet->caller = exchange->caller;
	outlet->is_counted = exchange->is_listening;
	exchange->session = NULL;
	exchange->outlet = NULL;
	exchange->is_listening = false; /* the outlet is, until it is left */
	mcps__exchange_unref(exchange);
	return true;
}

void mcps__exchange_leave(struct endpoint *endpoint,
                          struct stream_limits *streams, struct outlet *outlet)
{
	if (outlet == NULL)
		return;
	if (outlet->is_counted)
		mcps__listening_end(endpoint, streams, &outlet->caller);
	mcps__outlet_leave(outlet);
}
