/* The initialize handshake of the legacy era. */
#ifndef MCPS_MCP_INITIALIZE_H
#define MCPS_MCP_INITIALIZE_H

#include "call/call.h"

/* What clients can do: bits of a session's capabilities, at most 16, for they
 * go into ids. Their meaning never changes. */
enum client_capability {
	CLIENT_ROOTS = 1,
	CLIENT_ROOTS_CHANGED = 2,
	CLIENT_SAMPLING = 4,
	CLIENT_SAMPLING_TOOLS = 8,
	CLIENT_SAMPLING_CONTEXT = 16,
	CLIENT_ELICITATION = 32, /* by form */
	CLIENT_ELICITATION_URL = 64,
};

/* What a client asks for. */
struct initialize {
	const struct revision *revision; /* what we answer */
	uint32_t capabilities;
	char client_name[250]; /* cut; "" when there is none */
	char client_version[250];
};

/* Read the params of an initialize request. MCPS_E_PARAMS names what is
 * missing or wrong (2025-11-25 schema, InitializeRequestParams). */
MCPS_MUST_USE mcps_status mcps__initialize_read(struct initialize *out,
                                                const struct message *message,
                                                struct mcps_error *error);

/* Write the InitializeResult of call->revision as the call's reply. */
void mcps__initialize_reply(struct mcps_call *call);

#endif
