/* The check of a field table. A mistake in it is its author's: it is reported
 * once, when the server starts, in place of a tool that no call could please.
 */
#include "catalog/fields_internal.h"

#include "base/error.h"
#include "rpc/utf8.h"

#include <inttypes.h>
#include <string.h>

/* Count the characters of a text; false when it is not UTF-8, so that no JSON
 * text says the same. */
static bool fields_text_measure(const char *text, size_t *characters)
{
	const char *end = text + strlen(text);

	for (*characters = 0; text < end; ++*characters) {
		size_t length = mcps__utf8_length(text, end);

		if (length == 0)
			return false;
		text += length;
	}
	return true;
}

static const char *fields_choices_fault(const mcps_field *row)
{
	size_t characters;

	for (size_t i = 0;
	     row->enum_values != NULL && row->enum_values[i] != NULL; i++) {
		if (!fields_text_measure(row->enum_values[i], &characters))
			return "enum_values names a value that is not UTF-8";
		if (characters < row->min_length ||
		    (row->max_length != 0 && characters > row->max_length))
			return "enum_values names a value that its lengths "
			       "refuse";
	}
	return NULL;
}

static const char *fields_texts_fault(const mcps_field *row)
{
	size_t characters;

	if (!fields_text_measure(row->name, &characters))
		return "its name is not UTF-8";
	if (row->description != NULL &&
	    !fields_text_measure(row->description, &characters))
		return "its description is not UTF-8";
	return fields_choices_fault(row);
}

static bool fields_share_memory(const mcps_field *a, const mcps_field *b)
{
	return a->offset < b->offset + mcps__field_kinds[b->kind].size &&
	       b->offset < a->offset + mcps__field_kinds[a->kind].size;
}

/* The member must be inside the struct, and nobody else's: a table that mixes
 * members of two structs would otherwise write where it should not. */
static const char *fields_place_fault(const mcps_field *fields,
                                      const mcps_field *row, size_t args_size)
{
	size_t size = mcps__field_kinds[row->kind].size;

	if (size > args_size || row->offset > args_size - size)
		return "it is outside the struct of arguments";
	for (const mcps_field *other = fields; other != row; other++) {
		if (strcmp(other->name, row->name) == 0)
			return "its name is taken";
		if (fields_share_memory(other, row))
			return "its member is part of another field";
	}
	return NULL;
}

/* Reads nothing but numbers of a row before it is known to be one. The
 * memory behind a table without its end is no row, or one of another table. */
static mcps_status fields_check_mark(const mcps_field *fields,
                                     const mcps_field *row, size_t args_size,
                                     struct mcps_error *error)
{
	size_t number = (size_t)(row - fields) + 1;

	if (row->mark != MCPS_FIELD_MARK)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "row %zu of its field table is none: make "
		                  "each with MCPS_FIELD, and the last one with "
		                  "MCPS_FIELDS_END",
		                  number);
	if (args_size == 0)
		return mcps__fail(error, MCPS_E_INVAL,
		                  "args_size is 0: set it to sizeof the "
		                  "struct of arguments, or use "
		                  "mcps_add_tool()");
	if (row->struct_size == args_size)
		return MCPS_OK;
	return mcps__fail(error, MCPS_E_INVAL,
	                  "row %zu of its field table is of a struct of "
	                  "%" PRIu32 " bytes, the tool's has %zu: either "
	                  "MCPS_FIELDS_END is missing before it, or the tool "
	                  "was added with another struct",
	                  number, row->struct_size, args_size);
}

mcps_status mcps__fields_check(const mcps_field *fields, size_t args_size,
                               struct mcps_error *error)
{
	for (const mcps_field *row = fields;
	     row != NULL && row->mark != MCPS_FIELDS_END_MARK; row++) {
		mcps_status status =
			fields_check_mark(fields, row, args_size, error);
		const char *fault;

		if (status != MCPS_OK)
			return status;
		fault = mcps__field_fault(row);
		if (fault == NULL)
			fault = fields_place_fault(fields, row, args_size);
		if (fault == NULL)
			fault = fields_texts_fault(row);
		if (fault != NULL)
			return mcps__fail(
				error, MCPS_E_INVAL, "field \"%s\": %s",
				row->name != NULL ? row->name : "", fault);
	}
	return MCPS_OK;
}
