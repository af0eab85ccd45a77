#include "session/caller.h"

#include <string.h>

enum {
	IPV4_BYTES = 4,
	IPV6_PREFIX = 8, /* one customer usually has a /64 */
	HOOKS = 0x80     /* no address family, and rarely equal digests */
};

static bool caller_is_own(const struct address *address)
{
	return (address->family == ADDRESS_IPV4 ||
	        address->family == ADDRESS_IPV6) &&
	       !mcps__address_is_loopback(address);
}

void mcps__caller_init(struct caller *out, const struct principal *principal,
                       const struct address *address)
{
	*out = (struct caller){ .is_anonymous = principal->anonymous };
	if (!principal->anonymous) {
		memcpy(out->key, principal->digest, sizeof out->key);
		return;
	}
	out->has_own_address = caller_is_own(address);
	out->key[0] = (uint8_t)address->family;
	if (address->family == ADDRESS_IPV4)
		memcpy(out->key + 1, address->bytes, IPV4_BYTES);
	else if (address->family == ADDRESS_IPV6)
		memcpy(out->key + 1, address->bytes, IPV6_PREFIX);
}

void mcps__caller_of_hooks(struct caller *out,
                           const struct principal *principal)
{
	const struct address unknown = { .family = ADDRESS_UNKNOWN };

	mcps__caller_init(out, principal, &unknown);
	out->key[0] ^= HOOKS;
}
