/* Options that have another name now. Their old names are refused, and the
 * refusal says the new one: what is ignored would silently be the default. */
#ifndef MCPS_APP_REMOVED_H
#define MCPS_APP_REMOVED_H

#include <stddef.h>

/* The option that has the place of NAME, as a flag without dashes; NULL: NAME
 * was never an option. */
const char *mcps__removed_successor(const char *name, size_t length);

/* The table: the old name of INDEX, or NULL behind the last one. For tests. */
const char *mcps__removed_name(size_t index);

#endif
