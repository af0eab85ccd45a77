#include "events.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct event {
	const char *id; /* NULL: none */
	const char *data;
};

struct reader {
	char *at; /* what is still to be read */
	const char *request;
	unsigned count;
	bool is_numbered;

	char stream[40]; /* of the first event; "": none yet */
	uint64_t number; /* of the last one */
	unsigned events;
	unsigned told; /* progress so far */
	bool is_over;  /* the result has come */
};

/* ---- chunks ---- */

/* Put them together in place. False: they are none. */
static bool join_chunks(char *body)
{
	const char *from = body;
	char *to = body;
	char *end;
	size_t length;

	while ((length = strtoul(from, &end, 16)) != 0) {
		if (end == from || strncmp(end, "\r\n", 2) != 0 ||
		    strlen(end + 2) < length + 2)
			return false;
		memmove(to, end + 2, length);
		to += length;
		from = end + 2 + length;
		if (strncmp(from, "\r\n", 2) != 0)
			return false;
		from += 2;
	}
	*to = '\0';
	return end != from;
}

/* ---- events ---- */

static char *value_of(char *line, const char *name)
{
	size_t length = strlen(name);

	if (strncmp(line, name, length) != 0 || line[length] != ':')
		return NULL;
	return line + length + 1 + (line[length + 1] == ' ');
}

/* The next event with an id or data. False: there is none. */
static bool next(struct reader *reader, struct event *event)
{
	*event = (struct event){ 0 };
	while (*reader->at != '\0') {
		char *line = reader->at;
		char *end = line + strcspn(line, "\n");
		char *value;

		reader->at = *end != '\0' ? end + 1 : end;
		*end = '\0';
		if ((value = value_of(line, "id")) != NULL)
			event->id = value;
		else if ((value = value_of(line, "data")) != NULL)
			event->data = value;
		else if (*line == '\0' &&
		         (event->id != NULL || event->data != NULL))
			return true;
	}
	return false;
}

static const char *check_id(struct reader *reader, const char *id)
{
	const char *dash;
	uint64_t number;

	if (id == NULL)
		return reader->is_numbered || reader->stream[0] != '\0'
		               ? "an event without an id"
		               : NULL;
	if (reader->events != 0 && reader->stream[0] == '\0')
		return "an event with an id after one without";
	dash = strrchr(id, '-');
	if (dash == NULL || dash == id ||
	    (size_t)(dash - id) >= sizeof reader->stream)
		return "an id that is none";
	number = strtoull(dash + 1, NULL, 10);
	if (reader->events == 0)
		memcpy(reader->stream, id, (size_t)(dash - id));
	else if (number != reader->number + 1 ||
	         strlen(reader->stream) != (size_t)(dash - id) ||
	         memcmp(reader->stream, id, (size_t)(dash - id)) != 0)
		return "an id that does not follow";
	reader->number = number;
	return NULL;
}

static bool holds(const char *data, const char *name, const char *value)
{
	char text[64];
	const char *at;

	snprintf(text, sizeof text, "\"%s\":%s", name, value);
	at = strstr(data, text);
	return at != NULL && strchr(",}", at[strlen(text)]) != NULL;
}

static const char *check_data(struct reader *reader, const char *data)
{
	char done[16];

	if (data == NULL || *data == '\0')
		return reader->events == 0 ? NULL : "an event without data";
	if (reader->is_over)
		return "an event after the result";
	if (reader->told < reader->count) {
		snprintf(done, sizeof done, "%u", ++reader->told);
		return holds(data, "progressToken", reader->request) &&
		                       holds(data, "progress", done)
		               ? NULL
		               : "not the progress that is due";
	}
	reader->is_over = true;
	return holds(data, "id", reader->request) &&
	                       strstr(data, "\"result\":") != NULL &&
	                       strstr(data, "\"isError\":true") == NULL
	               ? NULL
	               : "not the result";
}

const char *events_check(char *body, bool is_chunked, const char *id,
                         unsigned count, bool is_numbered)
{
	struct reader reader = { .at = body,
		                 .request = id,
		                 .count = count,
		                 .is_numbered = is_numbered };
	const char *wrong = NULL;
	struct event event;

	if (is_chunked && !join_chunks(body))
		return "chunks that are none";
	while (wrong == NULL && next(&reader, &event)) {
		wrong = check_id(&reader, event.id);
		if (wrong == NULL)
			wrong = check_data(&reader, event.data);
		reader.events++;
	}
	return wrong == NULL && !reader.is_over ? "no result" : wrong;
}
