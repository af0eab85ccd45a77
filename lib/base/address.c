#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum { MAPPED_PREFIX = 12 }; /* bytes of ::ffff:0:0/96 */

static void address_set_ipv6(struct address *out, const uint8_t bytes[16])
{
	static const uint8_t mapped[MAPPED_PREFIX] = { [10] = 0xff, 0xff };

	if (memcmp(bytes, mapped, sizeof mapped) == 0) {
		out->family = ADDRESS_IPV4;
		memcpy(out->bytes, bytes + sizeof mapped, 4);
		return;
	}
	out->family = ADDRESS_IPV6;
	memcpy(out->bytes, bytes, sizeof out->bytes);
}

void mcps__address_from_socket(struct address *out,
                               const struct sockaddr *socket_address)
{
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;

	*out = (struct address){ .family = ADDRESS_UNKNOWN };
	if (socket_address == NULL)
		return;
	switch (socket_address->sa_family) {
	case AF_UNIX:
		out->family = ADDRESS_UNIX;
		break;
	case AF_INET:
		memcpy(&ipv4, socket_address, sizeof ipv4);
		out->family = ADDRESS_IPV4;
		memcpy(out->bytes, &ipv4.sin_addr, sizeof ipv4.sin_addr);
		break;
	case AF_INET6:
		memcpy(&ipv6, socket_address, sizeof ipv6);
		address_set_ipv6(out, ipv6.sin6_addr.s6_addr);
		break;
	default:
		break;
	}
}

bool mcps__address_parse(struct address *out, const char *text)
{
	uint8_t bytes[16];

	*out = (struct address){ .family = ADDRESS_UNKNOWN };
	if (inet_pton(AF_INET, text, bytes) == 1) {
		out->family = ADDRESS_IPV4;
		memcpy(out->bytes, bytes, 4);
		return true;
	}
	if (inet_pton(AF_INET6, text, bytes) != 1)
		return false;
	address_set_ipv6(out, bytes);
	return true;
}

void mcps__address_format(const struct address *address,
                          char out[ADDRESS_TEXT_SIZE])
{
	int family = address->family == ADDRESS_IPV4 ? AF_INET : AF_INET6;

	out[0] = '\0';
	if (address->family == ADDRESS_IPV4 || address->family == ADDRESS_IPV6)
		(void)inet_ntop(family, address->bytes, out, ADDRESS_TEXT_SIZE);
}

bool mcps__address_is_loopback(const struct address *address)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	if (address->family == ADDRESS_IPV4)
		return address->bytes[0] == 127;
	return address->family == ADDRESS_IPV6 &&
	       memcmp(address->bytes, loopback, sizeof loopback) == 0;
}
