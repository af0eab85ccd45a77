/* completion/complete (2025-11-25, Completion). */
#include "call/run.h"
#include "mcp/dispatch.h"

#include "base/memory.h"

#include <string.h>

/* ---- the handler ---- */

static mcps_complete_fn completer_of(const struct entry *entry)
{
	return entry->kind == ENTRY_PROMPT
	               ? ((const struct prompt *)entry)->complete
	               : ((const struct resource *)entry)->complete;
}

static mcps_status completion_run(struct mcps_call *call)
{
	return completer_of(call->entry)(call, call->completed, call->text);
}

/* "Maximum 100 items per response"; the total is what was suggested, unless
 * the handler knows better. */
static void completion_write_values(const struct mcps_call *call,
                                    struct buffer *out)
{
	const struct result *result = &call->result;
	uint64_t total = result->total > result->suggested ? result->total
	                                                   : result->suggested;
	uint64_t sent = result->suggested < RESULT_SUGGESTIONS_MAX
	                        ? result->suggested
	                        : RESULT_SUGGESTIONS_MAX;

	mcps__buffer_add_literal(out, "{\"completion\":{\"values\":[");
	mcps__buffer_add(out, result->content.data, result->content.length);
	mcps__buffer_add_format(out, "],\"total\":%llu,\"hasMore\":%s}",
	                        (unsigned long long)total,
	                        total > sent ? "true" : "false");
	mcps__result_write_meta(result, out);
	mcps__buffer_add_byte(out, '}');
}

static const struct handler_kind completion_handler = {
	.noun = "completion",
	.subject = "completion of",
	.shape = RESULT_SUGGESTIONS,
	.run = completion_run,
	.write = completion_write_values,
};

/* ---- what is to be completed ---- */

static bool completion_refuse(struct mcps_call *call, const char *why)
{
	mcps__call_fail(call, MCPS_E_PARAMS, why, NULL);
	return false;
}

static bool completion_find_by(struct mcps_call *call,
                               const struct catalog *catalog, uint32_t ref,
                               const char *member, enum entry_kind kind)
{
	char *name =
		mcps__call_read_text(call, ref, member, "params.ref", URI_MAX);

	if (name == NULL)
		return false;
	call->entry = mcps__catalog_find(catalog, kind, name);
	if (call->entry == NULL && kind == ENTRY_TEMPLATE)
		call->entry = mcps__catalog_find(catalog, ENTRY_RESOURCE, name);
	mcps__free(name);
	return call->entry != NULL ||
	       completion_refuse(call, kind == ENTRY_PROMPT
	                                       ? "unknown prompt"
	                                       : "unknown resource template");
}

static bool completion_find_ref(struct mcps_call *call,
                                const struct catalog *catalog)
{
	const struct scan *scan = call->message.scan;
	uint32_t ref = mcps__scan_member(scan, call->message.params, "ref");
	uint32_t type = mcps__scan_member(scan, ref, "type");

	if (type != SCAN_NONE && mcps__scan_equals(scan, type, "ref/prompt"))
		return completion_find_by(call, catalog, ref, "name",
		                          ENTRY_PROMPT);
	if (type != SCAN_NONE && mcps__scan_equals(scan, type, "ref/resource"))
		return completion_find_by(call, catalog, ref, "uri",
		                          ENTRY_TEMPLATE);
	return completion_refuse(call, "params.ref.type must be ref/prompt or "
	                               "ref/resource");
}

/* The entry's own name of what the client calls NAME; NULL: it has none. */
static const char *completion_own_name(const struct entry *entry,
                                       const char *name)
{
	const struct prompt *prompt = (const struct prompt *)entry;
	const struct resource *resource = (const struct resource *)entry;

	if (entry->kind == ENTRY_PROMPT) {
		for (size_t i = 0; i < prompt->count; i++)
			if (strcmp(prompt->arguments[i].name, name) == 0)
				return prompt->arguments[i].name;
		return NULL;
	}
	if (entry->kind == ENTRY_RESOURCE)
		return NULL;
	for (size_t i = 0; i < mcps__template_count(resource->compiled); i++)
		if (strcmp(mcps__template_name(resource->compiled, i), name) ==
		    0)
			return mcps__template_name(resource->compiled, i);
	return NULL;
}

static bool completion_read_argument(struct mcps_call *call)
{
	const struct scan *scan = call->message.scan;
	uint32_t argument =
		mcps__scan_member(scan, call->message.params, "argument");
	char *name = mcps__call_read_text(call, argument, "name",
	                                  "params.argument.name", 1024);

	if (name == NULL)
		return false;
	call->completed = completion_own_name(call->entry, name);
	mcps__free(name);
	if (call->completed == NULL)
		return completion_refuse(call, "there is no such argument");
	call->text = mcps__call_read_text(call, argument, "value",
	                                  "params.argument.value", SIZE_MAX);
	return call->text != NULL;
}

/* ---- what else is known ---- */

static bool completion_take_value(struct mcps_call *call,
                                  struct call_value *value, uint32_t token)
{
	const struct scan *scan = call->message.scan;

	if (scan->tokens[token + 1].kind != SCAN_STRING ||
	    (scan->tokens[token + 1].flags & SCAN_NUL) != 0)
		return completion_refuse(
			call, "params.context.arguments are strings");
	value->name = mcps__scan_strdup(scan, token);
	value->owns_name = true;
	value->value = mcps__scan_strdup(scan, token + 1);
	if (value->name != NULL && value->value != NULL)
		return true;
	mcps__call_fail(call, MCPS_E_NOMEM, NULL, NULL);
	return false;
}

static bool completion_read_context(struct mcps_call *call)
{
	const struct scan *scan = call->message.scan;
	uint32_t context =
		mcps__scan_optional(scan, call->message.params, "context");
	uint32_t object = mcps__scan_optional(scan, context, "arguments");
	uint32_t token = object + 1;
	uint32_t count = 0;

	if (object == SCAN_NONE || !call->revision->has_completion_context)
		return true;
	if (scan->tokens[object].kind != SCAN_OBJECT)
		return completion_refuse(call,
		                         "params.context.arguments must be an "
		                         "object");
	if (!mcps__call_make_values(call, scan->tokens[object].count)) {
		mcps__call_fail(call, MCPS_E_NOMEM, NULL, NULL);
		return false;
	}
	for (uint32_t i = 0; i < scan->tokens[object].count; i++) {
		if (scan->tokens[token + 1].kind != SCAN_NULL &&
		    !completion_take_value(call, &call->values[count++], token))
			return false;
		token = scan->tokens[token + 1].next;
	}
	return true;
}

enum dispatch_end mcps__complete(struct mcps_call *call,
                                 const struct catalog *catalog)
{
	if (!completion_find_ref(call, catalog) || !mcps__run_is_allowed(call))
		return DISPATCH_ANSWERED;
	if (call->entry->kind == ENTRY_RESOURCE) {
		completion_refuse(call, "there is no such argument");
		return DISPATCH_ANSWERED;
	}
	if (!completion_read_argument(call) || !completion_read_context(call))
		return DISPATCH_ANSWERED;
	if (completer_of(call->entry) != NULL)
		return mcps__run(call, &completion_handler);
	completion_write_values(call, mcps__call_begin_result(call));
	mcps__call_end_result(call);
	return DISPATCH_ANSWERED;
}
