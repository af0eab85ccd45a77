/* whoami: which process answers, and how it came to know the session. */
#include "tools.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <mcps/call.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static time_t started_at;

static const mcps_field no_fields[] = { MCPS_FIELDS_END };

struct nothing {
	char unused;
};

static void add_text(struct json_object *out, const char *name,
                     const char *text)
{
	json_object_object_add(
		out, name, text != NULL ? json_object_new_string(text) : NULL);
}

static void add_started_at(struct json_object *out)
{
	struct tm parts;
	char text[32];

	gmtime_r(&started_at, &parts);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	add_text(out, "started_at", text);
}

static void add_session(struct json_object *out,
                        const struct mcps_session_view *session)
{
	char incarnation[17];

	snprintf(incarnation, sizeof incarnation, "%016" PRIx64,
	         session->incarnation);
	add_text(out, "session", session->digest);
	add_text(out, "origin", mcps_session_source_text(session->source));
	add_text(out, "incarnation", incarnation);
	add_text(out, "revision", session->revision);
	add_text(out, "client", session->client_name);
}

static mcps_status whoami(mcps_call *call, const void *args)
{
	struct mcps_session_view session;
	struct json_object *out = json_object_new_object();

	(void)args;
	if (out == NULL)
		return MCPS_E_NOMEM;
	mcps_call_session(call, &session);
	add_text(out, "principal", mcps_call_principal(call));
	add_session(out, &session);
	json_object_object_add(out, "pid", json_object_new_int64(getpid()));
	add_started_at(out);
	return mcps_structured(call, out);
}

void add_whoami_tool(mcps_server *server)
{
	started_at = time(NULL);
	mcps_add_tool(server, struct nothing, .name = "whoami",
	              .title = "Who am I",
	              .description =
	                      "Tell who is calling, which session this is and "
	                      "whether the server created it, restored it from "
	                      "its store or recreated it empty, and which "
	                      "process answers since when.",
	              .fields = no_fields, .run = whoami, .quick = true,
	              .hints = MCPS_READ_ONLY);
}
