/* Content-Type and Accept. */
#ifndef MCPS_HTTP_MEDIA_H
#define MCPS_HTTP_MEDIA_H

#include "http/request.h"

/* application/json, with whatever parameters. */
bool mcps__is_json(const struct http_value *content_type);

/* Whether Accept allows TYPE ("application/json"): named, or by a wildcard,
 * or because there is no Accept at all; q=0 forbids (RFC 9110, 12.5.1). */
bool mcps__accepts(const struct http_value *accept, const char *type);

#endif
