#include "session/row_state.h"

enum session_found mcps__row_state(const struct mcps_session_row *row,
                                   const struct row_context *context)
{
	if (row != NULL && mcps__row_is_damaged(row))
		return FOUND_ENDED;
	if (row == NULL || row->principal != context->principal_ref)
		return FOUND_UNKNOWN;
	if (row->phase != MCPS_PHASE_LIVE)
		return FOUND_ENDED;
	if (row->created_ms < context->not_before_ms ||
	    context->now_ms - row->created_ms > context->max_age_ms)
		return FOUND_ENDED;
	if (row->seen_ms < context->idle_before_ms)
		return FOUND_UNKNOWN;
	return FOUND_LIVE;
}
