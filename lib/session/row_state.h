/* What a stored row means now: pure. */
#ifndef MCPS_SESSION_ROW_STATE_H
#define MCPS_SESSION_ROW_STATE_H

#include "session/session.h"

struct row_context {
	int64_t now_ms;
	int64_t idle_before_ms; /* rows last seen before it are idle */
	int64_t max_age_ms;
	int64_t principal_ref; /* of the caller; 0: the store knows no such one
	                        */
	int64_t not_before_ms; /* older sessions of the caller are revoked */
};

/* Nothing of the row can be believed but that it was there: it may have been a
 * tombstone. Its key is a hash of caller and id, so it is the caller's. */
static inline bool mcps__row_is_damaged(const struct mcps_session_row *row)
{
	return row->phase == MCPS_PHASE_ENDED && row->principal == 0;
}

/* ROW is NULL when the store has none. */
enum session_found mcps__row_state(const struct mcps_session_row *row,
                                   const struct row_context *context);

#endif
