#include "call/outcome.h"

#include "session/session.h"

/* A client that cancelled its call waits for nothing, whatever else happened.
 * A call that has not begun may be repeated, and its status says so; one that
 * has begun may not. */
enum call_outcome mcps__call_outcome(unsigned steps)
{
	if ((steps & CALL_CANCELLED) != 0)
		return OUTCOME_SILENCE;
	if ((steps & (CALL_ENDED | CALL_STOPPED)) == 0)
		return OUTCOME_ANSWER;
	if ((steps & CALL_BEGUN) != 0)
		return OUTCOME_UNKNOWN;
	return (steps & CALL_ENDED) != 0 ? OUTCOME_GONE : OUTCOME_STOPPING;
}
