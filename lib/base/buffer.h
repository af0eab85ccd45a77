/* A growable run of bytes whose first failure sticks, so that a writer checks
 * once, at the end. */
#ifndef MCPS_BASE_BUFFER_H
#define MCPS_BASE_BUFFER_H

#include <mcps/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdarg.h>
#include <stdint.h>

struct buffer {
	char *data; /* NULL while empty; not NUL-terminated */
	size_t length;
	size_t capacity;
	bool failed; /* an append ran out of memory: contents are not whole */
};

/* All zero is an empty buffer. */
void mcps__buffer_finish(struct buffer *buffer);
void mcps__buffer_reset(struct buffer *buffer); /* empty again, keeps memory */

/* Make room for SIZE more bytes; false, and failed, when there is none. */
bool mcps__buffer_reserve(struct buffer *buffer, size_t size);
void mcps__buffer_add(struct buffer *buffer, const void *bytes, size_t length);
void mcps__buffer_add_text(struct buffer *buffer, const char *text);
void mcps__buffer_add_byte(struct buffer *buffer, char byte);
void mcps__buffer_add_int(struct buffer *buffer, int64_t value);
void mcps__buffer_add_format(struct buffer *buffer, const char *format, ...)
	MCPS_PRINTF(2, 3);
void mcps__buffer_add_vformat(struct buffer *buffer, const char *format,
                              va_list args) MCPS_PRINTF(2, 0);

/* Append a string literal without measuring it at run time. */
#define mcps__buffer_add_literal(buffer, literal) \
	mcps__buffer_add((buffer), "" literal, sizeof(literal) - 1)

#endif
