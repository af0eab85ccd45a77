#include "http/media.h"

#include <string.h>
#include <strings.h>

static const char *media_skip_blank(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return at;
}

/* The media range at AT, up to a parameter, a comma or the end. */
static size_t media_range_length(const char *at, const char *end)
{
	size_t length = 0;

	while (at + length < end && strchr(";, \t", at[length]) == NULL)
		length++;
	return length;
}

/* One type: a list of them could be read as the first or as the last. */
bool mcps__is_json(const struct http_value *value)
{
	static const char json[] = "application/json";
	const char *rest, *end;

	if (value->length < sizeof json - 1 ||
	    strncasecmp(value->text, json, sizeof json - 1) != 0)
		return false;
	end = value->text + value->length;
	rest = media_skip_blank(value->text + sizeof json - 1, end);
	return rest == end || *rest == ';';
}

/* How exactly a media range names a type. */
enum precision { NAMES_OTHER, NAMES_ANY, NAMES_MAJOR, NAMES_IT };

static enum precision media_range_precision(const char *range, size_t length,
                                            const char *type)
{
	size_t major = (size_t)(strchr(type, '/') - type) + 1;

	if (length == 3 && memcmp(range, "*/*", 3) == 0)
		return NAMES_ANY;
	if (length == major + 1 && range[major] == '*')
		return strncasecmp(range, type, major) == 0 ? NAMES_MAJOR
		                                            : NAMES_OTHER;
	return length == strlen(type) && strncasecmp(range, type, length) == 0
	               ? NAMES_IT
	               : NAMES_OTHER;
}

/* To the next semicolon or comma; those in a quoted string are none. */
static const char *media_skip_parameter(const char *at, const char *end)
{
	bool is_quoted = false;

	for (; at < end && (is_quoted || (*at != ';' && *at != ',')); at++) {
		if (*at == '"')
			is_quoted = !is_quoted;
		if (*at == '\\' && is_quoted && at + 1 < end)
			at++;
	}
	return at;
}

/* q=0, q=0.0 ...: "not acceptable". */
static bool media_is_zero_weight(const char *at, const char *end)
{
	if (end - at < 3 || strncasecmp(at, "q=0", 3) != 0)
		return false;
	at += 3;
	while (at < end && (*at == '.' || *at == '0'))
		at++;
	return at == end || strchr(";, \t", *at) != NULL;
}

/* Read the parameters at *AT, up to a comma or the end; whether one of them
 * refuses the range. */
static bool media_read_refusal(const char **at, const char *end)
{
	bool is_refused = false;

	while (*at < end && **at != ',') {
		*at = media_skip_blank(*at + (**at == ';'), end);
		is_refused = is_refused || media_is_zero_weight(*at, end);
		*at = media_skip_parameter(*at, end);
	}
	return is_refused;
}

/* "The most specific reference has precedence"; of several that are equally
 * specific one that allows is enough. */
bool mcps__accepts(const struct http_value *accept, const char *type)
{
	enum precision most = NAMES_OTHER;
	bool accepts = false;
	const char *at = accept->text;
	const char *end;

	if (at == NULL)
		return true;
	end = at + accept->length;
	while (at < end) {
		enum precision precision;
		bool is_allowed;
		size_t length;

		at = media_skip_blank(at, end);
		length = media_range_length(at, end);
		precision = media_range_precision(at, length, type);
		at += length;
		is_allowed = !media_read_refusal(&at, end);
		at += at < end;
		if (precision == NAMES_OTHER || precision < most)
			continue;
		accepts = is_allowed || (accepts && precision == most);
		most = precision;
	}
	return accepts;
}
