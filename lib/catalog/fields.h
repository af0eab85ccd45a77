/* Declared arguments: a field table compiled once into a schema text, and
 * arguments read straight from the token table into the tool's struct. */
#ifndef MCPS_CATALOG_FIELDS_H
#define MCPS_CATALOG_FIELDS_H

#include "base/buffer.h"
#include "rpc/scan.h"

#include <mcps/tool.h>

struct field_set;

/* Compile FIELDS (NULL: no arguments) of a struct of ARGS_SIZE bytes.
 * MCPS_E_INVAL names the field and what is wrong with it (duplicate or empty
 * name, member outside the struct, default that its own rules refuse, bounds
 * on a string, enum_values on a number, minimum above maximum, ...). */
MCPS_MUST_USE mcps_status mcps__fields_compile(struct field_set **out,
                                               const mcps_field *fields,
                                               size_t args_size,
                                               struct mcps_error *error);
void mcps__fields_free(struct field_set *set);

/* The JSON Schema (2020-12) of the set, on one line: type object, properties
 * in order, required, additionalProperties false. */
void mcps__fields_write_schema(const struct field_set *set, struct buffer *out);

/* One call's arguments. All zero is none. */
struct arguments {
	void *args; /* the tool's struct; NULL: nothing read */
	const struct field_set *set;
	_Alignas(16) unsigned char few[256]; /* no malloc for small ones */
};

/* Fill ARGUMENTS from the object at token OBJECT (SCAN_NONE: absent, as if
 * empty). MCPS_E_PARAMS with one sentence that names the argument and what
 * is wrong with it, fit for a model to read: "argument \"times\" must be at
 * most 10, not 11"; MCPS_E_NOMEM. To be finished whatever it returned. */
MCPS_MUST_USE mcps_status mcps__arguments_read(struct arguments *arguments,
                                               const struct field_set *set,
                                               const struct scan *scan,
                                               uint32_t object,
                                               struct mcps_error *error);
void mcps__arguments_finish(struct arguments *arguments);

#endif
