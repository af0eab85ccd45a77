#include "http/admit.h"

/* Policies are cumulative: never, issued, authenticated. An id that is past
 * its own absolute lifetime has ended, whatever the store remembers. */
static bool may_recreate(const struct admit_view *view)
{
	if (view->is_too_old || view->policy <= MCPS_UNKNOWN_NEVER)
		return false;
	if (view->is_signed)
		return true;
	return view->policy == MCPS_UNKNOWN_AUTHENTICATED &&
	       !view->is_anonymous && view->is_well_formed;
}

/* Nobody is locked out by initialize, whatever id comes along. */
static enum verdict admit_initialize(const struct admit_view *view,
                                     enum session_found found)
{
	return found == FOUND_LIVE && view->fits ? VERDICT_RENEW
	                                         : VERDICT_CREATE;
}

static enum verdict admit_delete(const struct admit_view *view,
                                 enum session_found found)
{
	if (found == FOUND_LIVE)
		return VERDICT_END;
	if (found == FOUND_UNKNOWN && view->is_signed && !view->is_too_old)
		return VERDICT_BURY;
	return VERDICT_GONE;
}

static enum verdict admit_other(const struct admit_view *view,
                                enum session_found found)
{
	if (found == FOUND_LIVE)
		return VERDICT_SERVE;
	if (found == FOUND_UNKNOWN && may_recreate(view))
		return VERDICT_RECREATE;
	return view->resumes ? VERDICT_REST : VERDICT_GONE;
}

enum verdict mcps__admit(const struct admit_view *view,
                         enum session_found found)
{
	if (!view->has_id)
		return view->kind == ADMIT_INITIALIZE ? VERDICT_CREATE
		                                      : VERDICT_NO_ID;
	if (found == FOUND_NOT_LOADED)
		return VERDICT_LOAD;
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

enum settled mcps__settle(enum verdict verdict, enum session_found found,
                          mcps_status status)
{
	if (found == FOUND_NOT_LOADED)
		return status == MCPS_OK ? SETTLED_AGAIN : SETTLED_FAILED;
	switch (verdict) {
	case VERDICT_CREATE:
		return found == FOUND_LIVE ? SETTLED_SERVE : SETTLED_GONE;
	case VERDICT_RENEW: /* if it ended under it, a new one is made */
		return found == FOUND_LIVE ? SETTLED_SERVE : SETTLED_AGAIN;
	case VERDICT_END:
		if (found == FOUND_ENDED && status == MCPS_OK)
			return SETTLED_ENDED;
		return SETTLED_AGAIN;
	case VERDICT_BURY:
		return found == FOUND_ENDED ? SETTLED_GONE : SETTLED_AGAIN;
	default:
		return SETTLED_AGAIN;
	}
}
