/* Resources and templates of them: what is checked, how they are listed. */
#include "catalog/entry.h"

#include "base/error.h"
#include "base/memory.h"
#include "catalog/show.h"

#include <string.h>

/* ---- checking ---- */

static const char *resource_fault(const mcps_resource *declared)
{
	int contents = (declared->text != NULL) + (declared->bytes != NULL) +
	               (declared->read != NULL);

	if (declared->uri == NULL ||
	    !mcps__uri_is_valid(declared->uri, strlen(declared->uri)))
		return "its uri is no URI (RFC 3986)";
	if (declared->name == NULL || declared->name[0] == '\0')
		return "it has no name";
	if (contents != 1)
		return "it has to have one of text, bytes and read";
	return NULL;
}

static const char *template_fault(const mcps_template *declared)
{
	if (declared->uri_template == NULL)
		return "it has no uri_template";
	if (declared->name == NULL || declared->name[0] == '\0')
		return "it has no name";
	if (declared->read == NULL)
		return "it has no read function";
	return NULL;
}

/* ---- showing ---- */

static void show_resource(const struct entry *entry, const void *from,
                          const struct revision *revision, struct buffer *out)
{
	const struct resource *resource = (const struct resource *)entry;
	const mcps_resource *declared = from;
	uint64_t size = declared->content_size;

	if (resource->has_text || resource->has_bytes)
		size = resource->length;
	mcps__buffer_add_byte(out, '{');
	mcps__show_text(out, "uri", declared->uri);
	mcps__show_resource(out, declared, size, revision);
	mcps__buffer_add_byte(out, '}');
}

static void show_template(const struct entry *entry, const void *from,
                          const struct revision *revision, struct buffer *out)
{
	const mcps_template *declared = from;
	const mcps_resource described = {
		.name = declared->name,
		.title = declared->title,
		.description = declared->description,
		.mime_type = declared->mime_type,
		.icons = declared->icons,
		.annotations = declared->annotations,
		.meta = declared->meta,
	};

	(void)entry;
	mcps__buffer_add_byte(out, '{');
	mcps__show_text(out, "uriTemplate", declared->uri_template);
	mcps__show_resource(out, &described, 0, revision);
	mcps__buffer_add_byte(out, '}');
}

/* ---- making ---- */

static void resource_finish(struct entry *entry)
{
	struct resource *resource = (struct resource *)entry;

	mcps__free(resource->mime_type);
	mcps__free(resource->bytes);
	mcps__template_free(resource->compiled);
}

static bool resource_copy_contents(struct resource *resource,
                                   const mcps_resource *declared)
{
	const void *bytes = declared->bytes;

	resource->has_text = declared->text != NULL;
	resource->has_bytes = bytes != NULL;
	resource->length = declared->length;
	if (resource->has_text) {
		bytes = declared->text;
		resource->length = strlen(declared->text);
	}
	if (bytes == NULL)
		return true;
	resource->bytes = mcps__malloc(resource->length + 1);
	if (resource->bytes == NULL)
		return false;
	memcpy(resource->bytes, bytes, resource->length);
	resource->bytes[resource->length] = '\0';
	return true;
}

static struct resource *resource_new(const struct entry_head *head,
                                     const char *mime_type)
{
	struct resource *resource = mcps__calloc(1, sizeof *resource);

	if (resource == NULL)
		return NULL;
	if (mcps__entry_init(&resource->entry, head, resource_finish) &&
	    mcps__entry_copy(&resource->mime_type, mime_type))
		return resource;
	mcps__entry_unref(&resource->entry);
	return NULL;
}

static mcps_status resource_hand_over(struct entry **out,
                                      struct resource *resource,
                                      mcps_status status,
                                      struct mcps_error *error)
{
	if (status == MCPS_OK) {
		*out = &resource->entry;
		return MCPS_OK;
	}
	if (resource != NULL)
		mcps__entry_unref(&resource->entry);
	if (status == MCPS_E_NOMEM)
		mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	return status;
}

static mcps_status resource_make(struct entry **out,
                                 const mcps_resource *declared,
                                 struct mcps_error *error)
{
	const struct entry_head head = {
		.kind = ENTRY_RESOURCE,
		.name = declared->uri,
		.scopes = declared->scopes,
		.data = declared->data,
		/* What is there is read at once. */
		.quick = declared->quick || declared->read == NULL,
		.timeout_ms = declared->timeout_ms,
		.icons = declared->icons,
		.annotations = declared->annotations,
		.meta = declared->meta,
	};
	const char *fault = NULL;
	struct resource *resource;
	mcps_status status;

	fault = resource_fault(declared);
	if (fault != NULL)
		return mcps__fail(error, MCPS_E_INVAL, "resource \"%s\": %s",
		                  declared->uri != NULL ? declared->uri : "",
		                  fault);
	status = mcps__entry_check(&head, error);
	if (status != MCPS_OK)
		return status;
	resource = resource_new(&head, declared->mime_type);
	if (resource == NULL || !resource_copy_contents(resource, declared))
		return resource_hand_over(out, resource, MCPS_E_NOMEM, error);
	resource->read = declared->read;
	if (!mcps__entry_show(&resource->entry, declared, show_resource))
		status = MCPS_E_NOMEM;
	return resource_hand_over(out, resource, status, error);
}

static mcps_status template_make(struct entry **out,
                                 const mcps_template *declared,
                                 struct mcps_error *error)
{
	const struct entry_head head = {
		.kind = ENTRY_TEMPLATE,
		.name = declared->uri_template,
		.scopes = declared->scopes,
		.data = declared->data,
		.quick = declared->quick,
		.timeout_ms = declared->timeout_ms,
		.icons = declared->icons,
		.annotations = declared->annotations,
		.meta = declared->meta,
	};
	const char *text = declared->uri_template;
	struct mcps_error why = { MCPS_OK, "" };
	struct resource *resource;
	const char *fault;
	mcps_status status;

	fault = template_fault(declared);
	if (fault != NULL)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "resource template \"%s\": %s",
		                  text != NULL ? text : "", fault);
	status = mcps__entry_check(&head, error);
	if (status != MCPS_OK)
		return status;
	resource = resource_new(&head, declared->mime_type);
	if (resource == NULL)
		return resource_hand_over(out, NULL, MCPS_E_NOMEM, error);
	resource->read = declared->read;
	resource->complete = declared->complete;
	status = mcps__template_compile(&resource->compiled, text, &why);
	if (status == MCPS_E_INVAL)
		mcps__fail(error, status, "resource template \"%s\": %s", text,
		           why.text);
	if (status == MCPS_OK &&
	    !mcps__entry_show(&resource->entry, declared, show_template))
		status = MCPS_E_NOMEM;
	return resource_hand_over(out, resource, status, error);
}

mcps_status mcps__resource_make(struct entry **out,
                                const mcps_resource *declared,
                                struct mcps_error *error)
{
	mcps_resource whole;
	mcps_status status =
		mcps__entry_read(&whole, sizeof whole, declared, ENTRY_RESOURCE,
	                         declared->uri, error);

	*out = NULL;
	return status == MCPS_OK ? resource_make(out, &whole, error) : status;
}

mcps_status mcps__template_make(struct entry **out,
                                const mcps_template *declared,
                                struct mcps_error *error)
{
	mcps_template whole;
	mcps_status status =
		mcps__entry_read(&whole, sizeof whole, declared, ENTRY_TEMPLATE,
	                         declared->uri_template, error);

	*out = NULL;
	return status == MCPS_OK ? template_make(out, &whole, error) : status;
}
