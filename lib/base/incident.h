/* Incidents: what clients can provoke and an operator should know of, such as
 * a limit that was reached or a request that was refused. Each is counted; a
 * line about it is logged at most once a minute, with the number of times since
 * the last line. Whatever an anonymous caller can provoke by a request is an
 * incident, or is logged for debugging only: a flood of requests must not fill
 * the disk with lines. */
#ifndef MCPS_BASE_INCIDENT_H
#define MCPS_BASE_INCIDENT_H

#include "base/clock.h"
#include "base/log.h"

#include <stdatomic.h>

/* X(name, stable name for counters, module of the log line, what happened and
 * how to raise the limit). docs/OPERATING.md has a table of them. */
/* clang-format off */
#define INCIDENT_MAP(X)                                                        \
	X(CONNECTIONS, "connection_limit", "http",                             \
	  "all connections are in use: new clients wait (--max-connections)")      \
	X(DESCRIPTORS, "descriptor_limit", "http",                             \
	  "no file descriptor is left: new clients wait (raise the limit "     \
	  "of open files)")                                                    \
	X(STREAMS, "stream_limit", "http",                                     \
	  "GET streams use their share of the connections (--max-streams)")    \
	X(CALLER_STREAMS, "caller_stream_limit", "http",                       \
	  "a caller has too many GET streams open (--max-streams-per-caller)")     \
	X(ADDRESS_STREAMS, "address_stream_limit", "http",                     \
	  "an address has too many GET streams open "                          \
	  "(--max-streams-per-address)")                                       \
	X(SESSION_STREAMS, "session_stream_limit", "session",                  \
	  "a session has too many GET streams: its oldest is closed and "      \
	  "forgotten (--max-streams-per-session)")                                     \
	X(SLOW_READER, "slow_reader", "session",                               \
	  "a client reads a stream too slowly: its connection is closed, "     \
	  "and it has to resume")                                              \
	X(STREAM_BACKLOG, "stream_backlog", "session",                         \
	  "the events of a stream wait for the store: calls wait, "            \
	  "notifications are sent later")                                      \
	X(EVENTS, "event_limit", "session",                                    \
	  "a client resumed a stream whose events are no longer stored "       \
	  "(--max-event-age, --max-event-bytes-per-session)")                                      \
	X(BODY_SIZE, "body_size_limit", "http",                                \
	  "a request body is larger than it may be (--max-body)")              \
	X(BODIES, "body_memory_limit", "http",                                 \
	  "request bodies use all the memory they may (--max-bodies)")         \
	X(ANSWERS, "answer_memory_limit", "http",                              \
	  "unread answers use all the memory they may, or all that one "       \
	  "caller may use (--max-answers)")                                    \
	X(HEADER_SIZE, "header_size_limit", "http",                            \
	  "the headers of a request are larger than they may be "              \
	  "(--max-memory-per-connection)")                                               \
	X(JSON, "json_limit", "http",                                          \
	  "a request body has too many levels or members (--max-nesting, "     \
	  "--max-keys)")                                                       \
	X(BATCH, "batch_limit", "http",                                        \
	  "a batch has too many messages (--max-batch)")                       \
	X(URI_SIZE, "uri_size_limit", "mcp",                                   \
	  "a URI or a name in a request is longer than it may be")             \
	X(SLOW_CLIENT, "slow_client", "http",                                  \
	  "a client took too long to send a request or to read an answer: "    \
	  "its connection is cut")                                             \
	X(REQUEST_RATE, "request_rate_limit", "http",                          \
	  "a caller or an address sends requests too fast (--request-rate-per-caller, "    \
	  "--request-rate-per-address)")                                                   \
	X(SESSION_RATE, "session_rate_limit", "http",                          \
	  "a caller begins sessions too fast (--session-rate-per-caller)")                \
	X(ADDRESS_SESSIONS, "address_session_rate_limit", "http",              \
	  "an address begins anonymous sessions too fast "                     \
	  "(--session-rate-per-address)")                                      \
	X(ANONYMOUS_SESSIONS, "anonymous_session_rate_limit", "http",          \
	  "anonymous callers together begin sessions too fast "                \
	  "(--anonymous-session-rate)")                                        \
	X(SESSION_QUOTA, "session_quota", "session",                           \
	  "a caller has as many sessions as it may (--max-sessions-per-caller, "         \
	  "--max-anonymous-sessions)")                                                \
	X(SESSION_MEMORY, "session_memory_limit", "session",                   \
	  "a session left memory to make room for another "                    \
	  "(--max-sessions-in-memory)")                                            \
	X(TOMBSTONES, "tombstone_limit", "session",                            \
	  "a caller ended more sessions than are remembered: its oldest ids "  \
	  "are not recreated (--max-tombstones-per-caller)")                   \
	X(SESSION_DAMAGED, "damaged_session", "session",                       \
	  "a client asked for a session whose row in the store is damaged: "   \
	  "it counts as ended")                                                \
	X(INDEXES_REBUILT, "indexes_rebuilt", "store",                         \
	  "indexes of the store were damaged and are rebuilt: look at the "    \
	  "disk")                                                              \
	X(ANONYMOUS_EVICTED, "anonymous_session_quota", "session",             \
	  "anonymous callers have as many sessions as they may: those seen "   \
	  "least recently make room (--max-anonymous-sessions)")                      \
	X(ANONYMOUS_ENDED, "anonymous_sessions_ended", "session",              \
	  "anonymous callers ended sessions")                                  \
	X(ANONYMOUS_RECREATED, "anonymous_sessions_recreated", "session",      \
	  "sessions of anonymous callers began anew under ids that the "       \
	  "store did not know")                                                \
	X(WORKER_QUEUE, "worker_queue_limit", "mcp",                           \
	  "too many calls wait for a worker (--max-waiting-calls)")                 \
	X(CALLER_CALLS, "caller_call_limit", "mcp",                            \
	  "a caller has too many calls under way (--max-calls-per-caller)")        \
	X(RESULT_SIZE, "result_size_limit", "mcp",                             \
	  "a result, or all results of a batch together, are larger than "     \
	  "they may be (--max-result)")                                        \
	X(STATE_SIZE, "state_size_limit", "mcp",                               \
	  "a tool wants to keep more state than it may (64 KiB in a "          \
	  "value, 1 MiB of a session or caller)")                              \
	X(SUBSCRIPTIONS, "subscription_limit", "session",                      \
	  "a session subscribes to more resources than it may (option "        \
	  "subscriptions)")                                                    \
	X(UPDATES, "update_memory_limit", "session",                           \
	  "more resources were updated than are remembered: clients may "      \
	  "be told of an update again")                                        \
	X(WORKER_WAIT, "worker_wait", "mcp",                                   \
	  "calls wait longer than a second for a worker: handlers take long "  \
	  "(--workers, --max-workers-per-caller)")                             \
	X(WORKER_SHARE, "worker_queue_share", "mcp",                           \
	  "a caller has its share of the calls that may wait for a worker "    \
	  "(--max-waiting-calls)")                                                  \
	X(AUTH_STATUS, "auth_hook_status", "http",                             \
	  "the auth hook failed, named nobody or returned a status that it "   \
	  "may not return: the request got 500")                               \
	X(AUTH_UNAVAILABLE, "auth_unavailable", "http",                        \
	  "the auth hook could not decide about a caller (429, 503)")          \
	X(CREDENTIAL_MISSING, "credential_missing", "http",                    \
	  "a request has no Authorization header (401)")                       \
	X(CREDENTIAL_REFUSED, "credential_refused", "http",                    \
	  "a request has a credential that is not accepted (401; --tokens, "   \
	  "SIGHUP after a change)")                                            \
	X(CALLER_FORBIDDEN, "caller_forbidden", "http",                        \
	  "the auth hook forbids a caller to use this server (403)")           \
	X(SCOPE_MISSING, "scope_missing", "http",                              \
	  "a caller lacks a scope that its call needs (403)")                  \
	X(HOST_REFUSED, "host_refused", "http",                                \
	  "a request names a host that is not allowed (403; --allow-host)")    \
	X(ORIGIN_REFUSED, "origin_refused", "http",                            \
	  "a web page of an origin that is not allowed sent a request (403; "  \
	  "--allow-origin)")                                                   \
	X(REQUEST_MALFORMED, "request_malformed", "http",                      \
	  "a request is not well-formed HTTP, or can be read in two ways "     \
	  "(400)")                                                             \
	X(PATH_UNKNOWN, "path_unknown", "http",                                \
	  "a request is for a path other than the endpoint (404; --path)")     \
	X(METHOD_REFUSED, "method_refused", "http",                            \
	  "a request has a method other than GET, POST and DELETE (405)")      \
	X(CONTENT_TYPE_REFUSED, "content_type_refused", "http",                \
	  "the Content-Type of a request is not application/json (415)")       \
	X(CONTENT_ENCODING_REFUSED, "content_encoding_refused", "http",        \
	  "a request has a Content-Encoding (415)")                            \
	X(ACCEPT_REFUSED, "accept_refused", "http",                            \
	  "a client accepts neither application/json nor text/event-stream "   \
	  "(406)")                                                             \
	X(JSON_INVALID, "json_invalid", "http",                                \
	  "the body of a request is not JSON (400)")                           \
	X(MESSAGE_INVALID, "message_invalid", "http",                          \
	  "the body of a request is not a valid JSON-RPC message, or "         \
	  "initialize has invalid params (400, -32602)")                       \
	X(REVISION_UNKNOWN, "revision_unknown", "http",                        \
	  "a request names a protocol revision that is not served (400)")      \
	X(SESSION_ID_MISSING, "session_id_missing", "http",                    \
	  "a request has no session id (400)")                                 \
	X(SESSION_UNKNOWN, "session_unknown", "http",                          \
	  "a request names a session that has ended or is not known (404)")    \
	X(REQUEST_MEMORY, "request_memory", "http",                            \
	  "there was no memory to carry out a request (503)")                  \
	X(AUTH_DEADLINE, "auth_hook_deadline", "http",                         \
	  "the auth hook returned MCPS_LATER and did not call "                \
	  "mcps_grant_finish() within 30 s: the request got 503")              \
	X(AUTH_BLOCKS, "auth_hook_blocks", "http",                             \
	  "the auth hook held its network thread for 100 ms or longer: "       \
	  "return MCPS_LATER and call mcps_grant_finish() from another thread")
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

/* Any thread, under no lock. INCIDENTS may be NULL: then nobody counts. */
void mcps__incident_happened(struct incidents *incidents, enum incident what);
/* The same TIMES times; 0: nothing happened. */
void mcps__incident_happened_times(struct incidents *incidents,
                                   enum incident what, uint32_t times);

/* The same under a lock: the line is left to the next flush, because the log
 * function is the program's, and may take its time. */
void mcps__incident_note(struct incidents *incidents, enum incident what);

/* Write the lines that are due for incidents that happened since their last
 * line. Called by a timer, so that the last ones of a series are told, too. */
void mcps__incidents_flush(struct incidents *incidents);

/* Count one more of STATE, zeroed at first, which belongs to no list. True: a
 * line is due, which is about *TIMES of them. The same bound in time. */
bool mcps__incident_is_due(struct incident_state *state, int64_t now_ms,
                           uint_fast64_t *times);

uint64_t mcps__incident_count(const struct incidents *incidents,
                              enum incident what);
const char *mcps__incident_name(enum incident what);

#endif
