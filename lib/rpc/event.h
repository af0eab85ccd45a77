/* Server-sent events as MCP writes them (WHATWG HTML, 9.2): what an event
 * looks like on the wire, and the ids by which a client resumes. */
#ifndef MCPS_RPC_EVENT_H
#define MCPS_RPC_EVENT_H

#include "base/buffer.h"

/* "<stream>-<seq>": the stream's 64 random bits as 16 hex digits, then the
 * event's number in it, in decimal. */
struct event_id {
	uint64_t stream; /* 0: none */
	uint64_t seq;
};

/* Exactly what write makes, or nothing: false. */
bool mcps__event_id_read(struct event_id *id, const char *text, size_t length);

/* An event with one line of data: a JSON message, or nothing, which gives a
 * client with an id to resume from. ID->stream 0: no id. */
void mcps__event_write(struct buffer *out, const struct event_id *id,
                       const char *data, size_t length);

/* The same, which also tells a client how long to wait before it connects
 * again: 0 milliseconds say nothing. */
void mcps__event_write_first(struct buffer *out, const struct event_id *id,
                             uint32_t retry_ms, const char *data,
                             size_t length);

/* A comment, which stands between events: readers skip it. No empty line ends
 * it: to the Python SDK up to 1.22 that is an event without data, once it has
 * seen an id, and it logs an error each time. */
#define EVENT_COMMENT ":\n"

/* Only the time to wait. Clients take the value and see no event, for there is
 * no data. */
void mcps__event_write_retry(struct buffer *out, uint32_t milliseconds);

#endif
