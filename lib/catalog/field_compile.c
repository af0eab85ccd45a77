/* One row of a field table, compiled: its bounds, choices and default. */
#include "catalog/fields_internal.h"

#include "base/error.h"
#include "base/memory.h"
#include "rpc/write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A bound as both schema and sentences say it; printf() would write a
 * double as the host's locale wants it. */
static bool field_bound_write(char text[FIELD_BOUND_SIZE], double bound,
                              enum mcps_kind kind)
{
	struct buffer buffer = { 0 };
	bool written;

	if (kind == MCPS_INT)
		mcps__buffer_add_int(&buffer, (int64_t)bound);
	else
		mcps__write_double(&buffer, bound);
	written = !buffer.failed && buffer.length < FIELD_BOUND_SIZE;
	if (written)
		memcpy(text, buffer.data, buffer.length);
	mcps__buffer_finish(&buffer);
	return written;
}

static bool field_minimum_compile(struct field *field)
{
	const mcps_field *row = field->row;

	if (row->minimum == -HUGE_VAL)
		return true;
	field->minimum = row->minimum;
	if (row->kind == MCPS_INT)
		field->least = (int64_t)row->minimum;
	return field_bound_write(field->minimum_text, row->minimum, row->kind);
}

static bool field_maximum_compile(struct field *field)
{
	const mcps_field *row = field->row;

	if (row->maximum == HUGE_VAL)
		return true;
	field->maximum = row->maximum;
	if (row->kind == MCPS_INT)
		field->most = (int64_t)row->maximum;
	return field_bound_write(field->maximum_text, row->maximum, row->kind);
}

static bool field_bounds_compile(struct field *field)
{
	field->minimum = -HUGE_VAL;
	field->maximum = HUGE_VAL;
	field->least = INT64_MIN;
	field->most = INT64_MAX;
	if (field->row->minimum == 0 && field->row->maximum == 0)
		return true;
	return field_minimum_compile(field) && field_maximum_compile(field);
}

/* As many of enum_values as fit into a sentence; the schema has them all. */
static bool field_choices_compile(struct field *field)
{
	struct buffer list = { 0 };
	size_t fitting = 0;
	bool written;

	for (size_t i = 0; field->row->enum_values[i] != NULL; i++) {
		const char *choice = field->row->enum_values[i];

		if (i > 0)
			mcps__buffer_add_literal(&list, ", ");
		mcps__write_string(&list, choice, strlen(choice));
		if (list.length < FIELD_CHOICES_SIZE - sizeof ", ...")
			fitting = list.length;
	}
	written = !list.failed;
	if (written && fitting > 0)
		snprintf(field->choices, sizeof field->choices, "%.*s%s",
		         (int)fitting, list.data,
		         fitting < list.length ? ", ..." : "");
	else if (written)
		strcpy(field->choices, "the values of its schema");
	mcps__buffer_finish(&list);
	return written;
}

/* A default is read as an argument would be, into the struct of absent ones.
 * One of any JSON kind has no rules, and is made anew for each call. */
static mcps_status field_default_read(struct field_set *set,
                                      struct field *field,
                                      struct mcps_error *error)
{
	const struct scan_limits limits = SCAN_LIMITS_DEFAULT;
	const char *text = field->row->default_json;
	struct field_target target = { .args = set->absent };
	mcps_status status;

	field->default_scan = mcps__calloc(1, sizeof *field->default_scan);
	field->default_string = mcps__malloc(strlen(text) + 1);
	if (field->default_scan == NULL || field->default_string == NULL)
		return MCPS_E_NOMEM;
	target.scan = field->default_scan;
	target.strings = field->default_string;

	status = mcps__scan_run(field->default_scan, text, strlen(text),
	                        &limits, error);
	if (status != MCPS_OK || field->row->kind == MCPS_JSON)
		return status;
	return mcps__field_read(field, &target, 0, error);
}

static mcps_status field_default_compile(struct field_set *set,
                                         struct field *field,
                                         struct mcps_error *error)
{
	struct mcps_error why = { 0 };
	mcps_status status;

	if (field->row->default_json == NULL)
		return MCPS_OK;
	status = field_default_read(set, field, &why);
	if (status == MCPS_OK || status == MCPS_E_NOMEM)
		return status;
	return mcps__fail(error, MCPS_E_INVAL,
	                  "field \"%s\": its default is refused: %s",
	                  field->row->name, why.text);
}

mcps_status mcps__field_compile(struct field_set *set, struct field *field,
                                struct mcps_error *error)
{
	if (!field_bounds_compile(field))
		return MCPS_E_NOMEM;
	if (field->row->enum_values != NULL && !field_choices_compile(field))
		return MCPS_E_NOMEM;
	return field_default_compile(set, field, error);
}

void mcps__field_finish(struct field *field)
{
	if (field->default_scan != NULL)
		mcps__scan_finish(field->default_scan);
	mcps__free(field->default_scan);
	mcps__free(field->default_string);
}
