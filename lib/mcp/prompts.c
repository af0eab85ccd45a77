/* prompts/get (2025-11-25, Prompts). */
#include "call/run.h"
#include "mcp/dispatch.h"

#include "base/memory.h"
#include "catalog/show.h"

#include <stdio.h>
#include <string.h>

/* ---- the handler ---- */

static const struct prompt *prompt_of(const struct mcps_call *call)
{
	return (const struct prompt *)call->entry;
}

static mcps_status run_prompt(struct mcps_call *call)
{
	return prompt_of(call)->run(call);
}

static void prompts_write_messages(const struct mcps_call *call,
                                   struct buffer *out)
{
	const char *description = prompt_of(call)->description;
	const struct buffer *messages = &call->result.content;

	mcps__buffer_add_byte(out, '{');
	if (description != NULL) {
		mcps__show_text(out, "description", description);
		mcps__buffer_add_byte(out, ',');
	}
	mcps__buffer_add_literal(out, "\"messages\":[");
	mcps__buffer_add(out, messages->data, messages->length);
	mcps__buffer_add_byte(out, ']');
	mcps__result_write_meta(&call->result, out);
	mcps__buffer_add_byte(out, '}');
}

static const struct handler_kind prompt_handler = {
	.noun = "prompt",
	.subject = "prompt",
	.shape = RESULT_MESSAGES,
	.run = run_prompt,
	.write = prompts_write_messages,
};

/* ---- arguments ---- */

static bool prompts_refuse(struct mcps_call *call, const char *name,
                           const char *why)
{
	char detail[200];

	snprintf(detail, sizeof detail, "argument \"%s\" %s", name, why);
	mcps__call_fail(call, MCPS_E_PARAMS, detail, NULL);
	return false;
}

/* All that are declared, given or not; what is not declared is refused: it is
 * a mistake of the client that it would otherwise not notice. */
static bool prompts_read_values(struct mcps_call *call, uint32_t given)
{
	const struct prompt *prompt = prompt_of(call);
	const struct scan *scan = call->message.scan;
	uint32_t known = 0;

	if (!mcps__call_make_values(call, prompt->count)) {
		mcps__call_fail(call, MCPS_E_NOMEM, NULL, NULL);
		return false;
	}
	for (size_t i = 0; i < prompt->count; i++) {
		const struct prompt_argument *argument = &prompt->arguments[i];
		uint32_t token = mcps__scan_member(scan, given, argument->name);

		call->values[i].name = argument->name;
		if (token == SCAN_NONE && argument->required)
			return prompts_refuse(call, argument->name,
			                      "is missing");
		if (token == SCAN_NONE)
			continue;
		known++;
		if (!argument->required &&
		    scan->tokens[token].kind == SCAN_NULL)
			continue;
		call->values[i].value = mcps__call_read_text(
			call, given, argument->name, argument->name, SIZE_MAX);
		if (call->values[i].value == NULL)
			return false;
	}
	if (given == SCAN_NONE || known == scan->tokens[given].count)
		return true;
	mcps__call_fail(call, MCPS_E_PARAMS,
	                "there is an argument that the prompt does not have",
	                NULL);
	return false;
}

static bool find_prompt(struct mcps_call *call, const struct catalog *catalog)
{
	char *name = mcps__call_read_text(call, call->message.params, "name",
	                                  "params.name", 1024);

	if (name == NULL)
		return false;
	call->entry = mcps__catalog_find(catalog, ENTRY_PROMPT, name);
	mcps__free(name);
	if (call->entry == NULL)
		mcps__call_fail(call, MCPS_E_PARAMS, "unknown prompt", NULL);
	return call->entry != NULL;
}

enum dispatch_end mcps__prompts_get(struct mcps_call *call,
                                    const struct catalog *catalog)
{
	const struct scan *scan = call->message.scan;
	uint32_t given =
		mcps__scan_optional(scan, call->message.params, "arguments");

	if (!find_prompt(call, catalog) || !mcps__run_is_allowed(call))
		return DISPATCH_ANSWERED;
	if (given != SCAN_NONE && scan->tokens[given].kind != SCAN_OBJECT) {
		mcps__call_fail(call, MCPS_E_PARAMS,
		                "params.arguments must be an object", NULL);
		return DISPATCH_ANSWERED;
	}
	if (!prompts_read_values(call, given))
		return DISPATCH_ANSWERED;
	return mcps__run(call, &prompt_handler);
}
