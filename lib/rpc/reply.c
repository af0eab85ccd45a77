#include "rpc/reply.h"

#include "rpc/write.h"

#include <stdio.h>
#include <string.h>

static void reply_add_head(struct buffer *out, struct reply_id id)
{
	mcps__buffer_add_literal(out, "{\"jsonrpc\":\"2.0\"");
	if (id.text == NULL)
		return;
	mcps__buffer_add_literal(out, ",\"id\":");
	mcps__buffer_add(out, id.text, id.length);
}

void mcps__reply_begin(struct buffer *out, struct reply_id id)
{
	reply_add_head(out, id);
	mcps__buffer_add_literal(out, ",\"result\":");
}

void mcps__reply_end(struct buffer *out)
{
	mcps__buffer_add_byte(out, '}');
}

void mcps__reply_outcome(struct buffer *out, struct reply_id id,
                         const char *state)
{
	char data[64];

	snprintf(data, sizeof data,
	         "{\"reason\":\"outcome_unknown\",\"state\":\"%s\"}",
	         state != NULL ? state : "");
	mcps__reply_error(out, id, mcps_status_rpc(MCPS_E_OUTCOME),
	                  mcps_status_text(MCPS_E_OUTCOME), NULL,
	                  state != NULL ? data : REPLY_OUTCOME_DATA);
}

void mcps__reply_error(struct buffer *out, struct reply_id id, int code,
                       const char *message, const char *detail,
                       const char *data)
{
	char text[384];

	snprintf(text, sizeof text, "%s%s%s", message,
	         detail != NULL ? ": " : "", detail != NULL ? detail : "");
	reply_add_head(out, id);
	mcps__buffer_add_literal(out, ",\"error\":{\"code\":");
	mcps__buffer_add_int(out, code);
	mcps__buffer_add_literal(out, ",\"message\":");
	mcps__write_string(out, text, strlen(text));
	if (data != NULL) {
		mcps__buffer_add_literal(out, ",\"data\":");
		mcps__buffer_add_text(out, data);
	}
	mcps__buffer_add_literal(out, "}}");
}
