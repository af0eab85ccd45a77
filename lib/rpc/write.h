/* Writing JSON into a buffer without building objects. */
#ifndef MCPS_RPC_WRITE_H
#define MCPS_RPC_WRITE_H

#include "base/buffer.h"

struct json_object;

/* Append TEXT as a JSON string with its quotes, on one line. Bytes that are
 * not UTF-8 become U+FFFD: what we send is always valid. "/" is not escaped. */
void mcps__write_string(struct buffer *buffer, const char *text, size_t length);

/* Append a number in its shortest form that reads back equal; NaN and the
 * infinities, which JSON does not have, become null. */
void mcps__write_double(struct buffer *buffer, double value);

/* Append VALUE on one line; NULL is JSON's null. */
void mcps__write_tree(struct buffer *buffer, struct json_object *value);

/* Append bytes as base64 (RFC 4648, section 4, with padding). */
void mcps__write_base64(struct buffer *buffer, const void *bytes,
                        size_t length);

#endif
