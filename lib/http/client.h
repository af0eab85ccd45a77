/* The client that a request comes from: the address that limits by address
 * count, and how much that address says. */
#ifndef MCPS_HTTP_CLIENT_H
#define MCPS_HTTP_CLIENT_H

#include "base/address.h"

#include <stdbool.h>

enum client_kind {
	/* The peer has an address of its own: it is one client. */
	CLIENT_REMOTE,
	/* The peer is on this machine, or has no address: it may be a proxy
	 * that speaks for many clients. */
	CLIENT_LOCAL,
	/* A trusted proxy said so. If the address is unknown, the proxy did
	 * not say it in a way that can be believed: all such clients are one.
	 */
	CLIENT_FORWARDED,
	/* The peer is a trusted proxy that names no client but proxies. */
	CLIENT_PROXY,
};

struct http_client {
	struct address address;
	enum client_kind kind;
};

/* The client is PEER, the other end of the connection. */
void mcps__client_from_peer(struct http_client *out,
                            const struct address *peer);

/* Whether the limit on sessions by address counts the client. */
bool mcps__client_limits_sessions(const struct http_client *client);

/* Whether the limit on requests by address counts the client. */
bool mcps__client_limits_requests(const struct http_client *client);

#endif
