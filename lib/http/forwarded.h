/* The client's address as trusted proxies forward it: Forwarded (RFC 7239) and
 * X-Forwarded-For.
 *
 * Each proxy appends the address that it was called from, so these headers are
 * believed from the right end: the client is the last element that is not a
 * trusted proxy. Elements before it were sent by the client and
 * count for nothing. The lines of a repeated header are one list.
 *
 * An element that is no address ("unknown", "_hidden", garbage) may be the
 * client, too: then its address is unknown. The same holds if both headers
 * are there and name different clients: the proxy sets one of them, and the
 * other one is passed on as the client sent it. */
#ifndef MCPS_HTTP_FORWARDED_H
#define MCPS_HTTP_FORWARDED_H

#include "http/client.h"
#include "http/proxies.h"

/* clang-format off */
#define FORWARDED_HEADER_MAP(X)                  \
	X(FORWARDED,       "Forwarded")          \
	X(X_FORWARDED_FOR, "X-Forwarded-For")
/* clang-format on */

enum forwarded_header {
#define X(name, text) FORWARDED_HEADER_##name,
	FORWARDED_HEADER_MAP(X)
#undef X
		FORWARDED_HEADER_COUNT
};

/* The elements of one header that were read so far. */
struct forwarded_chain {
	bool is_there;         /* it has an element */
	bool has_client;       /* one of them is not a trusted proxy */
	struct address client; /* the last such element; without one the
	                        * first proxy */
};

struct forwarded {
	const struct trusted_proxies *proxies; /* NULL: nothing is believed */
	struct forwarded_chain chains[FORWARDED_HEADER_COUNT];
};

/* PEER is the other end of the connection. Only a peer that is one of PROXIES
 * is believed. */
void mcps__forwarded_begin(struct forwarded *forwarded,
                           const struct trusted_proxies *proxies,
                           const struct address *peer);

/* Which of the headers NAME is; FORWARDED_HEADER_COUNT: none of them. */
enum forwarded_header mcps__forwarded_find(const char *name, size_t length);

/* Take in one line of a header, in the order of the lines. */
void mcps__forwarded_add(struct forwarded *forwarded,
                         enum forwarded_header header, const char *value,
                         size_t length);

/* The client of a request from PEER. */
void mcps__forwarded_client(const struct forwarded *forwarded,
                            const struct address *peer,
                            struct http_client *out);

/* Read an address as proxies write it: IPv4 or IPv6, IPv6 perhaps in brackets,
 * both perhaps with a port, which is dropped; "unix" or "unix:". Anything else
 * is an unknown address. */
void mcps__forwarded_node(struct address *out, const char *text, size_t length);

#endif
