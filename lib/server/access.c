/* Access to parts of a server, for the layers above and for the program. */
#include "server/server_internal.h"

_Atomic(struct attachment *) *mcps__server_slot(mcps_server *server)
{
	return &server->attachment;
}

bool mcps__server_is_running(const mcps_server *server)
{
	return atomic_load(&server->is_running);
}

void mcps__server_retire(mcps_server *server)
{
	atomic_store(&server->is_retired, true);
}

bool mcps__server_await_handlers(mcps_server *server, uint32_t wait_ms)
{
	return mcps__workers_await_idle(server->workers, wait_ms);
}

struct endpoint *mcps__server_endpoint(mcps_server *server)
{
	return &server->endpoint;
}

const struct log_sink *mcps__server_log(mcps_server *server)
{
	return &server->log;
}

const char *mcps_server_name(const mcps_server *server)
{
	return server != NULL ? server->name : NULL;
}

const char *mcps_server_version(const mcps_server *server)
{
	return server != NULL ? server->version : NULL;
}

const char *mcps_server_path(const mcps_server *server)
{
	if (server == NULL)
		return NULL;
	return server->options.path != NULL ? server->options.path : "/mcp";
}

bool mcps_server_knows_callers(const mcps_server *server)
{
	return server != NULL && (server->endpoint.identify != NULL ||
	                          server->token_file != NULL);
}

const char *mcps_server_store_url(const mcps_server *server)
{
	if (server == NULL)
		return NULL;
	if (server->store != NULL)
		return server->store->ops->name;
	return server->options.store != NULL ? server->options.store
	                                     : "memory:";
}
