/* The memory of the token table: the few tokens inside the scan first, then
 * the heap. */
#include "rpc/scan_internal.h"

#include "base/memory.h"

#include <string.h>

void mcps__table_start(struct scan *scan, const char *text, size_t length)
{
	scan->text = text;
	scan->length = length;
	scan->count = 0;
	scan->is_over_limit = false;
	if (scan->tokens != NULL)
		return;
	scan->tokens = scan->few;
	scan->capacity = SCAN_INLINE_TOKENS;
}

bool mcps__table_grow(struct scan *scan)
{
	bool is_few = scan->tokens == scan->few;
	size_t capacity = (size_t)scan->capacity * 2;
	struct scan_token *tokens;

	if (capacity > UINT32_MAX || capacity > SIZE_MAX / sizeof *tokens)
		return false;
	tokens = mcps__realloc(is_few ? NULL : scan->tokens,
	                       capacity * sizeof *tokens);
	if (tokens == NULL)
		return false;
	if (is_few)
		memcpy(tokens, scan->few, sizeof scan->few);
	scan->tokens = tokens;
	scan->capacity = (uint32_t)capacity;
	return true;
}

void mcps__scan_finish(struct scan *scan)
{
	if (scan->tokens != scan->few)
		mcps__free(scan->tokens);
	scan->text = NULL;
	scan->length = 0;
	scan->tokens = NULL;
	scan->count = 0;
	scan->capacity = 0;
}
