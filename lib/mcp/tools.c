/* tools/call (2025-11-25, Tools). */
#include "call/run.h"
#include "mcp/dispatch.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

static const struct tool *tool_of(const struct mcps_call *call)
{
	return (const struct tool *)call->entry;
}

/* ---- the handler ---- */

static mcps_status run_tool(struct mcps_call *call)
{
	const struct tool *tool = tool_of(call);
	const void *args = tool->fields != NULL ? call->arguments.args
	                                        : (void *)call->tree;

	return tool->run(call, args);
}

static void tools_write_result(const struct mcps_call *call, struct buffer *out)
{
	mcps__result_write(&call->result, call->revision, out);
}

/* "If an output schema is provided, servers MUST provide structured results"
 * (2025-06-18, Output Schema). */
static mcps_status tools_check_result(const struct mcps_call *call)
{
	return !tool_of(call)->is_structured ||
	                       call->result.structured.length != 0
	               ? MCPS_OK
	               : MCPS_E_INVAL;
}

static const struct handler_kind tool_handler = {
	.noun = "tool",
	.subject = "tool",
	.shape = RESULT_BLOCKS,
	.run = run_tool,
	.write = tools_write_result,
	.check = tools_check_result,
};

/* ---- the request ---- */

/* From 2025-11-25 on bad arguments are a result that a model can read and
 * mend, before that a protocol error. */
static enum dispatch_end tools_refuse_arguments(struct mcps_call *call,
                                                mcps_status status,
                                                const char *why)
{
	if (status == MCPS_E_PARAMS &&
	    call->revision->bad_arguments_are_results) {
		call->handler_kind = &tool_handler;
		mcps__run_answer(call, mcps_fail(call, "%s", why));
	} else {
		mcps__call_fail(call, status, why, NULL);
	}
	return DISPATCH_ANSWERED;
}

/* A null that an optional argument cannot be counts as not given. */
static void tools_remove_nulls(const struct tool *tool,
                               struct json_object *tree)
{
	struct json_object *value;

	for (char **name = tool->not_null; name != NULL && *name != NULL;
	     name++)
		if (json_object_object_get_ex(tree, *name, &value) &&
		    value == NULL)
			json_object_object_del(tree, *name);
}

static mcps_status tools_read_arguments(struct mcps_call *call, uint32_t token,
                                        struct mcps_error *error)
{
	bool failed = false;

	if (tool_of(call)->fields != NULL)
		return mcps__arguments_read(&call->arguments,
		                            tool_of(call)->fields,
		                            call->message.scan, token, error);
	if (token == SCAN_NONE)
		call->tree = json_object_new_object();
	else
		call->tree =
			mcps__scan_tree(call->message.scan, token, &failed);
	if (call->tree == NULL || failed)
		return MCPS_E_NOMEM;
	tools_remove_nulls(tool_of(call), call->tree);
	return MCPS_OK;
}

static struct entry *find_tool(struct mcps_call *call,
                               const struct catalog *catalog)
{
	const struct scan *scan = call->message.scan;
	struct entry *tool;
	uint32_t name = mcps__scan_member(scan, call->message.params, "name");
	char detail[160];
	char text[129];

	if (name == SCAN_NONE || scan->tokens[name].kind != SCAN_STRING) {
		mcps__call_fail(call, MCPS_E_PARAMS,
		                "params.name must be a string", NULL);
		return NULL;
	}
	if (scan->tokens[name].length >= sizeof text ||
	    (scan->tokens[name].flags & SCAN_NUL) != 0) {
		mcps__call_fail(call, MCPS_E_PARAMS, "no such tool", NULL);
		return NULL;
	}
	mcps__scan_decode(scan, name, text);
	tool = mcps__catalog_find(catalog, ENTRY_TOOL, text);
	if (tool == NULL) {
		snprintf(detail, sizeof detail, "unknown tool \"%s\"", text);
		mcps__call_fail(call, MCPS_E_PARAMS, detail, NULL);
	}
	return tool;
}

enum dispatch_end mcps__tools_call(struct mcps_call *call,
                                   const struct catalog *catalog)
{
	const struct scan *scan = call->message.scan;
	struct mcps_error why = { MCPS_OK, "" };
	uint32_t arguments;
	mcps_status status;

	call->entry = find_tool(call, catalog);
	if (call->entry == NULL || !mcps__run_is_allowed(call))
		return DISPATCH_ANSWERED;
	arguments =
		mcps__scan_optional(scan, call->message.params, "arguments");
	if (arguments != SCAN_NONE &&
	    scan->tokens[arguments].kind != SCAN_OBJECT) {
		mcps__call_fail(call, MCPS_E_PARAMS,
		                "params.arguments must be an object", NULL);
		return DISPATCH_ANSWERED;
	}
	status = tools_read_arguments(call, arguments, &why);
	if (status != MCPS_OK)
		return tools_refuse_arguments(call, status, why.text);
	return mcps__run(call, &tool_handler);
}
