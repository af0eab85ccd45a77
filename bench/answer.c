#define _GNU_SOURCE /* memmem, strcasestr */
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The value of a header; NULL: there is none before END. */
static const char *header(const char *bytes, const char *end, const char *name)
{
	const char *at = strcasestr(bytes, name);

	return at != NULL && at < end ? at + strlen(name) : NULL;
}

static void session_read(struct answer *answer, const char *value)
{
	size_t length = strcspn(value, "\r");

	if (length < sizeof answer->session) {
		memcpy(answer->session, value, length);
		answer->session[length] = '\0';
	}
}

static enum answer_state head_read(struct answer *answer, const char *bytes,
                                   const char *end)
{
	const char *value;

	if (sscanf(bytes, "HTTP/1.1 %d", &answer->status) != 1)
		return ANSWER_BROKEN;
	answer->body = (size_t)(end - bytes) + 4;
	value = header(bytes, end, "\nMcp-Session-Id: ");
	if (value != NULL)
		session_read(answer, value);
	answer->is_stream =
		header(bytes, end, "\nContent-Type: text/event-stream") != NULL;
	value = header(bytes, end, "\nContent-Length: ");
	if (value != NULL)
		answer->length = answer->body + strtoul(value, NULL, 10);
	else if (header(bytes, end, "\nTransfer-Encoding: chunked") != NULL)
		answer->chunked = true;
	else
		return ANSWER_BROKEN;
	return ANSWER_WHOLE;
}

enum answer_state answer_read(struct answer *answer, const char *bytes,
                              size_t length)
{
	static const char last_chunk[] = "\r\n0\r\n\r\n";
	const size_t tail = sizeof last_chunk - 1;
	const char *end = memmem(bytes, length, "\r\n\r\n", 4);

	*answer = (struct answer){ 0 };
	if (end == NULL)
		return ANSWER_PARTIAL;
	if (head_read(answer, bytes, end) != ANSWER_WHOLE)
		return ANSWER_BROKEN;
	/* One request at a time is under way, so the last chunk is last. */
	if (answer->chunked)
		return length >= answer->body + tail &&
		                       memcmp(bytes + length - tail, last_chunk,
		                              tail) == 0
		               ? ANSWER_WHOLE
		               : ANSWER_PARTIAL;
	if (length > answer->length)
		return ANSWER_BROKEN;
	return length == answer->length ? ANSWER_WHOLE : ANSWER_PARTIAL;
}

bool answer_is_result(const struct answer *answer, const char *bytes,
                      const char *id)
{
	const char *body = bytes + answer->body;
	const char *at = strstr(body, "\"id\":");

	return at != NULL && strncmp(at + 5, id, strlen(id)) == 0 &&
	       strstr(body, "\"result\":") != NULL &&
	       strstr(body, "\"isError\":true") == NULL;
}
