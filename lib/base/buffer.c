#include "base/buffer.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BUFFER_FIRST = 256 };

void mcps__buffer_finish(struct buffer *buffer)
{
	mcps__free(buffer->data);
	*buffer = (struct buffer){ 0 };
}

void mcps__buffer_reset(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
}

static bool buffer_grow(struct buffer *buffer, size_t needed)
{
	size_t capacity =
		buffer->capacity != 0 ? buffer->capacity : BUFFER_FIRST;
	char *data;

	while (capacity < needed) {
		if (capacity > SIZE_MAX / 2)
			return false;
		capacity *= 2;
	}
	data = mcps__realloc(buffer->data, capacity);
	if (data == NULL)
		return false;
	buffer->data = data;
	buffer->capacity = capacity;
	return true;
}

bool mcps__buffer_reserve(struct buffer *buffer, size_t size)
{
	if (buffer->failed)
		return false;
	if (size <= buffer->capacity - buffer->length)
		return true;
	if (size > SIZE_MAX - buffer->length ||
	    !buffer_grow(buffer, buffer->length + size)) {
		buffer->failed = true;
		return false;
	}
	return true;
}

void mcps__buffer_add(struct buffer *buffer, const void *bytes, size_t length)
{
	if (length == 0 || !mcps__buffer_reserve(buffer, length))
		return;
	memcpy(buffer->data + buffer->length, bytes, length);
	buffer->length += length;
}

void mcps__buffer_add_text(struct buffer *buffer, const char *text)
{
	mcps__buffer_add(buffer, text, strlen(text));
}

void mcps__buffer_add_byte(struct buffer *buffer, char byte)
{
	mcps__buffer_add(buffer, &byte, 1);
}

void mcps__buffer_add_int(struct buffer *buffer, int64_t value)
{
	char digits[24];
	int length = snprintf(digits, sizeof digits, "%" PRId64, value);

	mcps__buffer_add(buffer, digits, (size_t)length);
}

/* Most texts fit where there is room already, and are formatted once. */
void mcps__buffer_add_vformat(struct buffer *buffer, const char *format,
                              va_list args)
{
	size_t room;
	va_list again;
	int length;

	if (!mcps__buffer_reserve(buffer, 1))
		return;
	va_copy(again, args);
	room = buffer->capacity - buffer->length;
	length = vsnprintf(buffer->data + buffer->length, room, format, args);
	if (length < 0)
		buffer->failed = true;
	else if ((size_t)length >= room &&
	         mcps__buffer_reserve(buffer, (size_t)length + 1))
		vsnprintf(buffer->data + buffer->length, (size_t)length + 1,
		          format, again);
	if (!buffer->failed)
		buffer->length += (size_t)length;
	va_end(again);
}

void mcps__buffer_add_format(struct buffer *buffer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	mcps__buffer_add_vformat(buffer, format, args);
	va_end(args);
}
