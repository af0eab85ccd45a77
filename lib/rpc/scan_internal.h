/* What the files of the scanner share: the state of one pass, and the escapes
 * that the pass checks and the readers decode. */
#ifndef MCPS_RPC_SCAN_INTERNAL_H
#define MCPS_RPC_SCAN_INTERNAL_H

#include "rpc/scan.h"

/* Trees are built, and json-c frees them, by recursion: no limit that the
 * host sets may let a body reach the end of the stack. */
enum { SCAN_DEPTH_MOST = 256 };

struct pass {
	struct scan *scan;
	const char *at; /* the byte to look at next */
	const char *end;
	uint32_t open;  /* token of the innermost open container */
	uint32_t depth; /* open containers */
	struct scan_limits limits;
	mcps_status status; /* of the first failure */
	struct mcps_error *error;
};

/* Make the scan an empty one of TEXT; memory of an earlier run is kept. */
void mcps__table_start(struct scan *scan, const char *text, size_t length);
/* Double the table; false when there is no memory. */
bool mcps__table_grow(struct scan *scan);

/* Refuse the text: WHAT is wrong at the byte AT. Always false. */
bool mcps__pass_refuse(struct pass *pass, const char *at, const char *what);

/* Check the string or number that starts at pass->at (a string behind its
 * quote) and stand behind it; false when it was refused. */
bool mcps__pass_string(struct pass *pass, uint8_t *flags);
bool mcps__pass_number(struct pass *pass, enum scan_kind *kind);

/* A key of the object at token OBJECT that repeats an earlier one, the first
 * such in the text, or SCAN_NONE. The object's members are all there. */
uint32_t mcps__scan_repeated(struct scan *scan, uint32_t object);

/* Bytes of the escape whose backslash is at AT (of both, when they are a pair
 * of surrogates) and its CODE point; 0 when it is wrong, with CODE then being
 * the surrogate that stands alone, if that is why. */
size_t mcps__escape_read(const char *at, const char *end, uint32_t *code);

/* Order of two string tokens of one scan by their decoded bytes, as memcmp's;
 * and whether one equals LENGTH bytes of TEXT. */
int mcps__scan_order(const struct scan *scan, uint32_t left, uint32_t right);
bool mcps__scan_is(const struct scan *scan, uint32_t token, const char *text,
                   size_t length);

/* The value of an integer number token without its sign, exactly; false when
 * it is none or above MOST. */
bool mcps__scan_magnitude(const struct scan *scan, uint32_t token,
                          uint64_t most, uint64_t *out);

#endif
