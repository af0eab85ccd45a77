#include "catalog/uri.h"

#include "rpc/utf8.h"

#include <string.h>

static bool uri_is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int uri_hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* RFC 3986, 2: reserved and unreserved characters, but for "%". */
static bool is_uri_character(char c)
{
	return uri_is_alpha(c) || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~:/?#[]@!$&'()*+,;=", c) != NULL);
}

/* RFC 3986, 3.1; its length with the colon, 0: there is none. */
static size_t uri_scheme_length(const char *text, size_t length)
{
	size_t i;

	if (length == 0 || !uri_is_alpha(text[0]))
		return 0;
	for (i = 1; i < length; i++)
		if (!uri_is_alpha(text[i]) &&
		    !(text[i] >= '0' && text[i] <= '9') && text[i] != '+' &&
		    text[i] != '-' && text[i] != '.')
			break;
	return i < length && text[i] == ':' ? i + 1 : 0;
}

bool mcps__uri_is_valid(const char *text, size_t length)
{
	size_t i = uri_scheme_length(text, length);

	if (i == 0 || i == length || length > URI_MAX)
		return false;
	for (; i < length; i++) {
		if (is_uri_character(text[i]))
			continue;
		if (text[i] != '%' || length - i < 3 ||
		    uri_hex_value(text[i + 1]) < 0 ||
		    uri_hex_value(text[i + 2]) < 0)
			return false;
		i += 2;
	}
	return true;
}

static bool uri_is_utf8(const char *text, size_t length)
{
	const char *end = text + length;

	while (text < end) {
		size_t bytes = mcps__utf8_length(text, end);

		if (bytes == 0)
			return false;
		text += bytes;
	}
	return true;
}

bool mcps__uri_decode(char *out, const char *uri, struct uri_span span)
{
	size_t length = 0;

	for (size_t i = span.begin; i < span.end; i++) {
		if (uri[i] != '%') {
			out[length++] = uri[i];
			continue;
		}
		if (span.end - i < 3 || uri_hex_value(uri[i + 1]) < 0 ||
		    uri_hex_value(uri[i + 2]) < 0)
			return false;
		out[length++] = (char)(uri_hex_value(uri[i + 1]) * 16 +
		                       uri_hex_value(uri[i + 2]));
		i += 2;
	}
	out[length] = '\0';
	return memchr(out, '\0', length) == NULL && uri_is_utf8(out, length);
}
