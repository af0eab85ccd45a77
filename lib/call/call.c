#include "call/call.h"

#include <mcps/sys/sized.h>

#include "base/clock.h"
#include "base/memory.h"
#include "call/call_log.h"
#include "call/misuse.h"
#include "call/run.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

void mcps__call_finished(struct mcps_call *call)
{
	mcps__call_log_end(call, call->held);
	call->answered(call);
	call->released(call);
}

void mcps__call_hold(struct mcps_call *call)
{
	if (call->held == NULL)
		call->held = mcps__entry_ref(call->entry);
}

/* ---- what the request says ---- */

char *mcps__call_read_text(struct mcps_call *call, uint32_t object,
                           const char *member, const char *what, size_t most)
{
	const struct scan *scan = call->message.scan;
	uint32_t token = mcps__scan_member(scan, object, member);
	const char *claim = "must be a string";
	char detail[120];
	char *text;

	if (token != SCAN_NONE && scan->tokens[token].kind == SCAN_STRING) {
		if (scan->tokens[token].length <= most &&
		    (scan->tokens[token].flags & SCAN_NUL) == 0) {
			text = mcps__scan_strdup(scan, token);
			if (text == NULL)
				mcps__call_fail(call, MCPS_E_NOMEM, NULL, NULL);
			return text;
		}
		if (scan->tokens[token].length > most)
			mcps__sessions_report(call->mcp->sessions,
			                      INCIDENT_URI_SIZE);
		claim = "is too long or has a NUL";
	}
	snprintf(detail, sizeof detail, "%s %s", what, claim);
	mcps__call_fail(call, MCPS_E_PARAMS, detail, NULL);
	return NULL;
}

bool mcps__call_make_values(struct mcps_call *call, size_t count)
{
	call->values = mcps__calloc(count + 1, sizeof *call->values);
	return call->values != NULL;
}

void mcps__call_forget_values(struct mcps_call *call)
{
	struct call_value *at = call->values;

	if (at == NULL)
		return;
	for (; at->name != NULL || at->value != NULL; at++) {
		mcps__free(at->value);
		if (at->owns_name)
			mcps__free((char *)at->name);
	}
	mcps__free(call->values);
	call->values = NULL;
}

void mcps__call_finish(struct mcps_call *call)
{
	mcps__state_finish(&call->state, &call->mcp->locks);
	mcps__arguments_finish(&call->arguments);
	mcps__result_finish(&call->result);
	mcps__answer_forget(call);
	mcps__buffer_finish(&call->reply);
	json_object_put(call->tree);
	call->tree = NULL;
	mcps__call_forget_values(call);
	mcps__free(call->text);
	call->text = NULL;
	mcps__entry_unref(call->held);
	call->held = NULL;
}

/* ---- what handlers may do ---- */

mcps_status mcps_text(mcps_call *call, const char *format, ...)
{
	mcps_status status;
	va_list args;

	if (call == NULL || format == NULL)
		return mcps__misuse_null(call, __func__, "format");
	va_start(args, format);
	status = mcps__result_text(&call->result, format, args);
	va_end(args);
	return status;
}

mcps_status mcps_structured(mcps_call *call, struct json_object *taken)
{
	if (call != NULL && taken != NULL)
		return mcps__result_structured(&call->result, taken);
	json_object_put(taken); /* NULL is fine */
	return mcps__misuse_null(call, __func__, "taken");
}

static mcps_status call_add_media(mcps_call *call, const char *function,
                                  const char *type, const void *bytes,
                                  size_t length, const char *mime_type)
{
	if (call == NULL || mime_type == NULL)
		return mcps__misuse_null(call, function, "mime_type");
	if (bytes == NULL && length != 0)
		return mcps__misuse_null(call, function, "bytes");
	return mcps__result_media(&call->result, type, bytes, length,
	                          mime_type);
}

mcps_status mcps_image(mcps_call *call, const void *bytes, size_t length,
                       const char *mime_type)
{
	return call_add_media(call, __func__, "image", bytes, length,
	                      mime_type);
}

mcps_status mcps_audio(mcps_call *call, const void *bytes, size_t length,
                       const char *mime_type)
{
	return call_add_media(call, __func__, "audio", bytes, length,
	                      mime_type);
}

mcps_status mcps_resource_text(mcps_call *call, const char *uri,
                               const char *mime_type, const char *text)
{
	if (call == NULL || uri == NULL)
		return mcps__misuse_null(call, __func__, "uri");
	if (text == NULL)
		return mcps__misuse_null(call, __func__, "text");
	return mcps__result_resource(&call->result, uri, mime_type, text, NULL,
	                             0);
}

mcps_status mcps_resource_bytes(mcps_call *call, const char *uri,
                                const char *mime_type, const void *bytes,
                                size_t length)
{
	if (call == NULL || uri == NULL)
		return mcps__misuse_null(call, __func__, "uri");
	if (bytes == NULL && length != 0)
		return mcps__misuse_null(call, __func__, "bytes");
	return mcps__result_resource(&call->result, uri, mime_type, NULL, bytes,
	                             length);
}

mcps_status mcps_bytes(mcps_call *call, const void *bytes, size_t length)
{
	if (call == NULL || (bytes == NULL && length != 0))
		return mcps__misuse_null(call, __func__, "bytes");
	return mcps__result_bytes(&call->result, bytes, length);
}

mcps_status mcps_resource_link(mcps_call *call, const mcps_resource *link)
{
	struct mcps_error error;
	mcps_resource whole;

	if (call == NULL || link == NULL)
		return mcps__misuse_null(call, __func__, "link");
	if (mcps_sized_copy(&whole, sizeof whole, link, "link",
	                    "sizeof(mcps_resource)", &error) != MCPS_OK)
		return mcps__misuse_struct(call, __func__, &error);
	return mcps__result_link(&call->result, &whole);
}

mcps_status mcps_annotate(mcps_call *call, const mcps_annotations *annotations)
{
	if (call == NULL || annotations == NULL)
		return mcps__misuse_null(call, __func__, "annotations");
	return mcps__result_annotate(&call->result, annotations);
}

mcps_status mcps_meta(mcps_call *call, struct json_object *taken)
{
	if (call != NULL && taken != NULL)
		return mcps__result_meta(&call->result, taken);
	json_object_put(taken); /* NULL is fine */
	return mcps__misuse_null(call, __func__, "taken");
}

void mcps_role(mcps_call *call, enum mcps_role role)
{
	if (call != NULL)
		call->result.role = role;
}

mcps_status mcps_suggest(mcps_call *call, const char *value)
{
	if (call == NULL || value == NULL)
		return mcps__misuse_null(call, __func__, "value");
	return mcps__result_suggest(&call->result, value);
}

void mcps_suggest_total(mcps_call *call, uint64_t total)
{
	if (call != NULL)
		call->result.total = total;
}

mcps_status mcps__call_fail_unexplained(struct mcps_call *call)
{
	return mcps_fail(call, "the %s \"%s\" failed and gave no reason",
	                 call->handler_kind->subject, call->entry->name);
}

mcps_status mcps_fail(mcps_call *call, const char *format, ...)
{
	mcps_status status;
	va_list args;

	if (call == NULL)
		return MCPS_E_INVAL;
	if (format == NULL) {
		(void)mcps__misuse_null(call, __func__, "format");
		return mcps__call_fail_unexplained(call);
	}
	va_start(args, format);
	status = mcps__result_fail(&call->result, format, args);
	va_end(args);
	return status == MCPS_OK ? MCPS_E_TOOL : status;
}

int64_t mcps_time_left_ms(const mcps_call *call)
{
	int64_t left;

	if (call == NULL || call->deadline_ms == 0)
		return -1;
	left = call->deadline_ms -
	       mcps__steady_ms(call->mcp->sessions->options.clock);
	return left > 0 ? left : 0;
}

bool mcps_cancelled(const mcps_call *call)
{
	if (call == NULL)
		return false;
	return (atomic_load(&call->running.steps) & CALL_STOPS) != 0 ||
	       mcps_time_left_ms(call) == 0 ||
	       mcps__session_has_ended(call->mcp->sessions, call->session);
}

void *mcps_call_data(const mcps_call *call)
{
	return call != NULL ? call->entry->data : NULL;
}

const char *mcps_call_param(const mcps_call *call, const char *name)
{
	const struct call_value *at;

	if (call == NULL || name == NULL) {
		(void)mcps__misuse_null(call, __func__, "name");
		return NULL;
	}
	for (at = call->values; at != NULL && at->name != NULL; at++)
		if (strcmp(at->name, name) == 0)
			return at->value;
	return NULL;
}

const char *mcps_call_principal(const mcps_call *call)
{
	return call != NULL ? call->principal->subject : NULL;
}

bool mcps_has_scope(const mcps_call *call, const char *scope)
{
	if (call != NULL && scope != NULL)
		return mcps__principal_has_scope(call->principal, scope);
	(void)mcps__misuse_null(call, __func__, "scope");
	return false;
}

void mcps_call_session(const mcps_call *call, struct mcps_session_view *out)
{
	if (call != NULL && out != NULL) {
		mcps__session_view(call->mcp->sessions, call->session, out);
		return;
	}
	if (out != NULL)
		*out = (struct mcps_session_view){ .revision = "" };
	(void)mcps__misuse_null(call, __func__, "out");
}
