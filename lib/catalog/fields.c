/* A field table, compiled: whatever a call would have to find out each time is
 * found out once, when the tool is added. */
#include "catalog/fields_internal.h"

#include "base/error.h"
#include "base/memory.h"

static size_t fields_rows_count(const mcps_field *fields)
{
	size_t count = 0;

	while (fields != NULL && fields[count].mark == MCPS_FIELD_MARK)
		count++;
	return count;
}

static struct field_set *fields_set_new(const mcps_field *fields,
                                        size_t args_size)
{
	size_t count = fields_rows_count(fields);
	struct field_set *set =
		mcps__calloc(1, sizeof *set + count * sizeof set->fields[0]);

	if (set == NULL)
		return NULL;
	set->args_size = args_size;
	set->count = count;
	for (size_t i = 0; i < count; i++)
		set->fields[i].row = &fields[i];
	/* One byte more: to ask for none may be answered with NULL. */
	set->absent = mcps__calloc(1, args_size + 1);
	if (set->absent != NULL)
		return set;
	mcps__free(set);
	return NULL;
}

mcps_status mcps__fields_compile(struct field_set **out,
                                 const mcps_field *fields, size_t args_size,
                                 struct mcps_error *error)
{
	struct field_set *set;
	mcps_status status;

	*out = NULL;
	status = mcps__fields_check(fields, args_size, error);
	if (status != MCPS_OK)
		return status;
	set = fields_set_new(fields, args_size);
	if (set == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");

	for (size_t i = 0; status == MCPS_OK && i < set->count; i++)
		status = mcps__field_compile(set, &set->fields[i], error);
	if (status == MCPS_OK) {
		*out = set;
		return MCPS_OK;
	}
	mcps__fields_free(set);
	if (status == MCPS_E_NOMEM)
		return mcps__fail(error, status, "out of memory");
	return status;
}

void mcps__fields_free(struct field_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->count; i++)
		mcps__field_finish(&set->fields[i]);
	mcps__free(set->absent);
	mcps__free(set);
}
