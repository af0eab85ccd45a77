/* Proxies that are trusted to say which client a request comes from. */
#ifndef MCPS_HTTP_PROXIES_H
#define MCPS_HTTP_PROXIES_H

#include "base/address.h"

#include <mcps/status.h>

struct mcps_error;

struct trusted_proxies {
	struct address_range *ranges;
	size_t count;
	bool has_unix; /* peers of Unix sockets are trusted */
};

/* Whether TEXT is "unix", an address, or a range of addresses. */
bool mcps__proxy_is_valid(const char *text);

/* TEXTS is NULL-terminated, or NULL; all of them are valid. MCPS_E_NOMEM. */
MCPS_MUST_USE mcps_status mcps__proxies_init(struct trusted_proxies *proxies,
                                             const char *const *texts);
void mcps__proxies_finish(struct trusted_proxies *proxies);

/* Whether one of PROXIES (NULL: there are none) has ADDRESS. */
bool mcps__proxies_have(const struct trusted_proxies *proxies,
                        const struct address *address);

#endif
