#include "http/auth.h"

#include "base/clock.h"
#include "base/memory.h"
#include "http/auth_cache.h"

#include <string.h>

/* A busy machine takes the processor away for some tens of milliseconds. */
enum { HOOK_MOST_MS = 100 };

/*   asked ──► finished            the hook answered at once, or very soon
 *     └──► waiting ──► finished   the exchange is parked until then
 *             └──► overdue ──► finished   it was answered without the hook */
enum grant_phase {
	GRANT_ASKED,
	GRANT_WAITING,
	GRANT_OVERDUE,
	GRANT_FINISHED,
};

/* ---- what hooks say ---- */

mcps_status mcps_grant_subject(mcps_grant *grant, const char *issuer,
                               const char *subject)
{
	if (grant == NULL || subject == NULL || subject[0] == '\0' ||
	    grant->principal != NULL)
		return MCPS_E_INVAL;
	grant->principal = mcps__principal_new(issuer, subject);
	return grant->principal != NULL ? MCPS_OK : MCPS_E_NOMEM;
}

mcps_status mcps_grant_scope(mcps_grant *grant, const char *scope)
{
	if (grant == NULL || grant->principal == NULL || scope == NULL)
		return MCPS_E_INVAL;
	return mcps__principal_add_scope(grant->principal, scope)
	               ? MCPS_OK
	               : MCPS_E_NOMEM;
}

mcps_status mcps_grant_client(mcps_grant *grant, const char *client_id)
{
	if (grant == NULL || grant->principal == NULL || client_id == NULL)
		return MCPS_E_INVAL;
	mcps__principal_bind_client(grant->principal, client_id);
	return MCPS_OK;
}

mcps_status mcps_grant_expires(mcps_grant *grant, int64_t unix_s)
{
	if (grant == NULL || grant->principal == NULL || unix_s < 0)
		return MCPS_E_INVAL;
	grant->expires_s = unix_s;
	return MCPS_OK;
}

void mcps_grant_finish(mcps_grant *grant, mcps_status status)
{
	if (grant == NULL)
		return;
	grant->status = status;
	switch (atomic_exchange(&grant->phase, GRANT_FINISHED)) {
	case GRANT_WAITING:
		grant->finished(grant, false);
		break;
	case GRANT_OVERDUE:
		grant->finished(grant, true);
		break;
	}
}

bool mcps__identify_give_up(struct mcps_grant *grant)
{
	int waiting = GRANT_WAITING;

	if (!atomic_compare_exchange_strong(&grant->phase, &waiting,
	                                    GRANT_OVERDUE))
		return false;
	grant->is_overdue = true;
	return true;
}

bool mcps__identify_wait(struct mcps_grant *grant)
{
	int asked = GRANT_ASKED;

	return atomic_compare_exchange_strong(&grant->phase, &asked,
	                                      GRANT_WAITING);
}

/* ---- asking ---- */

static void auth_keep(struct endpoint *endpoint,
                      const struct mcps_request *request,
                      const struct mcps_grant *grant)
{
	if (grant->expires_s == 0 || endpoint->auth_cache == NULL)
		return;
	mcps__auth_cache_keep(endpoint->auth_cache,
	                      &request->headers[HEADER_AUTHORIZATION],
	                      grant->principal, grant->expires_s,
	                      endpoint->sessions->options.clock);
}

/* A hook may refuse a caller, or say that it cannot tell now: 401, 403, 429 and
 * 503. Anything else would tell the client something that is not so, such as
 * 404 that its session is over, and is a fault of the hook: 500. */
static bool auth_may_return(mcps_status status)
{
	switch (mcps_status_http(status)) {
	case 401:
	case 429:
	case 503:
		return true;
	case 403:
		return status != MCPS_E_ORIGIN && status != MCPS_E_HOST;
	default:
		return false;
	}
}

static mcps_status auth_result(const struct sessions_options *options,
                               const struct mcps_grant *grant)
{
	bool has_named = grant->principal != NULL;

	if (grant->status == MCPS_OK ? has_named
	                             : auth_may_return(grant->status))
		return grant->status;
	mcps__incident_happened(options->incidents, INCIDENT_AUTH_STATUS);
	mcps__log(&options->log, MCPS_LOG_DEBUG, "http",
	          "the auth hook said %d (%s)%s", (int)grant->status,
	          mcps_status_text(grant->status),
	          grant->status == MCPS_OK ? " and named nobody" : "");
	return MCPS_E_INVAL;
}

mcps_status mcps__identify_end(struct endpoint *endpoint,
                               const struct mcps_request *request,
                               struct mcps_grant *grant, struct principal **out)
{
	mcps_status status;

	if (grant->is_overdue)
		return MCPS_E_BUSY;
	status = auth_result(&endpoint->sessions->options, grant);
	if (status != MCPS_OK) {
		mcps__principal_unref(grant->principal);
		grant->principal = NULL;
		return status;
	}
	auth_keep(endpoint, request, grant);
	*out = grant->principal;
	grant->principal = NULL;
	return MCPS_OK;
}

/* It runs on a network thread, whose other clients wait meanwhile. */
static mcps_status auth_call_hook(struct endpoint *endpoint,
                                  const struct mcps_request *request,
                                  struct mcps_grant *grant)
{
	const struct clock_source *clock = endpoint->sessions->options.clock;
	int64_t began_ms = mcps__steady_ms(clock);
	mcps_status status =
		endpoint->identify(endpoint->identify_arg, request, grant);

	if (mcps__steady_ms(clock) - began_ms >= HOOK_MOST_MS)
		mcps__endpoint_report(endpoint, INCIDENT_AUTH_BLOCKS);
	return status;
}

static mcps_status auth_ask_hook(struct endpoint *endpoint,
                                 const struct mcps_request *request,
                                 struct mcps_grant *grant,
                                 struct principal **out)
{
	mcps_status status;

	if (endpoint->auth_cache != NULL)
		*out = mcps__auth_cache_find(
			endpoint->auth_cache,
			&request->headers[HEADER_AUTHORIZATION],
			endpoint->sessions->options.clock);
	if (*out != NULL)
		return MCPS_OK;
	status = auth_call_hook(endpoint, request, grant);
	if (status == MCPS_LATER)
		return status;
	grant->status = status;
	return mcps__identify_end(endpoint, request, grant, out);
}

/* The token file may be read again meanwhile. */
static mcps_status auth_ask_tokens(struct endpoint *endpoint, const char *token,
                                   struct principal **out)
{
	pthread_rwlock_rdlock(&endpoint->tokens_lock);
	if (token != NULL)
		*out = mcps__tokens_find(endpoint->tokens, token);
	pthread_rwlock_unlock(&endpoint->tokens_lock);
	return *out != NULL ? MCPS_OK : MCPS_E_AUTH;
}

mcps_status mcps__identify(struct endpoint *endpoint,
                           const struct mcps_request *request,
                           struct mcps_grant *grant, struct principal **out)
{
	*out = NULL;
	if (request->caller != NULL) {
		*out = mcps__principal_ref(request->caller);
		return MCPS_OK;
	}
	if (endpoint->identify != NULL)
		return auth_ask_hook(endpoint, request, grant, out);
	if (endpoint->knows_tokens)
		return auth_ask_tokens(endpoint, mcps_request_bearer(request),
		                       out);
	*out = mcps__principal_ref(endpoint->anonymous);
	return MCPS_OK;
}
