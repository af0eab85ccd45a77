#include "mcp/initialize.h"

#include "base/error.h"
#include "base/memory.h"
#include "catalog/show.h"
#include "mcp/dispatch.h"
#include "mcp/notify.h"
#include "rpc/write.h"

#include <string.h>

/* ---- reading ---- */

static const struct capability {
	const char *name;
	const char *inside; /* NULL: the capability itself */
	uint32_t bit;
} capabilities[] = {
	{ "roots", NULL, CLIENT_ROOTS },
	{ "roots", "listChanged", CLIENT_ROOTS_CHANGED },
	{ "sampling", NULL, CLIENT_SAMPLING },
	{ "sampling", "tools", CLIENT_SAMPLING_TOOLS },
	{ "sampling", "context", CLIENT_SAMPLING_CONTEXT },
	{ "elicitation", NULL, CLIENT_ELICITATION },
	{ "elicitation", "url", CLIENT_ELICITATION_URL },
};

static bool initialize_is_kind(const struct scan *scan, uint32_t token,
                               enum scan_kind kind)
{
	return token != SCAN_NONE && scan->tokens[token].kind == kind;
}

static bool initialize_has_capability(const struct scan *scan, uint32_t object,
                                      const struct capability *capability)
{
	uint32_t token = mcps__scan_member(scan, object, capability->name);

	if (!initialize_is_kind(scan, token, SCAN_OBJECT))
		return false;
	if (capability->inside == NULL)
		return true;
	token = mcps__scan_member(scan, token, capability->inside);
	return initialize_is_kind(scan, token, SCAN_OBJECT) ||
	       initialize_is_kind(scan, token, SCAN_TRUE);
}

static uint32_t initialize_read_capabilities(const struct scan *scan,
                                             uint32_t object)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < sizeof capabilities / sizeof capabilities[0];
	     i++)
		if (initialize_has_capability(scan, object, &capabilities[i]))
			bits |= capabilities[i].bit;
	return bits;
}

/* Cut at a whole character: this is for people to read. */
static void initialize_read_text(char *out, size_t size,
                                 const struct scan *scan, uint32_t token)
{
	char *text = mcps__scan_strdup(scan, token);
	size_t length;

	out[0] = '\0';
	if (text == NULL)
		return;
	length = strlen(text);
	if (length >= size)
		for (length = size - 1;
		     length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80;
		     length--)
			;
	memcpy(out, text, length);
	out[length] = '\0';
	mcps__free(text);
}

static mcps_status initialize_read_client(struct initialize *out,
                                          const struct scan *scan,
                                          uint32_t info,
                                          struct mcps_error *error)
{
	uint32_t name, version;

	if (!initialize_is_kind(scan, info, SCAN_OBJECT))
		return mcps__fail(error, MCPS_E_PARAMS,
		                  "params.clientInfo must be an object");
	name = mcps__scan_member(scan, info, "name");
	version = mcps__scan_member(scan, info, "version");
	if (!initialize_is_kind(scan, name, SCAN_STRING) ||
	    !initialize_is_kind(scan, version, SCAN_STRING))
		return mcps__fail(error, MCPS_E_PARAMS,
		                  "params.clientInfo must have a name and a "
		                  "version");
	initialize_read_text(out->client_name, sizeof out->client_name, scan,
	                     name);
	initialize_read_text(out->client_version, sizeof out->client_version,
	                     scan, version);
	return MCPS_OK;
}

/* The client's revision if it is served, else the newest (2025-11-25, Version
 * Negotiation). */
static const struct revision *initialize_negotiate(const struct scan *scan,
                                                   uint32_t token)
{
	const struct revision *revision =
		mcps__revision_find(scan->text + scan->tokens[token].start,
	                            scan->tokens[token].length);

	return revision != NULL ? revision : mcps__revision_newest();
}

mcps_status mcps__initialize_read(struct initialize *out,
                                  const struct message *message,
                                  struct mcps_error *error)
{
	const struct scan *scan = message->scan;
	uint32_t version, offered;

	if (message->params == SCAN_NONE)
		return mcps__fail(error, MCPS_E_PARAMS, "params are missing");
	version = mcps__scan_member(scan, message->params, "protocolVersion");
	if (!initialize_is_kind(scan, version, SCAN_STRING))
		return mcps__fail(error, MCPS_E_PARAMS,
		                  "params.protocolVersion must be a string");
	offered = mcps__scan_member(scan, message->params, "capabilities");
	if (!initialize_is_kind(scan, offered, SCAN_OBJECT))
		return mcps__fail(error, MCPS_E_PARAMS,
		                  "params.capabilities must be an object");
	out->revision = initialize_negotiate(scan, version);
	out->capabilities = initialize_read_capabilities(scan, offered);
	return initialize_read_client(
		out, scan,
		mcps__scan_member(scan, message->params, "clientInfo"), error);
}

/* ---- answering ---- */

/* ,"tools":{"listChanged":true} */
static void initialize_add_list_feature(struct buffer *out, const char *name,
                                        bool listens, bool subscribes)
{
	mcps__buffer_add_format(out, ",\"%s\":{%s%s%s}", name,
	                        subscribes ? "\"subscribe\":true" : "",
	                        subscribes && listens ? "," : "",
	                        listens ? "\"listChanged\":true" : "");
}

/* What is not connected is not promised: see struct notifier. */
static void initialize_add_capabilities(struct buffer *out, struct mcp *mcp,
                                        const struct revision *revision)
{
	bool listens = mcps__notify_is_connected(mcp);

	mcps__buffer_add_literal(out, "\"logging\":{}");
	if (revision->has_completions &&
	    mcps__has_feature(mcp, FEATURE_COMPLETIONS))
		mcps__buffer_add_literal(out, ",\"completions\":{}");
	if (mcps__has_feature(mcp, FEATURE_PROMPTS))
		initialize_add_list_feature(out, "prompts", listens, false);
	if (mcps__has_feature(mcp, FEATURE_RESOURCES))
		initialize_add_list_feature(out, "resources", listens, listens);
	initialize_add_list_feature(out, "tools", listens, false);
}

static void initialize_add_member(struct buffer *out, const char *name,
                                  const char *text)
{
	if (text == NULL)
		return;
	mcps__buffer_add_format(out, ",\"%s\":", name);
	mcps__write_string(out, text, strlen(text));
}

void mcps__initialize_reply(struct mcps_call *call)
{
	const struct mcp_texts *texts = &call->mcp->texts;
	const struct revision *revision = call->revision;
	struct buffer *out = mcps__call_begin_result(call);

	mcps__buffer_add_format(out,
	                        "{\"protocolVersion\":\"%s\","
	                        "\"capabilities\":{",
	                        revision->text);
	initialize_add_capabilities(out, call->mcp, revision);
	mcps__buffer_add_literal(out, "},\"serverInfo\":{\"name\":");
	mcps__write_string(out, texts->name, strlen(texts->name));
	initialize_add_member(out, "version", texts->version);
	if (revision->has_title)
		initialize_add_member(out, "title", texts->title);
	if (revision->has_server_site) {
		initialize_add_member(out, "description", texts->description);
		initialize_add_member(out, "websiteUrl", texts->website_url);
	}
	mcps__show_icons(out, call->mcp->icons, revision);
	mcps__buffer_add_byte(out, '}');
	initialize_add_member(out, "instructions", texts->instructions);
	mcps__buffer_add_byte(out, '}');
	mcps__call_end_result(call);
}
