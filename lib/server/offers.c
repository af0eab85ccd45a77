/* What a server offers: before it starts, and while it runs. */
#include "server/server_internal.h"

#include "mcp/notify.h"

/* NULL: it does not run yet. */
static struct mcp *running_mcp(mcps_server *server)
{
	return atomic_load(&server->is_running) ? &server->mcp : NULL;
}

/* Before the start the first failure sticks, too. */
static mcps_status add_offer(mcps_server *server, mcps_status status,
                             struct offer *offer, struct mcps_error *error)
{
	struct mcp *running = running_mcp(server);
	enum offer_kind kind = OFFER_TOOL;

	if (status == MCPS_OK) {
		kind = offer->kind;
		status = mcps__registry_add(&server->registry, offer, error);
	}
	if (running == NULL)
		mcps__server_note(server, error);
	else if (status == MCPS_OK)
		mcps__notify_list(running, kind);
	return status;
}

static mcps_status remove_offer(mcps_server *server, enum offer_kind kind,
                                const char *name)
{
	struct mcp *running = running_mcp(server);
	mcps_status status =
		mcps__registry_remove(&server->registry, kind, name);

	if (status == MCPS_OK && running != NULL)
		mcps__notify_list(running, kind);
	return status;
}

mcps_status mcps_server_add_tool(mcps_server *server, const mcps_tool *tool)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct offer *offer;
	mcps_status status = mcps__tool_make(&offer, tool, &error);

	return add_offer(server, status, offer, &error);
}

mcps_status mcps_server_add_resource(mcps_server *server,
                                     const mcps_resource *resource)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct offer *offer;
	mcps_status status = mcps__resource_make(&offer, resource, &error);

	return add_offer(server, status, offer, &error);
}

mcps_status mcps_server_add_template(mcps_server *server,
                                     const mcps_template *added)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct offer *offer;
	mcps_status status = mcps__template_make(&offer, added, &error);

	return add_offer(server, status, offer, &error);
}

mcps_status mcps_server_add_prompt(mcps_server *server,
                                   const mcps_prompt *prompt)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct offer *offer;
	mcps_status status = mcps__prompt_make(&offer, prompt, &error);

	return add_offer(server, status, offer, &error);
}

mcps_status mcps_server_remove_tool(mcps_server *server, const char *name)
{
	return remove_offer(server, OFFER_TOOL, name);
}

mcps_status mcps_server_remove_resource(mcps_server *server, const char *uri)
{
	return remove_offer(server, OFFER_RESOURCE, uri);
}

mcps_status mcps_server_remove_template(mcps_server *server,
                                        const char *uri_template)
{
	return remove_offer(server, OFFER_TEMPLATE, uri_template);
}

mcps_status mcps_server_remove_prompt(mcps_server *server, const char *name)
{
	return remove_offer(server, OFFER_PROMPT, name);
}

void mcps_resource_updated(mcps_server *server, const char *uri)
{
	struct mcp *running = running_mcp(server);

	if (running != NULL)
		mcps__notify_updated(running, uri);
}
