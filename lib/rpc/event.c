#include "rpc/event.h"

#include <inttypes.h>
#include <string.h>

enum { STREAM_DIGITS = 16, SEQ_DIGITS_MAX = 19 };

static bool event_read_stream(uint64_t *stream, const char *text)
{
	static const char digits[] = "0123456789abcdef";

	*stream = 0;
	for (int i = 0; i < STREAM_DIGITS; i++) {
		const char *digit = memchr(digits, text[i], 16);

		if (digit == NULL)
			return false;
		*stream = *stream << 4 | (uint64_t)(digit - digits);
	}
	return *stream != 0;
}

static bool event_read_seq(uint64_t *seq, const char *text, size_t length)
{
	*seq = 0;
	if (length == 0 || length > SEQ_DIGITS_MAX ||
	    (text[0] == '0' && length > 1))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*seq = *seq * 10 + (uint64_t)(text[i] - '0');
	}
	return true;
}

bool mcps__event_id_read(struct event_id *id, const char *text, size_t length)
{
	*id = (struct event_id){ 0, 0 };
	return length > STREAM_DIGITS + 1 && text[STREAM_DIGITS] == '-' &&
	       event_read_stream(&id->stream, text) &&
	       event_read_seq(&id->seq, text + STREAM_DIGITS + 1,
	                      length - STREAM_DIGITS - 1);
}

/* A line feed would end the line of data, and what follows be read as a field.
 * In JSON both can only stand between tokens. */
static void event_add_line(struct buffer *out, const char *data, size_t length)
{
	size_t start = out->length;

	mcps__buffer_add(out, data, length);
	for (size_t i = start; i < out->length; i++)
		if (out->data[i] == '\n' || out->data[i] == '\r')
			out->data[i] = ' ';
}

void mcps__event_write(struct buffer *out, const struct event_id *id,
                       const char *data, size_t length)
{
	mcps__event_write_first(out, id, 0, data, length);
}

static void event_add_retry(struct buffer *out, uint32_t milliseconds)
{
	mcps__buffer_add_format(out, "retry: %" PRIu32 "\n", milliseconds);
}

void mcps__event_write_first(struct buffer *out, const struct event_id *id,
                             uint32_t retry_ms, const char *data, size_t length)
{
	if (id->stream != 0)
		mcps__buffer_add_format(out, "id: %016" PRIx64 "-%" PRIu64 "\n",
		                        id->stream, id->seq);
	if (retry_ms != 0)
		event_add_retry(out, retry_ms);
	mcps__buffer_add_literal(out, "data: ");
	event_add_line(out, data, length);
	mcps__buffer_add_literal(out, "\n\n");
}

void mcps__event_write_retry(struct buffer *out, uint32_t milliseconds)
{
	event_add_retry(out, milliseconds);
	mcps__buffer_add_literal(out, "\n");
}
