/* count: a counter that never gives a number twice. */
#include "tools.h"

#include <json-c/json.h>
#include <mcps/state.h>
#include <string.h>

struct count {
	const char *scope;
};

static const char *const scopes[] = { "session", "principal", NULL };

static const mcps_field count_fields[] = {
	MCPS_FIELD(struct count, scope,
	           "Whose counter: this session's, or one that all sessions of "
	           "the same caller share",
	           .optional = true, .default_json = "\"session\"",
	           .enum_values = scopes),
	MCPS_FIELDS_END
};

static mcps_status count(mcps_call *call, const void *args)
{
	const struct count *in = args;
	enum mcps_state_scope scope = strcmp(in->scope, "principal") == 0
	                                      ? MCPS_STATE_SCOPE_PRINCIPAL
	                                      : MCPS_STATE_SCOPE_SESSION;
	struct json_object *out;
	int64_t n = 0;
	mcps_status status = mcps_state_add_in(call, scope, "count", 1, &n);

	if (status == MCPS_E_FORBIDDEN)
		return mcps_fail(call, "only callers who identify themselves "
		                       "have a counter of their own; use "
		                       "scope session");
	if (status != MCPS_OK)
		return status;
	out = json_object_new_object();
	if (out == NULL)
		return MCPS_E_NOMEM;
	/* Who reads it now waits for the commit of this call. */
	if (scope == MCPS_STATE_SCOPE_SESSION)
		mcps_resource_updated(mcps_call_data(call), COUNTER_URI);
	json_object_object_add(out, "count", json_object_new_int64(n));
	return mcps_structured(call, out);
}

void add_count_tool(mcps_server *server)
{
	mcps_add_tool(
		server, struct count, .name = "count", .title = "Count",
		.description =
			"Add one to a counter and return it as "
			"{\"count\": n}. The counter survives restarts of "
			"the server and gives each number once.",
		.fields = count_fields, .run = count, .data = server);
}
