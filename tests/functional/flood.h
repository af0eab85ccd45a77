/* A tool and topics that say much, and readers of their streams, who check
 * that nothing is missing, twice, or out of order. */
#ifndef MCPS_TESTS_FLOOD_H
#define MCPS_TESTS_FLOOD_H

#include "functional/answer_reader.h"
#include "functional/wire_server.h"

enum {
	FLOOD_SIZE = 4096, /* bytes of a message, at most */
	FLOOD_TOPICS = 8,
};

/* ---- who speaks ---- */

/* Servers that are started from now on have the tool "flood", which says COUNT
 * messages of SIZE bytes, if it WAITS each after a word, and topics to
 * subscribe to. */
void flood_add(void);
void flood_give_words(unsigned count);
/* Until so many calls have said all; it fails if they are held up. */
void flood_wait_ended(unsigned count);
/* Calls that wait end. */
void flood_release(void);

/* The messages FIRST and so on, in turn of each topic, of FLOOD_SIZE bytes, for
 * who subscribed. */
void flood_tell_topics(int first, int count);
/* All that was said so far is stored. */
void flood_wait_stored(void);

/* ---- who reads ---- */

struct reader {
	struct wire_session session;
	struct wire wire;
	struct answer_reader answer;
	int number;       /* of the last message */
	bool is_answered; /* the call has ended */
	int comes;        /* how often it had to come back */
};

void reader_subscribe(const struct reader *reader); /* to all topics */
void reader_call(struct reader *reader, int count, int size, bool waits);
/* Listen; after the last event, if there was one. */
void reader_get(struct reader *reader);
void reader_come_back(struct reader *reader);

/* Some more, once it is there. False: the answer is over. */
bool reader_read(struct reader *reader, size_t most);
/* So many bytes, one at a time. */
void reader_read_drops(struct reader *reader, int count);
/* Up to the event that has nothing but an id. */
void reader_read_head(struct reader *reader);
/* To the end of the call, or to a message, however often it has to come back.
 */
void reader_read_call(struct reader *reader);
void reader_read_up_to(struct reader *reader, int number);

#endif
