/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above
 * U+10FFFF. */
#ifndef MCPS_RPC_UTF8_H
#define MCPS_RPC_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { UTF8_MOST = 4 }; /* bytes of the longest sequence */

/* Bytes of the well-formed sequence at TEXT, which is before END; 0 when
 * there is none. */
size_t mcps__utf8_length(const char *text, const char *end);

/* Write a code point (no surrogate) into OUT; returns its bytes. */
size_t mcps__utf8_encode(uint32_t code, char out[UTF8_MOST]);

#endif
