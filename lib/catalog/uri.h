/* URIs of resources: whether a text is one (RFC 3986), and templates of them
 * (RFC 6570) that are matched backwards, which RFC 6570 does not describe. */
#ifndef MCPS_CATALOG_URI_H
#define MCPS_CATALOG_URI_H

#include <mcps/status.h>
#include <stdbool.h>
#include <stddef.h>

/* More are refused: no client means them. */
enum { URI_MAX = 64 * 1024, URI_VARIABLES_MAX = 16 };

/* A scheme, a colon, and then only what may stand in a URI, every "%" before
 * two hex digits. */
bool mcps__uri_is_valid(const char *text, size_t length);

struct uri_template;

/* MCPS_E_INVAL says what is wrong with TEXT; MCPS_E_NOMEM. */
MCPS_MUST_USE mcps_status mcps__template_compile(struct uri_template **out,
                                                 const char *text,
                                                 struct mcps_error *error);
void mcps__template_free(struct uri_template *compiled); /* NULL is fine */

/* The names of its variables, in order. */
size_t mcps__template_count(const struct uri_template *compiled);
const char *mcps__template_name(const struct uri_template *compiled,
                                size_t index);

/* What a variable stands for in a URI: a part of it, not decoded. */
struct uri_span {
	size_t begin, end;
};

/* Whether URI is an expansion of the template; SPANS, one for each variable,
 * tell of what. Its time is linear in LENGTH. Where a URI can be read in more
 * than one way, variables behind {+x}, and all of a template without one, are
 * as short as they can be from the last to the first; those before {+x} from
 * the first to the last. */
bool mcps__template_match(const struct uri_template *compiled, const char *uri,
                          size_t length,
                          struct uri_span spans[URI_VARIABLES_MAX]);

/* Decode a span ("%41" is A) into OUT, SPAN's length + 1 bytes at least, and
 * end it with a NUL. False when it holds a NUL or is not UTF-8. */
bool mcps__uri_decode(char *out, const char *uri, struct uri_span span);

#endif
