#define _GNU_SOURCE /* strcasestr */
#include "functional/answer_reader.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

void answer_begin(struct answer_reader *reader, answer_message_fn *message,
                  void *arg)
{
	reader->message = message;
	reader->arg = arg;
	reader->stage = ANSWER_HEAD;
	reader->status = 0;
	reader->is_stream = false;
	reader->retry_ms = 0;
	reader->length = 0;
	reader->data[0] = '\0';
	reader->next_id[0] = '\0';
}

/* Each assertion of check writes to a file, even one that holds: too much for
 * each byte. */
static void add(struct answer_reader *reader, char byte)
{
	if (reader->length >= sizeof reader->line - 1)
		ck_abort_msg("too long: %.100s", reader->line);
	reader->line[reader->length++] = byte;
	reader->line[reader->length] = '\0';
}

static void take_text(char *out, size_t size, const char *text)
{
	size_t length = strlen(text);

	if (length >= size)
		ck_abort_msg("too long: %.100s", text);
	memcpy(out, text, length + 1);
}

/* ---- events ---- */

/* Only now: what was cut off before the empty line is no event. */
static void end_event(struct answer_reader *reader)
{
	if (reader->next_id[0] != '\0')
		take_text(reader->id, sizeof reader->id, reader->next_id);
	if (reader->data[0] != '\0')
		reader->message(reader->arg, reader->data);
	reader->next_id[0] = '\0';
	reader->data[0] = '\0';
}

static void end_line(struct answer_reader *reader)
{
	const char *line = reader->line;

	if (reader->length == 0)
		end_event(reader);
	else if (strncmp(line, "id: ", 4) == 0)
		take_text(reader->next_id, sizeof reader->next_id, line + 4);
	else if (strncmp(line, "data: ", 6) == 0)
		take_text(reader->data, sizeof reader->data, line + 6);
	else if (strncmp(line, "retry: ", 7) == 0)
		reader->retry_ms = (unsigned)atoi(line + 7);
	else if (line[0] != ':')
		ck_abort_msg("not of an event: %s", line);
	reader->length = 0;
	reader->line[0] = '\0';
}

/* ---- the answer ---- */

static size_t header_number(const char *head, const char *name)
{
	const char *found = strcasestr(head, name);

	return found != NULL ? strtoul(found + strlen(name), NULL, 10) : 0;
}

static void end_head(struct answer_reader *reader)
{
	const char *head = reader->line;

	ck_assert_int_eq(strncmp(head, "HTTP/1.1 ", 9), 0);
	reader->status = atoi(head + 9);
	reader->is_stream =
		strcasestr(head, "\r\nContent-Type: text/event-stream") != NULL;
	reader->left = header_number(head, "\r\nContent-Length: ");
	reader->is_whole = reader->left != 0;
	reader->stage = !reader->is_whole   ? ANSWER_DONE
	                : reader->is_stream ? ANSWER_CHUNK
	                                    : ANSWER_BODY;
	if (strcasestr(head, "\r\nTransfer-Encoding: chunked") != NULL)
		reader->stage = ANSWER_CHUNK_SIZE;
	reader->length = 0;
	reader->line[0] = '\0';
}

static void read_head(struct answer_reader *reader, char byte)
{
	add(reader, byte);
	if (byte == '\n' && reader->length >= 4 &&
	    strcmp(reader->line + reader->length - 4, "\r\n\r\n") == 0)
		end_head(reader);
}

static void read_body(struct answer_reader *reader, char byte)
{
	add(reader, byte);
	if (--reader->left != 0)
		return;
	reader->message(reader->arg, reader->line);
	reader->stage = ANSWER_DONE;
}

/* The line of an event may go on in the next chunk, so that the size is read
 * digit by digit. */
static void read_chunk_size(struct answer_reader *reader, char byte)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *digit = memchr(digits, byte, sizeof digits - 1);

	if (digit != NULL)
		reader->left =
			reader->left * 16 + (size_t)(digit - digits) % 16;
	else if (byte == '\n')
		reader->stage =
			reader->left != 0 ? ANSWER_CHUNK : ANSWER_TRAILER;
	else if (byte != '\r')
		ck_abort_msg("in the size of a chunk: %d", byte);
}

static void read_chunk(struct answer_reader *reader, char byte)
{
	if (byte == '\n')
		end_line(reader);
	else
		add(reader, byte);
	if (--reader->left == 0)
		reader->stage =
			reader->is_whole ? ANSWER_DONE : ANSWER_CHUNK_END;
}

static void read_chunk_end(struct answer_reader *reader, char byte)
{
	if (byte == '\n')
		reader->stage = ANSWER_CHUNK_SIZE;
}

static void read_trailer(struct answer_reader *reader, char byte)
{
	if (byte == '\n')
		reader->stage = ANSWER_DONE;
}

size_t answer_read(struct answer_reader *reader, const char *bytes,
                   size_t length)
{
	static void (*const stages[])(struct answer_reader *, char) = {
		[ANSWER_HEAD] = read_head,
		[ANSWER_BODY] = read_body,
		[ANSWER_CHUNK_SIZE] = read_chunk_size,
		[ANSWER_CHUNK] = read_chunk,
		[ANSWER_CHUNK_END] = read_chunk_end,
		[ANSWER_TRAILER] = read_trailer,
	};
	size_t i = 0;

	while (i < length && reader->stage != ANSWER_DONE)
		stages[reader->stage](reader, bytes[i++]);
	return i;
}

bool answer_receive(struct answer_reader *reader, int fd, size_t most)
{
	char bytes[16 * 1024];
	ssize_t got = recv(fd, bytes, most < sizeof bytes ? most : sizeof bytes,
	                   MSG_DONTWAIT);

	if (got < 0) {
		ck_assert_msg(errno == EAGAIN || errno == ECONNRESET,
		              "cannot read: %s", strerror(errno));
		return errno == EAGAIN;
	}
	/* Who asks for one answer at a time gets no more than that. */
	ck_assert_uint_eq(answer_read(reader, bytes, (size_t)got), (size_t)got);
	return got > 0;
}
