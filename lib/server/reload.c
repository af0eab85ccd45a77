/* What of a server changes while it runs: keys, tokens, who is believed. */
#include "server/server_internal.h"

#include "base/error.h"
#include "http/auth_cache.h"
#include "server/options.h"
#include "server/store.h"

#include <sodium.h>

static mcps_status reload_tokens(mcps_server *server, struct mcps_error *error)
{
	struct endpoint *endpoint = &server->endpoint;
	struct tokens *fresh, *old;
	mcps_status status;

	if (server->token_file == NULL)
		return MCPS_OK;
	status = mcps__tokens_read(&fresh, server->token_file, &server->log,
	                           error);
	if (status != MCPS_OK)
		return status;
	pthread_rwlock_wrlock(&endpoint->tokens_lock);
	old = endpoint->tokens;
	endpoint->tokens = fresh;
	pthread_rwlock_unlock(&endpoint->tokens_lock);
	mcps__tokens_free(old);
	return MCPS_OK;
}

/* Cursors keep the key they were first derived from: they are short-lived. */
static mcps_status reload_keys(mcps_server *server, struct mcps_error *error)
{
	struct id_keys keys;
	mcps_status status;

	if (!mcps__server_has_key_file(&server->options))
		return MCPS_OK;
	status = mcps__server_reread_keys(&keys, &server->options,
	                                  server->sessions.store_name,
	                                  &server->log, error);
	if (status == MCPS_OK)
		mcps__sessions_set_keys(&server->sessions, &keys);
	sodium_memzero(&keys, sizeof keys);
	return status;
}

mcps_status mcps_server_reload(mcps_server *server, struct mcps_error *error)
{
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status;

	if (server == NULL || !server->has_endpoint)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "the server was not started");
	mcps_server_clear_auth_cache(server);
	status = reload_keys(server, error);
	if (reload_tokens(server, &why) == MCPS_OK)
		return status;
	if (status != MCPS_OK) /* ERROR has room for one of the two */
		mcps__log(&server->log, MCPS_LOG_WARN, "http",
		          "tokens stay as they were: %s", why.text);
	else if (error != NULL)
		*error = why;
	return status != MCPS_OK ? status : why.status;
}

void mcps_server_clear_auth_cache(mcps_server *server)
{
	if (server != NULL && server->endpoint.auth_cache != NULL)
		mcps__auth_cache_forget(server->endpoint.auth_cache);
}

mcps_status mcps_server_revoke(mcps_server *server, const char *issuer,
                               const char *subject)
{
	struct principal *principal;
	mcps_status status;

	if (server == NULL || subject == NULL ||
	    !mcps__server_is_running(server))
		return MCPS_E_INVAL;
	principal = mcps__principal_new(issuer, subject);
	if (principal == NULL)
		return MCPS_E_NOMEM;
	mcps_server_clear_auth_cache(server);
	status = mcps__sessions_revoke(&server->sessions, principal);
	mcps__principal_unref(principal);
	return status;
}
