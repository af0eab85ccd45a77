/* Content blocks, written as JSON text as they are added. A failure sticks in
 * the buffer of the blocks, so that a handler that overlooks a status cannot
 * send half a result. */
#include "call/result.h"

#include "catalog/show.h"
#include "catalog/uri.h"
#include "rpc/write.h"

#include <json-c/json.h>
#include <string.h>

static void result_buffers_do(struct result *result,
                              void (*fn)(struct buffer *))
{
	fn(&result->content);
	fn(&result->structured);
	fn(&result->meta);
	fn(&result->failure);
}

void mcps__result_finish(struct result *result)
{
	result_buffers_do(result, mcps__buffer_finish);
	*result = (struct result){ 0 };
}

void mcps__result_reset(struct result *result)
{
	result_buffers_do(result, mcps__buffer_reset);
	result->role = MCPS_USER;
	result->suggested = result->total = 0;
	result->tail = 0;
	result->has_text = false;
	result->is_error = false;
}

static const struct revision *result_revision_of(const struct result *result)
{
	return result->revision != NULL ? result->revision
	                                : mcps__revision_newest();
}

/* ---- blocks ---- */

static bool result_has_blocks(const struct result *result)
{
	return result->shape == RESULT_BLOCKS ||
	       result->shape == RESULT_MESSAGES;
}

static void result_block_open(struct result *result, const char *type)
{
	struct buffer *out = &result->content;

	if (out->length != 0)
		mcps__buffer_add_byte(out, ',');
	if (result->shape == RESULT_MESSAGES)
		mcps__buffer_add_format(
			out, "{\"role\":\"%s\",\"content\":",
			result->role == MCPS_ASSISTANT ? "assistant" : "user");
	mcps__buffer_add_literal(out, "{\"type\":");
	mcps__write_string(out, type, strlen(type));
}

/* ,"name":"text" */
static void result_member_add(struct buffer *out, const char *name,
                              const char *text, size_t length)
{
	mcps__buffer_add_byte(out, ',');
	mcps__write_string(out, name, strlen(name));
	mcps__buffer_add_byte(out, ':');
	mcps__write_string(out, text, length);
}

static void result_bytes_add(struct buffer *out, const char *name,
                             const void *bytes, size_t length)
{
	mcps__buffer_add_byte(out, ',');
	mcps__write_string(out, name, strlen(name));
	mcps__buffer_add_literal(out, ":\"");
	mcps__write_base64(out, bytes, length);
	mcps__buffer_add_byte(out, '"');
}

static mcps_status result_block_close(struct result *result)
{
	mcps__buffer_add_byte(&result->content, '}');
	result->tail = 1;
	if (result->shape == RESULT_MESSAGES) {
		mcps__buffer_add_byte(&result->content, '}');
		result->tail = 2;
	}
	return result->content.failed ? MCPS_E_NOMEM : MCPS_OK;
}

/* ---- contents of resources ---- */

static void result_content_open(struct result *result, const char *uri,
                                const char *mime_type)
{
	if (result->content.length != 0)
		mcps__buffer_add_byte(&result->content, ',');
	mcps__buffer_add_literal(&result->content, "{\"uri\":");
	mcps__write_string(&result->content, uri, strlen(uri));
	if (mime_type != NULL)
		result_member_add(&result->content, "mimeType", mime_type,
		                  strlen(mime_type));
}

static mcps_status result_content_close(struct result *result)
{
	mcps__buffer_add_byte(&result->content, '}');
	return result->content.failed ? MCPS_E_NOMEM : MCPS_OK;
}

mcps_status mcps__result_bytes(struct result *result, const void *bytes,
                               size_t length)
{
	if (result->shape != RESULT_CONTENTS || (bytes == NULL && length != 0))
		return MCPS_E_INVAL;
	result_content_open(result, result->uri, result->mime_type);
	result_bytes_add(&result->content, "blob", bytes, length);
	return result_content_close(result);
}

/* ---- texts ---- */

static void result_text_add(struct result *result, const struct buffer *text)
{
	if (result->shape == RESULT_CONTENTS)
		result_content_open(result, result->uri, result->mime_type);
	else
		result_block_open(result, "text");
	result_member_add(&result->content, "text", text->data, text->length);
}

mcps_status mcps__result_text(struct result *result, const char *format,
                              va_list args)
{
	struct buffer text = { 0 };
	mcps_status status;

	if (result->shape == RESULT_SUGGESTIONS)
		return MCPS_E_INVAL;
	mcps__buffer_add_vformat(&text, format, args);
	result->content.failed = result->content.failed || text.failed;
	result_text_add(result, &text);
	status = result->shape == RESULT_CONTENTS ? result_content_close(result)
	                                          : result_block_close(result);
	result->has_text = true;
	mcps__buffer_finish(&text);
	return status;
}

/* A tool's failure is a result, with a text for the model; that of anything
 * else a JSON-RPC error. */
mcps_status mcps__result_fail(struct result *result, const char *format,
                              va_list args)
{
	if (result->shape == RESULT_BLOCKS) {
		result->is_error = true;
		return mcps__result_text(result, format, args);
	}
	mcps__buffer_reset(&result->failure);
	mcps__buffer_add_vformat(&result->failure, format, args);
	mcps__buffer_add_byte(&result->failure, '\0');
	return result->failure.failed ? MCPS_E_NOMEM : MCPS_OK;
}

bool mcps__result_has_failed(const struct result *result)
{
	return result->is_error || result->failure.length != 0 ||
	       result->failure.failed;
}

/* ---- objects ---- */

static mcps_status result_object_set(struct buffer *out,
                                     struct json_object *taken)
{
	mcps_status status = MCPS_E_INVAL;

	if (!json_object_is_type(taken, json_type_object) || out->length != 0)
		goto out;
	mcps__write_tree(out, taken);
	status = out->failed ? MCPS_E_NOMEM : MCPS_OK;
out:
	json_object_put(taken); /* NULL is fine */
	return status;
}

mcps_status mcps__result_structured(struct result *result,
                                    struct json_object *taken)
{
	if (result->shape == RESULT_BLOCKS)
		return result_object_set(&result->structured, taken);
	json_object_put(taken);
	return MCPS_E_INVAL;
}

mcps_status mcps__result_meta(struct result *result, struct json_object *taken)
{
	return result_object_set(&result->meta, taken);
}

/* ---- media, resources and links ---- */

/* A block that the revision does not know is replaced by a text. */
static MCPS_PRINTF(2, 3) mcps_status
	block_as_text(struct result *result, const char *format, ...)
{
	struct buffer text = { 0 };
	va_list args;

	va_start(args, format);
	mcps__buffer_add_vformat(&text, format, args);
	va_end(args);
	result->content.failed = result->content.failed || text.failed;
	result_block_open(result, "text");
	result_member_add(&result->content, "text", text.data, text.length);
	mcps__buffer_finish(&text);
	return result_block_close(result);
}

mcps_status mcps__result_media(struct result *result, const char *type,
                               const void *bytes, size_t length,
                               const char *mime_type)
{
	if (!result_has_blocks(result) || mime_type == NULL ||
	    (bytes == NULL && length != 0))
		return MCPS_E_INVAL;
	if (strcmp(type, "audio") == 0 &&
	    !result_revision_of(result)->has_audio)
		return block_as_text(result, "[audio content: %s]", mime_type);
	result_block_open(result, type);
	result_bytes_add(&result->content, "data", bytes, length);
	result_member_add(&result->content, "mimeType", mime_type,
	                  strlen(mime_type));
	return result_block_close(result);
}

static bool result_is_uri(const char *uri)
{
	return uri != NULL && mcps__uri_is_valid(uri, strlen(uri));
}

mcps_status mcps__result_resource(struct result *result, const char *uri,
                                  const char *mime_type, const char *text,
                                  const void *bytes, size_t length)
{
	struct buffer *out = &result->content;
	bool is_block = result_has_blocks(result);

	if (result->shape == RESULT_SUGGESTIONS || !result_is_uri(uri) ||
	    (text == NULL && bytes == NULL && length != 0))
		return MCPS_E_INVAL;
	if (is_block) {
		result_block_open(result, "resource");
		mcps__buffer_add_literal(out, ",\"resource\":{\"uri\":");
		mcps__write_string(out, uri, strlen(uri));
		if (mime_type != NULL)
			result_member_add(out, "mimeType", mime_type,
			                  strlen(mime_type));
	} else {
		result_content_open(result, uri, mime_type);
	}
	if (text != NULL)
		result_member_add(out, "text", text, strlen(text));
	else
		result_bytes_add(out, "blob", bytes, length);
	if (!is_block)
		return result_content_close(result);
	mcps__buffer_add_byte(out, '}');
	return result_block_close(result);
}

mcps_status mcps__result_link(struct result *result, const mcps_resource *link)
{
	const struct revision *revision = result_revision_of(result);

	if (!result_has_blocks(result) || !result_is_uri(link->uri) ||
	    link->name == NULL ||
	    mcps__show_check(link->icons, link->annotations, link->meta,
	                     NULL) != MCPS_OK)
		return MCPS_E_INVAL;
	if (!revision->has_links)
		return block_as_text(result, "%s: %s", link->name, link->uri);
	result_block_open(result, "resource_link");
	mcps__show_text(&result->content, "uri", link->uri);
	mcps__show_resource(&result->content, link, link->content_size,
	                    revision);
	(void)result_block_close(result);
	if (link->annotations != NULL)
		result->tail = 0;
	return result->content.failed ? MCPS_E_NOMEM : MCPS_OK;
}

mcps_status mcps__result_annotate(struct result *result,
                                  const mcps_annotations *annotations)
{
	size_t tail = result->tail;

	if (tail == 0 || annotations == NULL ||
	    mcps__show_check(NULL, annotations, NULL, NULL) != MCPS_OK)
		return MCPS_E_INVAL;
	if (result->content.failed)
		return MCPS_E_NOMEM;
	result->content.length -= tail;
	mcps__show_annotations(&result->content, annotations,
	                       result_revision_of(result));
	(void)result_block_close(result);
	result->tail = 0;
	return result->content.failed ? MCPS_E_NOMEM : MCPS_OK;
}

/* ---- suggestions ---- */

mcps_status mcps__result_suggest(struct result *result, const char *value)
{
	if (result->shape != RESULT_SUGGESTIONS || value == NULL)
		return MCPS_E_INVAL;
	if (result->suggested++ >= RESULT_SUGGESTIONS_MAX)
		return MCPS_E_LIMIT;
	if (result->suggested > 1)
		mcps__buffer_add_byte(&result->content, ',');
	mcps__write_string(&result->content, value, strlen(value));
	return result->content.failed ? MCPS_E_NOMEM : MCPS_OK;
}

/* ---- the result of a tool ---- */

void mcps__result_write_meta(const struct result *result, struct buffer *out)
{
	if (result->meta.failed || result->content.failed)
		out->failed = true;
	if (result->meta.length == 0)
		return;
	mcps__buffer_add_literal(out, ",\"_meta\":");
	mcps__buffer_add(out, result->meta.data, result->meta.length);
}

/* "For backwards compatibility, a tool that returns structured content SHOULD
 * also return the serialized JSON in a TextContent block" (2025-06-18). */
static void result_content_write(const struct result *result,
                                 struct buffer *out)
{
	const struct buffer *structured = &result->structured;

	mcps__buffer_add(out, result->content.data, result->content.length);
	if (structured->length == 0 || result->has_text)
		return;
	if (result->content.length != 0)
		mcps__buffer_add_byte(out, ',');
	mcps__buffer_add_literal(out, "{\"type\":\"text\"");
	result_member_add(out, "text", structured->data, structured->length);
	mcps__buffer_add_byte(out, '}');
}

void mcps__result_write(const struct result *result,
                        const struct revision *revision, struct buffer *out)
{
	if (result->content.failed || result->structured.failed)
		out->failed = true;
	mcps__buffer_add_literal(out, "{\"content\":[");
	result_content_write(result, out);
	mcps__buffer_add_byte(out, ']');
	if (revision->has_structured && result->structured.length != 0) {
		mcps__buffer_add_literal(out, ",\"structuredContent\":");
		mcps__buffer_add(out, result->structured.data,
		                 result->structured.length);
	}
	if (result->is_error)
		mcps__buffer_add_literal(out, ",\"isError\":true");
	mcps__result_write_meta(result, out);
	mcps__buffer_add_byte(out, '}');
}
