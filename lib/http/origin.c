#include "http/origin.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/* A host without its port: "[::1]:80" is "[::1]". */
struct host_name {
	const char *text;
	size_t length;
};

static bool origin_is_port(const char *text, size_t length)
{
	if (length == 0)
		return true; /* there is none */
	if (text[0] != ':' || length < 2 || length > 6)
		return false;
	for (size_t i = 1; i < length; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return true;
}

/* False for what is no host, with or without a port (RFC 9110, 7.2). */
static bool origin_split_host(struct host_name *name, const char *text,
                              size_t length)
{
	const char *end = NULL;

	if (length == 0)
		return false;
	if (text[0] == '[') {
		end = memchr(text, ']', length);
		if (end == NULL)
			return false;
		end++;
	} else {
		end = memchr(text, ':', length);
		if (end == NULL)
			end = text + length;
	}
	name->text = text;
	name->length = (size_t)(end - text);
	/* "example.com." is "example.com". */
	if (name->length > 1 && name->text[name->length - 1] == '.')
		name->length--;
	return name->length > 0 &&
	       origin_is_port(end, length - (size_t)(end - text));
}

static bool origin_host_is_name(const struct host_name *name, const char *text)
{
	return strlen(text) == name->length &&
	       strncasecmp(text, name->text, name->length) == 0;
}

static bool origin_host_is_address(const struct host_name *name)
{
	unsigned char address[sizeof(struct in6_addr)];
	char text[INET6_ADDRSTRLEN];
	bool is_v6 = name->text[0] == '[';
	size_t length = name->length - (is_v6 ? 2 : 0);

	if (length >= sizeof text)
		return false;
	memcpy(text, name->text + is_v6, length);
	text[length] = '\0';
	return inet_pton(is_v6 ? AF_INET6 : AF_INET, text, address) == 1;
}

static bool origin_host_is_loopback(const struct host_name *name)
{
	return origin_host_is_name(name, "localhost") ||
	       origin_host_is_name(name, "[::1]") ||
	       (origin_host_is_address(name) &&
	        strncmp(name->text, "127.", 4) == 0);
}

static bool origin_is_everything(const char *const *list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		if (strcmp(list[i], "*") == 0)
			return true;
	return false;
}

bool mcps__host_is_ours(const struct origin_rules *rules,
                        const struct http_value *host)
{
	struct host_name name;

	if (origin_is_everything(rules->hosts))
		return true;
	if (host->text == NULL ||
	    !origin_split_host(&name, host->text, host->length))
		return false;
	if (origin_host_is_address(&name) ||
	    origin_host_is_name(&name, "localhost"))
		return true;
	for (size_t i = 0; rules->hosts != NULL && rules->hosts[i]; i++)
		if (origin_host_is_name(&name, rules->hosts[i]))
			return true;
	return false;
}

/* What comes after the scheme; NULL for other schemes. */
static const char *origin_authority(const struct http_value *origin,
                                    size_t *length)
{
	static const char *const schemes[] = { "http://", "https://" };

	for (size_t i = 0; i < 2; i++) {
		size_t skip = strlen(schemes[i]);

		if (origin->length <= skip ||
		    strncasecmp(origin->text, schemes[i], skip) != 0)
			continue;
		*length = origin->length - skip;
		return origin->text + skip;
	}
	return NULL;
}

/* An entry that ends with "://" and a star is every origin of its scheme, as of
 * browser extensions. */
static bool origin_matches(const char *entry, const struct http_value *origin)
{
	size_t length = strlen(entry);

	if (length > 4 && strcmp(entry + length - 4, "://*") == 0)
		return origin->length > length - 1 &&
		       strncasecmp(entry, origin->text, length - 1) == 0;
	return length == origin->length &&
	       strncasecmp(entry, origin->text, length) == 0;
}

static bool origin_is_listed(const struct origin_rules *rules,
                             const struct http_value *origin)
{
	for (size_t i = 0; rules->origins != NULL && rules->origins[i]; i++)
		if (origin_matches(rules->origins[i], origin))
			return true;
	return false;
}

bool mcps__origin_may_call(const struct origin_rules *rules,
                           const struct http_value *origin,
                           const struct http_value *host)
{
	struct host_name name;
	const char *text;
	size_t length;

	if (origin->text == NULL || origin_is_everything(rules->origins) ||
	    origin_is_listed(rules, origin))
		return true;
	text = origin_authority(origin, &length);
	if (text == NULL || !origin_split_host(&name, text, length))
		return false;
	if (origin_host_is_loopback(&name))
		return true;
	return host->text != NULL && host->length == length &&
	       strncasecmp(host->text, text, length) == 0;
}
