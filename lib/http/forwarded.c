#include "http/forwarded.h"

#include <string.h>
#include <strings.h>

enum { NODE_MOST = 64 }; /* longer than any address with a port */

static const char *const header_names[FORWARDED_HEADER_COUNT] = {
#define X(name, text) [FORWARDED_HEADER_##name] = text,
	FORWARDED_HEADER_MAP(X)
#undef X
};

enum forwarded_header mcps__forwarded_find(const char *name, size_t length)
{
	int header;

	for (header = 0; header < FORWARDED_HEADER_COUNT; header++)
		if (strlen(header_names[header]) == length &&
		    strncasecmp(header_names[header], name, length) == 0)
			break;
	return (enum forwarded_header)header;
}

static bool forwarded_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- one address ---- */

/* ":80" or ":_hidden" (RFC 7239, 6), or nothing. */
static bool forwarded_node_port_is_valid(const char *text)
{
	static const char port[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-";

	if (*text == '\0')
		return true;
	return text[0] == ':' && text[1] != '\0' &&
	       text[1 + strspn(text + 1, port)] == '\0';
}

/* "[2001:db8::1]:80". */
static bool forwarded_node_read_brackets(struct address *out, char *text)
{
	char *end = strchr(text, ']');

	if (end == NULL || !forwarded_node_port_is_valid(end + 1))
		return false;
	*end = '\0';
	return mcps__address_parse(out, text + 1) &&
	       strchr(text + 1, ':') != NULL;
}

/* "192.0.2.1", "192.0.2.1:80" or "2001:db8::1". */
static bool forwarded_node_read_plain(struct address *out, char *text)
{
	char *colon = strchr(text, ':');

	if (colon != NULL && strchr(colon + 1, ':') == NULL) {
		if (!forwarded_node_port_is_valid(colon))
			return false;
		*colon = '\0';
	}
	return mcps__address_parse(out, text);
}

void mcps__forwarded_node(struct address *out, const char *text, size_t length)
{
	char copy[NODE_MOST];
	bool is_read;

	*out = (struct address){ .family = ADDRESS_UNKNOWN };
	if (length >= sizeof copy || memchr(text, '\0', length) != NULL)
		return;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (strcmp(copy, "unix") == 0 || strcmp(copy, "unix:") == 0) {
		out->family = ADDRESS_UNIX;
		return;
	}
	is_read = copy[0] == '[' ? forwarded_node_read_brackets(out, copy)
	                         : forwarded_node_read_plain(out, copy);
	if (!is_read)
		*out = (struct address){ .family = ADDRESS_UNKNOWN };
}

/* ---- a chain of them ---- */

/* The next element to the right. A proxy on a Unix socket that is not trusted
 * is a client without an address. */
static void forwarded_chain_add(struct forwarded_chain *chain,
                                const struct trusted_proxies *proxies,
                                const struct address *node)
{
	bool is_proxy = mcps__proxies_have(proxies, node);

	if (is_proxy && !chain->is_there)
		chain->client = *node;
	chain->is_there = true;
	if (is_proxy)
		return;
	chain->has_client = true;
	chain->client = *node;
	if (node->family == ADDRESS_UNIX)
		chain->client.family = ADDRESS_UNKNOWN;
}

/* ---- X-Forwarded-For ---- */

/* Empty elements say nothing (RFC 9110, 5.6.1). */
static void forwarded_list_add(struct forwarded_chain *chain,
                               const struct trusted_proxies *proxies,
                               const char *value, size_t length)
{
	const char *end = value + length;

	while (value < end) {
		const char *comma = memchr(value, ',', (size_t)(end - value));
		const char *next = comma != NULL ? comma : end;
		const char *last = next;
		struct address node;

		while (value < last && forwarded_is_blank(*value))
			value++;
		while (last > value && forwarded_is_blank(last[-1]))
			last--;
		if (last > value) {
			mcps__forwarded_node(&node, value,
			                     (size_t)(last - value));
			forwarded_chain_add(chain, proxies, &node);
		}
		value = comma != NULL ? comma + 1 : end;
	}
}

/* ---- Forwarded ---- */

struct cursor {
	const char *at, *end;
};

static bool forwarded_cursor_is_at(const struct cursor *cursor, char c)
{
	return cursor->at < cursor->end && *cursor->at == c;
}

static void forwarded_cursor_skip_blanks(struct cursor *cursor)
{
	while (cursor->at < cursor->end && forwarded_is_blank(*cursor->at))
		cursor->at++;
}

/* A value without its quotes. One that is too long for an address is cut,
 * which leaves it too long. */
struct pair_value {
	char text[NODE_MOST];
	size_t length;
};

static void forwarded_value_add(struct pair_value *value, char c)
{
	if (value->length < sizeof value->text)
		value->text[value->length++] = c;
}

/* After the first quote. False: there is no second one. */
static bool forwarded_value_read_quoted(struct pair_value *value,
                                        struct cursor *cursor)
{
	while (cursor->at < cursor->end) {
		char c = *cursor->at++;

		if (c == '"')
			return true;
		if (c == '\\' && cursor->at < cursor->end)
			c = *cursor->at++;
		forwarded_value_add(value, c);
	}
	return false;
}

/* Colons and brackets should be quoted; not every proxy does so. */
static bool forwarded_value_read(struct pair_value *value,
                                 struct cursor *cursor)
{
	value->length = 0;
	if (forwarded_cursor_is_at(cursor, '"')) {
		cursor->at++;
		return forwarded_value_read_quoted(value, cursor);
	}
	while (cursor->at < cursor->end &&
	       memchr(" \t,;\"", *cursor->at, 5) == NULL)
		forwarded_value_add(value, *cursor->at++);
	return true;
}

static bool forwarded_name_is_for(const char *name, size_t length)
{
	return length == 3 && strncasecmp(name, "for", 3) == 0;
}

/* One "name=value", or nothing. Its value goes into NODE if the name is "for";
 * a second one makes the element garbage. */
static bool forwarded_pair_read(struct pair_value *node, bool *has_node,
                                struct cursor *cursor)
{
	const char *name = cursor->at;
	struct pair_value value;
	size_t length;

	while (cursor->at < cursor->end &&
	       memchr(" \t,;\"=", *cursor->at, 6) == NULL)
		cursor->at++;
	length = (size_t)(cursor->at - name);
	if (length == 0)
		return !forwarded_cursor_is_at(cursor, '=') &&
		       !forwarded_cursor_is_at(cursor, '"');
	if (!forwarded_cursor_is_at(cursor, '='))
		return false;
	cursor->at++;
	if (!forwarded_value_read(&value, cursor))
		return false;
	if (!forwarded_name_is_for(name, length))
		return true;
	if (*has_node)
		return false;
	*node = value;
	*has_node = true;
	return true;
}

/* Up to the comma, or to the end. False: it cannot be read, and so nobody
 * knows where it ends. IS_EMPTY: it has no pair. */
static bool forwarded_element_read(struct address *node, bool *is_empty,
                                   struct cursor *cursor)
{
	const char *begin;
	struct pair_value value;
	bool has_node = false;

	forwarded_cursor_skip_blanks(cursor);
	begin = cursor->at;
	for (;;) {
		forwarded_cursor_skip_blanks(cursor);
		if (!forwarded_pair_read(&value, &has_node, cursor))
			return false;
		forwarded_cursor_skip_blanks(cursor);
		if (!forwarded_cursor_is_at(cursor, ';'))
			break;
		cursor->at++;
	}
	*is_empty = cursor->at == begin;
	if (cursor->at < cursor->end && *cursor->at++ != ',')
		return false;
	*node = (struct address){ .family = ADDRESS_UNKNOWN };
	if (has_node)
		mcps__forwarded_node(node, value.text, value.length);
	return true;
}

/* A value that cannot be read is one element without an address, which is the
 * last one of its line: a quote that a client opened may have swallowed what
 * the proxy appended. */
static void forwarded_add(struct forwarded_chain *chain,
                          const struct trusted_proxies *proxies,
                          const char *value, size_t length)
{
	const struct address unknown = { .family = ADDRESS_UNKNOWN };
	struct cursor cursor = { value, value + length };

	while (cursor.at < cursor.end) {
		struct address node;
		bool is_empty;

		if (!forwarded_element_read(&node, &is_empty, &cursor)) {
			forwarded_chain_add(chain, proxies, &unknown);
			return;
		}
		if (!is_empty)
			forwarded_chain_add(chain, proxies, &node);
	}
}

/* ---- both ---- */

void mcps__forwarded_begin(struct forwarded *forwarded,
                           const struct trusted_proxies *proxies,
                           const struct address *peer)
{
	*forwarded = (struct forwarded){ 0 };
	if (mcps__proxies_have(proxies, peer))
		forwarded->proxies = proxies;
}

void mcps__forwarded_add(struct forwarded *forwarded,
                         enum forwarded_header header, const char *value,
                         size_t length)
{
	struct forwarded_chain *chain = &forwarded->chains[header];

	if (forwarded->proxies == NULL)
		return;
	if (header == FORWARDED_HEADER_FORWARDED)
		forwarded_add(chain, forwarded->proxies, value, length);
	else
		forwarded_list_add(chain, forwarded->proxies, value, length);
}

/* The one that is there; of two, one that names a client. */
static const struct forwarded_chain *
forwarded_chain_choose(const struct forwarded *forwarded)
{
	const struct forwarded_chain *one = &forwarded->chains[0];
	const struct forwarded_chain *other = &forwarded->chains[1];

	return one->has_client || (one->is_there && !other->has_client) ? one
	                                                                : other;
}

/* Whether one header names another client than the other header does. */
static bool forwarded_chains_differ(const struct forwarded *forwarded)
{
	const struct forwarded_chain *one = &forwarded->chains[0];
	const struct forwarded_chain *other = &forwarded->chains[1];

	return one->is_there && other->is_there &&
	       (one->has_client != other->has_client ||
	        !mcps__address_is_equal(&one->client, &other->client));
}

void mcps__forwarded_client(const struct forwarded *forwarded,
                            const struct address *peer, struct http_client *out)
{
	const struct forwarded_chain *chain = forwarded_chain_choose(forwarded);

	if (forwarded->proxies == NULL) {
		mcps__client_from_peer(out, peer);
		return;
	}
	if (chain->has_client) {
		*out = (struct http_client){ chain->client, CLIENT_FORWARDED };
		if (forwarded_chains_differ(forwarded))
			out->address =
				(struct address){ ADDRESS_UNKNOWN, { 0 } };
		return;
	}
	out->address = chain->is_there ? chain->client : *peer;
	out->kind = CLIENT_PROXY;
}
