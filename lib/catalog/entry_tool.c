/* Tools: what is checked of them, and how they are listed. */
#include "catalog/entry.h"

#include "base/error.h"
#include "base/memory.h"
#include "catalog/show.h"
#include "rpc/scan.h"
#include "rpc/write.h"

#include <string.h>

/* ---- checking ---- */

/* 2025-11-25, Tool Names: 1 to 128 of A-Z a-z 0-9 _ - . */
static bool is_tool_name(const char *name)
{
	size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                             "abcdefghijklmnopqrstuvwxyz"
	                             "0123456789_-.");

	return length >= 1 && length <= 128 && name[length] == '\0';
}

static mcps_status check_tool(const mcps_tool *tool, struct mcps_error *error)
{
	if (tool->name == NULL || !is_tool_name(tool->name))
		return mcps__fail(error, MCPS_E_INVAL,
		                  "tool \"%s\": a name is 1 to 128 of "
		                  "A-Z a-z 0-9 _ - .",
		                  tool->name != NULL ? tool->name : "");
	if (tool->run == NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "tool \"%s\" has no run function",
		                  tool->name);
	if (tool->fields != NULL && tool->input_schema != NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "tool \"%s\" has both fields and a schema",
		                  tool->name);
	if (tool->input_schema != NULL && !tool->validates_itself)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "tool \"%s\": nobody enforces its schema: "
		                  "check the arguments in run and set "
		                  "validates_itself",
		                  tool->name);
	return MCPS_OK;
}

/* A schema text is published as given, but it must be an object schema. */
static mcps_status tool_check_schema(const char *name, const char *member,
                                     const char *text, struct mcps_error *error)
{
	const struct scan_limits limits = SCAN_LIMITS_DEFAULT;
	struct scan scan = { 0 };
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status;
	uint32_t type;

	if (text == NULL)
		return MCPS_OK;
	status = mcps__scan_run(&scan, text, strlen(text), &limits, &why);
	if (status == MCPS_OK) {
		type = mcps__scan_member(&scan, 0, "type");
		if (type == SCAN_NONE ||
		    !mcps__scan_equals(&scan, type, "object"))
			status = mcps__fail(&why, MCPS_E_INVAL,
			                    "\"type\" must be \"object\"");
	}
	mcps__scan_finish(&scan);
	if (status == MCPS_OK)
		return MCPS_OK;
	return mcps__fail(error, status == MCPS_E_NOMEM ? status : MCPS_E_INVAL,
	                  "tool \"%s\": %s: %s", name, member, why.text);
}

/* ---- showing ---- */

static void tool_add_hint(struct buffer *out, const char *name, bool value)
{
	if (out->data[out->length - 1] != '{')
		mcps__buffer_add_byte(out, ',');
	mcps__buffer_add_format(out, "\"%s\":%s", name,
	                        value ? "true" : "false");
}

/* The schema's defaults are readOnly false, destructive true, idempotent
 * false, openWorld true: what is declared is said in full, or not at all. */
static void tool_add_annotations(struct buffer *out, unsigned hints)
{
	if (hints == 0)
		return;
	mcps__buffer_add_literal(out, ",\"annotations\":{");
	if (out->failed)
		return;
	tool_add_hint(out, "readOnlyHint", (hints & MCPS_READ_ONLY) != 0);
	if ((hints & MCPS_READ_ONLY) == 0) {
		tool_add_hint(out, "destructiveHint",
		              (hints & MCPS_DESTRUCTIVE) != 0);
		tool_add_hint(out, "idempotentHint",
		              (hints & MCPS_IDEMPOTENT) != 0);
	}
	if ((hints & MCPS_OPEN_WORLD) != 0)
		tool_add_hint(out, "openWorldHint", true);
	mcps__buffer_add_byte(out, '}');
}

static void tool_show(const struct entry *entry, const void *from,
                      const struct revision *revision, struct buffer *out)
{
	const struct tool *tool = (const struct tool *)entry;
	const mcps_tool *declared = from;

	mcps__buffer_add_byte(out, '{');
	mcps__show_text(out, "name", declared->name);
	if (revision->has_title)
		mcps__show_text(out, "title", declared->title);
	mcps__show_text(out, "description", declared->description);
	mcps__show_icons(out, declared->icons, revision);
	mcps__buffer_add_literal(out, ",\"inputSchema\":");
	if (tool->fields != NULL)
		mcps__fields_write_schema(tool->fields, out);
	else
		mcps__show_json(out, declared->input_schema);
	if (revision->has_structured && declared->output_schema != NULL) {
		mcps__buffer_add_literal(out, ",\"outputSchema\":");
		mcps__show_json(out, declared->output_schema);
	}
	if (revision->has_tool_annotations)
		tool_add_annotations(out, declared->hints);
	mcps__show_meta(out, declared->meta, revision);
	mcps__buffer_add_byte(out, '}');
}

/* ---- null in the arguments of a schema text ---- */

/* Says no only if the keyword "type" says so: what other keywords make of null
 * is for the tool to say, which gets it. */
static bool tool_null_may_fit(const struct scan *scan, uint32_t property)
{
	uint32_t type = mcps__scan_member(scan, property, "type");
	uint32_t each;

	if (type == SCAN_NONE || scan->tokens[type].kind == SCAN_STRING)
		return type == SCAN_NONE ||
		       mcps__scan_equals(scan, type, "null");
	if (scan->tokens[type].kind != SCAN_ARRAY)
		return true;
	each = type + 1;
	for (uint32_t i = 0; i < scan->tokens[type].count; i++) {
		if (mcps__scan_equals(scan, each, "null"))
			return true;
		each = scan->tokens[each].next;
	}
	return false;
}

static bool tool_is_required(const struct scan *scan, const char *name)
{
	uint32_t list = mcps__scan_member(scan, 0, "required");
	uint32_t each = list + 1;

	if (list == SCAN_NONE || scan->tokens[list].kind != SCAN_ARRAY)
		return false;
	for (uint32_t i = 0; i < scan->tokens[list].count; i++) {
		if (mcps__scan_equals(scan, each, name))
			return true;
		each = scan->tokens[each].next;
	}
	return false;
}

static bool tool_list_not_null(struct tool *tool, const struct scan *scan)
{
	uint32_t properties = mcps__scan_member(scan, 0, "properties");
	uint32_t key = properties + 1;
	uint32_t count, listed = 0;

	if (properties == SCAN_NONE ||
	    scan->tokens[properties].kind != SCAN_OBJECT)
		return true;
	count = scan->tokens[properties].count;
	tool->not_null = mcps__calloc(count + 1, sizeof *tool->not_null);
	for (uint32_t i = 0; tool->not_null != NULL && i < count; i++) {
		char *name = mcps__scan_strdup(scan, key);

		if (name == NULL)
			return false;
		tool->not_null[listed] = name;
		if (tool_is_required(scan, name) ||
		    tool_null_may_fit(scan, key + 1)) {
			mcps__free(name);
			tool->not_null[listed] = NULL;
		} else {
			listed++;
		}
		key = scan->tokens[key + 1].next;
	}
	return tool->not_null != NULL;
}

static mcps_status tool_find_not_null(struct tool *tool, const char *schema,
                                      struct mcps_error *error)
{
	const struct scan_limits limits = SCAN_LIMITS_DEFAULT;
	struct scan scan = { 0 };
	mcps_status status =
		mcps__scan_run(&scan, schema, strlen(schema), &limits, error);

	if (status == MCPS_OK && !tool_list_not_null(tool, &scan))
		status = mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	mcps__scan_finish(&scan);
	return status;
}

/* ---- making ---- */

static void tool_finish(struct entry *entry)
{
	struct tool *tool = (struct tool *)entry;

	mcps__fields_free(tool->fields);
	for (char **name = tool->not_null; name != NULL && *name != NULL;
	     name++)
		mcps__free(*name);
	mcps__free(tool->not_null);
}

static mcps_status tool_check(const mcps_tool *declared,
                              struct entry_head *head, struct mcps_error *error)
{
	mcps_status status = check_tool(declared, error);

	if (status != MCPS_OK)
		return status;
	*head = (struct entry_head){
		.kind = ENTRY_TOOL,
		.name = declared->name,
		.scopes = declared->scopes,
		.data = declared->data,
		.quick = declared->quick,
		.timeout_ms = declared->timeout_ms,
		.icons = declared->icons,
		.meta = declared->meta,
	};
	status = mcps__entry_check(head, error);
	if (status == MCPS_OK)
		status = tool_check_schema(declared->name, "input_schema",
		                           declared->input_schema, error);
	if (status == MCPS_OK)
		status = tool_check_schema(declared->name, "output_schema",
		                           declared->output_schema, error);
	return status;
}

static mcps_status tool_compile(struct tool *tool, const mcps_tool *declared,
                                struct mcps_error *error)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status;

	if (declared->input_schema != NULL)
		return tool_find_not_null(tool, declared->input_schema, error);
	status = mcps__fields_compile(&tool->fields, declared->fields,
	                              declared->args_size, &why);
	if (status == MCPS_OK)
		return MCPS_OK;
	return mcps__fail(error, status, "tool \"%s\": %s", declared->name,
	                  why.text);
}

static mcps_status make(struct entry **out, const mcps_tool *declared,
                        struct mcps_error *error)
{
	struct entry_head head;
	struct tool *tool;
	mcps_status status = tool_check(declared, &head, error);

	if (status != MCPS_OK)
		return status;
	tool = mcps__calloc(1, sizeof *tool);
	if (tool == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	tool->run = declared->run;
	tool->is_structured = declared->output_schema != NULL;
	if (mcps__entry_init(&tool->entry, &head, tool_finish))
		status = tool_compile(tool, declared, error);
	else
		status = mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	if (status == MCPS_OK &&
	    !mcps__entry_show(&tool->entry, declared, tool_show))
		status = mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	if (status != MCPS_OK) {
		mcps__entry_unref(&tool->entry);
		return status;
	}
	*out = &tool->entry;
	return MCPS_OK;
}

mcps_status mcps__tool_make(struct entry **out, const mcps_tool *declared,
                            struct mcps_error *error)
{
	mcps_tool whole;
	mcps_status status =
		mcps__entry_read(&whole, sizeof whole, declared, ENTRY_TOOL,
	                         declared->name, error);

	*out = NULL;
	return status == MCPS_OK ? make(out, &whole, error) : status;
}
