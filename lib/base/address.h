/* Network addresses of clients, without ports. */
#ifndef MCPS_BASE_ADDRESS_H
#define MCPS_BASE_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum address_family {
	ADDRESS_UNKNOWN, /* the peer cannot be named */
	ADDRESS_UNIX,    /* the peer of a Unix socket has no address */
	ADDRESS_IPV4,
	ADDRESS_IPV6,
};

/* IPv4 uses the first 4 bytes; unused bytes are zero. An IPv4 address that is
 * mapped into IPv6 is stored as IPv4. */
struct address {
	enum address_family family;
	uint8_t bytes[16];
};

enum { ADDRESS_TEXT_SIZE = 46 };

/* SOCKET_ADDRESS may be NULL. Any family but IPv4, IPv6 and Unix is unknown. */
void mcps__address_from_socket(struct address *out,
                               const struct sockaddr *socket_address);

/* Read the text form of an IPv4 or IPv6 address, without brackets, port or
 * zone. Returns false, and an unknown address, if TEXT is neither. */
bool mcps__address_parse(struct address *out, const char *text);

/* Writes "" for an address that is unknown or of a Unix socket. */
void mcps__address_format(const struct address *address,
                          char out[ADDRESS_TEXT_SIZE]);

/* 127.0.0.0/8 or ::1. */
bool mcps__address_is_loopback(const struct address *address);

bool mcps__address_is_equal(const struct address *one,
                            const struct address *other);

/* All addresses that begin with the same bits. */
struct address_range {
	struct address base; /* IPv4 or IPv6 */
	unsigned bits;
};

/* Read "192.0.2.0/24", "2001:db8::/32", or one address. Returns false if TEXT
 * is neither, or if a bit after the prefix is set. */
bool mcps__address_range_parse(struct address_range *out, const char *text);

/* A range of IPv6 holds no IPv4 address, not even ::/0. */
bool mcps__address_is_within(const struct address *address,
                             const struct address_range *range);

#endif
