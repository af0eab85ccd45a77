/* Calls that run a handler of the application, at once or on a worker: what
 * they have in common from the scopes they need to the commit of what they
 * changed. */
#ifndef MCPS_CALL_RUN_H
#define MCPS_CALL_RUN_H

#include "call/call.h"

/* The functions in which the kinds of handlers differ: a row for each kind. */
struct handler_kind {
	const char *noun;    /* "tool": for sentences */
	const char *subject; /* "tool": before a name in them */
	enum result_shape shape;
	/* Call the handler. */
	mcps_status (*run)(struct mcps_call *call);
	/* Append the result of one that succeeded; of tools (RESULT_BLOCKS)
	 * also of one that said mcps_fail(). */
	void (*write)(const struct mcps_call *call, struct buffer *out);
	/* Set for what may not succeed without more: MCPS_OK, or why. May be
	 * NULL. */
	mcps_status (*check)(const struct mcps_call *call);
};

/* Whether the caller has the scopes of call->entry; if not, it is answered. */
bool mcps__run_is_allowed(struct mcps_call *call);

/* Run the handler of call->entry. CALL holds all that it needs. */
enum dispatch_end mcps__run(struct mcps_call *call,
                            const struct handler_kind *handler_kind);

/* The drain is over: a call that a worker has, or has yet to take up, is
 * answered in the worker's place, unless its handler has returned. Any thread,
 * which keeps the call alive; once. */
void mcps__run_stop(struct mcps_call *call);

/* Answer with the result as it stands, as if the handler had said STATUS. */
void mcps__run_answer(struct mcps_call *call, mcps_status status);

#endif
