/* Event streams on the connections of wire.h, event by event as they come. */
#ifndef MCPS_TESTS_WIRE_EVENTS_H
#define MCPS_TESTS_WIRE_EVENTS_H

#include "functional/wire.h"

/* A call that wants to be told its progress. */
#define WIRE_TOLD_CALL(id, tool, arguments)                              \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"method\":\"tools/call\"," \
	"\"params\":{\"name\":\"" tool "\",\"arguments\":" arguments     \
	",\"_meta\":{\"progressToken\":1}}}"

/* An answer that is a stream. */
struct wire_stream {
	struct wire *wire;
	struct reply reply; /* its head */
	bool is_whole;      /* it has a length, for it was over when it began */
	size_t left;        /* of it, or of a chunk */
	bool is_over;     /* the last chunk has come, or the connection ended */
	bool is_cut;      /* ... without the last chunk */
	char last_id[64]; /* "": none was given */
	unsigned retry_ms; /* 0: was not said */
};

enum wire_event_kind {
	WIRE_DATA,      /* data, be it empty */
	WIRE_HEARTBEAT, /* a comment */
	WIRE_RETRY,     /* when to come again, and no more */
	WIRE_OVER,      /* no event: the stream is over */
};

struct wire_event {
	enum wire_event_kind kind;
	char data[4096];
};

/* A GET with LINES, and after that event unless AFTER is NULL. */
void wire_get(const struct wire *wire, const char *lines, const char *after);

/* Read the head, whatever it says. */
struct wire_stream wire_stream_begin(struct wire *wire);
/* ... which has to be that of a stream. */
struct wire_stream wire_stream_open(struct wire *wire);

/* Wait for the next event. */
struct wire_event wire_stream_next(struct wire_stream *stream);
/* Wait for one whose data has TEXT in it; all others are passed over. */
struct wire_event wire_stream_find(struct wire_stream *stream,
                                   const char *text);
/* Pass over what is left; how many events had TEXT in their data. */
unsigned wire_stream_rest(struct wire_stream *stream, const char *text);

#endif
