/* Doubles to text and back, whatever locale the host has set. */
#ifndef MCPS_RPC_DECIMAL_H
#define MCPS_RPC_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

enum { DECIMAL_MOST = 32 }; /* bytes of any double as text, with its NUL */

/* The double nearest to TEXT, a JSON number; an infinity when it overflows.
 * False when TEXT is not a number to its end. */
bool mcps__decimal_read(const char *text, double *out);

/* A finite double in the fewest digits that read back equal; returns its
 * length, 0 when it cannot be written. */
size_t mcps__decimal_write(double value, char out[DECIMAL_MOST]);

#endif
