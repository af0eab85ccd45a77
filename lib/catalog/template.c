/* Matching URIs against templates (RFC 6570, level 1 and reserved expansion).
 *
 * A template is literals with variables between them: L0 v1 L1 v2 ... Lm.
 * {x} takes characters other than "/", "?" and "#", {+x} any. At most one is
 * {+x}, so what stands before it is read from the front, what stands behind
 * it from the back, and it takes the rest. Nothing has to be tried twice:
 *
 *   From the back, {x} ends at a literal and begins behind the last place
 *   where the literal before it fits. If a reading exists with another place,
 *   one exists with this: the characters in between go from one {x} to
 *   the one before it, which takes the same kind of characters; unless the
 *   literal holds a "/", and then it fits in one place only, since no {x}
 *   goes over a "/". From the front the same holds mirrored. */
#include "catalog/uri.h"

#include "base/error.h"
#include "base/memory.h"

#include <string.h>

struct part {
	const char *literal; /* what stands before the variable */
	size_t literal_length;
	const char *name; /* NUL-terminated */
	bool is_reserved; /* {+x} */
};

struct uri_template {
	size_t count;    /* variables */
	size_t reserved; /* the index of {+x}; COUNT: there is none */
	struct part parts[URI_VARIABLES_MAX + 1]; /* the last has no variable */
	char text[]; /* literals, and names with their NUL */
};

/* ---- compiling ---- */

static bool template_is_name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static bool template_has_name(const struct uri_template *compiled,
                              const char *name)
{
	for (size_t i = 0; i < compiled->count; i++)
		if (strcmp(compiled->parts[i].name, name) == 0)
			return true;
	return false;
}

/* "{name}" or "{+name}" at *TEXT becomes the variable of the last part; what
 * is wrong, or NULL. */
static const char *template_read_variable(struct uri_template *compiled,
                                          char **text)
{
	struct part *part = &compiled->parts[compiled->count];
	char *name = *text + 1;
	char *end = strchr(name, '}');

	part->is_reserved = *name == '+';
	name += part->is_reserved;
	if (end == NULL || end == name)
		return "\"{\" begins no variable";
	for (const char *c = name; c < end; c++)
		if (!template_is_name_character(*c))
			return "only {name} and {+name} are served";
	if (part->literal_length == 0)
		return "nothing stands before a variable";
	*end = '\0';
	if (template_has_name(compiled, name))
		return "a variable stands there twice";
	part->name = name;
	if (part->is_reserved && compiled->reserved != URI_VARIABLES_MAX)
		return "{+name} stands there twice";
	if (part->is_reserved)
		compiled->reserved = compiled->count;
	compiled->count++;
	*text = end + 1;
	return NULL;
}

static const char *template_read_parts(struct uri_template *compiled)
{
	char *text = compiled->text;

	compiled->reserved = URI_VARIABLES_MAX;
	for (;;) {
		struct part *part = &compiled->parts[compiled->count];
		const char *fault;

		part->literal = text;
		part->literal_length = strcspn(text, "{}");
		text += part->literal_length;
		if (*text == '\0')
			break;
		if (*text == '}')
			return "\"}\" ends no variable";
		if (compiled->count == URI_VARIABLES_MAX)
			return "it has more than 16 variables";
		fault = template_read_variable(compiled, &text);
		if (fault != NULL)
			return fault;
	}
	if (compiled->count == 0)
		return "it has no variable: add a resource";
	if (compiled->reserved == URI_VARIABLES_MAX)
		compiled->reserved = compiled->count;
	return NULL;
}

/* With something for each variable it is to be a URI. */
static const char *template_check_uri(const struct uri_template *compiled)
{
	char uri[512];
	size_t length = 0;

	for (size_t i = 0; i <= compiled->count; i++) {
		const struct part *part = &compiled->parts[i];
		bool is_last = i == compiled->count;

		if (part->literal_length + !is_last > sizeof uri - length)
			return "it is longer than 512 bytes";
		memcpy(uri + length, part->literal, part->literal_length);
		length += part->literal_length;
		if (!is_last)
			uri[length++] = 'x';
	}
	return mcps__uri_is_valid(uri, length)
	               ? NULL
	               : "it is no template of URIs (RFC 3986)";
}

mcps_status mcps__template_compile(struct uri_template **out, const char *text,
                                   struct mcps_error *error)
{
	struct uri_template *compiled;
	const char *fault;

	*out = NULL;
	compiled = mcps__calloc(1, sizeof *compiled + strlen(text) + 1);
	if (compiled == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	memcpy(compiled->text, text, strlen(text));
	fault = template_read_parts(compiled);
	if (fault == NULL)
		fault = template_check_uri(compiled);
	if (fault != NULL) {
		mcps__free(compiled);
		return mcps__fail(error, MCPS_E_INVAL, "%s", fault);
	}
	*out = compiled;
	return MCPS_OK;
}

void mcps__template_free(struct uri_template *compiled)
{
	mcps__free(compiled);
}

size_t mcps__template_count(const struct uri_template *compiled)
{
	return compiled->count;
}

const char *mcps__template_name(const struct uri_template *compiled,
                                size_t index)
{
	return compiled->parts[index].name;
}

/* ---- matching ---- */

static bool template_is_boundary(char c)
{
	return c == '/' || c == '?' || c == '#';
}

static bool template_has_boundary(const char *uri, struct uri_span span)
{
	for (size_t i = span.begin; i < span.end; i++)
		if (template_is_boundary(uri[i]))
			return true;
	return false;
}

static bool template_is_at(const char *uri, const struct part *part)
{
	return memcmp(uri, part->literal, part->literal_length) == 0;
}

/* {x} begins at BEGIN and PART's literal ends it: *END is where, before
 * LIMIT. */
static bool template_end_variable(const char *uri, size_t begin, size_t limit,
                                  const struct part *part, size_t *end)
{
	for (size_t i = begin; limit - i >= part->literal_length; i++) {
		if (i > begin && template_is_at(uri + i, part)) {
			*end = i;
			return true;
		}
		if (i == limit || template_is_boundary(uri[i]))
			return false;
	}
	return false;
}

/* {x} ends at END and PART's literal stands before it: *BEGIN is behind that,
 * which does not begin before LIMIT. */
static bool template_begin_variable(const char *uri, size_t limit, size_t end,
                                    const struct part *part, size_t *begin)
{
	for (size_t i = end; i - limit >= part->literal_length; i--) {
		if (i < end &&
		    template_is_at(uri + i - part->literal_length, part)) {
			*begin = i;
			return true;
		}
		if (i == limit || template_is_boundary(uri[i - 1]))
			return false;
	}
	return false;
}

/* From the front up to {+x}, which begins at *BEGIN. */
static bool template_match_front(const struct uri_template *compiled,
                                 const char *uri, size_t *begin, size_t limit,
                                 struct uri_span *spans)
{
	for (size_t i = 0; i < compiled->reserved; i++) {
		const struct part *next = &compiled->parts[i + 1];

		spans[i].begin = *begin;
		if (!template_end_variable(uri, *begin, limit, next,
		                           &spans[i].end))
			return false;
		*begin = spans[i].end + next->literal_length;
	}
	return true;
}

/* From the back down to part FIRST, whose variable ends at *END. */
static bool template_match_back(const struct uri_template *compiled,
                                const char *uri, size_t first, size_t limit,
                                size_t *end, struct uri_span *spans)
{
	for (size_t i = compiled->count; i-- > first;) {
		const struct part *part = &compiled->parts[i];

		spans[i].end = *end;
		if (!template_begin_variable(uri, limit, *end, part,
		                             &spans[i].begin))
			return false;
		*end = spans[i].begin - part->literal_length;
	}
	return true;
}

bool mcps__template_match(const struct uri_template *compiled, const char *uri,
                          size_t length,
                          struct uri_span spans[URI_VARIABLES_MAX])
{
	const struct part *first = &compiled->parts[0];
	const struct part *last = &compiled->parts[compiled->count];
	size_t begin = first->literal_length;
	size_t end = length - last->literal_length;

	if (length < first->literal_length + last->literal_length ||
	    !template_is_at(uri, first) || !template_is_at(uri + end, last))
		return false;
	if (compiled->reserved == compiled->count) {
		if (!template_match_back(compiled, uri, 1, begin, &end, spans))
			return false;
		spans[0] = (struct uri_span){ begin, end };
		return begin < end && !template_has_boundary(uri, spans[0]);
	}
	if (!template_match_front(compiled, uri, &begin, end, spans) ||
	    !template_match_back(compiled, uri, compiled->reserved + 1, begin,
	                         &end, spans))
		return false;
	spans[compiled->reserved] = (struct uri_span){ begin, end };
	return begin < end;
}
