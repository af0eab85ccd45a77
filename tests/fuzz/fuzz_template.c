/* URI templates: the first line is a template, the rest a URI. Whatever fits
 * is put together again from its parts, and whatever can be read in some way,
 * as a matcher finds that tries everything, does fit. */
#include "fuzz/target.h"

#include "catalog/uri.h"

#include <stdlib.h>
#include <string.h>

enum { TRIED_MOST = 48 }; /* bytes of a URI: trying everything takes long */

/* The template with the spans in place of its variables is the URI. */
static void check_parts(const char *template, const char *uri, size_t length,
                        const struct uri_span *spans)
{
	size_t at = 0, variable = 0;

	while (*template != '\0') {
		const struct uri_span *span;
		bool is_reserved;

		if (*template != '{') {
			require(at < length && uri[at++] == *template ++);
			continue;
		}
		span = &spans[variable++];
		is_reserved = template[1] == '+';
		require(span->begin == at && span->end > at &&
		        span->end <= length);
		for (; at < span->end; at++)
			require(is_reserved || strchr("/?#", uri[at]) == NULL ||
			        uri[at] == '\0');
		template = strchr(template, '}') + 1;
	}
	require(at == length);
}

static void check_values(const struct uri_template *compiled, const char *uri,
                         const struct uri_span *spans)
{
	for (size_t i = 0; i < mcps__template_count(compiled); i++) {
		size_t room = spans[i].end - spans[i].begin + 1;
		char *value = malloc(room);

		require(value != NULL);
		if (mcps__uri_decode(value, uri, spans[i]))
			require(strlen(value) < room);
		free(value);
	}
}

static bool fits_somehow(const char *template, const char *uri, size_t length)
{
	bool is_reserved = template[0] == '{' && template[1] == '+';

	if (*template == '\0')
		return length == 0;
	if (*template != '{')
		return length != 0 && *template == *uri &&
		       fits_somehow(template + 1, uri + 1, length - 1);
	template = strchr(template, '}') + 1;
	for (size_t taken = 1; taken <= length; taken++) {
		char last = uri[taken - 1];

		if (!is_reserved && (last == '/' || last == '?' || last == '#'))
			return false;
		if (fits_somehow(template, uri + taken, length - taken))
			return true;
	}
	return false;
}

static void check(const char *template, const char *uri, size_t length)
{
	struct uri_span spans[URI_VARIABLES_MAX];
	struct uri_template *compiled;
	struct mcps_error error;
	bool fits;

	(void)mcps__uri_is_valid(uri, length);
	if (mcps__template_compile(&compiled, template, &error) != MCPS_OK)
		return;
	fits = mcps__template_match(compiled, uri, length, spans);
	if (fits) {
		check_parts(template, uri, length, spans);
		check_values(compiled, uri, spans);
	} else if (length <= TRIED_MOST &&
	           mcps__template_count(compiled) <= 4) {
		require(!fits_somehow(template, uri, length));
	}
	mcps__template_free(compiled);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = memchr(data, '\n', size);
	size_t length = line != NULL ? (size_t)(line - data) : size;
	char *template = malloc(length + 1);

	require(template != NULL);
	memcpy(template, data, length);
	template[length] = '\0';
	if (line != NULL)
		check(template, (const char *)line + 1, size - length - 1);
	else
		check(template, "", 0);
	free(template);
	return 0;
}
