/* Escapes, and what a string says once they are resolved. */
#include "rpc/scan_internal.h"

#include "rpc/utf8.h"

#include <string.h>

enum { NOT_HEX = 16 };

static const char simple_escapes[128] = {
	['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
	['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
};

static unsigned scan_hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return (unsigned)(byte - '0');
	if (byte >= 'a' && byte <= 'f')
		return (unsigned)(byte - 'a') + 10;
	if (byte >= 'A' && byte <= 'F')
		return (unsigned)(byte - 'A') + 10;
	return NOT_HEX;
}

/* The \uXXXX at AT, one UTF-16 unit. */
static bool scan_read_unit(const char *at, const char *end, uint32_t *unit)
{
	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return false;
	*unit = 0;
	for (int i = 2; i < 6; i++) {
		unsigned digit = scan_hex_digit(at[i]);

		if (digit == NOT_HEX)
			return false;
		*unit = *unit * 16 + digit;
	}
	return true;
}

static size_t scan_read_unicode(const char *at, const char *end, uint32_t *code)
{
	uint32_t low;

	if (!scan_read_unit(at, end, code))
		return 0;
	if (*code < 0xD800 || *code > 0xDFFF)
		return 6;
	if (*code > 0xDBFF || !scan_read_unit(at + 6, end, &low) ||
	    low < 0xDC00 || low > 0xDFFF)
		return 0; /* a surrogate without its other half */
	*code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
	return 12;
}

size_t mcps__escape_read(const char *at, const char *end, uint32_t *code)
{
	unsigned char second;

	*code = 0;
	if (end - at < 2)
		return 0;
	second = (unsigned char)at[1];
	if (second == 'u')
		return scan_read_unicode(at, end, code);
	if (second >= sizeof simple_escapes || simple_escapes[second] == '\0')
		return 0;
	*code = (uint32_t)simple_escapes[second];
	return 2;
}

size_t mcps__scan_decode(const struct scan *scan, uint32_t token, char *out)
{
	const char *from = scan->text + scan->tokens[token].start;
	const char *end = from + scan->tokens[token].length;
	bool is_escaped = (scan->tokens[token].flags & SCAN_ESCAPED) != 0;
	const char *escape;
	char *to = out;
	uint32_t code;

	while (is_escaped &&
	       (escape = memchr(from, '\\', (size_t)(end - from))) != NULL) {
		memcpy(to, from, (size_t)(escape - from));
		to += escape - from;
		from = escape + mcps__escape_read(escape, end, &code);
		to += mcps__utf8_encode(code, to);
	}
	memcpy(to, from, (size_t)(end - from));
	to += end - from;
	*to = '\0';
	return (size_t)(to - out);
}

size_t mcps__scan_characters(const struct scan *scan, uint32_t token)
{
	const char *at = scan->text + scan->tokens[token].start;
	const char *end = at + scan->tokens[token].length;
	size_t characters = 0;
	uint32_t code;

	while (at < end) {
		if (*at == '\\') {
			characters++;
			at += mcps__escape_read(at, end, &code);
			continue;
		}
		/* Each character has one byte that continues none. */
		characters += ((unsigned char)*at++ & 0xC0) != 0x80;
	}
	return characters;
}

/* Hands out the decoded bytes of a string one by one. */
struct cursor {
	const char *at;
	const char *end;
	bool is_escaped; /* a backslash starts an escape */
	unsigned char used;
	unsigned char have; /* bytes of the escape that was met last */
	char bytes[UTF8_MOST];
};

static struct cursor scan_cursor_of(const struct scan *scan, uint32_t token)
{
	const struct scan_token *string = &scan->tokens[token];
	const char *at = scan->text + string->start;

	return (struct cursor){ .at = at,
		                .end = at + string->length,
		                .is_escaped =
		                        (string->flags & SCAN_ESCAPED) != 0 };
}

/* The next byte, or -1 at the end. */
static int scan_cursor_next(struct cursor *cursor)
{
	uint32_t code;

	if (cursor->used < cursor->have)
		return (unsigned char)cursor->bytes[cursor->used++];
	if (cursor->at == cursor->end)
		return -1;
	if (*cursor->at != '\\' || !cursor->is_escaped)
		return (unsigned char)*cursor->at++;
	cursor->at += mcps__escape_read(cursor->at, cursor->end, &code);
	cursor->have = (unsigned char)mcps__utf8_encode(code, cursor->bytes);
	cursor->used = 1;
	return (unsigned char)cursor->bytes[0];
}

static bool scan_is_between_escapes(const struct cursor *cursor)
{
	return cursor->used == cursor->have;
}

/* Run over what both have in common before the next escape of either. */
static void scan_skip_common(struct cursor *left, struct cursor *right)
{
	if (!scan_is_between_escapes(left) || !scan_is_between_escapes(right))
		return;
	while (left->at < left->end && right->at < right->end &&
	       *left->at == *right->at && *left->at != '\\') {
		left->at++;
		right->at++;
	}
}

static int scan_cursor_order(struct cursor left, struct cursor right)
{
	int one;
	int other;

	do {
		scan_skip_common(&left, &right);
		one = scan_cursor_next(&left);
		other = scan_cursor_next(&right);
	} while (one == other && one >= 0);
	return one - other;
}

int mcps__scan_order(const struct scan *scan, uint32_t left, uint32_t right)
{
	const struct scan_token *one = &scan->tokens[left];
	const struct scan_token *other = &scan->tokens[right];
	const char *text = scan->text;
	uint32_t both =
		one->length < other->length ? one->length : other->length;
	int order;

	if (((one->flags | other->flags) & SCAN_ESCAPED) != 0)
		return scan_cursor_order(scan_cursor_of(scan, left),
		                         scan_cursor_of(scan, right));
	order = memcmp(text + one->start, text + other->start, both);
	if (order != 0)
		return order;
	return (one->length > both) - (other->length > both);
}

bool mcps__scan_is(const struct scan *scan, uint32_t token, const char *text,
                   size_t length)
{
	const struct scan_token *string = &scan->tokens[token];
	struct cursor plain = { .at = text, .end = text + length };

	if ((string->flags & SCAN_ESCAPED) != 0)
		return scan_cursor_order(scan_cursor_of(scan, token), plain) ==
		       0;
	return string->length == length &&
	       memcmp(scan->text + string->start, text, length) == 0;
}
