/* logging/setLevel (2025-11-25, Logging): answered once it is stored. */
#include "call/logging.h"
#include "mcp/dispatch.h"

#include "base/container.h"

static void set_level_stored(struct session_wait *wait,
                             enum session_found found, struct session *session,
                             mcps_status status)
{
	struct mcps_call *call = container_of(wait, struct mcps_call, wait);

	(void)found;
	mcps__session_unref(session);
	if (status == MCPS_OK) {
		mcps__buffer_add_literal(mcps__call_begin_result(call), "{}");
		mcps__call_end_result(call);
	} else {
		mcps__call_fail(call, status, NULL, NULL);
	}
	mcps__call_finished(call);
}

static uint32_t set_level_read(const struct scan *scan, uint32_t token)
{
	if (token == SCAN_NONE || scan->tokens[token].kind != SCAN_STRING)
		return 0;
	for (uint32_t level = LOG_LEVEL_DEBUG; level < LOG_LEVEL_COUNT; level++)
		if (mcps__scan_equals(scan, token, mcps__log_levels[level]))
			return level;
	return 0;
}

enum dispatch_end mcps__set_level(struct mcps_call *call,
                                  const struct catalog *catalog)
{
	const struct scan *scan = call->message.scan;
	uint32_t level = set_level_read(
		scan, mcps__scan_member(scan, call->message.params, "level"));
	uint32_t set = level << SESSION_LOG_LEVEL_SHIFT;

	(void)catalog;
	if (level == 0) {
		mcps__call_fail(call, MCPS_E_PARAMS,
		                "params.level must be one of debug, info, "
		                "notice, warning, error, critical, alert, "
		                "emergency",
		                NULL);
		return DISPATCH_ANSWERED;
	}
	call->parking(call);
	call->wait.fn = set_level_stored;
	mcps__sessions_save(call->mcp->sessions, call->session, set,
	                    SESSION_LOG_LEVEL & ~set, &call->wait);
	return DISPATCH_PARKED;
}
