/* The end of a job that decided what a session is: memory follows, and those
 * that wait are told. */
#include "session/table.h"

static void complete_store_uses(struct sessions *sessions,
                                struct session *unstored)
{
	while (unstored != NULL) {
		struct session *session = unstored;

		unstored = session->older;
		session->older = NULL;
		mcps__sessions_touch(sessions, session, session->seen_ms);
		mcps__session_unref(session);
	}
}

/* The status for the requests behind the first one. All of them share a failure
 * to know the session, but a request that finds it ended did not end it. */
static mcps_status complete_status_behind(enum session_found found,
                                          mcps_status status)
{
	if (found == FOUND_NOT_LOADED)
		return status;
	return found == FOUND_ENDED ? MCPS_E_GONE : MCPS_OK;
}

void mcps__table_complete(struct sessions *sessions, struct session *session,
                          enum session_found found, mcps_status status)
{
	struct completion completion =
		mcps__table_completion_begin(sessions, session, found);
	struct session_wait *wait = completion.first;

	found = completion.found;
	if (completion.touch_due)
		mcps__sessions_touch(sessions, session, completion.now);
	complete_store_uses(sessions, completion.unstored);
	if (wait == NULL)
		wait = mcps__table_wait_queue_next(sessions, session,
		                                   completion.number);
	while (wait != NULL) {
		wait->fn(wait, found,
		         found == FOUND_LIVE ? mcps__session_ref(session)
		                             : NULL,
		         status);
		status = complete_status_behind(found, status);
		wait = mcps__table_wait_queue_next(sessions, session,
		                                   completion.number);
	}
	mcps__session_unref(session);
}
