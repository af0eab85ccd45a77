/* Header lines, "Name: value", into the request view, and what is decided by
 * them: who calls, in which media types, and from which pages. The rules of
 * origin.c are written down once more here, plainly. */
#include "fuzz/target.h"

#include "fuzz/accept_oracle.h"
#include "http/media.h"
#include "http/origin.h"
#include "session/id.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LINES_MAX = 32, VALUE_MAX = 300 };

/* A line in memory of its own, so that a sanitizer sees one byte too far. */
struct line {
	char *name;
	char *value;
};

static const char *const hosts[] = { "mcp.example.com", "box", NULL };
static const char *const origins[] = { "https://app.example.com",
	                               "http://page.test:8080", NULL };
static const struct origin_rules rules = { hosts, origins };

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* ---- lines ----------------------------------------------------------------
 */

/* As libmicrohttpd hands them over: no NUL, no line feed in them. */
static char *copy(const uint8_t *bytes, size_t length)
{
	const uint8_t *nul = memchr(bytes, '\0', length);
	size_t kept = nul != NULL ? (size_t)(nul - bytes) : length;
	char *text = malloc(kept + 1);

	require(text != NULL);
	memcpy(text, bytes, kept);
	text[kept] = '\0';
	return text;
}

static size_t read_lines(struct line *lines, const uint8_t *data, size_t size)
{
	size_t count = 0;

	while (size > 0 && count < LINES_MAX) {
		const uint8_t *feed = memchr(data, '\n', size);
		size_t length = feed != NULL ? (size_t)(feed - data) : size;
		const uint8_t *colon = memchr(data, ':', length);

		if (colon != NULL) {
			size_t name = (size_t)(colon - data);

			lines[count].name = copy(data, name);
			lines[count++].value =
				copy(colon + 1, length - name - 1);
		}
		length += feed != NULL;
		data += length;
		size -= length;
	}
	return count;
}

/* ---- the view -------------------------------------------------------------
 */

/* The first of its lines, trimmed: NULL if there is none. The end of
 * Transfer-Encoding stays as it is, for libmicrohttpd's sake. */
static char *first_value(enum http_header header, const struct line *lines,
                         size_t count, bool *repeated)
{
	char *first = NULL;

	for (size_t i = 0; i < count; i++) {
		const char *value = lines[i].value;
		size_t length;

		if (mcps__header_find(lines[i].name, strlen(lines[i].name)) !=
		    header)
			continue;
		*repeated = *repeated || first != NULL;
		if (first != NULL)
			continue;
		value += strspn(value, " \t");
		length = strlen(value);
		while (header != HEADER_TRANSFER_ENCODING && length > 0 &&
		       is_blank(value[length - 1]))
			length--;
		first = copy((const uint8_t *)value, length);
	}
	return first;
}

static bool is_token(const char *name)
{
	static const char bytes[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	return name[0] != '\0' && name[strspn(name, bytes)] == '\0';
}

/* "Content-Length2: 5": what libmicrohttpd makes of a folded line. */
static bool begins_like_framing(const char *name)
{
	return (strncasecmp(name, "content-length", 14) == 0 &&
	        name[14] != '\0') ||
	       (strncasecmp(name, "transfer-encoding", 17) == 0 &&
	        name[17] != '\0');
}

/* What makes the gate refuse a request whatever else it says. */
static void check_flags(const struct mcps_request *request,
                        const struct line *lines, size_t count)
{
	bool has_bad_name = false;
	bool has_return = false;

	for (size_t i = 0; i < count; i++) {
		has_bad_name = has_bad_name || !is_token(lines[i].name) ||
		               begins_like_framing(lines[i].name);
		has_return = has_return || strchr(lines[i].value, '\r') != NULL;
	}
	require(request->has_bad_name == has_bad_name);
	require(request->has_return == has_return);
}

/* Values are strings, too: hooks read them so. */
static void check_view(const struct mcps_request *request,
                       const struct line *lines, size_t count)
{
	bool repeated = false;

	for (int header = 0; header < HEADER_COUNT; header++) {
		const struct http_value *view = &request->headers[header];
		char *first = first_value((enum http_header)header, lines,
		                          count, &repeated);

		require((first != NULL) == (view->text != NULL));
		require(first == NULL || strcmp(first, view->text) == 0);
		require(first == NULL || strlen(first) == view->length);
		free(first);
	}
	require((request->repeated != NULL) == repeated);
}

static void check_bearer(const struct mcps_request *request)
{
	const struct http_value *value =
		&request->headers[HEADER_AUTHORIZATION];
	const char *token = mcps_request_bearer(request);
	bool is_bearer = value->text != NULL && value->length > 7 &&
	                 strncasecmp(value->text, "bearer", 6) == 0 &&
	                 is_blank(value->text[6]);

	require((token != NULL) == is_bearer);
	if (token == NULL)
		return;
	require(token > value->text + 6);
	require(token + strlen(token) == value->text + value->length);
	require(!is_blank(*token) && is_blank(token[-1]));
}

static void check_session_id(const struct http_value *id)
{
	bool is_good = id->length > 0 && id->length <= ID_MAX_LENGTH;

	for (size_t i = 0; i < id->length; i++)
		is_good = is_good && id->text[i] > ' ' && id->text[i] < 0x7f;
	require(mcps__id_is_well_formed(id->text, id->length) == is_good);
}

/* ---- media types ----------------------------------------------------------
 */

/* No form that a web page may send without being asked is JSON. */
static void check_content_type(const struct http_value *type)
{
	static const char json[] = "application/json";
	size_t length = sizeof json - 1;
	bool is_json = type->text != NULL && type->length >= length &&
	               strncasecmp(type->text, json, length) == 0;

	while (is_json && length < type->length &&
	       (type->text[length] == ' ' || type->text[length] == '\t'))
		length++;
	is_json = is_json &&
	          (length == type->length || type->text[length] == ';');

	require(mcps__is_json(type) == is_json);
}

static bool contains(const struct http_value *value, const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i + length <= value->length; i++)
		if (strncasecmp(value->text + i, text, length) == 0)
			return true;
	return false;
}

static void check_accept(const struct http_value *accept)
{
	bool accepts = mcps__accepts(accept, "application/json");

	if (accept->text == NULL) {
		require(accepts);
		return;
	}
	switch (accept_oracle(accept->text, accept->length)) {
	case ACCEPT_YES:
		require(accepts);
		break;
	case ACCEPT_NO:
		require(!accepts);
		break;
	case ACCEPT_MALFORMED:
		require(!accepts || contains(accept, "*/*") ||
		        contains(accept, "application/*") ||
		        contains(accept, "application/json"));
		break;
	}
}

/* ---- hosts ----------------------------------------------------------------
 */

enum host { HOST_NONE, HOST_STRANGE, HOST_ADDRESS, HOST_HERE, HOST_OURS };

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return text[digits] == '\0' && digits >= 1 && digits <= 5;
}

/* What the rules say of "host" or "host:port"; TEXT may be written to. */
static enum host classify(char *text)
{
	struct in6_addr address;
	char *bracket = strchr(text, ']');
	char *colon = text[0] == '[' && bracket != NULL ? bracket + 1
	                                                : strchr(text, ':');
	size_t length;

	if (colon != NULL && *colon != '\0') {
		if (*colon != ':' || !is_port(colon + 1))
			return HOST_NONE;
		*colon = '\0';
	}
	length = strlen(text);
	if (text[0] == '[') {
		if (bracket == NULL || text[length - 1] != ']')
			return HOST_NONE;
		if (strcmp(text, "[::1]") == 0)
			return HOST_HERE;
		text[length - 1] = '\0';
		return inet_pton(AF_INET6, text + 1, &address) == 1
		               ? HOST_ADDRESS
		               : HOST_STRANGE;
	}
	if (length > 1 && text[length - 1] == '.')
		text[--length] = '\0';
	if (length == 0)
		return HOST_NONE;
	if (inet_pton(AF_INET, text, &address) == 1)
		return strncmp(text, "127.", 4) == 0 ? HOST_HERE : HOST_ADDRESS;
	if (strcasecmp(text, "localhost") == 0)
		return HOST_HERE;
	for (size_t i = 0; hosts[i] != NULL; i++)
		if (strcasecmp(text, hosts[i]) == 0)
			return HOST_OURS;
	return HOST_STRANGE;
}

static bool host_is_ours(const char *text)
{
	struct http_value value = { text, strlen(text) };

	return mcps__host_is_ours(&rules, &value);
}

static void flip_case(char *text)
{
	for (; *text != '\0'; text++)
		if ((*text | 0x20) >= 'a' && (*text | 0x20) <= 'z')
			*text ^= 0x20;
}

/* The same host by another spelling gets the same answer. */
static void check_spellings(const char *text, bool is_ours)
{
	char other[VALUE_MAX + 2];
	size_t port = text[0] == '[' ? 0 : strcspn(text, ":");

	strcpy(other, text);
	flip_case(other);
	require(host_is_ours(other) == is_ours);
	if (port == 0 || text[port - 1] == '.')
		return;
	memcpy(other, text, port);
	other[port] = '.';
	strcpy(other + port + 1, text + port);
	require(host_is_ours(other) == is_ours);
}

/* VALUE as a string, cut. */
static const char *cut(char *out, const struct http_value *value)
{
	size_t length = value->length < VALUE_MAX ? value->length : VALUE_MAX;

	memcpy(out, value->text != NULL ? value->text : "", length);
	out[length] = '\0';
	return out;
}

static enum host check_host(const struct http_value *host)
{
	char text[VALUE_MAX + 1];
	char scratch[VALUE_MAX + 1];
	bool is_ours = mcps__host_is_ours(&rules, host);
	enum host class;

	if (host->text == NULL) {
		require(!is_ours);
		return HOST_NONE;
	}
	if (host->length > VALUE_MAX) {
		require(!is_ours);
		return HOST_STRANGE;
	}
	cut(text, host);
	class = classify(strcpy(scratch, text));
	require(is_ours == (class >= HOST_ADDRESS));
	check_spellings(text, is_ours);
	return class;
}

/* ---- origins --------------------------------------------------------------
 */

static bool is_listed(const char *origin)
{
	for (size_t i = 0; origins[i] != NULL; i++)
		if (strcasecmp(origin, origins[i]) == 0)
			return true;
	return false;
}

static bool origin_may_call(const char *origin, const struct http_value *host)
{
	struct http_value value = { origin, strlen(origin) };

	return mcps__origin_may_call(&rules, &value, host);
}

static void check_origin(const struct http_value *origin,
                         const struct http_value *host, enum host class)
{
	static const struct http_value none = { NULL, 0 };
	char text[VALUE_MAX + 1];
	char page[VALUE_MAX + 1];
	bool may = mcps__origin_may_call(&rules, origin, host);
	size_t scheme;

	if (origin->text == NULL) {
		require(may); /* no browser */
		return;
	}
	if (origin->length > VALUE_MAX)
		return;
	scheme = strncasecmp(cut(text, origin), "http://", 7) == 0 ? 7
	         : strncasecmp(text, "https://", 8) == 0           ? 8
	                                                           : 0;
	if (is_listed(text)) {
		require(may);
		return;
	}
	if (scheme == 0) { /* "null", "file://", ... */
		require(!may);
		return;
	}
	switch (classify(strcpy(page, text + scheme))) {
	case HOST_HERE:
		require(may);
		break;
	case HOST_NONE:
		require(!may);
		break;
	default: /* from the very host that is called, whatever its name */
		require(!origin_may_call(text, &none));
		require(may == (host->length == strlen(text + scheme) &&
		                strncasecmp(host->text, text + scheme,
		                            host->length) == 0));
		/* ... which has to be ours: so no strange page gets in. */
		require(!may || class >= HOST_ADDRESS ||
		        !mcps__host_is_ours(&rules, host));
		break;
	}
	flip_case(text);
	require(origin_may_call(text, host) == may);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mcps_request request = { .method_text = "POST", .path = "/" };
	struct line lines[LINES_MAX];
	size_t count = read_lines(lines, data, size);
	const struct http_value *headers = request.headers;

	for (size_t i = 0; i < count; i++)
		mcps__request_add_header(&request, lines[i].name,
		                         strlen(lines[i].name), lines[i].value,
		                         strlen(lines[i].value));
	check_view(&request, lines, count);
	check_flags(&request, lines, count);
	check_bearer(&request);
	check_session_id(&headers[HEADER_SESSION_ID]);
	check_content_type(&headers[HEADER_CONTENT_TYPE]);
	check_accept(&headers[HEADER_ACCEPT]);
	check_origin(&headers[HEADER_ORIGIN], &headers[HEADER_HOST],
	             check_host(&headers[HEADER_HOST]));
	mcps__request_finish(&request);
	for (size_t i = 0; i < count; i++) {
		free(lines[i].name);
		free(lines[i].value);
	}
	return 0;
}
