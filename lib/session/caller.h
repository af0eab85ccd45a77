/* The unit that bounds count: one caller. An identified caller is one wherever
 * it calls from. Anonymous callers are told apart by their address, those of
 * one IPv6 /64 being one; those without an address are one together. */
#ifndef MCPS_SESSION_CALLER_H
#define MCPS_SESSION_CALLER_H

#include "base/address.h"
#include "session/principal.h"

struct caller {
	uint8_t key[MCPS_PRINCIPAL_DIGEST_SIZE]; /* equal: the same caller */
	bool is_anonymous;
	/* Anonymous, and its address is its own: not a loopback address or a
	 * Unix socket, which a proxy may use for all of its clients. */
	bool has_own_address;
};

/* ADDRESS is the client's; it counts only if PRINCIPAL is anonymous. */
void mcps__caller_init(struct caller *out, const struct principal *principal,
                       const struct address *address);

/* The owner of the session hooks of PRINCIPAL in the eyes of the executor:
 * another caller than the one of its calls, or a hook would wait while those
 * hold all the workers they may. Hooks of anonymous callers have one owner
 * together. */
void mcps__caller_of_hooks(struct caller *out,
                           const struct principal *principal);

#endif
