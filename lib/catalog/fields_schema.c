/* The JSON Schema of a field set: it says what the reader of arguments
 * enforces, in the words of 2020-12 (SEP-1613), and nothing else. */
#include "catalog/fields_internal.h"

#include "rpc/write.h"

#include <string.h>

static void fields_schema_text_write(struct buffer *out, const char *text)
{
	mcps__write_string(out, text, strlen(text));
}

/* A keyword and the colon after it; a comma before it but for the first. */
static void fields_schema_keyword(struct buffer *out, const char *name)
{
	if (!out->failed && out->data[out->length - 1] != '{')
		mcps__buffer_add_byte(out, ',');
	fields_schema_text_write(out, name);
	mcps__buffer_add_byte(out, ':');
}

static void fields_schema_text_member(struct buffer *out, const char *name,
                                      const char *text)
{
	if (text == NULL)
		return;
	fields_schema_keyword(out, name);
	fields_schema_text_write(out, text);
}

/* A bound or a length, already JSON; empty: there is none. */
static void fields_schema_number_member(struct buffer *out, const char *name,
                                        const char *number)
{
	if (number[0] == '\0')
		return;
	fields_schema_keyword(out, name);
	mcps__buffer_add_text(out, number);
}

static void fields_schema_length_member(struct buffer *out, const char *name,
                                        size_t length)
{
	if (length == 0)
		return;
	fields_schema_keyword(out, name);
	mcps__buffer_add_format(out, "%zu", length);
}

/* As it was written, but on one line: a strict JSON text has line ends between
 * its tokens only, never inside a string. */
static void fields_schema_default_member(struct buffer *out,
                                         const struct field *field)
{
	const char *raw;
	size_t length;

	if (field->default_scan == NULL)
		return;
	fields_schema_keyword(out, "default");
	raw = mcps__scan_raw(field->default_scan, 0, &length);
	for (size_t i = 0; i < length; i++) {
		if ((unsigned char)raw[i] >= ' ')
			mcps__buffer_add_byte(out, raw[i]);
	}
}

static void fields_schema_enum_member(struct buffer *out,
                                      const char *const *enum_values)
{
	if (enum_values == NULL)
		return;
	fields_schema_keyword(out, "enum");
	for (size_t i = 0; enum_values[i] != NULL; i++) {
		mcps__buffer_add_byte(out, i == 0 ? '[' : ',');
		fields_schema_text_write(out, enum_values[i]);
	}
	mcps__buffer_add_byte(out, ']');
}

static void fields_schema_property_write(struct buffer *out,
                                         const struct field *field)
{
	const mcps_field *row = field->row;

	fields_schema_keyword(out, row->name);
	mcps__buffer_add_byte(out, '{');
	fields_schema_text_member(out, "type",
	                          mcps__field_kinds[row->kind].type);
	fields_schema_text_member(out, "description", row->description);
	fields_schema_default_member(out, field);
	fields_schema_enum_member(out, row->enum_values);
	fields_schema_number_member(out, "minimum", field->minimum_text);
	fields_schema_number_member(out, "maximum", field->maximum_text);
	fields_schema_length_member(out, "minLength", row->min_length);
	fields_schema_length_member(out, "maxLength", row->max_length);
	mcps__buffer_add_byte(out, '}');
}

static void fields_schema_required_write(struct buffer *out,
                                         const struct field_set *set)
{
	bool any = false;

	for (size_t i = 0; i < set->count; i++) {
		const mcps_field *row = set->fields[i].row;

		if (row->optional)
			continue;
		mcps__buffer_add_text(out, any ? "," : ",\"required\":[");
		fields_schema_text_write(out, row->name);
		any = true;
	}
	if (any)
		mcps__buffer_add_byte(out, ']');
}

void mcps__fields_write_schema(const struct field_set *set, struct buffer *out)
{
	mcps__buffer_add_literal(out, "{\"type\":\"object\",\"properties\":{");
	for (size_t i = 0; i < set->count; i++)
		fields_schema_property_write(out, &set->fields[i]);
	mcps__buffer_add_byte(out, '}');
	fields_schema_required_write(out, set);
	mcps__buffer_add_literal(out, ",\"additionalProperties\":false}");
}
