/* logging/setLevel, and what handlers say to the client's log (2025-11-25,
 * Logging). The level lives in the flags of the stored session. */
#include "mcp/dispatch.h"
#include "mcp/misuse.h"
#include "mcp/notify.h"

#include "base/container.h"
#include "rpc/write.h"

#include <json-c/json.h>
#include <string.h>

static const char *const levels[] = {
	[MCPS_DEBUG] = "debug",   [MCPS_INFO] = "info",
	[MCPS_NOTICE] = "notice", [MCPS_WARNING] = "warning",
	[MCPS_ERROR] = "error",   [MCPS_CRITICAL] = "critical",
	[MCPS_ALERT] = "alert",   [MCPS_EMERGENCY] = "emergency",
};

/* ---- logging/setLevel ---- */

static void level_set(struct session_wait *wait, enum session_found found,
                      struct session *session, mcps_status status)
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

static uint32_t read_level(const struct scan *scan, uint32_t token)
{
	if (token == SCAN_NONE || scan->tokens[token].kind != SCAN_STRING)
		return 0;
	for (uint32_t level = MCPS_DEBUG; level <= MCPS_EMERGENCY; level++)
		if (mcps__scan_equals(scan, token, levels[level]))
			return level;
	return 0;
}

enum dispatch_end mcps__set_level(struct mcps_call *call,
                                  const struct catalogue *catalogue)
{
	const struct scan *scan = call->message.scan;
	uint32_t level = read_level(
		scan, mcps__scan_member(scan, call->message.params, "level"));
	uint32_t set = level << SESSION_LOG_LEVEL_SHIFT;

	(void)catalogue;
	if (level == 0) {
		mcps__call_fail(call, MCPS_E_PARAMS,
		                "params.level must be one of debug, info, "
		                "notice, warning, error, critical, alert, "
		                "emergency",
		                NULL);
		return DISPATCH_ANSWERED;
	}
	call->parking(call);
	call->wait.fn = level_set;
	mcps__sessions_save(call->mcp->sessions, call->session, set,
	                    SESSION_LOG_LEVEL & ~set, &call->wait);
	return DISPATCH_PARKED;
}

/* ---- log messages ---- */

static uint32_t level_of(const mcps_call *call)
{
	uint32_t level = mcps__session_log_level(call->session);

	return level != 0 ? level : MCPS_INFO;
}

bool mcps_logs(const mcps_call *call, enum mcps_severity severity)
{
	return call != NULL && call->mcp->notifier.call != NULL &&
	       severity >= MCPS_DEBUG && severity <= MCPS_EMERGENCY &&
	       severity >= level_of(call);
}

static void params_begin(struct buffer *out, enum mcps_severity severity,
                         const char *logger)
{
	mcps__buffer_add_format(out, "{\"level\":\"%s\"", levels[severity]);
	if (logger != NULL) {
		mcps__buffer_add_literal(out, ",\"logger\":");
		mcps__write_string(out, logger, strlen(logger));
	}
	mcps__buffer_add_literal(out, ",\"data\":");
}

static void params_send(mcps_call *call, struct buffer *params)
{
	mcps__buffer_add(params, "}", 2);
	if (!params->failed)
		mcps__notify_call(call, "notifications/message", params->data);
	mcps__buffer_finish(params);
}

void mcps_log(mcps_call *call, enum mcps_severity severity, const char *logger,
              const char *format, ...)
{
	struct buffer params = { 0 };
	struct buffer text = { 0 };
	va_list args;

	if (call == NULL || mcps__misuse_on_network_thread(call, __func__))
		return;
	if (format == NULL) {
		(void)mcps__misuse_null(call, __func__, "format");
		return;
	}
	if (!mcps_logs(call, severity))
		return;
	va_start(args, format);
	mcps__buffer_add_vformat(&text, format, args);
	va_end(args);
	params_begin(&params, severity, logger);
	mcps__write_string(&params, text.data, text.length);
	params.failed = params.failed || text.failed;
	params_send(call, &params);
	mcps__buffer_finish(&text);
}

void mcps_log_json(mcps_call *call, enum mcps_severity severity,
                   const char *logger, struct json_object *taken)
{
	struct buffer params = { 0 };

	if (call != NULL && !mcps__misuse_on_network_thread(call, __func__) &&
	    mcps_logs(call, severity)) {
		params_begin(&params, severity, logger);
		mcps__write_tree(&params, taken);
		params_send(call, &params);
	}
	json_object_put(taken);
}
