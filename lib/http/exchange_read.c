/* From bytes to messages: strict JSON, then JSON-RPC, then the era and the
 * revision that are spoken. */
#include "http/exchange_internal.h"

#include "base/error.h"
#include "base/memory.h"
#include "rpc/write.h"

#include <string.h>

/* ---- the era: docs/ARCHITECTURE.md, "Eras" ---- */

/* REQUESTED is JSON, a string; NULL: no memory for it. */
static void refuse_revision(struct exchange *exchange, const char *requested,
                            size_t length)
{
	struct buffer data = { 0 };

	mcps__buffer_add_literal(&data, "{\"supported\":[");
	for (size_t i = mcps__revision_count; i-- > 0;)
		mcps__buffer_add_format(&data, "\"%s\"%s",
		                        mcps__revisions[i].text,
		                        i > 0 ? "," : "");
	mcps__buffer_add_literal(&data, "],\"requested\":");
	if (requested != NULL)
		mcps__buffer_add(&data, requested, length);
	else
		data.failed = true;
	mcps__buffer_add(&data, "}", 2); /* with its NUL */
	mcps__exchange_refuse(exchange, MCPS_E_REVISION, NULL,
	                      data.failed ? NULL : data.data);
	mcps__buffer_finish(&data);
}

/* The revision that a message itself claims, which only modern clients do. */
static uint32_t claimed_revision(const struct message *message)
{
	const struct scan *scan = message->scan;
	uint32_t meta = mcps__scan_member(scan, message->params, "_meta");
	uint32_t claim = mcps__scan_member(
		scan, meta, "io.modelcontextprotocol/protocolVersion");

	if (claim != SCAN_NONE && scan->tokens[claim].kind != SCAN_STRING)
		return SCAN_NONE;
	return claim;
}

static bool check_claim(struct exchange *exchange)
{
	const struct scan *scan = &exchange->scan;
	uint32_t claim = claimed_revision(&exchange->message);
	const char *text;
	size_t length;

	if (claim == SCAN_NONE)
		return true;
	text = scan->text + scan->tokens[claim].start;
	length = scan->tokens[claim].length;
	if (mcps__revision_find(text, length) != NULL)
		return true;
	text = mcps__scan_raw(scan, claim, &length);
	refuse_revision(exchange, text, length);
	return false;
}

/* initialize negotiates by its params; everything else must name a revision
 * that is served, or none (2025-06-18, Protocol Version Header). */
static bool check_header(struct exchange *exchange)
{
	const struct http_value *header =
		&exchange->request.headers[HEADER_PROTOCOL_VERSION];
	struct buffer text = { 0 };

	if (exchange->initialize != NULL || header->text == NULL ||
	    mcps__revision_find(header->text, header->length) != NULL)
		return true;
	mcps__write_string(&text, header->text, header->length);
	refuse_revision(exchange, text.failed ? NULL : text.data, text.length);
	mcps__buffer_finish(&text);
	return false;
}

/* ---- messages ---- */

static bool is_initialize(const struct message *message)
{
	return message->kind != MESSAGE_RESPONSE &&
	       mcps__scan_equals(message->scan, message->method, "initialize");
}

static bool read_initialize(struct exchange *exchange)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status;

	if (exchange->message.kind != MESSAGE_REQUEST ||
	    !is_initialize(&exchange->message))
		return true;
	exchange->view.kind = ADMIT_INITIALIZE;
	exchange->initialize = mcps__calloc(1, sizeof *exchange->initialize);
	status = exchange->initialize != NULL
	                 ? mcps__initialize_read(exchange->initialize,
	                                         &exchange->message, &why)
	                 : MCPS_E_NOMEM;
	if (status == MCPS_OK)
		return true;
	mcps__exchange_refuse(exchange, status, why.text, NULL);
	return false;
}

static bool read_single(struct exchange *exchange)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status = mcps__message_read(&exchange->message,
	                                        &exchange->scan, 0, &why);

	if (status != MCPS_OK) {
		mcps__exchange_refuse(exchange, status, why.text, NULL);
		return false;
	}
	return check_claim(exchange) && read_initialize(exchange);
}

/* A batch is requests and notifications, or responses, and never initializes
 * (2025-03-26, Sending Messages and Lifecycle). */
static bool read_batch(struct exchange *exchange)
{
	const struct scan *scan = &exchange->scan;
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status = MCPS_OK;
	struct message message;
	uint32_t count = scan->tokens[0].count;
	uint32_t responses = 0;

	exchange->batch = count;
	if (count == 0)
		status = mcps__fail(&why, MCPS_E_REQUEST, "an empty batch");
	if (count > exchange->endpoint->max_batch)
		status = mcps__fail(&why, MCPS_E_REQUEST,
		                    "more than %u messages in a batch",
		                    exchange->endpoint->max_batch);
	for (uint32_t token = 1; status == MCPS_OK && token < scan->count;
	     token = scan->tokens[token].next) {
		status = mcps__message_read(&message, scan, token, &why);
		responses += message.kind == MESSAGE_RESPONSE;
		if (status == MCPS_OK && is_initialize(&message))
			status = mcps__fail(&why, MCPS_E_REQUEST,
			                    "initialize in a batch");
	}
	if (status == MCPS_OK && responses != 0 && responses != count)
		status = mcps__fail(&why, MCPS_E_REQUEST,
		                    "responses among requests");
	if (status == MCPS_OK)
		return true;
	mcps__exchange_refuse(exchange, status, why.text, NULL);
	return false;
}

static bool read_body(struct exchange *exchange)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status = mcps__scan_run(
		&exchange->scan, exchange->body.data, exchange->body.length,
		&exchange->endpoint->scan_limits, &why);

	if (status != MCPS_OK) {
		mcps__exchange_refuse(exchange, status, why.text, NULL);
		return false;
	}
	return exchange->scan.tokens[0].kind == SCAN_ARRAY
	               ? read_batch(exchange)
	               : read_single(exchange);
}

void mcps__exchange_read(struct exchange *exchange)
{
	static const enum admit_kind kinds[] = {
		[HTTP_POST] = ADMIT_POST,
		[HTTP_GET] = ADMIT_GET,
		[HTTP_DELETE] = ADMIT_DELETE,
	};
	enum http_method method = exchange->request.method;

	exchange->view.kind = kinds[method];
	if (method == HTTP_POST && !read_body(exchange))
		return;
	if (check_header(exchange))
		exchange->stage = STAGE_ADMIT;
}
