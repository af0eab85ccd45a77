/* The rules that a row of a field table must follow, whatever the other rows
 * are, as a table. */
#include "catalog/fields_internal.h"

#include <math.h>
#include <string.h>

static bool field_is_bounded(const mcps_field *row)
{
	return row->minimum != 0 || row->maximum != 0;
}

static bool field_has_no_kind(const mcps_field *row)
{
	return (unsigned)row->kind >= mcps__field_kind_count;
}

static bool field_has_no_name(const mcps_field *row)
{
	return row->name == NULL || row->name[0] == '\0';
}

static bool field_has_default_in_vain(const mcps_field *row)
{
	return row->default_json != NULL && !row->optional;
}

static bool field_has_foreign_bounds(const mcps_field *row)
{
	return field_is_bounded(row) &&
	       !mcps__field_kinds[row->kind].has_bounds;
}

/* Written so that it is true of NaN. */
static bool field_has_impossible_bounds(const mcps_field *row)
{
	return !(row->minimum <= row->maximum && row->minimum < HUGE_VAL &&
	         row->maximum > -HUGE_VAL);
}

static bool field_is_int64(double bound)
{
	return bound >= -0x1p63 && bound < 0x1p63 &&
	       bound == (double)(int64_t)bound;
}

static bool field_has_inexact_bounds(const mcps_field *row)
{
	if (row->kind != MCPS_INT)
		return false;
	return (row->minimum != -HUGE_VAL && !field_is_int64(row->minimum)) ||
	       (row->maximum != HUGE_VAL && !field_is_int64(row->maximum));
}

static bool field_has_foreign_lengths(const mcps_field *row)
{
	return (row->min_length != 0 || row->max_length != 0) &&
	       !mcps__field_kinds[row->kind].has_texts;
}

static bool field_has_impossible_lengths(const mcps_field *row)
{
	return row->max_length != 0 && row->min_length > row->max_length;
}

static bool field_has_foreign_choices(const mcps_field *row)
{
	return row->enum_values != NULL &&
	       !mcps__field_kinds[row->kind].has_texts;
}

static bool field_has_no_choices(const mcps_field *row)
{
	return row->enum_values != NULL && row->enum_values[0] == NULL;
}

static bool field_has_choice_twice(const mcps_field *row)
{
	for (size_t i = 0;
	     row->enum_values != NULL && row->enum_values[i] != NULL; i++) {
		for (size_t j = 0; j < i; j++) {
			if (strcmp(row->enum_values[i], row->enum_values[j]) ==
			    0)
				return true;
		}
	}
	return false;
}

/* In order: later ones rely on what earlier ones refuse. */
static const struct {
	bool (*broken_by)(const mcps_field *row);
	const char *text;
} rules[] = {
	{ field_has_no_name, "its name is empty" },
	{ field_has_no_kind, "its kind is not one of enum mcps_kind" },
	{ field_has_default_in_vain, "it has a default but is not optional" },
	{ field_has_foreign_bounds, "minimum and maximum are for numbers" },
	{ field_has_impossible_bounds,
	  "no number is between minimum and maximum" },
	{ field_has_inexact_bounds,
	  "a bound of an integer must be a 64-bit integer or infinite" },
	{ field_has_foreign_lengths,
	  "min_length and max_length are for strings" },
	{ field_has_impossible_lengths, "min_length is above max_length" },
	{ field_has_foreign_choices, "enum_values is for strings" },
	{ field_has_no_choices, "enum_values is empty" },
	{ field_has_choice_twice, "enum_values names a value twice" },
};

const char *mcps__field_fault(const mcps_field *row)
{
	for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
		if (rules[i].broken_by(row))
			return rules[i].text;
	}
	return NULL;
}
