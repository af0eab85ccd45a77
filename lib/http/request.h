/* The request view: what the layers above libmicrohttpd see of one HTTP
 * request. Texts are borrowed from the connection and live as long as the
 * exchange. */
#ifndef MCPS_HTTP_REQUEST_H
#define MCPS_HTTP_REQUEST_H

#include "http/forwarded.h"

#include <mcps/auth.h>
#include <stdint.h>

enum http_method {
	HTTP_POST,
	HTTP_GET,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_OTHER,
};

/* The headers that decide something; each may stand once (RULES: the lookup
 * of libmicrohttpd returns the first of several). */
/* clang-format off */
#define HTTP_HEADER_MAP(X)                                  \
	X(HOST,              "Host")                        \
	X(ORIGIN,            "Origin")                      \
	X(AUTHORIZATION,     "Authorization")               \
	X(CONTENT_TYPE,      "Content-Type")                \
	X(CONTENT_ENCODING,  "Content-Encoding")            \
	X(CONTENT_LENGTH,    "Content-Length")              \
	X(TRANSFER_ENCODING, "Transfer-Encoding")           \
	X(ACCEPT,            "Accept")                      \
	X(SESSION_ID,        "Mcp-Session-Id")              \
	X(PROTOCOL_VERSION,  "MCP-Protocol-Version")        \
	X(LAST_EVENT_ID,     "Last-Event-ID")
/* clang-format on */

enum http_header {
#define X(name, text) HEADER_##name,
	HTTP_HEADER_MAP(X)
#undef X
		HEADER_COUNT
};

struct http_value {
	const char *text; /* optional white space trimmed; NULL: absent */
	size_t length;
};

struct http_copy;
struct principal;

struct mcps_request {
	enum http_method method;
	const char *method_text;
	const char *path; /* without the query */
	struct http_value headers[HEADER_COUNT];
	struct http_copy *copies; /* of values that had blanks at their end */
	const char *repeated; /* name of a header that stood more than once */
	bool has_bad_name; /* a header whose name is no token (RFC 9110, 5.1) */
	bool lacks_memory; /* for a value, which is "" instead */
	bool has_return;   /* a carriage return inside a value */

	/* The other end of the connection. */
	struct address peer;
	struct forwarded forwarded; /* whom it speaks for, if it is a proxy */
	char peer_text[ADDRESS_TEXT_SIZE]; /* written when a hook asks */

	/* Who is calling, as the program around us says; NULL: ask. */
	struct principal *caller;

	/* Any other header, for auth hooks; NULL when absent. */
	const char *(*find)(void *connection, const char *name);
	void *connection;
	/* The pointer that the program around us keeps with the request; may
	 * be NULL. */
	void *context;
};

/* Which of the headers NAME is; HEADER_COUNT: none of them. */
enum http_header mcps__header_find(const char *name, size_t length);

/* A character of a header's name (RFC 9110, 5.6.2). */
bool mcps__is_token_character(char c);

/* Note one header line in the view. */
void mcps__request_add_header(struct mcps_request *request, const char *name,
                              size_t name_length, const char *value,
                              size_t value_length);

/* Free what the view holds of its own. */
void mcps__request_finish(struct mcps_request *request);

/* Whether PATH is ENDPOINT, or ENDPOINT with a slash after it. */
bool mcps__path_is(const char *endpoint, const char *path);

/* Which client the request comes from. */
void mcps__request_client(const struct mcps_request *request,
                          struct http_client *out);

enum http_method mcps__method_find(const char *text);

#endif
