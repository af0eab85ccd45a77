#include "http/request.h"

#include "base/memory.h"

#include <string.h>
#include <strings.h>

static const char *const names[HEADER_COUNT] = {
#define X(name, text) [HEADER_##name] = text,
	HTTP_HEADER_MAP(X)
#undef X
};

static const unsigned char lengths[HEADER_COUNT] = {
#define X(name, text) [HEADER_##name] = sizeof(text) - 1,
	HTTP_HEADER_MAP(X)
#undef X
};

enum http_header mcps__header_find(const char *name, size_t length)
{
	int header;

	for (header = 0; header < HEADER_COUNT; header++)
		if (lengths[header] == length &&
		    strncasecmp(names[header], name, length) == 0)
			break;
	return (enum http_header)header;
}

static bool request_is_blank(char c)
{
	return c == ' ' || c == '\t';
}

bool mcps__is_token_character(char c)
{
	return c > ' ' && c <= '~' && strchr("()<>@,;:\\\"/[]?={}", c) == NULL;
}

static bool request_is_token(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!mcps__is_token_character(name[i]))
			return false;
	return length > 0;
}

/* libmicrohttpd 0.9.75 takes the second line of a folded header for more of
 * its name. A body without its length would be read as the next request. */
static bool request_was_framing(const char *name, size_t length)
{
	static const enum http_header framing[] = { HEADER_CONTENT_LENGTH,
		                                    HEADER_TRANSFER_ENCODING };

	for (size_t i = 0; i < sizeof framing / sizeof *framing; i++)
		if (length > lengths[framing[i]] &&
		    strncasecmp(names[framing[i]], name, lengths[framing[i]]) ==
		            0)
			return true;
	return false;
}

struct http_copy {
	struct http_copy *next;
	char text[];
};

/* Hooks read values as C strings, so one with blanks at its end is copied
 * without them. */
static void request_set_value(struct mcps_request *request,
                              struct http_value *out, const char *text,
                              size_t length)
{
	size_t trimmed = length;
	struct http_copy *copy;

	while (trimmed > 0 && request_is_blank(text[trimmed - 1]))
		trimmed--;
	*out = (struct http_value){ text, trimmed };
	if (trimmed == length)
		return;
	copy = mcps__malloc(sizeof *copy + trimmed + 1);
	if (copy == NULL) {
		*out = (struct http_value){ "", 0 };
		request->lacks_memory = true;
		return;
	}
	memcpy(copy->text, text, trimmed);
	copy->text[trimmed] = '\0';
	copy->next = request->copies;
	request->copies = copy;
	out->text = copy->text;
}

/* What may be the end of a line to somebody else (RFC 9112, 2.2). */
static bool request_has_return(const char *value, size_t length)
{
	return length > 0 && memchr(value, '\r', length) != NULL;
}

/* These may be repeated: each proxy may add a line of its own. */
static void request_add_forwarded(struct mcps_request *request,
                                  const char *name, size_t name_length,
                                  const char *value, size_t value_length)
{
	enum forwarded_header header;

	if (request->forwarded.proxies == NULL || value_length == 0)
		return;
	header = mcps__forwarded_find(name, name_length);
	if (header != FORWARDED_HEADER_COUNT)
		mcps__forwarded_add(&request->forwarded, header, value,
		                    value_length);
}

/* libmicrohttpd 0.9.75 leaves white space at the end of values, and takes
 * names with blanks in them. */
void mcps__request_add_header(struct mcps_request *request, const char *name,
                              size_t name_length, const char *value,
                              size_t value_length)
{
	enum http_header header = mcps__header_find(name, name_length);

	request->has_return =
		request->has_return || request_has_return(value, value_length);
	if (header == HEADER_COUNT) {
		request->has_bad_name = request->has_bad_name ||
		                        !request_is_token(name, name_length) ||
		                        request_was_framing(name, name_length);
		request_add_forwarded(request, name, name_length, value,
		                      value_length);
		return;
	}
	if (request->headers[header].text != NULL) {
		request->repeated = names[header];
		return;
	}
	while (value_length > 0 && request_is_blank(value[0])) {
		value++;
		value_length--;
	}
	/* libmicrohttpd compares this one with the blanks at its end, and
	 * waits for the end of the connection if it does not know it. */
	if (header == HEADER_TRANSFER_ENCODING)
		request->headers[header] =
			(struct http_value){ value, value_length };
	else
		request_set_value(request, &request->headers[header], value,
		                  value_length);
}

void mcps__request_finish(struct mcps_request *request)
{
	struct http_copy *next;

	for (struct http_copy *copy = request->copies; copy; copy = next) {
		next = copy->next;
		mcps__free(copy);
	}
	request->copies = NULL;
}

void mcps__request_client(const struct mcps_request *request,
                          struct http_client *out)
{
	mcps__forwarded_client(&request->forwarded, &request->peer, out);
}

enum http_method mcps__method_find(const char *text)
{
	static const struct {
		const char *text;
		enum http_method method;
	} methods[] = { { "POST", HTTP_POST },
		        { "GET", HTTP_GET },
		        { "DELETE", HTTP_DELETE },
		        { "OPTIONS", HTTP_OPTIONS } };

	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (strcmp(methods[i].text, text) == 0)
			return methods[i].method;
	return HTTP_OTHER;
}

bool mcps__path_is(const char *endpoint, const char *path)
{
	size_t length = strlen(endpoint);

	if (strncmp(path, endpoint, length) != 0)
		return false;
	path += length;
	return path[0] == '\0' || (path[0] == '/' && path[1] == '\0' &&
	                           endpoint[length - 1] != '/');
}

/* ---- the view of an auth hook ---- */

const char *mcps_request_method(const mcps_request *request)
{
	return request != NULL ? request->method_text : NULL;
}

const char *mcps_request_path(const mcps_request *request)
{
	return request != NULL ? request->path : NULL;
}

/* The view is const for hooks alone: the exchange's own is not. */
const char *mcps_request_peer(const mcps_request *request)
{
	struct http_client client;

	if (request == NULL)
		return "";
	mcps__request_client(request, &client);
	mcps__address_format(&client.address,
	                     ((struct mcps_request *)request)->peer_text);
	return request->peer_text;
}

const char *mcps_request_header(const mcps_request *request, const char *name)
{
	enum http_header header;

	if (request == NULL || name == NULL)
		return NULL;
	header = mcps__header_find(name, strlen(name));
	if (header != HEADER_COUNT)
		return request->headers[header].text;
	if (request->find == NULL)
		return NULL;
	return request->find(request->connection, name);
}

const char *mcps_request_bearer(const mcps_request *request)
{
	const struct http_value *value;
	const char *token;

	if (request == NULL)
		return NULL;
	value = &request->headers[HEADER_AUTHORIZATION];
	if (value->length < 8 || strncasecmp(value->text, "Bearer", 6) != 0 ||
	    !request_is_blank(value->text[6]))
		return NULL;
	token = value->text + 6;
	while (request_is_blank(*token))
		token++;
	return *token != '\0' ? token : NULL;
}
