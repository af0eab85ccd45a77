#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

enum {
	MAPPED_PREFIX = 12, /* bytes of ::ffff:0:0/96 */
	MAPPED_BITS = 8 * MAPPED_PREFIX,
};

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

bool mcps__address_is_equal(const struct address *one,
                            const struct address *other)
{
	return one->family == other->family &&
	       memcmp(one->bytes, other->bytes, sizeof one->bytes) == 0;
}

/* ---- ranges ---- */

/* Whether bits BEGIN to END of A and B are the same. */
static bool address_bits_equal(const uint8_t *a, const uint8_t *b,
                               unsigned begin, unsigned end)
{
	for (unsigned bit = begin; bit < end; bit++)
		if (((a[bit / 8] ^ b[bit / 8]) >> (7 - bit % 8) & 1) != 0)
			return false;
	return true;
}

/* The number after the slash: at most three digits. */
static bool address_prefix_parse(unsigned *bits, const char *text)
{
	size_t length = strspn(text, "0123456789");

	*bits = 0;
	if (length == 0 || length > 3 || text[length] != '\0')
		return false;
	for (; *text != '\0'; text++)
		*bits = *bits * 10 + (unsigned)(*text - '0');
	return true;
}

bool mcps__address_range_parse(struct address_range *out, const char *text)
{
	static const uint8_t zero[16];
	size_t length = strcspn(text, "/");
	char address[ADDRESS_TEXT_SIZE];
	unsigned most;

	if (length >= sizeof address)
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	if (!mcps__address_parse(&out->base, address))
		return false;
	most = out->base.family == ADDRESS_IPV4 ? 32 : 128;
	out->bits = most;
	if (text[length] == '/' &&
	    !address_prefix_parse(&out->bits, text + length + 1))
		return false;
	/* "::ffff:192.0.2.0/120" is 192.0.2.0/24. */
	if (text[length] == '/' && most == 32 && strchr(address, ':') != NULL) {
		if (out->bits < MAPPED_BITS)
			return false;
		out->bits -= MAPPED_BITS;
	}
	return out->bits <= most &&
	       address_bits_equal(out->base.bytes, zero, out->bits, most);
}

bool mcps__address_is_within(const struct address *address,
                             const struct address_range *range)
{
	return address->family == range->base.family &&
	       address_bits_equal(address->bytes, range->base.bytes, 0,
	                          range->bits);
}
