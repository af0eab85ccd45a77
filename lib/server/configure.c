/* Set-up of a server that has not started yet: its options, one by one or all
 * at once. The first error is remembered, and reported by the start. */
#include "server/server_internal.h"

#include "base/error.h"
#include "base/memory.h"

static void configure_note_nomem(mcps_server *server)
{
	struct mcps_error error;

	mcps__fail(&error, MCPS_E_NOMEM, "out of memory");
	mcps__server_note(server, &error);
}

/* Returns false, and remembers the mistake, if what FUNCTION needs is NULL. */
static bool configure_is_given(mcps_server *server, const void *value,
                               const char *function, const char *argument)
{
	if (server != NULL && value == NULL)
		mcps__server_note_null(server, function, argument);
	return server != NULL && value != NULL;
}

void mcps_server_configure(mcps_server *server,
                           const struct mcps_server_options *options)
{
	struct mcps_error error = { MCPS_OK, "" };

	if (!configure_is_given(server, options, __func__, "options"))
		return;
	if (mcps__options_set(&server->options, options, &error) != MCPS_OK)
		mcps__server_note(server, &error);
	server->log =
		(struct log_sink){ server->options.log, server->options.log_arg,
		                   server->options.log_level };
}

const struct mcps_server_options *
mcps_server_get_options(const mcps_server *server)
{
	return server != NULL ? &server->options : NULL;
}

void mcps_server_take_store(mcps_server *server, mcps_store *store)
{
	if (server == NULL) {
		mcps_store_close(store);
		return;
	}
	mcps_store_close(server->store);
	server->store = store;
}

void mcps_server_set_auth(mcps_server *server, mcps_auth_fn identify, void *arg)
{
	if (server == NULL)
		return;
	server->endpoint.identify = identify;
	server->endpoint.identify_arg = arg;
}

void mcps_server_set_token_file(mcps_server *server, const char *path)
{
	if (!configure_is_given(server, path, __func__, "path"))
		return;
	mcps__free(server->token_file);
	server->token_file = mcps__strdup(path);
	if (server->token_file == NULL)
		configure_note_nomem(server);
}

void mcps_server_set_store(mcps_server *server, const char *url)
{
	if (server != NULL &&
	    mcps__options_set_text(&server->options.store, url) != MCPS_OK)
		configure_note_nomem(server);
}

void mcps_server_allow_host(mcps_server *server, const char *host)
{
	struct mcps_error error = { MCPS_OK, "" };

	if (configure_is_given(server, host, __func__, "host") &&
	    mcps__options_allow_host(&server->options, host, &error) != MCPS_OK)
		mcps__server_note(server, &error);
}

void mcps_server_allow_origin(mcps_server *server, const char *origin)
{
	struct mcps_error error = { MCPS_OK, "" };

	if (configure_is_given(server, origin, __func__, "origin") &&
	    mcps__options_allow_origin(&server->options, origin, &error) !=
	            MCPS_OK)
		mcps__server_note(server, &error);
}

void mcps_server_trust_proxy(mcps_server *server, const char *proxy)
{
	struct mcps_error error;

	if (!configure_is_given(server, proxy, __func__, "proxy"))
		return;
	if (mcps__options_check_proxy(proxy, &error) != MCPS_OK)
		mcps__server_note(server, &error);
	else if (mcps__options_append(&server->options.trusted_proxies,
	                              proxy) != MCPS_OK)
		configure_note_nomem(server);
}

void mcps_server_set_cors(mcps_server *server, bool cors)
{
	if (server != NULL)
		server->options.cors = cors;
}

void mcps_server_set_log(mcps_server *server, mcps_log_fn log, void *arg,
                         enum mcps_log_level level)
{
	if (server == NULL)
		return;
	server->options.log = log;
	server->options.log_arg = arg;
	server->options.log_level = level;
	server->log = (struct log_sink){ log, arg, level };
}

void mcps_server_set_lock_wait(mcps_server *server, uint32_t milliseconds)
{
	if (server != NULL)
		server->options.lock_wait_ms = milliseconds;
}

void mcps_server_set_on_corrupt(mcps_server *server, enum mcps_on_corrupt what)
{
	if (server != NULL)
		server->options.on_corrupt = what;
}
