/* remember and recall: the session's state. It is committed together with
 * the result, so what was confirmed is there after a crash. */
#include "tools.h"

#include <json-c/json.h>
#include <mcps/state.h>

struct remember {
	const char *key;
	const char *value;
};

static const mcps_field remember_fields[] = {
	MCPS_FIELD(struct remember, key, "Name of the fact", .min_length = 1,
	           .max_length = 60),
	MCPS_FIELD(struct remember, value, "The fact itself",
	           .max_length = 10000),
	MCPS_FIELDS_END
};

struct recall {
	const char *key;
};

static const mcps_field recall_fields[] = {
	MCPS_FIELD(struct recall, key, "Name of the fact", .min_length = 1,
	           .max_length = 60),
	MCPS_FIELDS_END
};

static mcps_status remember(mcps_call *call, const void *args)
{
	const struct remember *in = args;
	struct json_object *value = json_object_new_string(in->value);
	mcps_status status;

	if (value == NULL)
		return MCPS_E_NOMEM;
	status = mcps_state_put(call, in->key, value);
	if (status == MCPS_E_STATE_TOO_LARGE)
		return mcps_fail(call, "this session's memory is full");
	if (status != MCPS_OK)
		return status;
	return mcps_text(call, "Remembered %s.", in->key);
}

static mcps_status recall(mcps_call *call, const void *args)
{
	const struct recall *in = args;
	struct json_object *value = NULL;
	mcps_status status = mcps_state_get(call, in->key, &value);

	if (status == MCPS_E_NO_STATE)
		return mcps_fail(call,
		                 "nothing is remembered under \"%s\" in this "
		                 "session",
		                 in->key);
	if (status != MCPS_OK)
		return status;
	status = mcps_text(call, "%s", json_object_get_string(value));
	json_object_put(value);
	return status;
}

void add_memory_tools(mcps_server *server)
{
	mcps_add_tool(
		server, struct remember, .name = "remember",
		.title = "Remember a fact",
		.description =
			"Store a text under a key for the rest of this "
			"session; a text stored there before is replaced. "
			"It survives restarts of the server. Read it with "
			"recall.",
		.fields = remember_fields, .run = remember,
		.hints = MCPS_IDEMPOTENT);
	mcps_add_tool(server, struct recall, .name = "recall",
	              .title = "Recall a fact",
	              .description =
	                      "Return the text that remember stored under this "
	                      "key in this session. Fails if there is none.",
	              .fields = recall_fields, .run = recall,
	              .hints = MCPS_READ_ONLY);
}
