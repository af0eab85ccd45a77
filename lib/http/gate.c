#include "http/gate.h"

#include "http/answer.h"
#include "http/auth.h"
#include "http/media.h"
#include "http/refusal.h"
#include "http/refuse.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool gate_refuse(struct plan *plan, mcps_status status,
                        const char *detail)
{
	const struct reply_id none = { NULL, 0 };

	mcps__refuse(plan, status, none, detail, NULL);
	return false;
}

/* The same, counted by its reason. */
static bool gate_refuse_because(const struct endpoint *endpoint,
                                struct plan *plan, enum incident reason,
                                mcps_status status, const char *detail)
{
	(void)gate_refuse(plan, status, detail);
	mcps__refusal_report(endpoint, reason);
	return false;
}

static bool gate_has_header(struct mcps_request *request,
                            enum http_header header)
{
	return request->headers[header].text != NULL;
}

/* What two parties could read in two ways is refused, and the connection with
 * it (RFC 9112, 6.3 and 11.2). */
static bool gate_pass_framing(const struct endpoint *endpoint,
                              struct mcps_request *request, struct plan *plan)
{
	const char *why = NULL;

	if (request->lacks_memory)
		return gate_refuse_because(endpoint, plan,
		                           INCIDENT_REQUEST_MEMORY,
		                           MCPS_E_NOMEM, NULL);
	if (request->repeated != NULL)
		why = request->repeated;
	else if (gate_has_header(request, HEADER_CONTENT_LENGTH) &&
	         gate_has_header(request, HEADER_TRANSFER_ENCODING))
		why = "Content-Length and Transfer-Encoding";
	else if (request->has_bad_name)
		why = "a header name";
	else if (request->has_return)
		why = "a carriage return in a header";
	else if (gate_has_header(request, HEADER_TRANSFER_ENCODING) &&
	         strcasecmp(request->headers[HEADER_TRANSFER_ENCODING].text,
	                    "chunked") != 0)
		why = "Transfer-Encoding";
	if (why == NULL)
		return true;
	plan->close = true;
	return gate_refuse_because(endpoint, plan, INCIDENT_REQUEST_MALFORMED,
	                           MCPS_E_REQUEST, why);
}

/* Before anything else: a page that must not talk to us learns nothing. */
static bool gate_pass_origin(const struct endpoint *endpoint,
                             struct mcps_request *request, struct plan *plan)
{
	const struct http_value *host = &request->headers[HEADER_HOST];
	const struct http_value *origin = &request->headers[HEADER_ORIGIN];

	if (endpoint->origins == NULL)
		return true;
	if (!mcps__host_is_ours(endpoint->origins, host))
		return gate_refuse_because(endpoint, plan,
		                           INCIDENT_HOST_REFUSED, MCPS_E_HOST,
		                           "allow it by name if it is yours");
	if (!mcps__origin_may_call(endpoint->origins, origin, host))
		return gate_refuse_because(endpoint, plan,
		                           INCIDENT_ORIGIN_REFUSED,
		                           MCPS_E_ORIGIN, NULL);
	if (endpoint->has_cors)
		plan->origin = origin->text; /* on errors, too */
	return true;
}

static bool gate_is_param_header(const char *name, size_t length)
{
	static const char prefix[] = "mcp-param-";

	if (length < sizeof prefix ||
	    strncasecmp(name, prefix, sizeof prefix - 1) != 0)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!mcps__is_token_character(name[i]))
			return false;
	return true;
}

/* The names of Mcp-Param-* headers are the tools' own, and there is no
 * wildcard for them: those that the page asks for are allowed. Without memory
 * it hears of the others alone. */
static void gate_allow_param_headers(const struct mcps_request *request,
                                     struct plan *plan)
{
	const char *at =
		mcps_request_header(request, "Access-Control-Request-Headers");

	if (at == NULL)
		return;
	mcps__buffer_add_literal(&plan->allowed, MCPS__CORS_HEADERS);
	while (*at != '\0') {
		size_t length;

		at += strspn(at, ", \t");
		length = strcspn(at, ", \t");
		if (gate_is_param_header(at, length)) {
			mcps__buffer_add_literal(&plan->allowed, ", ");
			mcps__buffer_add(&plan->allowed, at, length);
		}
		at += length;
	}
	mcps__buffer_add_byte(&plan->allowed, '\0');
	if (plan->allowed.failed)
		mcps__buffer_finish(&plan->allowed);
}

/* A browser asks by OPTIONS, without credentials, whether it may. */
static bool gate_pass_preflight(struct mcps_request *request, struct plan *plan)
{
	if (request->method != HTTP_OPTIONS || plan->origin == NULL)
		return true;
	gate_allow_param_headers(request, plan);
	plan->ready = true;
	plan->status = 204;
	plan->kind = PLAN_EMPTY;
	plan->is_preflight = true;
	return false;
}

static bool gate_pass_target(const struct endpoint *endpoint,
                             struct mcps_request *request, struct plan *plan)
{
	if (!mcps__path_is(endpoint->path, request->path)) {
		mcps__refuse_path(plan, endpoint->path,
		                  endpoint->identify != NULL ||
		                          endpoint->knows_tokens);
		mcps__refusal_report(endpoint, INCIDENT_PATH_UNKNOWN);
		return false;
	}
	if (!gate_pass_preflight(request, plan))
		return false;
	if (request->method == HTTP_POST || request->method == HTTP_GET ||
	    request->method == HTTP_DELETE)
		return true;
	plan->allow = "GET, POST, DELETE";
	return gate_refuse_because(endpoint, plan, INCIDENT_METHOD_REFUSED,
	                           MCPS_E_HTTP_METHOD, NULL);
}

static bool gate_refuse_credential(const struct endpoint *endpoint,
                                   struct mcps_request *request,
                                   struct plan *plan)
{
	plan->challenge = mcps_request_bearer(request) != NULL
	                          ? "Bearer error=\"invalid_token\""
	                          : "Bearer";
	if (gate_has_header(request, HEADER_AUTHORIZATION))
		return gate_refuse_because(
			endpoint, plan, INCIDENT_CREDENTIAL_REFUSED,
			MCPS_E_AUTH, "the credential is not accepted");
	return gate_refuse_because(endpoint, plan, INCIDENT_CREDENTIAL_MISSING,
	                           MCPS_E_AUTH,
	                           "the Authorization header is missing");
}

/* STATUS is one that an auth hook may return, or the 500 that a hook at fault
 * causes, which is counted where that is found. */
static bool gate_pass_auth_result(const struct endpoint *endpoint,
                                  struct mcps_request *request,
                                  struct plan *plan, mcps_status status)
{
	switch (mcps_status_http(status)) {
	case 401:
		return gate_refuse_credential(endpoint, request, plan);
	case 403:
		return gate_refuse_because(endpoint, plan,
		                           status == MCPS_E_SCOPE
		                                   ? INCIDENT_SCOPE_MISSING
		                                   : INCIDENT_CALLER_FORBIDDEN,
		                           status, NULL);
	case 429:
	case 503:
		return gate_refuse_because(endpoint, plan,
		                           INCIDENT_AUTH_UNAVAILABLE, status,
		                           NULL);
	default:
		return status == MCPS_OK || gate_refuse(plan, status, NULL);
	}
}

static bool gate_refuse_rate(const struct endpoint *endpoint, struct plan *plan,
                             uint32_t wait_ms)
{
	(void)gate_refuse_because(endpoint, plan, INCIDENT_REQUEST_RATE,
	                          MCPS_E_LIMIT, "too many requests");
	plan->retry_after_s = (wait_ms + 999) / 1000;
	return false;
}

/* An address may guess at credentials only so often; a caller is limited
 * wherever he comes from. */
static bool gate_pass_address(const struct endpoint *endpoint,
                              struct mcps_request *request, struct plan *plan)
{
	struct rate *rate = endpoint->requests_of_address;
	struct http_client client;
	struct caller caller;
	uint32_t wait_ms;

	if (rate == NULL)
		return true;
	mcps__request_client(request, &client);
	if (!mcps__client_limits_requests(&client))
		return true;
	/* One IPv6 /64 counts as one address. */
	mcps__caller_init(&caller, endpoint->anonymous, &client.address);
	wait_ms = mcps__rate_take(
		rate, caller.key, sizeof caller.key,
		mcps__steady_ms(endpoint->sessions->options.clock));
	return wait_ms == 0 || gate_refuse_rate(endpoint, plan, wait_ms);
}

static bool gate_pass_rate(const struct endpoint *endpoint,
                           const struct principal *principal, struct plan *plan)
{
	int64_t now = mcps__steady_ms(endpoint->sessions->options.clock);
	uint32_t wait_ms;

	if (endpoint->requests_of_caller == NULL || principal->anonymous)
		return true;
	wait_ms =
		mcps__rate_take(endpoint->requests_of_caller, principal->digest,
	                        sizeof principal->digest, now);
	return wait_ms == 0 || gate_refuse_rate(endpoint, plan, wait_ms);
}

static bool gate_pass_media(const struct endpoint *endpoint,
                            struct mcps_request *request, struct plan *plan)
{
	const struct http_value *encoding =
		&request->headers[HEADER_CONTENT_ENCODING];
	const struct http_value *accept = &request->headers[HEADER_ACCEPT];

	if (request->method != HTTP_POST)
		return true;
	if (encoding->text != NULL &&
	    strcasecmp(encoding->text, "identity") != 0) {
		plan->encoding = "identity";
		return gate_refuse_because(endpoint, plan,
		                           INCIDENT_CONTENT_ENCODING_REFUSED,
		                           MCPS_E_ENCODING, NULL);
	}
	if (!mcps__is_json(&request->headers[HEADER_CONTENT_TYPE]))
		return gate_refuse_because(endpoint, plan,
		                           INCIDENT_CONTENT_TYPE_REFUSED,
		                           MCPS_E_MEDIA_TYPE, NULL);
	plan->wants_events = !mcps__accepts(accept, "application/json");
	if (plan->wants_events && !mcps__accepts(accept, "text/event-stream"))
		return gate_refuse_because(endpoint, plan,
		                           INCIDENT_ACCEPT_REFUSED,
		                           MCPS_E_NOT_ACCEPTABLE, NULL);
	return true;
}

static bool gate_pass_size(const struct endpoint *endpoint,
                           struct mcps_request *request, struct plan *plan)
{
	const char *text = request->headers[HEADER_CONTENT_LENGTH].text;

	if (text == NULL || strtoull(text, NULL, 10) <= endpoint->max_body)
		return true;
	plan->close = true; /* the body is not going to be read */
	return gate_refuse_because(endpoint, plan, INCIDENT_BODY_SIZE,
	                           MCPS_E_TOO_LARGE, NULL);
}

/* With the caller known: how often he may, and what he sends. */
static enum gate gate_pass_known(struct endpoint *endpoint,
                                 struct mcps_request *request,
                                 mcps_status status, struct plan *plan,
                                 struct principal **principal)
{
	if (gate_pass_auth_result(endpoint, request, plan, status) &&
	    gate_pass_rate(endpoint, *principal, plan) &&
	    gate_pass_media(endpoint, request, plan) &&
	    gate_pass_size(endpoint, request, plan))
		return GATE_OPEN;
	mcps__principal_unref(*principal);
	*principal = NULL;
	return GATE_REFUSED;
}

enum gate mcps__gate(struct endpoint *endpoint, struct mcps_request *request,
                     struct mcps_grant *grant, struct plan *plan,
                     struct principal **principal)
{
	mcps_status status;

	*principal = NULL;
	if (!gate_pass_framing(endpoint, request, plan) ||
	    !gate_pass_origin(endpoint, request, plan) ||
	    !gate_pass_target(endpoint, request, plan) ||
	    !gate_pass_address(endpoint, request, plan))
		return GATE_REFUSED;
	status = mcps__identify(endpoint, request, grant, principal);
	if (status == MCPS_LATER)
		return GATE_LATER;
	return gate_pass_known(endpoint, request, status, plan, principal);
}

enum gate mcps__gate_again(struct endpoint *endpoint,
                           struct mcps_request *request,
                           struct mcps_grant *grant, struct plan *plan,
                           struct principal **principal)
{
	mcps_status status =
		mcps__identify_end(endpoint, request, grant, principal);

	return gate_pass_known(endpoint, request, status, plan, principal);
}
