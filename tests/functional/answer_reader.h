/* Reads one answer after the other as its bytes come, be it JSON or an event
 * stream: for clients that wait for many connections at once, or read as they
 * please. */
#ifndef MCPS_TESTS_ANSWER_READER_H
#define MCPS_TESTS_ANSWER_READER_H

#include <stdbool.h>
#include <stddef.h>

enum { ANSWER_TEXT_MAX = 16 * 1024, ANSWER_ID_MAX = 40 };

/* A JSON message, of the body or of an event. */
typedef void answer_message_fn(void *arg, const char *message);

enum answer_stage {
	ANSWER_HEAD,
	ANSWER_BODY,
	ANSWER_CHUNK_SIZE,
	ANSWER_CHUNK,
	ANSWER_CHUNK_END,
	ANSWER_TRAILER,
	ANSWER_DONE
};

struct answer_reader {
	answer_message_fn *message;
	void *arg;
	enum answer_stage stage;
	int status; /* 0: its head was not read yet */
	bool is_stream;
	bool is_whole;          /* its length is known */
	char id[ANSWER_ID_MAX]; /* of the last event; "": none had one */
	unsigned retry_ms;      /* when to come again; 0: that was not said */

	size_t left;                /* of the body, or of the chunk */
	size_t length;              /* of the line */
	char line[ANSWER_TEXT_MAX]; /* that is being read */
	char data[ANSWER_TEXT_MAX]; /* of the event that is being read */
	char next_id[ANSWER_ID_MAX];
};

/* For the next answer. What was said by the one before is forgotten, but for
 * the id of the last event. */
void answer_begin(struct answer_reader *reader, answer_message_fn *message,
                  void *arg);

/* Read BYTES up to the end of the answer at most; how many that were. */
size_t answer_read(struct answer_reader *reader, const char *bytes,
                   size_t length);

/* The same of what the socket has now. False: the other side has closed. */
bool answer_receive(struct answer_reader *reader, int fd, size_t most);

#endif
