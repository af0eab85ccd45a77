/* Log messages of handlers to the client (2025-11-25, Logging). The level is
 * stored in the flags of the session. */
#include "call/logging.h"

#include "call/misuse.h"
#include "rpc/write.h"

#include <json-c/json.h>
#include <string.h>

#define LEVEL(severity) \
	((uint32_t)(severity) - (uint32_t)MCPS_SEVERITY_DEBUG + LOG_LEVEL_DEBUG)

const char *const mcps__log_levels[LOG_LEVEL_COUNT] = {
	[LEVEL(MCPS_SEVERITY_DEBUG)] = "debug",
	[LEVEL(MCPS_SEVERITY_INFO)] = "info",
	[LEVEL(MCPS_SEVERITY_NOTICE)] = "notice",
	[LEVEL(MCPS_SEVERITY_WARNING)] = "warning",
	[LEVEL(MCPS_SEVERITY_ERROR)] = "error",
	[LEVEL(MCPS_SEVERITY_CRITICAL)] = "critical",
	[LEVEL(MCPS_SEVERITY_ALERT)] = "alert",
	[LEVEL(MCPS_SEVERITY_EMERGENCY)] = "emergency",
};
_Static_assert(LEVEL(MCPS_SEVERITY_INFO) == LOG_LEVEL_INFO, "it is stored");

static uint32_t logging_level_of(const mcps_call *call)
{
	uint32_t level = mcps__session_log_level(call->session);

	return level != LOG_LEVEL_UNSET ? level : LOG_LEVEL_INFO;
}

static bool logging_is_severity(enum mcps_severity severity)
{
	return severity >= MCPS_SEVERITY_DEBUG &&
	       severity <= MCPS_SEVERITY_EMERGENCY;
}

bool mcps_log_enabled(const mcps_call *call, enum mcps_severity severity)
{
	return call != NULL && logging_is_severity(severity) &&
	       LEVEL(severity) >= logging_level_of(call);
}

static void logging_params_begin(struct buffer *out,
                                 enum mcps_severity severity,
                                 const char *logger)
{
	mcps__buffer_add_format(out, "{\"level\":\"%s\"",
	                        mcps__log_levels[LEVEL(severity)]);
	if (logger != NULL) {
		mcps__buffer_add_literal(out, ",\"logger\":");
		mcps__write_string(out, logger, strlen(logger));
	}
	mcps__buffer_add_literal(out, ",\"data\":");
}

static void logging_params_send(mcps_call *call, struct buffer *params)
{
	mcps__buffer_add(params, "}", 2);
	if (!params->failed)
		mcps__call_notify(call, "notifications/message", params->data);
	mcps__buffer_finish(params);
}

void mcps_notify_log(mcps_call *call, enum mcps_severity severity,
                     const char *logger, const char *format, ...)
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
	if (!logging_is_severity(severity)) {
		mcps__misuse_severity(call, __func__, (int)severity);
		return;
	}
	if (!mcps_log_enabled(call, severity))
		return;
	va_start(args, format);
	mcps__buffer_add_vformat(&text, format, args);
	va_end(args);
	logging_params_begin(&params, severity, logger);
	mcps__write_string(&params, text.data, text.length);
	params.failed = params.failed || text.failed;
	logging_params_send(call, &params);
	mcps__buffer_finish(&text);
}

void mcps_notify_log_json(mcps_call *call, enum mcps_severity severity,
                          const char *logger, struct json_object *taken)
{
	struct buffer params = { 0 };

	if (call != NULL && !logging_is_severity(severity))
		mcps__misuse_severity(call, __func__, (int)severity);
	if (call != NULL && !mcps__misuse_on_network_thread(call, __func__) &&
	    mcps_log_enabled(call, severity)) {
		logging_params_begin(&params, severity, logger);
		mcps__write_tree(&params, taken);
		logging_params_send(call, &params);
	}
	json_object_put(taken);
}
