#include "rpc/message.h"

#include "base/error.h"

static bool message_is_id(const struct scan *scan, uint32_t token)
{
	uint8_t kind = scan->tokens[token].kind;

	return kind == SCAN_STRING || kind == SCAN_INTEGER;
}

static mcps_status message_read_id(struct message *message,
                                   struct mcps_error *error)
{
	uint32_t id = mcps__scan_member(message->scan, message->token, "id");

	if (id == SCAN_NONE)
		return MCPS_OK;
	if (!message_is_id(message->scan, id))
		return mcps__fail(error, MCPS_E_REQUEST,
		                  "id must be a string or an integer");
	message->id = id;
	return MCPS_OK;
}

static mcps_status message_read_call(struct message *message,
                                     struct mcps_error *error)
{
	const struct scan *scan = message->scan;

	if (scan->tokens[message->method].kind != SCAN_STRING)
		return mcps__fail(error, MCPS_E_REQUEST,
		                  "method must be a string");
	message->params = mcps__scan_optional(scan, message->token, "params");
	if (message->params != SCAN_NONE &&
	    scan->tokens[message->params].kind != SCAN_OBJECT)
		return mcps__fail(error, MCPS_E_REQUEST,
		                  "params must be an object");
	message->kind = message->id != SCAN_NONE ? MESSAGE_REQUEST
	                                         : MESSAGE_NOTIFICATION;
	return MCPS_OK;
}

static mcps_status message_read_response(struct message *message,
                                         struct mcps_error *error)
{
	bool has_result = mcps__scan_member(message->scan, message->token,
	                                    "result") != SCAN_NONE;
	bool has_error = mcps__scan_member(message->scan, message->token,
	                                   "error") != SCAN_NONE;

	if (!has_result && !has_error)
		return mcps__fail(error, MCPS_E_REQUEST,
		                  "neither method, result nor error");
	message->kind = MESSAGE_RESPONSE;
	if (has_result && has_error)
		return mcps__fail(error, MCPS_E_REQUEST,
		                  "both result and error");
	if (has_result && message->id == SCAN_NONE)
		return mcps__fail(error, MCPS_E_REQUEST, "a result without id");
	return MCPS_OK;
}

mcps_status mcps__message_read(struct message *message, const struct scan *scan,
                               uint32_t token, struct mcps_error *error)
{
	uint32_t version;
	mcps_status status;

	*message = (struct message){ .scan = scan,
		                     .token = token,
		                     .id = SCAN_NONE,
		                     .method = SCAN_NONE,
		                     .params = SCAN_NONE };
	if (scan->tokens[token].kind != SCAN_OBJECT)
		return mcps__fail(error, MCPS_E_REQUEST,
		                  "a message is an object");
	status = message_read_id(message, error);
	if (status != MCPS_OK)
		return status;
	version = mcps__scan_member(scan, token, "jsonrpc");
	if (version == SCAN_NONE || !mcps__scan_equals(scan, version, "2.0"))
		return mcps__fail(error, MCPS_E_REQUEST,
		                  "jsonrpc must be \"2.0\"");
	message->method = mcps__scan_member(scan, token, "method");
	if (message->method != SCAN_NONE)
		return message_read_call(message, error);
	return message_read_response(message, error);
}

const char *mcps__message_id(const struct message *message, size_t *length)
{
	*length = 0;
	if (message->id == SCAN_NONE)
		return NULL;
	return mcps__scan_raw(message->scan, message->id, length);
}

void mcps__message_write(struct buffer *out, const char *method,
                         const char *params)
{
	mcps__buffer_add_format(out, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"",
	                        method);
	if (params != NULL) {
		mcps__buffer_add_literal(out, ",\"params\":");
		mcps__buffer_add_text(out, params);
	}
	mcps__buffer_add_byte(out, '}');
}
