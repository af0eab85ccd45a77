/* The sentences that refuse an argument. Each tells a model what to send
 * instead: argument "times" must be at most 10, not 11 */
#include "catalog/fields_internal.h"

#include "base/error.h"

#include <stdio.h>

const char *mcps__field_shown(const struct scan *scan, uint32_t token,
                              char out[FIELD_SHOWN_SIZE])
{
	const size_t room = FIELD_SHOWN_SIZE - sizeof "...\"";
	bool is_string = scan->tokens[token].kind == SCAN_STRING;
	size_t length;
	const char *raw = mcps__scan_raw(scan, token, &length);
	const char *end = "";

	if (length > room) {
		length = room;
		while (((unsigned char)raw[length] & 0xc0) == 0x80)
			length--; /* not inside a character */
		end = is_string ? "...\"" : "...";
	}
	snprintf(out, FIELD_SHOWN_SIZE, "%.*s%s", (int)length, raw, end);
	return out;
}

mcps_status mcps__field_refuse(const struct field *field, const char *rule,
                               const char *bound, const char *instead,
                               struct mcps_error *error)
{
	return mcps__fail(error, MCPS_E_PARAMS,
	                  "argument \"%s\" must %s%s, not %s", field->row->name,
	                  rule, bound, instead);
}

mcps_status mcps__field_refuse_value(const struct field *field,
                                     const char *rule, const char *bound,
                                     const struct scan *scan, uint32_t token,
                                     struct mcps_error *error)
{
	char shown[FIELD_SHOWN_SIZE];

	return mcps__field_refuse(field, rule, bound,
	                          mcps__field_shown(scan, token, shown), error);
}

/* Numbers, true, false and null are as short as any word for them. */
mcps_status mcps__field_refuse_kind(const struct field *field,
                                    const struct scan *scan, uint32_t token,
                                    struct mcps_error *error)
{
	const char *claim = mcps__field_kinds[field->row->kind].claim;

	switch ((enum scan_kind)scan->tokens[token].kind) {
	case SCAN_OBJECT:
		return mcps__field_refuse(field, "be ", claim, "an object",
		                          error);
	case SCAN_ARRAY:
		return mcps__field_refuse(field, "be ", claim, "an array",
		                          error);
	case SCAN_STRING:
		return mcps__field_refuse(field, "be ", claim, "a string",
		                          error);
	default:
		return mcps__field_refuse_value(field, "be ", claim, scan,
		                                token, error);
	}
}
