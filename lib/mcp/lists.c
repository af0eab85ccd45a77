/* The four lists, page by page (2025-11-25, Pagination). */
#include "mcp/cursor.h"
#include "mcp/dispatch.h"

static bool lists_read_cursor(struct mcps_call *call,
                              const struct cursor_list *list, uint32_t *index)
{
	const struct scan *scan = call->message.scan;
	uint32_t cursor =
		mcps__scan_optional(scan, call->message.params, "cursor");
	char text[CURSOR_TEXT_SIZE];

	*index = 0;
	if (cursor == SCAN_NONE)
		return true;
	if (scan->tokens[cursor].kind != SCAN_STRING ||
	    scan->tokens[cursor].length >= sizeof text)
		return false;
	mcps__scan_decode(scan, cursor, text);
	return mcps__cursor_read(index, call->mcp, list, text);
}

/* NAME is the member of the result; the digest is FROM to TO of that of all
 * lists. */
static enum dispatch_end lists_answer(struct mcps_call *call,
                                      const struct catalog *catalog,
                                      enum entry_kind kind, const char *name,
                                      size_t from, size_t to)
{
	const struct entry_list *list = &catalog->lists[kind];
	const struct cursor_list pages = { name, catalog->digest + from,
		                           to - from };
	char next[CURSOR_TEXT_SIZE];
	struct buffer *out;
	uint32_t index, end;

	if (!lists_read_cursor(call, &pages, &index)) {
		mcps__call_fail(call, MCPS_E_PARAMS, "no such cursor", NULL);
		return DISPATCH_ANSWERED;
	}
	if (index > list->count)
		index = (uint32_t)list->count;
	end = list->count - index > call->mcp->page_size
	              ? index + call->mcp->page_size
	              : (uint32_t)list->count;
	out = mcps__call_begin_result(call);
	mcps__buffer_add_format(out, "{\"%s\":[", name);
	for (uint32_t i = index; i < end; i++) {
		const struct buffer *shown =
			mcps__entry_shown(list->entries[i], call->revision);

		if (i > index)
			mcps__buffer_add_byte(out, ',');
		mcps__buffer_add(out, shown->data, shown->length);
	}
	mcps__buffer_add_byte(out, ']');
	if (end < list->count) {
		mcps__cursor_make(next, call->mcp, &pages, end);
		mcps__buffer_add_format(out, ",\"nextCursor\":\"%s\"", next);
	}
	mcps__buffer_add_byte(out, '}');
	mcps__call_end_result(call);
	return DISPATCH_ANSWERED;
}

enum dispatch_end mcps__tools_list(struct mcps_call *call,
                                   const struct catalog *catalog)
{
	return lists_answer(call, catalog, ENTRY_TOOL, "tools", LISTS_TOOLS,
	                    LISTS_RESOURCES);
}

enum dispatch_end mcps__resources_list(struct mcps_call *call,
                                       const struct catalog *catalog)
{
	return lists_answer(call, catalog, ENTRY_RESOURCE, "resources",
	                    LISTS_RESOURCES, LISTS_PROMPTS);
}

enum dispatch_end mcps__templates_list(struct mcps_call *call,
                                       const struct catalog *catalog)
{
	return lists_answer(call, catalog, ENTRY_TEMPLATE, "resourceTemplates",
	                    LISTS_RESOURCES, LISTS_PROMPTS);
}

enum dispatch_end mcps__prompts_list(struct mcps_call *call,
                                     const struct catalog *catalog)
{
	return lists_answer(call, catalog, ENTRY_PROMPT, "prompts",
	                    LISTS_PROMPTS, MCPS_LISTS_DIGEST_SIZE);
}
