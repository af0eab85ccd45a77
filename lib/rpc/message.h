/* JSON-RPC 2.0 messages as MCP allows them, read from the token table. */
#ifndef MCPS_RPC_MESSAGE_H
#define MCPS_RPC_MESSAGE_H

#include "base/buffer.h"
#include "rpc/scan.h"

enum message_kind {
	MESSAGE_REQUEST,
	MESSAGE_NOTIFICATION,
	MESSAGE_RESPONSE, /* to a request of ours */
};

struct message {
	enum message_kind kind;
	const struct scan *scan;
	uint32_t token;  /* the whole object */
	uint32_t id;     /* SCAN_NONE: none, or not readable */
	uint32_t method; /* of a request or notification */
	uint32_t params; /* SCAN_NONE: none */
};

/* Read the message at TOKEN. MCPS_E_REQUEST with a reason when it is none;
 * message->id is set as far as it could be read, for the error's sake. An id
 * is a string or an integer, never null (2025-11-25, Requests). */
MCPS_MUST_USE mcps_status mcps__message_read(struct message *message,
                                             const struct scan *scan,
                                             uint32_t token,
                                             struct mcps_error *error);

/* The id as it stands in the text: it is echoed, never rebuilt. NULL: none. */
const char *mcps__message_id(const struct message *message, size_t *length);

/* Append a notification. METHOD needs no escapes; PARAMS is JSON text, NULL:
 * none. */
void mcps__message_write(struct buffer *out, const char *method,
                         const char *params);

#endif
