#include "exchange/tools.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <mcps/call.h>
#include <mcps/state.h>
#include <string.h>

/* ---- state --------------------------------------------------------------- */

struct count {
	const char *scope;
	int64_t by;
};

static const char *const scopes[] = { "session", "principal", NULL };

static const mcps_field count_fields[] = {
	MCPS_FIELD(struct count, scope, "Whose", .optional = true,
	           .default_json = "\"session\"", .enum_values = scopes),
	MCPS_FIELD(struct count, by, "How much", .optional = true,
	           .default_json = "1"),
	MCPS_FIELDS_END
};

static mcps_status count_run(mcps_call *call, const void *args)
{
	const struct count *in = args;
	enum mcps_state_scope scope = strcmp(in->scope, "session") == 0
	                                      ? MCPS_STATE_SCOPE_SESSION
	                                      : MCPS_STATE_SCOPE_PRINCIPAL;
	int64_t sum;
	mcps_status status = mcps_state_add_in(call, scope, "n", in->by, &sum);

	return status == MCPS_OK ? mcps_text(call, "%" PRId64, sum) : status;
}

struct state_args {
	const char *key;
	struct json_object *value;
};

static const mcps_field key_fields[] = {
	MCPS_FIELD(struct state_args, key, "Its name"), MCPS_FIELDS_END
};

static const mcps_field entry_fields[] = {
	MCPS_FIELD(struct state_args, key, "Its name"),
	MCPS_FIELD(struct state_args, value, "What it is"), MCPS_FIELDS_END
};

static mcps_status put_run(mcps_call *call, const void *args)
{
	const struct state_args *in = args;
	mcps_status status =
		mcps_state_put(call, in->key, json_object_get(in->value));

	return status == MCPS_OK ? mcps_text(call, "put") : status;
}

static mcps_status get_run(mcps_call *call, const void *args)
{
	const struct state_args *in = args;
	struct json_object *value;
	mcps_status status = mcps_state_get(call, in->key, &value);

	if (status != MCPS_OK)
		return status;
	status = mcps_text(
		call, "%s",
		json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN));
	json_object_put(value);
	return status;
}

static mcps_status delete_run(mcps_call *call, const void *args)
{
	const struct state_args *in = args;
	mcps_status status = mcps_state_delete(call, in->key);

	return status == MCPS_OK ? mcps_text(call, "deleted") : status;
}

struct how {
	const char *how;
};

static const mcps_field how_fields[] = {
	MCPS_FIELD(struct how, how, "Which way"), MCPS_FIELDS_END
};

static mcps_status fail_run(mcps_call *call, const void *args)
{
	static const struct {
		const char *how;
		mcps_status status;
	} ways[] = {
		{ "ok", MCPS_OK },
		{ "later", MCPS_LATER },
		{ "invalid", MCPS_E_INVAL },
		{ "gone", MCPS_E_GONE },
		{ "auth", MCPS_E_AUTH },
		{ "forbidden", MCPS_E_FORBIDDEN },
		{ "not found", MCPS_E_NOT_FOUND },
		{ "too large", MCPS_E_TOO_LARGE },
		{ "too much state", MCPS_E_STATE_TOO_LARGE },
		{ "cancelled", MCPS_E_CANCELLED },
		{ "store", MCPS_E_STORE },
		{ "no state", MCPS_E_NO_STATE },
	};
	const struct how *in = args;
	mcps_status status = mcps_state_put(call, "n", json_object_new_int(99));

	if (status != MCPS_OK)
		return status;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (strcmp(ways[i].how, in->how) == 0)
			return ways[i].status;
	return mcps_fail(call, "failed as told: %s", in->how);
}

/* ---- without state ------------------------------------------------------- */

struct echo {
	const char *text;
	int64_t times;
};

static const mcps_field echo_fields[] = {
	MCPS_FIELD(struct echo, text, "What to say", .max_length = 10),
	MCPS_FIELD(struct echo, times, "How often", .optional = true,
	           .default_json = "1", .minimum = 1, .maximum = 3),
	MCPS_FIELDS_END
};

static mcps_status echo_run(mcps_call *call, const void *args)
{
	const struct echo *in = args;

	for (int64_t i = 0; i < in->times; i++) {
		mcps_status status = mcps_text(call, "%s", in->text);

		if (status != MCPS_OK)
			return status;
	}
	return MCPS_OK;
}

static mcps_status quick_state_run(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_state_add(call, "n", 1, NULL);
}

static mcps_status structured_run(mcps_call *call, const void *args)
{
	struct json_object *object = json_object_new_object();

	(void)args;
	if (object == NULL)
		return MCPS_E_NOMEM;
	json_object_object_add(object, "answer", json_object_new_int(42));
	return mcps_structured(call, object);
}

static mcps_status whoami_run(mcps_call *call, const void *args)
{
	struct mcps_session_view view;
	const char *subject = mcps_call_principal(call);

	(void)args;
	mcps_call_session(call, &view);
	return mcps_text(call, "%s %s %s %016" PRIx64 " %s",
	                 subject != NULL ? subject : "-",
	                 mcps_session_source_text(view.source), view.revision,
	                 view.incarnation,
	                 view.client_name != NULL ? view.client_name : "-");
}

static mcps_status raw_run(mcps_call *call, const void *args)
{
	struct json_object *object = (struct json_object *)args;

	return mcps_text(
		call, "%s",
		json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
}

#define TOOL .size = sizeof(mcps_tool)

const mcps_tool test_tools[] = {
	{ TOOL, .name = "count", .title = "Count",
	  .description = "Count \"up\"", .fields = count_fields,
	  .args_size = sizeof(struct count), .run = count_run },
	{ TOOL, .name = "put", .fields = entry_fields,
	  .args_size = sizeof(struct state_args), .run = put_run,
	  .hints = MCPS_DESTRUCTIVE | MCPS_IDEMPOTENT },
	{ TOOL, .name = "get", .fields = key_fields,
	  .args_size = sizeof(struct state_args), .run = get_run,
	  .hints = MCPS_READ_ONLY },
	{ TOOL, .name = "delete", .fields = key_fields,
	  .args_size = sizeof(struct state_args), .run = delete_run },
	{ TOOL, .name = "fail_after_put", .fields = how_fields,
	  .args_size = sizeof(struct how), .run = fail_run },
	{ TOOL, .name = "echo", .fields = echo_fields,
	  .args_size = sizeof(struct echo), .run = echo_run, .quick = true },
	{ TOOL, .name = "quick_state", .run = quick_state_run, .quick = true },
	{ TOOL, .name = "structured", .run = structured_run, .quick = true },
	{ TOOL, .name = "whoami", .run = whoami_run },
	{ TOOL, .name = "raw", .input_schema = "{\"type\":\"object\"}",
	  .validates_itself = true, .run = raw_run },
	{ .name = NULL }
};
