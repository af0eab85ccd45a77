/* One argument: its value checked against its field, and stored. */
#include "catalog/fields_internal.h"

#include "base/error.h"

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

/* By bytes: where the host's struct lies, its types are not known here. */
static mcps_status field_store(struct field_target *target,
                               const struct field *field, const void *value,
                               size_t size)
{
	memcpy(target->args + field->row->offset, value, size);
	return MCPS_OK;
}

static bool field_is_number(const struct field_target *target, uint32_t token)
{
	uint8_t kind = target->scan->tokens[token].kind;

	return kind == SCAN_INTEGER || kind == SCAN_NUMBER;
}

static mcps_status field_bool_read(const struct field *field,
                                   struct field_target *target, uint32_t token,
                                   struct mcps_error *error)
{
	uint8_t kind = target->scan->tokens[token].kind;
	bool value = kind == SCAN_TRUE;

	if (kind != SCAN_TRUE && kind != SCAN_FALSE)
		return mcps__field_refuse_kind(field, target->scan, token,
		                               error);
	return field_store(target, field, &value, sizeof value);
}

/* A number that is no int64: because of its size, or of its fraction? */
static mcps_status field_refuse_integer(const struct field *field,
                                        const struct field_target *target,
                                        uint32_t token,
                                        struct mcps_error *error)
{
	double value;

	if (target->scan->tokens[token].kind == SCAN_NUMBER &&
	    mcps__scan_double(target->scan, token, &value) &&
	    value >= -0x1p63 && value < 0x1p63)
		return mcps__field_refuse_kind(field, target->scan, token,
		                               error);
	return mcps__field_refuse_value(field, "be ", "a 64-bit integer",
	                                target->scan, token, error);
}

static mcps_status field_int_read(const struct field *field,
                                  struct field_target *target, uint32_t token,
                                  struct mcps_error *error)
{
	int64_t value;

	if (!field_is_number(target, token))
		return mcps__field_refuse_kind(field, target->scan, token,
		                               error);
	if (!mcps__scan_int64(target->scan, token, &value))
		return field_refuse_integer(field, target, token, error);
	if (value < field->least)
		return mcps__field_refuse_value(field, "be at least ",
		                                field->minimum_text,
		                                target->scan, token, error);
	if (value > field->most)
		return mcps__field_refuse_value(field, "be at most ",
		                                field->maximum_text,
		                                target->scan, token, error);
	return field_store(target, field, &value, sizeof value);
}

static mcps_status field_number_read(const struct field *field,
                                     struct field_target *target,
                                     uint32_t token, struct mcps_error *error)
{
	double value;

	if (!field_is_number(target, token))
		return mcps__field_refuse_kind(field, target->scan, token,
		                               error);
	if (!mcps__scan_double(target->scan, token, &value))
		return mcps__field_refuse_value(
			field, "be ", "a number that a double can hold",
			target->scan, token, error);
	if (value < field->minimum)
		return mcps__field_refuse_value(field, "be at least ",
		                                field->minimum_text,
		                                target->scan, token, error);
	if (value > field->maximum)
		return mcps__field_refuse_value(field, "be at most ",
		                                field->maximum_text,
		                                target->scan, token, error);
	return field_store(target, field, &value, sizeof value);
}

static mcps_status field_refuse_length(const struct field *field,
                                       const char *side, size_t limit,
                                       size_t length, struct mcps_error *error)
{
	char bound[48], instead[24];

	snprintf(bound, sizeof bound, "%zu character%s", limit,
	         limit == 1 ? "" : "s");
	snprintf(instead, sizeof instead, "%zu", length);
	return mcps__field_refuse(field, side, bound, instead, error);
}

static mcps_status field_length_check(const struct field *field,
                                      const struct scan *scan, uint32_t token,
                                      struct mcps_error *error)
{
	const mcps_field *row = field->row;
	size_t length;

	if (row->min_length == 0 && row->max_length == 0)
		return MCPS_OK;
	length = mcps__scan_characters(scan, token);
	if (length < row->min_length)
		return field_refuse_length(field, "have at least ",
		                           row->min_length, length, error);
	if (row->max_length != 0 && length > row->max_length)
		return field_refuse_length(field, "have at most ",
		                           row->max_length, length, error);
	return MCPS_OK;
}

static bool field_is_choice(const mcps_field *row, const struct scan *scan,
                            uint32_t token)
{
	if (row->enum_values == NULL)
		return true;
	for (size_t i = 0; row->enum_values[i] != NULL; i++) {
		if (mcps__scan_equals(scan, token, row->enum_values[i]))
			return true;
	}
	return false;
}

static mcps_status field_string_check(const struct field *field,
                                      const struct scan *scan, uint32_t token,
                                      struct mcps_error *error)
{
	if (scan->tokens[token].kind != SCAN_STRING)
		return mcps__field_refuse_kind(field, scan, token, error);
	/* A handler would take what stands before it for the whole. */
	if (scan->tokens[token].flags & SCAN_NUL)
		return mcps__fail(error, MCPS_E_PARAMS,
		                  "argument \"%s\" must not contain the "
		                  "character U+0000",
		                  field->row->name);
	if (!field_is_choice(field->row, scan, token))
		return mcps__field_refuse_value(field, "be one of ",
		                                field->choices, scan, token,
		                                error);
	return field_length_check(field, scan, token, error);
}

static mcps_status field_string_read(const struct field *field,
                                     struct field_target *target,
                                     uint32_t token, struct mcps_error *error)
{
	const char *value = target->strings;
	mcps_status status =
		field_string_check(field, target->scan, token, error);

	if (status != MCPS_OK)
		return status;
	target->strings +=
		mcps__scan_decode(target->scan, token, target->strings) + 1;
	return field_store(target, field, &value, sizeof value);
}

static mcps_status field_json_read(const struct field *field,
                                   struct field_target *target, uint32_t token,
                                   struct mcps_error *error)
{
	bool failed = false;
	struct json_object *value =
		mcps__scan_tree(target->scan, token, &failed);

	if (failed)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	return field_store(target, field, &value, sizeof value);
}

mcps_status mcps__field_read(const struct field *field,
                             struct field_target *target, uint32_t token,
                             struct mcps_error *error)
{
	static mcps_status (*const read[])(const struct field *,
	                                   struct field_target *, uint32_t,
	                                   struct mcps_error *) = {
		[MCPS_BOOL] = field_bool_read,
		[MCPS_INT] = field_int_read,
		[MCPS_NUMBER] = field_number_read,
		[MCPS_STRING] = field_string_read,
		[MCPS_JSON] = field_json_read,
	};

	return read[field->row->kind](field, target, token, error);
}
