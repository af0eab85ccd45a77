/* Incidents: what clients can provoke and an operator should know of, such as
 * a limit that was reached. Each is counted; a line about it is logged at most
 * once a minute, with the number of times since the last line. */
#ifndef MCPS_BASE_INCIDENT_H
#define MCPS_BASE_INCIDENT_H

#include "base/clock.h"
#include "base/log.h"

#include <stdatomic.h>

/* Name (stable, for counters), module of the log line, the sentence. */
/* clang-format off */
#define INCIDENT_MAP(X)                                                        \
	X(CONNECTIONS, "connection_limit", "http",                             \
	  "all connections are in use: new clients wait (--connections)")      \
	X(BODIES, "body_memory_limit", "http",                                 \
	  "request bodies use all the memory they may (max_bodies)")           \
	X(REQUEST_RATE, "request_rate_limit", "http",                          \
	  "a caller or an address sends requests too fast")                    \
	X(SESSION_RATE, "session_rate_limit", "http",                          \
	  "a caller begins sessions too fast (--session-rate)")                \
	X(ADDRESS_SESSIONS, "address_session_rate_limit", "http",              \
	  "an address begins anonymous sessions too fast "                     \
	  "(--session-rate-per-address)")                                      \
	X(ANONYMOUS_SESSIONS, "anonymous_session_rate_limit", "http",          \
	  "anonymous callers together begin sessions too fast "                \
	  "(--anonymous-session-rate)")                                        \
	X(SESSION_QUOTA, "session_quota", "session",                           \
	  "a caller has as many sessions as it may (--session-quota)")         \
	X(WORKER_QUEUE, "worker_queue_limit", "mcp",                           \
	  "too many calls wait for a worker (--worker-queue)")                 \
	X(CALLER_CALLS, "caller_call_limit", "mcp",                            \
	  "a caller has too many calls under way (--calls-per-caller)")        \
	X(CALLER_STREAMS, "caller_stream_limit", "http",                       \
	  "a caller has too many streams open (--streams-per-caller)")         \
	X(STREAMS, "stream_limit", "http",                                     \
	  "streams use their share of the connections")                        \
	X(RESULT_SIZE, "result_size_limit", "mcp",                             \
	  "a result is larger than it may be (--max-result)")
/* clang-format on */

enum incident {
#define X(name, text, module, sentence) INCIDENT_##name,
	INCIDENT_MAP(X)
#undef X
		INCIDENT_COUNT
};

struct incident_state {
	atomic_uint_fast64_t count;
	atomic_uint_fast64_t logged;  /* of count: told in a line */
	_Atomic int64_t next_line_ms; /* steady; 0: no line was written yet */
};

struct incidents {
	const struct log_sink *log;       /* borrowed */
	const struct clock_source *clock; /* borrowed */
	struct incident_state all[INCIDENT_COUNT];
};

void mcps__incidents_init(struct incidents *incidents,
                          const struct log_sink *log,
                          const struct clock_source *clock);

/* Any thread, under any lock of ours (the log function does not call back).
 * INCIDENTS may be NULL: then nobody counts. */
void mcps__incident_happened(struct incidents *incidents, enum incident what);

/* Write the lines that are due for incidents that happened since their last
 * line. Called by a timer, so that the last ones of a series are told, too. */
void mcps__incidents_flush(struct incidents *incidents);

uint64_t mcps__incident_count(const struct incidents *incidents,
                              enum incident what);
const char *mcps__incident_name(enum incident what);

#endif
