/* Clients that do not read their answers, for tests of what that may cost. */
#ifndef MCPS_TESTS_UNREAD_CASE_H
#define MCPS_TESTS_UNREAD_CASE_H

#include "functional/wire_server.h"

enum {
	UNREAD_TEXT = 60 * 1000,      /* bytes of a text in a batch */
	UNREAD_LONG = 8 * 1000 * 1000 /* bytes of an answer: no kernel takes all
	                               * of it for a client */
};

/* Servers that are started from now on have these tools, too:
 *
 *   text {size}   a text of that many bytes, on the network thread
 *   said {size}   says its progress, then the same, on a worker
 */
void unread_add(void);

/* A call of such a tool: the body of a request. */
const char *unread_call(const char *tool, unsigned size);
/* A batch of COUNT calls of such a tool; to be freed. */
char *unread_batch(const char *tool, unsigned count, unsigned size);

/* Send BODY on a connection of its own, and wait for the head of the answer,
 * whose status becomes *STATUS. The rest is not read. */
struct wire unread_begin(const char *lines, const char *body, int *status);

/* Begin one more until a request of LINES is not answered with 200: the status
 * that it got instead. */
struct unread {
	struct wire wires[64];
	unsigned count;
};
int unread_fill(struct unread *all, const char *lines);
/* The clients leave. */
void unread_leave(struct unread *all);

/* Ask until the status is no longer OLD. */
struct reply unread_ask_until_not(int old, const char *lines, const char *body);

#endif
