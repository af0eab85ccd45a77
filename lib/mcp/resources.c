/* resources/read (2025-11-25, Resources). */
#include "mcp/resources.h"

#include "base/memory.h"
#include "call/run.h"

#include <string.h>

/* ---- from a URI to a resource ---- */

/* What is no UTF-8 once decoded fits nothing; false with *FAILED: no memory. */
static bool resources_take_values(struct mcps_call *call,
                                  const struct uri_template *compiled,
                                  const struct uri_span *spans, bool *failed)
{
	size_t count = mcps__template_count(compiled);

	*failed = !mcps__call_make_values(call, count);
	for (size_t i = 0; i < count && !*failed; i++) {
		struct call_value *value = &call->values[i];

		value->value = mcps__malloc(spans[i].end - spans[i].begin + 1);
		*failed = value->value == NULL;
		if (*failed)
			return false;
		value->name = mcps__template_name(compiled, i);
		if (!mcps__uri_decode(value->value, call->text, spans[i]))
			return false;
	}
	return !*failed;
}

static struct entry *resources_find_template(struct mcps_call *call,
                                             const struct entry_list *list,
                                             bool *failed)
{
	size_t length = strlen(call->text);
	struct uri_span spans[URI_VARIABLES_MAX];

	*failed = false;
	for (size_t i = 0; i < list->count; i++) {
		const struct resource *resource =
			(const struct resource *)list->entries[i];

		if (!mcps__template_match(resource->compiled, call->text,
		                          length, spans))
			continue;
		if (resources_take_values(call, resource->compiled, spans,
		                          failed))
			return list->entries[i];
		mcps__call_forget_values(call);
		if (*failed)
			return NULL;
	}
	return NULL;
}

bool mcps__resource_find(struct mcps_call *call, const struct catalog *catalog)
{
	bool failed = false;

	call->text = mcps__call_read_text(call, call->message.params, "uri",
	                                  "params.uri", URI_MAX);
	if (call->text == NULL)
		return false;
	if (!mcps__uri_is_valid(call->text, strlen(call->text))) {
		mcps__call_fail_uri(call, MCPS_E_PARAMS,
		                    "params.uri is no URI (RFC 3986)",
		                    call->text);
		return false;
	}
	call->entry = mcps__catalog_find(catalog, ENTRY_RESOURCE, call->text);
	if (call->entry == NULL)
		call->entry = resources_find_template(
			call, &catalog->lists[ENTRY_TEMPLATE], &failed);
	if (call->entry != NULL)
		return mcps__run_is_allowed(call);
	if (failed)
		mcps__call_fail(call, MCPS_E_NOMEM, NULL, NULL);
	else
		mcps__call_fail_uri(call, MCPS_E_NO_RESOURCE, NULL, call->text);
	/* A good request: its error travels with 200. */
	return false;
}

/* ---- resources/read ---- */

static mcps_status read_resource(struct mcps_call *call)
{
	const struct resource *resource = (const struct resource *)call->entry;

	if (resource->has_text)
		return mcps_text(call, "%s", resource->bytes);
	if (resource->has_bytes)
		return mcps_bytes(call, resource->bytes, resource->length);
	return resource->read(call, call->text);
}

static void resources_write_contents(const struct mcps_call *call,
                                     struct buffer *out)
{
	const struct buffer *contents = &call->result.content;

	mcps__buffer_add_literal(out, "{\"contents\":[");
	mcps__buffer_add(out, contents->data, contents->length);
	mcps__buffer_add_byte(out, ']');
	mcps__result_write_meta(&call->result, out);
	mcps__buffer_add_byte(out, '}');
}

static const struct handler_kind read_handler = {
	.noun = "resource",
	.subject = "resource",
	.shape = RESULT_CONTENTS,
	.run = read_resource,
	.write = resources_write_contents,
};

enum dispatch_end mcps__resources_read(struct mcps_call *call,
                                       const struct catalog *catalog)
{
	if (!mcps__resource_find(call, catalog))
		return DISPATCH_ANSWERED;
	call->result.uri = call->text;
	call->result.mime_type =
		((const struct resource *)call->entry)->mime_type;
	return mcps__run(call, &read_handler);
}
