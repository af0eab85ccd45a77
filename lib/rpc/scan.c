/* The pass: one loop over the text that checks its structure and fills the
 * token table. It keeps no stack of its own: while a container is open, the
 * `next` of its token is the container around it. */
#include "rpc/scan_internal.h"

#include "base/error.h"

#include <string.h>

/*          ┌── scalar, or empty container ──┐
 *          │                                ▼      end of text
 *   ──► STEP_VALUE ◄────── "," ──────── STEP_AFTER ──────────► STEP_DONE
 *         └──┘ "[", "{" key ":"          └──┘ "]", "}"
 * and STEP_REFUSED from anywhere. */
enum step { STEP_VALUE, STEP_AFTER, STEP_DONE, STEP_REFUSED };

static enum step scan_refuse(struct pass *pass, const char *what)
{
	(void)mcps__pass_refuse(pass, pass->at, what);
	return STEP_REFUSED;
}

static enum step scan_refuse_limit(struct pass *pass, uint32_t limit,
                                   const char *of_what)
{
	pass->scan->is_over_limit = true;
	pass->status =
		mcps__fail(pass->error, MCPS_E_PARSE,
	                   "more than %u %s at byte %zu", (unsigned)limit,
	                   of_what, (size_t)(pass->at - pass->scan->text));
	return STEP_REFUSED;
}

static bool scan_is_space(char byte)
{
	return byte <= ' ' &&
	       (byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t');
}

/* The next byte that is not white space; '\0', which nothing in JSON starts
 * with, at the end. */
static char scan_peek(struct pass *pass)
{
	const char *at = pass->at;

	while (at < pass->end && scan_is_space(*at))
		at++;
	pass->at = at;
	return at < pass->end ? *at : '\0';
}

/* A new token that starts at START and ends at pass->at. Pointers to other
 * tokens are stale afterwards. */
static struct scan_token *scan_add_token(struct pass *pass, enum scan_kind kind,
                                         const char *start)
{
	struct scan *scan = pass->scan;
	struct scan_token *token;

	if (scan->count == scan->capacity && !mcps__table_grow(scan)) {
		pass->status = mcps__fail(pass->error, MCPS_E_NOMEM,
		                          "no memory for %zu tokens",
		                          (size_t)scan->capacity * 2);
		return NULL;
	}
	token = &scan->tokens[scan->count++];
	token->start = (uint32_t)(start - scan->text);
	token->length = (uint32_t)(pass->at - start);
	token->next = scan->count;
	token->count = 0;
	token->kind = (uint8_t)kind;
	token->flags = 0;
	return token;
}

static enum step scan_add_scalar(struct pass *pass, enum scan_kind kind,
                                 const char *start)
{
	return scan_add_token(pass, kind, start) != NULL ? STEP_AFTER
	                                                 : STEP_REFUSED;
}

static bool scan_add_string(struct pass *pass)
{
	const char *start = ++pass->at;
	uint8_t flags = 0;
	struct scan_token *token;

	if (!mcps__pass_string(pass, &flags))
		return false;
	token = scan_add_token(pass, SCAN_STRING, start);
	if (token == NULL)
		return false;
	token->length--; /* the pass stands behind the closing quote */
	token->flags = flags;
	return true;
}

static enum step scan_number(struct pass *pass)
{
	const char *start = pass->at;
	enum scan_kind kind;

	if (!mcps__pass_number(pass, &kind))
		return STEP_REFUSED;
	return scan_add_scalar(pass, kind, start);
}

static enum step scan_word(struct pass *pass, enum scan_kind kind,
                           const char *text, size_t length)
{
	const char *start = pass->at;

	if ((size_t)(pass->end - start) < length ||
	    memcmp(start, text, length) != 0)
		return scan_refuse(pass, "expected a value");
	pass->at += length;
	return scan_add_scalar(pass, kind, start);
}

/* Refuse the text for what is wrong with the key token KEY. */
static enum step scan_refuse_key(struct pass *pass, uint32_t key,
                                 const char *what)
{
	pass->at = pass->scan->text + pass->scan->tokens[key].start - 1;
	return scan_refuse(pass, what);
}

/* A key and its colon: the value is next. */
static enum step scan_key(struct pass *pass)
{
	struct scan *scan = pass->scan;
	struct scan_token *object = &scan->tokens[pass->open];

	if (scan_peek(pass) != '"')
		return scan_refuse(pass, "expected a key");
	if (object->count == pass->limits.keys)
		return scan_refuse_limit(pass, object->count,
		                         "keys in one object");
	object->count++;
	if (!scan_add_string(pass))
		return STEP_REFUSED;
	if ((scan->tokens[scan->count - 1].flags & SCAN_NUL) != 0)
		return scan_refuse_key(pass, scan->count - 1,
		                       "U+0000 in a key");
	if (scan_peek(pass) != ':')
		return scan_refuse(pass, "expected :");
	pass->at++;
	return STEP_VALUE;
}

static enum step scan_member(struct pass *pass)
{
	struct scan_token *container = &pass->scan->tokens[pass->open];

	if (container->kind == SCAN_OBJECT)
		return scan_key(pass);
	container->count++;
	return STEP_VALUE;
}

/* The closing bracket is the next byte. */
static enum step scan_close_container(struct pass *pass)
{
	struct scan *scan = pass->scan;
	struct scan_token *token = &scan->tokens[pass->open];
	uint32_t around = token->next;
	uint32_t repeated = mcps__scan_repeated(scan, pass->open);

	if (repeated != SCAN_NONE)
		return scan_refuse_key(pass, repeated, "duplicate key");
	pass->at++;
	token->length = (uint32_t)(pass->at - scan->text) - token->start;
	token->next = scan->count;
	pass->open = around;
	pass->depth--;
	return STEP_AFTER;
}

/* The opening bracket is the next byte. */
static enum step scan_open_container(struct pass *pass, enum scan_kind kind,
                                     char closing)
{
	struct scan_token *token;

	if (pass->depth == pass->limits.depth)
		return scan_refuse_limit(pass, pass->depth,
		                         "levels of nesting");
	token = scan_add_token(pass, kind, pass->at);
	if (token == NULL)
		return STEP_REFUSED;
	token->next = pass->open;
	pass->open = pass->scan->count - 1;
	pass->depth++;
	pass->at++;
	return scan_peek(pass) == closing ? scan_close_container(pass)
	                                  : scan_member(pass);
}

static enum step scan_refuse_value(struct pass *pass)
{
	static const char mark[] = { '\xEF', '\xBB', '\xBF' };
	size_t left = (size_t)(pass->end - pass->at);

	/* RFC 8259, 8.1: implementations MUST NOT add a byte order mark. */
	if (pass->at == pass->scan->text && left >= sizeof mark &&
	    memcmp(pass->at, mark, sizeof mark) == 0)
		return scan_refuse(pass, "byte order mark");
	return scan_refuse(pass, "expected a value");
}

static enum step scan_value(struct pass *pass)
{
	char byte = scan_peek(pass);

	switch (byte) {
	case '"':
		return scan_add_string(pass) ? STEP_AFTER : STEP_REFUSED;
	case '{':
		return scan_open_container(pass, SCAN_OBJECT, '}');
	case '[':
		return scan_open_container(pass, SCAN_ARRAY, ']');
	case 't':
		return scan_word(pass, SCAN_TRUE, "true", 4);
	case 'f':
		return scan_word(pass, SCAN_FALSE, "false", 5);
	case 'n':
		return scan_word(pass, SCAN_NULL, "null", 4);
	}
	if (byte == '-' || (byte >= '0' && byte <= '9'))
		return scan_number(pass);
	return scan_refuse_value(pass);
}

static enum step scan_after_value(struct pass *pass)
{
	bool in_object = pass->depth > 0 &&
	                 pass->scan->tokens[pass->open].kind == SCAN_OBJECT;
	char byte = scan_peek(pass);

	if (pass->depth == 0)
		return pass->at == pass->end
		               ? STEP_DONE
		               : scan_refuse(pass, "more after the document");
	if (byte == ',') {
		pass->at++;
		return scan_member(pass);
	}
	if (byte == (in_object ? '}' : ']'))
		return scan_close_container(pass);
	return scan_refuse(pass,
	                   in_object ? "expected , or }" : "expected , or ]");
}

mcps_status mcps__scan_run(struct scan *scan, const char *text, size_t length,
                           const struct scan_limits *limits,
                           struct mcps_error *error)
{
	struct pass pass = { .scan = scan, .limits = *limits, .error = error };
	enum step step = STEP_VALUE;

	mcps__table_start(scan, text, length);
	if (length == 0)
		return mcps__fail(error, MCPS_E_PARSE, "empty body");
	if (length > UINT32_MAX) /* offsets would not fit */
		return mcps__fail(error, MCPS_E_PARSE, "body of 4 GiB or more");
	if (pass.limits.depth > SCAN_DEPTH_MOST)
		pass.limits.depth = SCAN_DEPTH_MOST;
	pass.at = text;
	pass.end = text + length;
	while (step == STEP_VALUE || step == STEP_AFTER)
		step = step == STEP_VALUE ? scan_value(&pass)
		                          : scan_after_value(&pass);
	if (step == STEP_REFUSED)
		scan->count = 0; /* nothing may be read from half a table */
	return pass.status;
}
