#define _GNU_SOURCE
#include "functional/wire_events.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wire_get(const struct wire *wire, const char *lines, const char *after)
{
	char request[2048];

	snprintf(request, sizeof request,
	         "GET /mcp HTTP/1.1\r\n" WIRE_HOST
	         "Accept: text/event-stream\r\n%s%s%s%s\r\n",
	         lines, after != NULL ? "Last-Event-ID: " : "",
	         after != NULL ? after : "", after != NULL ? "\r\n" : "");
	wire_text(wire, request);
}

struct wire_stream wire_stream_begin(struct wire *wire)
{
	struct wire_stream stream = { .wire = wire,
		                      .reply = wire_read_head(wire) };

	stream.left =
		strtoul(reply_value(&stream.reply, "Content-Length"), NULL, 10);
	stream.is_whole = stream.left != 0;
	return stream;
}

struct wire_stream wire_stream_open(struct wire *wire)
{
	struct wire_stream stream = wire_stream_begin(wire);

	ck_assert_msg(stream.reply.status == 200, "no stream: %s",
	              stream.reply.head);
	ck_assert(reply_has(&stream.reply, "Content-Type: text/event-stream"));
	ck_assert(reply_has(&stream.reply, "X-Accel-Buffering: no"));
	ck_assert(reply_has(&stream.reply, "Cache-Control: no-store"));
	ck_assert(stream.is_whole !=
	          reply_has(&stream.reply, "Transfer-Encoding: chunked"));
	return stream;
}

/* ---- bytes out of chunks ---- */

static bool take_byte(struct wire_stream *stream, char *out)
{
	if (wire_take(stream->wire, out, 1) == 1)
		return true;
	stream->is_over = true;
	stream->is_cut = true;
	return false;
}

static bool take_chunk_line(struct wire_stream *stream, char *out, size_t size)
{
	size_t length = 0;

	do {
		ck_assert_uint_lt(length, size - 1);
		if (!take_byte(stream, &out[length]))
			return false;
	} while (out[length++] != '\n');
	out[length] = '\0';
	return true;
}

/* False: the stream is over. */
static bool next_chunk(struct wire_stream *stream)
{
	char line[32];
	char *end;

	if (!take_chunk_line(stream, line, sizeof line))
		return false;
	stream->left = strtoul(line, &end, 16);
	ck_assert_msg(end > line && strcmp(end, "\r\n") == 0, "no chunk: %s",
	              line);
	if (stream->left != 0)
		return true;
	stream->is_over = true;
	stream->is_cut = !take_chunk_line(stream, line, sizeof line);
	ck_assert(stream->is_cut || strcmp(line, "\r\n") == 0);
	return false;
}

static bool next_byte(struct wire_stream *stream, char *out)
{
	char line[8];

	if (stream->is_over || (stream->left == 0 && !next_chunk(stream)) ||
	    !take_byte(stream, out))
		return false;
	if (--stream->left != 0)
		return true;
	if (stream->is_whole)
		stream->is_over = true;
	else if (take_chunk_line(stream, line, sizeof line))
		ck_assert_str_eq(line, "\r\n");
	return true;
}

/* ---- events ---- */

/* False: the stream is over. */
static bool next_line(struct wire_stream *stream, char *out, size_t size)
{
	size_t length = 0;

	do {
		ck_assert_uint_lt(length, size);
		if (!next_byte(stream, &out[length]))
			return false;
	} while (out[length++] != '\n');
	out[length - 1] = '\0';
	return true;
}

static void read_line(struct wire_stream *stream, struct wire_event *event,
                      const char *line)
{
	if (strncmp(line, "data: ", 6) == 0) {
		strcpy(event->data, line + 6); /* as large as the line */
		event->kind = WIRE_DATA;
	} else if (strncmp(line, "id: ", 4) == 0) {
		ck_assert_uint_lt(strlen(line + 4), sizeof stream->last_id);
		strcpy(stream->last_id, line + 4);
	} else if (strncmp(line, "retry: ", 7) == 0) {
		stream->retry_ms = (unsigned)atoi(line + 7);
		if (event->kind == WIRE_HEARTBEAT)
			event->kind = WIRE_RETRY;
	} else {
		ck_assert_msg(line[0] == ':', "no line of an event: %s", line);
	}
}

struct wire_event wire_stream_next(struct wire_stream *stream)
{
	struct wire_event event = { .kind = WIRE_HEARTBEAT };
	char line[4096];

	do {
		if (!next_line(stream, line, sizeof line)) {
			event.kind = WIRE_OVER;
			return event;
		}
		if (line[0] == ':' && event.kind == WIRE_HEARTBEAT)
			return event; /* no empty line ends it */
		if (line[0] != '\0')
			read_line(stream, &event, line);
	} while (line[0] != '\0');
	return event;
}

struct wire_event wire_stream_find(struct wire_stream *stream, const char *text)
{
	struct wire_event event;

	do {
		event = wire_stream_next(stream);
		ck_assert_msg(event.kind != WIRE_OVER, "no event with %s",
		              text);
	} while (event.kind != WIRE_DATA || strstr(event.data, text) == NULL);
	return event;
}

unsigned wire_stream_rest(struct wire_stream *stream, const char *text)
{
	struct wire_event event;
	unsigned count = 0;

	while ((event = wire_stream_next(stream)).kind != WIRE_OVER)
		count += event.kind == WIRE_DATA &&
		         strstr(event.data, text) != NULL;
	return count;
}
