/* JSON-RPC replies, written straight into a buffer. */
#ifndef MCPS_RPC_REPLY_H
#define MCPS_RPC_REPLY_H

#include "base/buffer.h"

/* A request id as it stood in its request; text NULL: there was none, and the
 * member is left out (2025-11-25 schema: an error's id is optional, never
 * null). */
struct reply_id {
	const char *text;
	size_t length;
};

/* {"jsonrpc":"2.0","id":ID,"result": ... the caller appends the result ... */
void mcps__reply_begin(struct buffer *out, struct reply_id id);
/* ... } */
void mcps__reply_end(struct buffer *out);

/* A whole error reply. DETAIL (may be NULL) is appended to MESSAGE after a
 * colon; DATA (may be NULL) is JSON text. */
void mcps__reply_error(struct buffer *out, struct reply_id id, int code,
                       const char *message, const char *detail,
                       const char *data);

/* The data of "Session not found". */
#define REPLY_GONE_DATA "{\"reason\":\"mcp_session_terminated\"}"

/* The data of errors of requests of which nobody knows whether they were
 * carried out. */
#define REPLY_OUTCOME_DATA "{\"reason\":\"outcome_unknown\"}"

/* The error of a request of which nobody knows whether it was carried out.
 * STATE: what became of the state it changed, "dropped" or "unknown"; NULL: not
 * said. At most REPLY_OUTCOME_MAX bytes and its id. */
void mcps__reply_outcome(struct buffer *out, struct reply_id id,
                         const char *state);
enum { REPLY_OUTCOME_MAX = 255 };

#endif
