/* From bytes to messages: strict JSON, then JSON-RPC, then the revision that
 * the header names. */
#include "http/exchange_internal.h"

#include "base/error.h"
#include "base/memory.h"
#include "http/refusal.h"

#include <stdio.h>

/* ---- the header: docs/ARCHITECTURE.md, "Eras" ---- */

static bool exchange_header_is_served(const struct exchange *exchange)
{
	const struct http_value *header =
		&exchange->request.headers[HEADER_PROTOCOL_VERSION];

	return header->text == NULL ||
	       mcps__revision_find(header->text, header->length) != NULL;
}

/* "served revisions: 2025-11-25, 2025-06-18", newest first. */
static void exchange_write_served(char *out, size_t size)
{
	int at = snprintf(out, size, "served revisions:");

	for (size_t i = mcps__revision_count; i-- > 0;)
		at += snprintf(out + at, size - (size_t)at, " %s%s",
		               mcps__revisions[i].text, i > 0 ? "," : "");
}

/* Clients of both eras probe with a modern request first, and take the codes
 * -32020 to -32022 as the mark of a modern server. Like any legacy server,
 * this one answers without them: it wants a session id, and a header that names
 * a served revision (2025-06-18, Protocol Version Header). initialize
 * negotiates by its params. */
static bool exchange_check_header(struct exchange *exchange)
{
	bool has_id = exchange->request.headers[HEADER_SESSION_ID].text != NULL;
	char served[128];

	if (exchange->initialize != NULL || exchange_header_is_served(exchange))
		return true;
	exchange_write_served(served, sizeof served);
	mcps__exchange_refuse(exchange,
	                      has_id ? MCPS_E_REVISION : MCPS_E_NO_SESSION,
	                      served, NULL);
	return false;
}

/* ---- messages ---- */

/* REASON: what the operator is to know of it. */
static bool exchange_refuse_bad_body(struct exchange *exchange,
                                     enum incident reason, mcps_status status,
                                     const char *detail)
{
	if (status != MCPS_E_NOMEM)
		mcps__refusal_report(exchange->endpoint, reason);
	mcps__exchange_refuse(exchange, status, detail, NULL);
	return false;
}

static bool exchange_is_initialize(const struct message *message)
{
	return message->kind != MESSAGE_RESPONSE &&
	       mcps__scan_equals(message->scan, message->method, "initialize");
}

static bool read_initialize(struct exchange *exchange)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status;

	if (exchange->message.kind != MESSAGE_REQUEST ||
	    !exchange_is_initialize(&exchange->message))
		return true;
	exchange->view.kind = ADMIT_INITIALIZE;
	exchange->initialize = mcps__calloc(1, sizeof *exchange->initialize);
	status = exchange->initialize != NULL
	                 ? mcps__initialize_read(exchange->initialize,
	                                         &exchange->message, &why)
	                 : MCPS_E_NOMEM;
	return status == MCPS_OK ||
	       exchange_refuse_bad_body(exchange, INCIDENT_MESSAGE_INVALID,
	                                status, why.text);
}

static bool read_single(struct exchange *exchange)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status = mcps__message_read(&exchange->message,
	                                        &exchange->scan, 0, &why);

	if (status != MCPS_OK)
		return exchange_refuse_bad_body(
			exchange, INCIDENT_MESSAGE_INVALID, status, why.text);
	exchange->has_request = exchange->message.kind == MESSAGE_REQUEST;
	return read_initialize(exchange);
}

/* A batch is requests and notifications, or responses, and never initializes
 * (2025-03-26, Sending Messages and Lifecycle). */
static bool read_batch(struct exchange *exchange)
{
	const struct scan *scan = &exchange->scan;
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status = MCPS_OK;
	enum incident reason = INCIDENT_MESSAGE_INVALID;
	struct message message;
	uint32_t count = scan->tokens[0].count;
	uint32_t responses = 0;

	exchange->batch = count;
	if (count == 0)
		status = mcps__fail(&why, MCPS_E_REQUEST, "an empty batch");
	if (count > exchange->endpoint->max_batch) {
		reason = INCIDENT_BATCH;
		status = mcps__fail(&why, MCPS_E_REQUEST,
		                    "more than %u messages in a batch",
		                    exchange->endpoint->max_batch);
	}
	for (uint32_t token = 1; status == MCPS_OK && token < scan->count;
	     token = scan->tokens[token].next) {
		status = mcps__message_read(&message, scan, token, &why);
		responses += message.kind == MESSAGE_RESPONSE;
		exchange->has_request = exchange->has_request ||
		                        message.kind == MESSAGE_REQUEST;
		if (status == MCPS_OK && exchange_is_initialize(&message))
			status = mcps__fail(&why, MCPS_E_REQUEST,
			                    "initialize in a batch");
	}
	if (status == MCPS_OK && responses != 0 && responses != count)
		status = mcps__fail(&why, MCPS_E_REQUEST,
		                    "responses among requests");
	return status == MCPS_OK ||
	       exchange_refuse_bad_body(exchange, reason, status, why.text);
}

static bool read_body(struct exchange *exchange)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status = mcps__scan_run(
		&exchange->scan, exchange->body.data, exchange->body.length,
		&exchange->endpoint->scan_limits, &why);

	if (status != MCPS_OK)
		return exchange_refuse_bad_body(exchange,
		                                exchange->scan.is_over_limit
		                                        ? INCIDENT_JSON
		                                        : INCIDENT_JSON_INVALID,
		                                status, why.text);
	return exchange->scan.tokens[0].kind == SCAN_ARRAY
	               ? read_batch(exchange)
	               : read_single(exchange);
}

/* ---- the answer ---- */

/* Nobody knows how large an answer will be, and once a request was carried out
 * a refusal would have its client repeat it. The server looks for room before.
 * A program that has JSON-RPC code of its own answers by itself. */
static bool exchange_has_room_for_answer(struct exchange *exchange)
{
	struct sessions *sessions = exchange->endpoint->sessions;
	mcps_status status;

	if (!exchange->has_request || exchange->glue.admits_only)
		return true;
	status = mcps__memory_limit_admit(sessions->options.answers,
	                                  &exchange->caller);
	if (status == MCPS_OK)
		return true;
	mcps__endpoint_report(exchange->endpoint, INCIDENT_ANSWERS);
	mcps__exchange_refuse(exchange, status, mcps__answer_reason(status),
	                      NULL);
	return false;
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
	if (exchange_check_header(exchange) &&
	    exchange_has_room_for_answer(exchange))
		exchange->stage = STAGE_ADMIT;
}
