/* The arguments of one call, read from the token table into the tool's struct:
 * no JSON objects in between, and no memory but the call's own for small ones.
 */
#include "catalog/fields_internal.h"

#include "base/error.h"
#include "base/memory.h"

#include <json-c/json.h>
#include <string.h>

static const struct field *arguments_field_of_key(const struct field_set *set,
                                                  const struct scan *scan,
                                                  uint32_t key)
{
	for (size_t i = 0; i < set->count; i++) {
		if (mcps__scan_equals(scan, key, set->fields[i].row->name))
			return &set->fields[i];
	}
	return NULL;
}

static mcps_status arguments_refuse_key(struct mcps_error *error,
                                        const struct scan *scan, uint32_t key)
{
	char shown[FIELD_SHOWN_SIZE];

	return mcps__fail(error, MCPS_E_PARAMS, "unknown argument %s",
	                  mcps__field_shown(scan, key, shown));
}

/* Refuse what no field names; measure the strings that will be decoded. */
static mcps_status arguments_members_check(const struct field_set *set,
                                           const struct scan *scan,
                                           uint32_t object, size_t *strings,
                                           struct mcps_error *error)
{
	const struct scan_token *tokens = scan->tokens;
	uint32_t key = object + 1;

	if (tokens[object].kind != SCAN_OBJECT)
		return mcps__fail(error, MCPS_E_PARAMS,
		                  "arguments must be an object");
	for (uint32_t i = 0; i < tokens[object].count; i++) {
		uint32_t value = tokens[key].next;
		const struct field *field =
			arguments_field_of_key(set, scan, key);

		if (field == NULL)
			return arguments_refuse_key(error, scan, key);
		if (field->row->kind == MCPS_STRING)
			*strings += (size_t)tokens[value].length + 1;
		key = tokens[value].next;
	}
	return MCPS_OK;
}

/* The struct of absent arguments, with room for STRINGS bytes behind it. */
static mcps_status arguments_make(struct arguments *arguments, size_t strings)
{
	const struct field_set *set = arguments->set;
	size_t size = set->args_size + strings;

	arguments->args = arguments->few;
	if (size > sizeof arguments->few)
		arguments->args = mcps__malloc(size);
	if (arguments->args == NULL)
		return MCPS_E_NOMEM;
	memcpy(arguments->args, set->absent, set->args_size);
	return MCPS_OK;
}

static mcps_status arguments_absent_read(const struct field *field,
                                         const struct field_target *target,
                                         struct mcps_error *error)
{
	struct field_target own = *target;

	if (!field->row->optional)
		return mcps__fail(error, MCPS_E_PARAMS,
		                  "argument \"%s\" is required",
		                  field->row->name);
	if (field->row->kind != MCPS_JSON || field->default_scan == NULL)
		return MCPS_OK; /* it came with the copy */
	/* One object cannot serve two calls: json-c counts references without
	 * locks. */
	own.scan = field->default_scan;
	return mcps__field_read(field, &own, 0, error);
}

/* The value of FIELD, SCAN_NONE if it was not given: null says so, too, where
 * the field is optional and null is no value of it. */
static uint32_t arguments_member_find(const struct field *field,
                                      const struct scan *scan, uint32_t object)
{
	const char *name = field->row->name;

	if (object == SCAN_NONE)
		return SCAN_NONE;
	return field->row->optional && field->row->kind != MCPS_JSON
	               ? mcps__scan_optional(scan, object, name)
	               : mcps__scan_member(scan, object, name);
}

static mcps_status arguments_members_read(struct arguments *arguments,
                                          const struct scan *scan,
                                          uint32_t object,
                                          struct mcps_error *error)
{
	const struct field_set *set = arguments->set;
	unsigned char *args = arguments->args;
	struct field_target target = { scan, args,
		                       (char *)args + set->args_size };
	mcps_status status = MCPS_OK;

	for (size_t i = 0; status == MCPS_OK && i < set->count; i++) {
		const struct field *field = &set->fields[i];
		uint32_t value = arguments_member_find(field, scan, object);

		status = value == SCAN_NONE
		                 ? arguments_absent_read(field, &target, error)
		                 : mcps__field_read(field, &target, value,
		                                    error);
	}
	return status;
}

mcps_status mcps__arguments_read(struct arguments *arguments,
                                 const struct field_set *set,
                                 const struct scan *scan, uint32_t object,
                                 struct mcps_error *error)
{
	mcps_status status = MCPS_OK;
	size_t strings = 0;

	arguments->set = set;
	if (object != SCAN_NONE)
		status = arguments_members_check(set, scan, object, &strings,
		                                 error);
	if (status != MCPS_OK)
		return status;
	status = arguments_make(arguments, strings);
	if (status != MCPS_OK)
		return mcps__fail(error, status, "out of memory");
	return arguments_members_read(arguments, scan, object, error);
}

static void arguments_tree_put(const struct arguments *arguments, size_t offset)
{
	struct json_object *tree;

	memcpy(&tree, (unsigned char *)arguments->args + offset, sizeof tree);
	json_object_put(tree);
}

void mcps__arguments_finish(struct arguments *arguments)
{
	const struct field_set *set = arguments->set;

	if (arguments->args == NULL)
		return;
	for (size_t i = 0; i < set->count; i++) {
		if (set->fields[i].row->kind == MCPS_JSON)
			arguments_tree_put(arguments,
			                   set->fields[i].row->offset);
	}
	if (arguments->args != arguments->few)
		mcps__free(arguments->args);
	arguments->args = NULL;
}
