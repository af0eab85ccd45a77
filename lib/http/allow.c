#include "http/allow.h"

#include "base/error.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* ---- parts of an origin ---- */

/* The length of "scheme" before "://" (RFC 3986, 3.1); 0: there is none. */
static size_t allow_scheme_length(const char *text)
{
	size_t length = 0;

	if (!isalpha((unsigned char)text[0]))
		return 0;
	while (isalnum((unsigned char)text[length]) ||
	       (text[length] != '\0' && strchr("+-.", text[length]) != NULL))
		length++;
	return strncmp(text + length, "://", 3) == 0 ? length : 0;
}

/* The length of a name made of letters, digits, "-", "." and "_", or an IPv6
 * address in brackets. */
static size_t allow_name_length(const char *text)
{
	size_t length;

	if (text[0] == '[') {
		length = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
		return text[length] == ']' ? length + 1 : 0;
	}
	return strspn(text, "abcdefghijklmnopqrstuvwxyz"
	                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");
}

/* The length of ":PORT"; 0: there is none, or it is no port. */
static size_t allow_port_length(const char *text)
{
	size_t digits = text[0] == ':' ? strspn(text + 1, "0123456789") : 0;

	return digits > 0 && digits <= 5 && strtoul(text + 1, NULL, 10) <= 65535
	               ? digits + 1
	               : 0;
}

static void allow_lower_case(char *text)
{
	for (; *text != '\0'; text++)
		*text = (char)tolower((unsigned char)*text);
}

static bool allow_is_http(const char *scheme, size_t length)
{
	return (length == 4 && memcmp(scheme, "http", 4) == 0) ||
	       (length == 5 && memcmp(scheme, "https", 5) == 0);
}

/* ---- entries ---- */

static mcps_status allow_refuse_host(struct mcps_error *error,
                                     const char *entry, const char *why)
{
	return mcps__fail(error, MCPS_E_INVAL,
	                  "allowed host \"%.64s\": %s, such as "
	                  "demo.example.com, or * for any",
	                  entry, why);
}

mcps_status mcps__allow_host(char *entry, struct mcps_error *error)
{
	size_t scheme = allow_scheme_length(entry);
	const char *name = scheme != 0 ? entry + scheme + 3 : entry;
	size_t length = allow_name_length(name);
	const char *rest = name + length + allow_port_length(name + length);

	if (strcmp(entry, "*") == 0)
		return MCPS_OK;
	if (strchr(entry, '*') != NULL)
		return allow_refuse_host(
			error, entry, "there are no wildcards, name each host");
	if (length > 1 && name[length - 1] == '.')
		length--;
	if (length == 0 || name[0] == '.' ||
	    (*rest != '\0' && strcmp(rest, "/") != 0))
		return allow_refuse_host(error, entry, "it is no host name");
	memmove(entry, name, length);
	entry[length] = '\0';
	allow_lower_case(entry);
	return MCPS_OK;
}

static mcps_status allow_refuse_origin(struct mcps_error *error,
                                       const char *entry, const char *why)
{
	return mcps__fail(error, MCPS_E_INVAL,
	                  "allowed origin \"%.64s\": %s, such as "
	                  "https://example.com, or * for any",
	                  entry, why);
}

/* A browser leaves the default port out. */
static bool allow_is_default_port(const char *entry, size_t scheme,
                                  const char *port, size_t length)
{
	const char *wanted = scheme == 4 ? ":80" : ":443";

	return allow_is_http(entry, scheme) && length == strlen(wanted) &&
	       memcmp(port, wanted, length) == 0;
}

mcps_status mcps__allow_origin(char *entry, struct mcps_error *error)
{
	size_t scheme = allow_scheme_length(entry);
	char *name = entry + scheme + 3;
	size_t length, port;

	if (strcmp(entry, "*") == 0 || strcmp(entry, "null") == 0)
		return MCPS_OK;
	if (scheme == 0)
		return allow_refuse_origin(error, entry,
		                           "it has no scheme, which an origin "
		                           "begins with");
	allow_lower_case(entry);
	if (strcmp(name, "*") == 0 && !allow_is_http(entry, scheme))
		return MCPS_OK;
	if (strchr(name, '*') != NULL)
		return allow_refuse_origin(
			error, entry,
			"there are no wildcards in hosts, name "
			"each origin");
	length = allow_name_length(name);
	port = allow_port_length(name + length);
	if (length == 0 || (name[length + port] != '\0' &&
	                    strcmp(name + length + port, "/") != 0))
		return allow_refuse_origin(error, entry,
		                           "an origin is a scheme, a host and "
		                           "perhaps a port, without a path");
	if (allow_is_default_port(entry, scheme, name + length, port))
		port = 0;
	name[length + port] = '\0';
	return MCPS_OK;
}
