/* Addresses of clients, and which of them are one caller. */
#include "base/address.h"
#include "session/caller.h"
#include "suite.h"

#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct address parse(const char *text)
{
	struct address address;

	ck_assert_msg(mcps__address_parse(&address, text), "%s", text);
	return address;
}

static const struct {
	const char *given, *written;
	enum address_family family;
	bool is_loopback;
} addresses[] = {
	{ "192.0.2.7", "192.0.2.7", ADDRESS_IPV4, false },
	{ "127.9.8.7", "127.9.8.7", ADDRESS_IPV4, true },
	{ "::ffff:192.0.2.7", "192.0.2.7", ADDRESS_IPV4, false },
	{ "::ffff:127.0.0.1", "127.0.0.1", ADDRESS_IPV4, true },
	{ "::1", "::1", ADDRESS_IPV6, true },
	{ "2001:DB8:0:0::5", "2001:db8::5", ADDRESS_IPV6, false },
	{ "::", "::", ADDRESS_IPV6, false },
};

START_TEST(text_of_an_address_is_read_and_written)
{
	struct address address = parse(addresses[_i].given);
	char text[ADDRESS_TEXT_SIZE];

	ck_assert_int_eq(address.family, addresses[_i].family);
	mcps__address_format(&address, text);
	ck_assert_str_eq(text, addresses[_i].written);
	ck_assert(mcps__address_is_loopback(&address) ==
	          addresses[_i].is_loopback);
}
END_TEST

static const char *const no_addresses[] = {
	"",      "localhost",     "192.0.2",     "192.0.2.7:80",
	"[::1]", "fe80::1%eth0",  "192.0.2.256", "1.2.3.4 ",
	"::g",   "192.0.2.007.1", "0x7f.0.0.1",  "2001:db8",
};

START_TEST(text_that_is_no_address_is_refused)
{
	struct address address;

	ck_assert(!mcps__address_parse(&address, no_addresses[_i]));
	ck_assert_int_eq(address.family, ADDRESS_UNKNOWN);
}
END_TEST

START_TEST(socket_addresses_are_read)
{
	struct sockaddr_in ipv4 = { .sin_family = AF_INET };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6 };
	struct sockaddr_un local = { .sun_family = AF_UNIX };
	struct address address, wanted;

	ipv4.sin_addr.s_addr = htonl(0xc0000207);
	mcps__address_from_socket(&address, (struct sockaddr *)&ipv4);
	wanted = parse("192.0.2.7");
	ck_assert_mem_eq(&address, &wanted, sizeof wanted);

	ipv6.sin6_addr = in6addr_loopback;
	mcps__address_from_socket(&address, (struct sockaddr *)&ipv6);
	wanted = parse("::1");
	ck_assert_mem_eq(&address, &wanted, sizeof wanted);

	mcps__address_from_socket(&address, (struct sockaddr *)&local);
	ck_assert_int_eq(address.family, ADDRESS_UNIX);
	mcps__address_from_socket(&address, NULL);
	ck_assert_int_eq(address.family, ADDRESS_UNKNOWN);
}
END_TEST

static struct caller anonymous_at(const char *text)
{
	struct principal *principal = mcps__principal_anonymous();
	struct address address = parse(text);
	struct caller caller;

	mcps__caller_init(&caller, principal, &address);
	mcps__principal_unref(principal);
	return caller;
}

static const struct {
	const char *one, *other;
	bool is_same;
} pairs[] = {
	{ "192.0.2.7", "192.0.2.7", true },
	{ "192.0.2.7", "::ffff:192.0.2.7", true },
	{ "192.0.2.7", "192.0.2.8", false },
	{ "2001:db8:1:2::5", "2001:db8:1:2:ffff::9", true },
	{ "2001:db8:1:2::5", "2001:db8:1:3::5", false },
	{ "192.0.2.7", "c000:207::", false },
};

START_TEST(anonymous_callers_are_told_apart_by_address)
{
	struct caller one = anonymous_at(pairs[_i].one);
	struct caller other = anonymous_at(pairs[_i].other);

	ck_assert(one.is_anonymous);
	ck_assert((memcmp(one.key, other.key, sizeof one.key) == 0) ==
	          pairs[_i].is_same);
}
END_TEST

START_TEST(identified_caller_is_one_at_any_address)
{
	struct principal *ann = mcps__principal_new("issuer", "ann");
	struct address here = parse("192.0.2.7"), there = parse("::1");
	struct caller one, other;

	mcps__caller_init(&one, ann, &here);
	mcps__caller_init(&other, ann, &there);
	mcps__principal_unref(ann);
	ck_assert(!one.is_anonymous);
	ck_assert_mem_eq(one.key, other.key, sizeof one.key);
}
END_TEST

/* ---- ranges ---- */

static const struct {
	const char *range, *address;
	bool is_within;
} members[] = {
	{ "192.0.2.7", "192.0.2.7", true },
	{ "192.0.2.7", "192.0.2.6", false },
	{ "192.0.2.7/32", "192.0.2.7", true },
	{ "192.0.2.0/24", "192.0.2.255", true },
	{ "192.0.2.0/24", "192.0.3.0", false },
	{ "192.0.2.128/25", "192.0.2.127", false },
	{ "10.0.0.0/8", "10.255.255.255", true },
	{ "10.0.0.0/8", "11.0.0.0", false },
	{ "0.0.0.0/0", "203.0.113.9", true },
	{ "0.0.0.0/0", "2001:db8::1", false },
	{ "::/0", "2001:db8::1", true },
	{ "::/0", "192.0.2.7", false },
	{ "2001:db8::/32", "2001:db8:ffff::1", true },
	{ "2001:db8::/32", "2001:db9::1", false },
	{ "2001:db8::1", "2001:db8::1", true },
	{ "2001:db8::1", "2001:db8::2", false },
	{ "192.0.2.0/24", "::ffff:192.0.2.9", true },
	{ "::ffff:192.0.2.0/120", "192.0.2.9", true },
	{ "::ffff:192.0.2.0/120", "192.0.3.9", false },
	{ "192.0.2.0/24", "c000:200::", false },
};

START_TEST(range_holds_addresses_that_begin_like_it)
{
	struct address address = parse(members[_i].address);
	struct address_range range;

	ck_assert(mcps__address_range_parse(&range, members[_i].range));
	ck_assert_int_eq(mcps__address_is_within(&address, &range),
	                 members[_i].is_within);
}
END_TEST

static const char *const no_ranges[] = {
	"",
	"/",
	"/8",
	"10.0.0.0/",
	"10.0.0.0/33",
	"10.0.0.0/-1",
	"10.0.0.0/+8",
	"10.0.0.0/8 ",
	" 10.0.0.0/8",
	"10.0.0.0/08x",
	"10.0.0.0/0008",
	"10.0.0.0/4294967304",
	"10.0.0.0/8/8",
	"10.0.0.1/8", /* a bit after the prefix is set */
	"10/8",
	"2001:db8::/129",
	"2001:db8::1/64",
	"[2001:db8::]/32",
	"::ffff:192.0.2.0/95",
	"::ffff:192.0.2.1/120",
	"localhost",
	"unix",
};

START_TEST(text_that_is_no_range_is_refused)
{
	struct address_range range;

	ck_assert(!mcps__address_range_parse(&range, no_ranges[_i]));
}
END_TEST

TEST_MAIN("address")
{
	if (sodium_init() < 0)
		abort();
	test_case("addresses and callers");
	test_add_loop(text_of_an_address_is_read_and_written, COUNT(addresses));
	test_add_loop(text_that_is_no_address_is_refused, COUNT(no_addresses));
	test_add(socket_addresses_are_read);
	test_add_loop(anonymous_callers_are_told_apart_by_address,
	              COUNT(pairs));
	test_add(identified_caller_is_one_at_any_address);
	test_add_loop(range_holds_addresses_that_begin_like_it, COUNT(members));
	test_add_loop(text_that_is_no_range_is_refused, COUNT(no_ranges));
}
