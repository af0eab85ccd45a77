/* Each is tried without a call, and within a call without its arguments. */
#include "functional/null_cases.h"

#include <json-c/json.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wformat-security"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void try_mcps_text(void)
{
	INVALID(mcps_text(null, "x"));
	INVALID(mcps_text(the_call, null));
}

static void try_mcps_structured(void)
{
	INVALID(mcps_structured(null, json_object_new_object()));
	INVALID(mcps_structured(the_call, null));
}

static void try_mcps_image(void)
{
	INVALID(mcps_image(null, "x", 1, "image/png"));
	INVALID(mcps_image(the_call, null, 1, "image/png"));
	INVALID(mcps_image(the_call, "x", 1, null));
}

static void try_mcps_audio(void)
{
	INVALID(mcps_audio(null, "x", 1, "audio/wav"));
	INVALID(mcps_audio(the_call, null, 1, "audio/wav"));
	INVALID(mcps_audio(the_call, "x", 1, null));
}

static void try_mcps_resource_text(void)
{
	INVALID(mcps_resource_text(null, "a:b", NULL, "x"));
	INVALID(mcps_resource_text(the_call, null, NULL, "x"));
	INVALID(mcps_resource_text(the_call, "a:b", NULL, null));
}

static void try_mcps_resource_bytes(void)
{
	INVALID(mcps_resource_bytes(null, "a:b", NULL, "x", 1));
	INVALID(mcps_resource_bytes(the_call, null, NULL, "x", 1));
	INVALID(mcps_resource_bytes(the_call, "a:b", NULL, null, 1));
}

static void try_mcps_bytes(void)
{
	INVALID(mcps_bytes(null, "x", 1));
	INVALID(mcps_bytes(the_call, null, 1));
}

static void try_mcps_resource_link(void)
{
	const mcps_resource link = { .size = sizeof link,
		                     .uri = "a:b",
		                     .name = "b" };

	INVALID(mcps_resource_link(null, &link));
	INVALID(mcps_resource_link(the_call, null));
	INVALID(mcps_resource_link(the_call, &(const mcps_resource){ 0 }));
}

static void try_mcps_annotate(void)
{
	const mcps_annotations annotations = { .priority = 1 };

	INVALID(mcps_annotate(null, &annotations));
	INVALID(mcps_annotate(the_call, null));
}

static void try_mcps_meta(void)
{
	INVALID(mcps_meta(null, json_object_new_object()));
	INVALID(mcps_meta(the_call, null));
}

static void try_mcps_role(void)
{
	mcps_role(null, MCPS_USER);
}

static void try_mcps_suggest(void)
{
	INVALID(mcps_suggest(null, "x"));
	INVALID(mcps_suggest(the_call, null));
}

static void try_mcps_suggest_total(void)
{
	mcps_suggest_total(null, 1);
}

static void try_mcps_fail(void)
{
	INVALID(mcps_fail(null, "x"));
}

static void try_mcps_progress(void)
{
	mcps_progress(null, 1, 2, "x");
	mcps_progress(the_call, 1, 2, null); /* no message */
}

static void try_mcps_notify_log(void)
{
	mcps_notify_log(null, MCPS_SEVERITY_ERROR, NULL, "x");
	mcps_notify_log(the_call, MCPS_SEVERITY_ERROR, NULL, null);
}

static void try_mcps_notify_log_json(void)
{
	mcps_notify_log_json(null, MCPS_SEVERITY_ERROR, NULL,
	                     json_object_new_int(1));
	mcps_notify_log_json(the_call, MCPS_SEVERITY_ERROR, NULL,
	                     null); /* JSON null */
}

static void try_mcps_log_enabled(void)
{
	FALSE(mcps_log_enabled(null, MCPS_SEVERITY_EMERGENCY));
}

static void try_mcps_disconnect(void)
{
	mcps_disconnect(null, 1);
}

static void try_mcps_cancelled(void)
{
	FALSE(mcps_cancelled(null));
}

static void try_mcps_time_left_ms(void)
{
	ck_assert_int_eq(mcps_time_left_ms(null), -1);
}

static void try_mcps_call_param(void)
{
	NOTHING(mcps_call_param(null, "x"));
	NOTHING(mcps_call_param(the_call, null));
}

static void try_mcps_call_data(void)
{
	NOTHING(mcps_call_data(null));
}

static void try_mcps_call_principal(void)
{
	NOTHING(mcps_call_principal(null));
}

static void try_mcps_has_scope(void)
{
	FALSE(mcps_has_scope(null, "x"));
	FALSE(mcps_has_scope(the_call, null));
}

static void try_mcps_call_session(void)
{
	struct mcps_session_view view = { .created_ms = 1 };

	mcps_call_session(null, &view);
	ck_assert_int_eq(view.created_ms, 0);
	ck_assert_str_eq(view.revision, "");
	mcps_call_session(the_call, null);
}

/* ---- state ---- */

static void try_mcps_state_get_in(void)
{
	struct json_object *out = null;

	INVALID(mcps_state_get_in(null, MCPS_STATE_SCOPE_SESSION, "k", &out));
	INVALID(mcps_state_get_in(the_call, MCPS_STATE_SCOPE_SESSION, null,
	                          &out));
	INVALID(mcps_state_get_in(the_call, MCPS_STATE_SCOPE_SESSION, "k",
	                          null));
}

static void try_mcps_state_get(void)
{
	struct json_object *out = null;

	INVALID(mcps_state_get(null, "k", &out));
	INVALID(mcps_state_get(the_call, null, &out));
	INVALID(mcps_state_get(the_call, "k", null));
}

static void try_mcps_state_put_in(void)
{
	INVALID(mcps_state_put_in(null, MCPS_STATE_SCOPE_SESSION, "k",
	                          json_object_new_int(1)));
	INVALID(mcps_state_put_in(the_call, MCPS_STATE_SCOPE_SESSION, null,
	                          json_object_new_int(1)));
}

static void try_mcps_state_put(void)
{
	INVALID(mcps_state_put(null, "k", json_object_new_int(1)));
	INVALID(mcps_state_put(the_call, null, json_object_new_int(1)));
	ck_assert_int_eq(mcps_state_put(the_call, "null", null), MCPS_OK);
}

static void try_mcps_state_add_in(void)
{
	INVALID(mcps_state_add_in(null, MCPS_STATE_SCOPE_SESSION, "k", 1,
	                          NULL));
	INVALID(mcps_state_add_in(the_call, MCPS_STATE_SCOPE_SESSION, null, 1,
	                          NULL));
}

static void try_mcps_state_add(void)
{
	INVALID(mcps_state_add(null, "k", 1, NULL));
	INVALID(mcps_state_add(the_call, null, 1, NULL));
}

static void try_mcps_state_delete_in(void)
{
	INVALID(mcps_state_delete_in(null, MCPS_STATE_SCOPE_SESSION, "k"));
	INVALID(mcps_state_delete_in(the_call, MCPS_STATE_SCOPE_SESSION, null));
}

static void try_mcps_state_delete(void)
{
	INVALID(mcps_state_delete(null, "k"));
	INVALID(mcps_state_delete(the_call, null));
}

const struct null_case null_call_cases[] = {
	NULL_CASE(mcps_text),
	NULL_CASE(mcps_structured),
	NULL_CASE(mcps_image),
	NULL_CASE(mcps_audio),
	NULL_CASE(mcps_resource_text),
	NULL_CASE(mcps_resource_bytes),
	NULL_CASE(mcps_bytes),
	NULL_CASE(mcps_resource_link),
	NULL_CASE(mcps_annotate),
	NULL_CASE(mcps_meta),
	NULL_CASE(mcps_role),
	NULL_CASE(mcps_suggest),
	NULL_CASE(mcps_suggest_total),
	NULL_CASE(mcps_fail),
	NULL_CASE(mcps_progress),
	NULL_CASE(mcps_notify_log),
	NULL_CASE(mcps_notify_log_json),
	NULL_CASE(mcps_log_enabled),
	NULL_CASE(mcps_disconnect),
	NULL_CASE(mcps_cancelled),
	NULL_CASE(mcps_time_left_ms),
	NULL_CASE(mcps_call_param),
	NULL_CASE(mcps_call_data),
	NULL_CASE(mcps_call_principal),
	NULL_CASE(mcps_has_scope),
	NULL_CASE(mcps_call_session),
	NULL_CASE(mcps_state_get_in),
	NULL_CASE(mcps_state_get),
	NULL_CASE(mcps_state_put_in),
	NULL_CASE(mcps_state_put),
	NULL_CASE(mcps_state_add_in),
	NULL_CASE(mcps_state_add),
	NULL_CASE(mcps_state_delete_in),
	NULL_CASE(mcps_state_delete),
};
const int null_call_count = sizeof null_call_cases / sizeof *null_call_cases;
