/* Host and Origin: what keeps a web page that somebody else made from talking
 * to a server on this machine or in this network (DNS rebinding; 2025-11-25,
 * Transports, Security Warning 1). */
#ifndef MCPS_HTTP_ORIGIN_H
#define MCPS_HTTP_ORIGIN_H

#include "http/request.h"

struct origin_rules {
	/* Host names that are ours, beside localhost and addresses; "*": all.
	 * NULL-terminated; NULL: none. */
	const char *const *hosts;
	/* Origins of web pages that may call, such as "https://example.com",
	 * beside pages from this machine and from the very host that is
	 * called; "moz-extension://" and a star: all of a scheme; "*": all.
	 * NULL-terminated; NULL: none. */
	const char *const *origins;
};

/* Whether a Host header names this server. An address cannot be rebound, so
 * each one will do; a name must be localhost or allowed. */
bool mcps__host_is_ours(const struct origin_rules *rules,
                        const struct http_value *host);

/* Whether a page of this Origin may call a server called HOST. "null" and
 * anything that is not a plain http or https origin may not. */
bool mcps__origin_may_call(const struct origin_rules *rules,
                           const struct http_value *origin,
                           const struct http_value *host);

#endif
