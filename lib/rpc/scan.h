/* The strict JSON scanner: one pass over a body that is both the validator
 * and the parser of the hot path. It accepts exactly RFC 8259 and refuses
 * what json-c 0.16 lets through (duplicate keys, NaN, control characters,
 * lone surrogates, NUL in keys, bytes after the document, invalid UTF-8),
 * and leaves a flat token table from which values are read without building
 * objects. Its strings are views into the text. */
#ifndef MCPS_RPC_SCAN_H
#define MCPS_RPC_SCAN_H

#include <mcps/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_object;

enum scan_kind {
	SCAN_OBJECT,  /* followed by count (key, value) pairs */
	SCAN_ARRAY,   /* followed by count values */
	SCAN_STRING,  /* also a key */
	SCAN_INTEGER, /* digits only, with an optional minus sign */
	SCAN_NUMBER,  /* has a fraction or an exponent */
	SCAN_TRUE,
	SCAN_FALSE,
	SCAN_NULL,
};

enum scan_flag {
	SCAN_ESCAPED = 1, /* a string with at least one backslash */
	SCAN_NUL = 2,     /* a string that holds U+0000 (never a key) */
};

struct scan_token {
	uint32_t start;  /* offset; of a string, of the byte after the quote */
	uint32_t length; /* bytes as they stand; of a string, without quotes */
	uint32_t next;  /* index of the token after this value and its inside */
	uint32_t count; /* members of an object, elements of an array, else 0 */
	uint8_t kind;   /* enum scan_kind */
	uint8_t flags;  /* enum scan_flag */
};

struct scan_limits {
	uint32_t depth; /* nested containers, at most 256; the outermost is 1 */
	uint32_t keys;  /* members of one object */
};

#define SCAN_LIMITS_DEFAULT \
	{                   \
		64, 1024    \
	}

/* The token of "there is none". Looking for members in it finds none, so
 * look-ups can be chained. */
#define SCAN_NONE UINT32_MAX

enum { SCAN_INLINE_TOKENS = 48 };

/* All zero is an empty scan. Do not copy: tokens may point inside. */
struct scan {
	const char *text; /* borrowed; must outlive the scan */
	size_t length;
	struct scan_token *tokens;
	uint32_t count;
	uint32_t capacity;
	bool is_over_limit; /* the text was refused because of a limit */
	struct scan_token
		few[SCAN_INLINE_TOKENS]; /* no malloc for small ones */
};

/* Scan LENGTH bytes of TEXT. MCPS_E_PARSE with a sentence and the byte offset
 * in ERROR when it is not a strict JSON text or passes a limit;
 * MCPS_E_NOMEM. Whatever it returns, the scan is to be finished; it may be
 * run again with another text. */
MCPS_MUST_USE mcps_status mcps__scan_run(struct scan *scan, const char *text,
                                         size_t length,
                                         const struct scan_limits *limits,
                                         struct mcps_error *error);
void mcps__scan_finish(struct scan *scan);

/* The value of member NAME of the object at token OBJECT (any other kind has
 * no members), or SCAN_NONE. NAME is compared exactly, escapes decoded. */
uint32_t mcps__scan_member(const struct scan *scan, uint32_t object,
                           const char *name);

/* The same for a member that may be left out: null is the same as absent, as
 * clients whose language has no other word for it send it. */
uint32_t mcps__scan_optional(const struct scan *scan, uint32_t object,
                             const char *name);

/* Whether the token is a string equal to TEXT once decoded. */
bool mcps__scan_equals(const struct scan *scan, uint32_t token,
                       const char *text);

/* Decode a string token into OUT (at least token length + 1 bytes; a decoded
 * string is never longer than its text) and NUL-terminate it; returns the
 * decoded length in bytes. */
size_t mcps__scan_decode(const struct scan *scan, uint32_t token, char *out);

/* Unicode characters (code points) of a string token, decoded. */
size_t mcps__scan_characters(const struct scan *scan, uint32_t token);

/* A new NUL-terminated copy of a string token, decoded, freed by
 * mcps__free(); NULL when out of memory. */
char *mcps__scan_strdup(const struct scan *scan, uint32_t token);

/* The token as it stands in the text, a string with its quotes. */
const char *mcps__scan_raw(const struct scan *scan, uint32_t token,
                           size_t *length);

/* The exact value of a number token; false when it is no integer (1.0 and
 * 1e2 are integers, JSON Schema 2020-12 core 4.2.3) or leaves int64. */
bool mcps__scan_int64(const struct scan *scan, uint32_t token, int64_t *out);

/* The nearest double of a number token, whatever the locale; false when it
 * is no number or overflows. */
bool mcps__scan_double(const struct scan *scan, uint32_t token, double *out);

/* A new json-c object of the value at TOKEN; the caller puts it. NULL for a
 * JSON null, too: *FAILED tells out of memory from it. Integers beyond 64
 * bits become doubles that print as they were written. */
struct json_object *mcps__scan_tree(const struct scan *scan, uint32_t token,
                                    bool *failed);

#endif
