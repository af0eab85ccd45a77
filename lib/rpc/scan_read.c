/* Reading values from the token table. */
#include "rpc/scan_internal.h"

#include "base/memory.h"

#include <string.h>

uint32_t mcps__scan_member(const struct scan *scan, uint32_t object,
                           const char *name)
{
	size_t length = strlen(name);
	uint32_t key = object + 1;

	if (object >= scan->count || scan->tokens[object].kind != SCAN_OBJECT)
		return SCAN_NONE;
	for (uint32_t left = scan->tokens[object].count; left > 0; left--) {
		if (mcps__scan_is(scan, key, name, length))
			return key + 1;
		key = scan->tokens[key + 1].next;
	}
	return SCAN_NONE;
}

uint32_t mcps__scan_optional(const struct scan *scan, uint32_t object,
                             const char *name)
{
	uint32_t value = mcps__scan_member(scan, object, name);

	return value != SCAN_NONE && scan->tokens[value].kind == SCAN_NULL
	               ? SCAN_NONE
	               : value;
}

bool mcps__scan_equals(const struct scan *scan, uint32_t token,
                       const char *text)
{
	return token < scan->count && scan->tokens[token].kind == SCAN_STRING &&
	       mcps__scan_is(scan, token, text, strlen(text));
}

char *mcps__scan_strdup(const struct scan *scan, uint32_t token)
{
	char *copy = mcps__malloc((size_t)scan->tokens[token].length + 1);

	if (copy != NULL)
		(void)mcps__scan_decode(scan, token, copy);
	return copy;
}

const char *mcps__scan_raw(const struct scan *scan, uint32_t token,
                           size_t *length)
{
	uint32_t quote = scan->tokens[token].kind == SCAN_STRING;

	*length = (size_t)scan->tokens[token].length + 2 * quote;
	return scan->text + scan->tokens[token].start - quote;
}
