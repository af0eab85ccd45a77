#include "http/admit.h"

/* Policies are cumulative: never, issued, authenticated. An id that is past
 * its own absolute lifetime has ended, whatever the store remembers. */
static bool admit_may_recreate(const struct admit_view *view)
{
	if (view->is_too_old || view->policy <= MCPS_UNKNOWN_NEVER)
		return false;
	if (view->is_signed)
		return true;
	return view->policy == MCPS_UNKNOWN_AUTHENTICATED &&
	       !view->is_anonymous && view->is_well_formed;
}

/* Nobody is locked out by initialize, whatever id comes along. */
static enum admit_decision admit_initialize(const struct admit_view *view,
                                            enum session_found found)
{
	return found == FOUND_LIVE && view->fits ? DECISION_RENEW
	                                         : DECISION_CREATE;
}

static enum admit_decision admit_delete(const struct admit_view *view,
                                        enum session_found found)
{
	if (found == FOUND_LIVE)
		return DECISION_END;
	if (found == FOUND_UNKNOWN && view->is_signed && !view->is_too_old)
		return DECISION_TOMBSTONE;
	return DECISION_GONE;
}

static enum admit_decision admit_other(const struct admit_view *view,
                                       enum session_found found)
{
	if (found == FOUND_LIVE)
		return DECISION_SERVE;
	if (found == FOUND_UNKNOWN && admit_may_recreate(view))
		return DECISION_RECREATE;
	return view->resumes ? DECISION_REST : DECISION_GONE;
}

enum admit_decision mcps__admit(const struct admit_view *view,
                                enum session_found found)
{
	if (!view->has_id)
		return view->kind == ADMIT_INITIALIZE ? DECISION_CREATE
		                                      : DECISION_NO_ID;
	if (found == FOUND_NOT_LOADED)
		return DECISION_LOAD;
	switch (view->kind) {
	case ADMIT_INITIALIZE:
		return admit_initialize(view, found);
	case ADMIT_DELETE:
		return admit_delete(view, found);
	case ADMIT_POST:
	case ADMIT_GET:
		break;
	}
	return admit_other(view, found);
}

enum admit_outcome mcps__admit_outcome(enum admit_decision decision,
                                       enum session_found found,
                                       mcps_status status)
{
	if (found == FOUND_NOT_LOADED)
		return status == MCPS_OK ? ADMIT_OUTCOME_AGAIN
		                         : ADMIT_OUTCOME_FAILED;
	switch (decision) {
	case DECISION_CREATE:
		return found == FOUND_LIVE ? ADMIT_OUTCOME_SERVE
		                           : ADMIT_OUTCOME_GONE;
	case DECISION_RENEW: /* if it ended under it, a new one is made */
		return found == FOUND_LIVE ? ADMIT_OUTCOME_SERVE
		                           : ADMIT_OUTCOME_AGAIN;
	case DECISION_END:
		if (found == FOUND_ENDED && status == MCPS_OK)
			return ADMIT_OUTCOME_ENDED;
		return ADMIT_OUTCOME_AGAIN;
	case DECISION_TOMBSTONE:
		return found == FOUND_ENDED ? ADMIT_OUTCOME_GONE
		                            : ADMIT_OUTCOME_AGAIN;
	default:
		return ADMIT_OUTCOME_AGAIN;
	}
}
