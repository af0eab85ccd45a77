#include "mcp/dispatch.h"

#include "base/memory.h"
#include "call/call_log.h"

#include <string.h>

/* ---- requests ---- */

/* A method of a feature that is not offered does not exist. */
static const struct method {
	const char *name;
	method_fn run;
	enum feature feature;
} methods[] = {
	{ "tools/call", mcps__tools_call, FEATURE_ALWAYS },
	{ "tools/list", mcps__tools_list, FEATURE_ALWAYS },
	{ "ping", mcps__ping, FEATURE_ALWAYS },
	{ "resources/read", mcps__resources_read, FEATURE_RESOURCES },
	{ "resources/list", mcps__resources_list, FEATURE_RESOURCES },
	{ "resources/templates/list", mcps__templates_list, FEATURE_RESOURCES },
	{ "resources/subscribe", mcps__resources_subscribe, FEATURE_RESOURCES },
	{ "resources/unsubscribe", mcps__resources_unsubscribe,
	  FEATURE_RESOURCES },
	{ "prompts/get", mcps__prompts_get, FEATURE_PROMPTS },
	{ "prompts/list", mcps__prompts_list, FEATURE_PROMPTS },
	{ "completion/complete", mcps__complete, FEATURE_COMPLETIONS },
	{ "logging/setLevel", mcps__set_level, FEATURE_ALWAYS },
};

/* What was there once stays declared: clients are told once. */
bool mcps__has_feature(struct mcp *mcp, enum feature feature)
{
	const struct registry *registry = mcp->registry;

	switch (feature) {
	case FEATURE_ALWAYS:
		return true;
	case FEATURE_RESOURCES:
		return atomic_load(&registry->has[ENTRY_RESOURCE]) ||
		       atomic_load(&registry->has[ENTRY_TEMPLATE]);
	case FEATURE_PROMPTS:
		return atomic_load(&registry->has[ENTRY_PROMPT]);
	case FEATURE_COMPLETIONS:
		return atomic_load(&registry->completes);
	}
	return false;
}

enum dispatch_end mcps__ping(struct mcps_call *call,
                             const struct catalog *catalog)
{
	(void)catalog;
	mcps__buffer_add_literal(mcps__call_begin_result(call), "{}");
	mcps__call_end_result(call);
	return DISPATCH_ANSWERED;
}

static const struct method *dispatch_find_method(struct mcps_call *call)
{
	const struct message *message = &call->message;

	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (mcps__scan_equals(message->scan, message->method,
		                      methods[i].name))
			return mcps__has_feature(call->mcp, methods[i].feature)
			               ? &methods[i]
			               : NULL;
	return NULL;
}

/* It is sent back with each notification of progress. */
static bool dispatch_check_progress_token(struct mcps_call *call)
{
	const struct scan *scan = call->message.scan;
	uint32_t meta =
		mcps__scan_optional(scan, call->message.params, "_meta");
	uint32_t token = mcps__scan_optional(scan, meta, "progressToken");

	if (token == SCAN_NONE || scan->tokens[token].kind == SCAN_STRING ||
	    scan->tokens[token].kind == SCAN_INTEGER)
		return true;
	mcps__call_fail(call, MCPS_E_PARAMS,
	                "params._meta.progressToken must be a string or an "
	                "integer",
	                NULL);
	return false;
}

static void dispatch_refuse_method(struct mcps_call *call)
{
	const struct message *message = &call->message;
	char *name = mcps__scan_strdup(message->scan, message->method);

	mcps__call_fail(call, MCPS_E_METHOD, name, NULL);
	mcps__free(name);
}

enum dispatch_end mcps__dispatch(struct mcps_call *call)
{
	struct registry *registry = call->mcp->registry;
	const struct method *method = dispatch_find_method(call);
	enum dispatch_end end = DISPATCH_ANSWERED;
	const struct catalog *catalog;
	unsigned stripe;

	atomic_fetch_add_explicit(&call->mcp->calls, 1, memory_order_relaxed);
	mcps__call_log_begin(call, method != NULL ? method->name : NULL);
	catalog = mcps__registry_enter(registry, &stripe);
	if (dispatch_check_progress_token(call)) {
		if (method != NULL)
			end = method->run(call, catalog);
		else
			dispatch_refuse_method(call);
	}
	if (end == DISPATCH_ANSWERED) /* else it belongs to another thread */
		mcps__call_log_end(call, call->entry);
	mcps__registry_leave(registry, stripe);
	return end;
}

/* ---- notifications ---- */

/* The reason as it stood in JSON, so on one line; cut. It is the client's word
 * and for people only. */
static void dispatch_log_cancel(struct mcps_call *call)
{
	const struct scan *scan = call->message.scan;
	uint32_t reason =
		mcps__scan_optional(scan, call->message.params, "reason");
	const char *text = "none";
	size_t length = 4;

	if (reason != SCAN_NONE)
		text = mcps__scan_raw(scan, reason, &length);
	mcps__log(&call->mcp->log, MCPS_LOG_DEBUG, "mcp",
	          "call cancelled by its client reason=%.*s",
	          length < 120 ? (int)length : 120, text);
}

/* Unknown, finished and malformed ones are ignored (2025-11-25, Cancellation,
 * Error Handling). */
static void dispatch_cancelled(struct mcps_call *call)
{
	const struct scan *scan = call->message.scan;
	uint32_t id =
		mcps__scan_member(scan, call->message.params, "requestId");
	const char *text;
	size_t length;

	if (id == SCAN_NONE)
		return;
	text = mcps__scan_raw(scan, id, &length);
	if (mcps__session_cancel_call(call->session, text, length))
		dispatch_log_cancel(call);
}

/* Its client waits for nothing, and whatever else it asks for says the same.
 * One write does, however often it says so. */
static void dispatch_initialized(struct mcps_call *call)
{
	if (!mcps__session_has_flag(call->session, SESSION_INITIALIZED) &&
	    !atomic_exchange(&call->session->is_initializing, true))
		mcps__sessions_save_later(call->mcp->sessions, call->session,
		                          SESSION_INITIALIZED, 0);
}

static const struct notification {
	const char *name;
	void (*run)(struct mcps_call *call);
} notifications[] = {
	{ "notifications/initialized", dispatch_initialized },
	{ "notifications/cancelled", dispatch_cancelled },
};

void mcps__dispatch_notification(struct mcps_call *call)
{
	const struct message *message = &call->message;

	for (size_t i = 0; i < sizeof notifications / sizeof notifications[0];
	     i++)
		if (mcps__scan_equals(message->scan, message->method,
		                      notifications[i].name))
			notifications[i].run(call);
}
