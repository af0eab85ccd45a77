/* What a server offers: before it starts, and while it runs. */
#include "server/server_internal.h"

#include "base/error.h"
#include "mcp/notify.h"

mcps_status mcps__server_check_scopes(const mcps_server *server,
                                      const struct entry *entry,
                                      struct mcps_error *error)
{
	struct mcps_error why = { MCPS_OK, "" };

	if (entry->scopes == NULL || mcps_server_knows_callers(server))
		return MCPS_OK;
	mcps__fail(&why, MCPS_E_INVAL,
	           "%s \"%.80s\" needs scopes, which no caller can have: set "
	           "an auth hook or a token file",
	           mcps__entry_word(entry->kind), entry->name);
	if (server->options.development) {
		mcps__log(&server->log, MCPS_LOG_WARN, "mcp", "%s", why.text);
		return MCPS_OK;
	}
	return mcps__fail(error, MCPS_E_INVAL, "%s", why.text);
}

mcps_status mcps__server_check_all_scopes(mcps_server *server,
                                          struct mcps_error *error)
{
	unsigned stripe;
	const struct entry *entry = mcps__catalog_find_scoped(
		mcps__registry_enter(&server->registry, &stripe));
	mcps_status status = MCPS_OK;

	if (entry != NULL)
		status = mcps__server_check_scopes(server, entry, error);
	mcps__registry_leave(&server->registry, stripe);
	return status;
}

/* NULL: it does not run yet. */
static struct mcp *entries_running_mcp(mcps_server *server)
{
	return atomic_load(&server->is_running) ? &server->mcp : NULL;
}

/* Before the start the first failure sticks, too. */
static mcps_status entries_add_entry(mcps_server *server, mcps_status status,
                                     struct entry *entry,
                                     struct mcps_error *error)
{
	struct mcp *running = entries_running_mcp(server);
	enum entry_kind kind = ENTRY_TOOL;

	if (status == MCPS_OK && running != NULL) {
		status = mcps__server_check_scopes(server, entry, error);
		if (status != MCPS_OK)
			mcps__entry_unref(entry);
	}
	if (status == MCPS_OK) {
		kind = entry->kind;
		status = mcps__registry_add(&server->registry, entry, error);
	}
	if (running == NULL)
		mcps__server_note(server, error);
	else if (status == MCPS_OK)
		mcps__notify_list(running, kind);
	return status;
}

static mcps_status entries_remove_entry(mcps_server *server,
                                        enum entry_kind kind, const char *name)
{
	struct mcp *running;
	mcps_status status;

	if (server == NULL || name == NULL)
		return MCPS_E_INVAL;
	running = entries_running_mcp(server);
	status = mcps__registry_remove(&server->registry, kind, name);
	if (status == MCPS_OK && running != NULL)
		mcps__notify_list(running, kind);
	return status;
}

/* ARGUMENT, or the server itself, is NULL. */
static mcps_status entries_refuse_null(mcps_server *server,
                                       const char *function,
                                       const char *argument)
{
	if (server != NULL && entries_running_mcp(server) == NULL)
		mcps__server_note_null(server, function, argument);
	return MCPS_E_INVAL;
}

mcps_status mcps_server_add_tool(mcps_server *server, const mcps_tool *tool)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct entry *entry;
	mcps_status status;

	if (server == NULL || tool == NULL)
		return entries_refuse_null(server, __func__, "tool");
	status = mcps__tool_make(&entry, tool, &error);
	return entries_add_entry(server, status, entry, &error);
}

mcps_status mcps_server_add_resource(mcps_server *server,
                                     const mcps_resource *resource)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct entry *entry;
	mcps_status status;

	if (server == NULL || resource == NULL)
		return entries_refuse_null(server, __func__, "resource");
	status = mcps__resource_make(&entry, resource, &error);
	return entries_add_entry(server, status, entry, &error);
}

mcps_status mcps_server_add_template(mcps_server *server,
                                     const mcps_template *added)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct entry *entry;
	mcps_status status;

	if (server == NULL || added == NULL)
		return entries_refuse_null(server, __func__, "added");
	status = mcps__template_make(&entry, added, &error);
	return entries_add_entry(server, status, entry, &error);
}

mcps_status mcps_server_add_prompt(mcps_server *server,
                                   const mcps_prompt *prompt)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct entry *entry;
	mcps_status status;

	if (server == NULL || prompt == NULL)
		return entries_refuse_null(server, __func__, "prompt");
	status = mcps__prompt_make(&entry, prompt, &error);
	return entries_add_entry(server, status, entry, &error);
}

mcps_status mcps_server_remove_tool(mcps_server *server, const char *name)
{
	return entries_remove_entry(server, ENTRY_TOOL, name);
}

mcps_status mcps_server_remove_resource(mcps_server *server, const char *uri)
{
	return entries_remove_entry(server, ENTRY_RESOURCE, uri);
}

mcps_status mcps_server_remove_template(mcps_server *server,
                                        const char *uri_template)
{
	return entries_remove_entry(server, ENTRY_TEMPLATE, uri_template);
}

mcps_status mcps_server_remove_prompt(mcps_server *server, const char *name)
{
	return entries_remove_entry(server, ENTRY_PROMPT, name);
}

void mcps_resource_updated(mcps_server *server, const char *uri)
{
	struct mcp *running = server != NULL && uri != NULL
	                              ? entries_running_mcp(server)
	                              : NULL;

	if (running != NULL)
		mcps__notify_updated(running, uri);
}
