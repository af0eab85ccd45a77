/* What tests of streams share: a session of alice's, tools that do what the
 * test says while they run, and events read back from answers. */
#ifndef MCPS_TESTS_STREAM_CASE_H
#define MCPS_TESTS_STREAM_CASE_H

#include "exchange/case_harness.h"

#include <mcps/call.h>

/* What the tools do while they run. */
extern void (*meanwhile)(mcps_call *call);

#define TALK(id)                                                       \
	REQUEST_WITH(id, "tools/call",                                 \
	             "{\"name\":\"talk\",\"arguments\":{},\"_meta\":{" \
	             "\"progressToken\":\"t\"}}")
#define CALL_COUNT(id)                                                  \
	REQUEST_WITH(id, "tools/call",                                  \
	             "{\"name\":\"count\",\"arguments\":{},\"_meta\":{" \
	             "\"progressToken\":5}}")
#define SAID(id)                                                         \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"result\":{\"content\":[{" \
	"\"type\":\"text\",\"text\":\"said\"}]}}"
#define TOLD(token, done)                                             \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"," \
	"\"params\":{\"progressToken\":" token ",\"progress\":" #done "}}"
#define PURGED_TEXT                                                          \
	"\"What this call sent is no longer stored. Check before repeating " \
	"it.\""
#define PURGED(id)                                                            \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id "," ERROR_HEAD(-32603) PURGED_TEXT \
		",\"data\":{\"reason\":\"outcome_unknown\"}}}"

enum { EVENTS_MAX = 2048 };

/* What was parsed last, event by event. */
struct event {
	char id[40];
	const char *data;
	unsigned retry_ms; /* 0: it does not say */
};
extern struct event events[EVENTS_MAX];
extern int event_count;
extern unsigned retry_ms; /* the last; 0: none */

void start_streams(const struct harness_options *options);
void streams_set_up(void);

/* How many there are in TEXT. */
int parse_events(const char *text);
void check_event(int n, const char *data);
/* A client that resumed after ID got it back, and nothing else: there was
 * nothing new. */
void check_nothing_new(struct flight *flight, const char *id);
/* They are of one stream, from FIRST on without a gap. */
void check_ids(int first);
/* The id of the n-th, for longer. */
const char *keep_id(int n);
/* The header line that resumes after it. */
const char *last_id(const char *id);

/* A GET, with HEADERS, or after an event: begun to be read. */
struct flight *open_get(const char *headers);
struct flight *resume_after(const char *id);
struct flight *send_call(const char *body);
/* Let the call run, and read all of its answer. */
struct answer finish_call(struct flight *flight);

/* For meanwhile. */
void tells(mcps_call *c);
void tells_thrice(mcps_call *c);

/* Append a message, which is gone then, to alice's stream of no call. */
bool say_text(const char *text);
bool say_to_session(struct buffer *message, unsigned how);

#endif
