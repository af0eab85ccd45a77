/* The properties that all fields of a kind share. */
#include "catalog/fields_internal.h"

struct json_object;

const struct field_kind mcps__field_kinds[] = {
	[MCPS_BOOL] = { "boolean", "true or false", sizeof(bool), false,
	                false },
	[MCPS_INT] = { "integer", "an integer", sizeof(int64_t), true, false },
	[MCPS_NUMBER] = { "number", "a number", sizeof(double), true, false },
	[MCPS_STRING] = { "string", "a string", sizeof(const char *), false,
	                  true },
	[MCPS_JSON] = { NULL, "a JSON value", sizeof(struct json_object *),
	                false, false },
};

const size_t mcps__field_kind_count =
	sizeof mcps__field_kinds / sizeof mcps__field_kinds[0];
