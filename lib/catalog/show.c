#include "catalog/show.h"

#include "base/error.h"
#include "rpc/scan.h"
#include "rpc/write.h"

#include <string.h>

/* ---- checking ---- */

/* 2025-11-25, Icons: clients refuse anything else. */
static bool show_is_icon_source(const char *text)
{
	return strncmp(text, "https://", 8) == 0 ||
	       strncmp(text, "http://", 7) == 0 ||
	       strncmp(text, "data:", 5) == 0;
}

/* "48x48", "any" */
static bool show_is_icon_size(const char *text, size_t length)
{
	size_t width = strspn(text, "0123456789");
	size_t height;

	if (length == 3 && strncmp(text, "any", 3) == 0)
		return true;
	if (width == 0 || text[width] != 'x')
		return false;
	height = strspn(text + width + 1, "0123456789");
	return height != 0 && width + 1 + height == length;
}

static bool show_are_icon_sizes(const char *text)
{
	size_t length;

	if (text == NULL)
		return true;
	for (text += strspn(text, " "); *text != '\0';
	     text += length, text += strspn(text, " ")) {
		length = strcspn(text, " ");
		if (!show_is_icon_size(text, length))
			return false;
	}
	return true;
}

static const char *show_icon_fault(const mcps_icon *icon)
{
	if (!show_is_icon_source(icon->src))
		return "an icon is an https:, http: or data: URI";
	if (!show_are_icon_sizes(icon->sizes))
		return "sizes of an icon are such as \"48x48\" or \"any\"";
	if ((unsigned)icon->theme > MCPS_THEME_DARK)
		return "an icon has no such theme";
	return NULL;
}

/* 2025-01-12T15:00:58Z, in this shape at least. */
static bool show_is_time(const char *text)
{
	static const char shape[] = "0000-00-00T00:00:00";
	size_t i;

	for (i = 0; shape[i] != '\0'; i++) {
		bool is_digit = text[i] >= '0' && text[i] <= '9';

		if (shape[i] == '0' ? !is_digit : text[i] != shape[i])
			return false;
	}
	return text[i] != '\0' &&
	       text[i + strspn(text + i, ".0123456789Z+-:")] == '\0';
}

static const char *show_annotations_fault(const mcps_annotations *annotations)
{
	if (annotations == NULL)
		return NULL;
	if ((annotations->audience &
	     ~(unsigned)(MCPS_FOR_USER | MCPS_FOR_ASSISTANT)) != 0)
		return "annotations know no such audience";
	if (!(annotations->priority >= 0 && annotations->priority <= 1))
		return "a priority is a number from 0 to 1";
	if (annotations->last_modified != NULL &&
	    !show_is_time(annotations->last_modified))
		return "last_modified is an ISO 8601 time with a zone";
	return NULL;
}

mcps_status mcps__show_check_object(const char *text, struct mcps_error *error)
{
	const struct scan_limits limits = SCAN_LIMITS_DEFAULT;
	struct scan scan = { 0 };
	mcps_status status =
		mcps__scan_run(&scan, text, strlen(text), &limits, error);

	if (status == MCPS_OK && scan.tokens[0].kind != SCAN_OBJECT)
		status = mcps__fail(error, MCPS_E_INVAL, "it is no object");
	mcps__scan_finish(&scan);
	return status == MCPS_OK || status == MCPS_E_NOMEM ? status
	                                                   : MCPS_E_INVAL;
}

mcps_status mcps__show_check(const mcps_icon *icons,
                             const mcps_annotations *annotations,
                             const char *meta, struct mcps_error *error)
{
	const char *fault = show_annotations_fault(annotations);
	struct mcps_error why = { MCPS_OK, "" };
	mcps_status status;

	for (; icons != NULL && icons->src != NULL && fault == NULL; icons++)
		fault = show_icon_fault(icons);
	if (fault != NULL)
		return mcps__fail(error, MCPS_E_INVAL, "%s", fault);
	if (meta == NULL)
		return MCPS_OK;
	status = mcps__show_check_object(meta, &why);
	if (status == MCPS_OK)
		return MCPS_OK;
	return mcps__fail(error, status, "_meta: %s", why.text);
}

/* ---- writing ---- */

/* A comma unless it is the first. */
static void show_member(struct buffer *out, const char *name)
{
	if (!out->failed && out->length != 0 &&
	    out->data[out->length - 1] != '{')
		mcps__buffer_add_byte(out, ',');
	mcps__write_string(out, name, strlen(name));
	mcps__buffer_add_byte(out, ':');
}

void mcps__show_text(struct buffer *out, const char *name, const char *text)
{
	if (text == NULL)
		return;
	show_member(out, name);
	mcps__write_string(out, text, strlen(text));
}

static void show_sizes(struct buffer *out, const char *sizes)
{
	const char *separator = "";

	if (sizes == NULL)
		return;
	show_member(out, "sizes");
	mcps__buffer_add_byte(out, '[');
	for (sizes += strspn(sizes, " "); *sizes != '\0';
	     sizes += strspn(sizes, " ")) {
		size_t length = strcspn(sizes, " ");

		mcps__buffer_add_text(out, separator);
		mcps__write_string(out, sizes, length);
		separator = ",";
		sizes += length;
	}
	mcps__buffer_add_byte(out, ']');
}

void mcps__show_icons(struct buffer *out, const mcps_icon *icons,
                      const struct revision *revision)
{
	static const char *const themes[] = { NULL, "light", "dark" };
	const char *separator = "";

	if (icons == NULL || icons->src == NULL || !revision->has_icons)
		return;
	show_member(out, "icons");
	mcps__buffer_add_byte(out, '[');
	for (; icons->src != NULL; icons++) {
		mcps__buffer_add_text(out, separator);
		mcps__buffer_add_byte(out, '{');
		mcps__show_text(out, "src", icons->src);
		mcps__show_text(out, "mimeType", icons->mime_type);
		show_sizes(out, icons->sizes);
		mcps__show_text(out, "theme", themes[icons->theme]);
		mcps__buffer_add_byte(out, '}');
		separator = ",";
	}
	mcps__buffer_add_byte(out, ']');
}

static void show_audience(struct buffer *out, unsigned audience)
{
	static const char *const texts[] = { "", "[\"user\"]",
		                             "[\"assistant\"]",
		                             "[\"user\",\"assistant\"]" };

	if (audience == 0)
		return;
	show_member(out, "audience");
	mcps__buffer_add_text(out, texts[audience]);
}

void mcps__show_annotations(struct buffer *out,
                            const mcps_annotations *annotations,
                            const struct revision *revision)
{
	if (annotations == NULL)
		return;
	show_member(out, "annotations");
	mcps__buffer_add_byte(out, '{');
	show_audience(out, annotations->audience);
	if (annotations->priority > 0) {
		show_member(out, "priority");
		mcps__write_double(out, annotations->priority);
	}
	if (revision->has_last_modified)
		mcps__show_text(out, "lastModified",
		                annotations->last_modified);
	mcps__buffer_add_byte(out, '}');
}

void mcps__show_meta(struct buffer *out, const char *meta,
                     const struct revision *revision)
{
	if (meta == NULL || !revision->has_meta)
		return;
	show_member(out, "_meta");
	mcps__show_json(out, meta);
}

/* A strict JSON text has these between its tokens only. */
void mcps__show_json(struct buffer *out, const char *text)
{
	while (*text != '\0') {
		size_t length = strcspn(text, "\n\r\t");

		mcps__buffer_add(out, text, length);
		text += length;
		text += strspn(text, "\n\r\t");
	}
}

void mcps__show_resource(struct buffer *out, const mcps_resource *resource,
                         uint64_t size, const struct revision *revision)
{
	mcps__show_text(out, "name", resource->name);
	if (revision->has_title)
		mcps__show_text(out, "title", resource->title);
	mcps__show_text(out, "description", resource->description);
	mcps__show_icons(out, resource->icons, revision);
	mcps__show_text(out, "mimeType", resource->mime_type);
	mcps__show_annotations(out, resource->annotations, revision);
	if (size != 0) {
		show_member(out, "size");
		mcps__buffer_add_format(out, "%llu", (unsigned long long)size);
	}
	mcps__show_meta(out, resource->meta, revision);
}
