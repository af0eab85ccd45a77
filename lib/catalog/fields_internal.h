/* What the files about declared arguments share: a field table once it is
 * compiled, and the steps of compiling and reading it. */
#ifndef MCPS_CATALOG_FIELDS_INTERNAL_H
#define MCPS_CATALOG_FIELDS_INTERNAL_H

#include "catalog/fields.h"

/* What holds for every field of a kind. */
struct field_kind {
	const char *type;  /* in a schema; NULL: any, hence not said */
	const char *claim; /* "an integer", in a sentence */
	size_t size;       /* of the member */
	bool has_bounds;
	bool has_texts; /* lengths and enum_values */
};

/* By enum mcps_kind. */
extern const struct field_kind mcps__field_kinds[];
extern const size_t mcps__field_kind_count;

enum {
	FIELD_BOUND_SIZE = 32,    /* any double, as text */
	FIELD_CHOICES_SIZE = 128, /* leaves room in struct mcps_error */
	FIELD_SHOWN_SIZE = 48,
};

/* A row, and what need not be found out again for each call. */
struct field {
	const mcps_field *row; /* the caller's, stays valid */

	double minimum, maximum;             /* infinite: no such bound */
	int64_t least, most;                 /* the same of an MCPS_INT */
	char minimum_text[FIELD_BOUND_SIZE]; /* empty: no such bound */
	char maximum_text[FIELD_BOUND_SIZE];
	char choices[FIELD_CHOICES_SIZE]; /* enum_values, in a sentence */

	struct scan *default_scan; /* of the default's text; NULL: none */
	char *default_string;      /* the default of an MCPS_STRING, decoded */
};

struct field_set {
	size_t args_size;
	unsigned char *absent; /* the struct when every argument is left out;
	                        * but MCPS_JSON defaults, which are made for
	                        * each call, are NULL in it */
	size_t count;
	struct field fields[];
};

/* What is wrong with a row by itself; NULL: nothing. */
const char *mcps__field_fault(const mcps_field *row);

/* MCPS_E_INVAL with the first thing wrong with the rows. */
MCPS_MUST_USE mcps_status mcps__fields_check(const mcps_field *fields,
                                             size_t args_size,
                                             struct mcps_error *error);

/* Fill FIELD, a member of SET that names its row, and its default into
 * SET->absent. MCPS_E_INVAL when the default is refused, MCPS_E_NOMEM; the
 * field is to be finished whatever it returned. */
MCPS_MUST_USE mcps_status mcps__field_compile(struct field_set *set,
                                              struct field *field,
                                              struct mcps_error *error);
void mcps__field_finish(struct field *field);

/* Where a value comes from and goes to. */
struct field_target {
	const struct scan *scan;
	unsigned char *args;
	char *strings; /* the next string; room for all of them was made */
};

/* Check the value at TOKEN against FIELD and store it. MCPS_E_PARAMS,
 * MCPS_E_NOMEM. */
MCPS_MUST_USE mcps_status mcps__field_read(const struct field *field,
                                           struct field_target *target,
                                           uint32_t token,
                                           struct mcps_error *error);

/* What is refused, in MCPS_E_PARAMS and a sentence: the argument must RULE
 * BOUND, not INSTEAD; which is the value as it stands, or a word for it. */
mcps_status mcps__field_refuse(const struct field *field, const char *rule,
                               const char *bound, const char *instead,
                               struct mcps_error *error);
mcps_status mcps__field_refuse_value(const struct field *field,
                                     const char *rule, const char *bound,
                                     const struct scan *scan, uint32_t token,
                                     struct mcps_error *error);
mcps_status mcps__field_refuse_kind(const struct field *field,
                                    const struct scan *scan, uint32_t token,
                                    struct mcps_error *error);

/* The token as the client wrote it, cut to what fits into a sentence: on one
 * line, since a JSON text escapes line ends in strings. */
const char *mcps__field_shown(const struct scan *scan, uint32_t token,
                              char out[FIELD_SHOWN_SIZE]);

#endif
