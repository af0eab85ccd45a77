/* Which client a request comes from: what trusted proxies say counts, and only
 * that. */
#include "http/request.h"
#include "suite.h"

#include <mcps/auth.h>
#include <string.h>

static const char *const proxy_texts[] = { "10.0.0.0/8", "2001:db8:f::/48",
	                                   "unix", NULL };
static struct trusted_proxies proxies;
static struct mcps_request request;

static void set_up(void)
{
	ck_assert_int_eq(mcps__proxies_init(&proxies, proxy_texts), MCPS_OK);
}

static void tear_down(void)
{
	mcps__proxies_finish(&proxies);
}

/* A request from PEER; each line of HEADERS ends with a line feed. */
static void receive(const char *peer, const char *headers)
{
	request = (struct mcps_request){ .method = HTTP_POST };
	mcps__forwarded_node(&request.peer, peer, strlen(peer));
	mcps__forwarded_begin(&request.forwarded, &proxies, &request.peer);
	while (*headers != '\0') {
		size_t line = strcspn(headers, "\n");
		size_t name = strcspn(headers, ":");

		mcps__request_add_header(&request, headers, name,
		                         headers + name + 1, line - name - 1);
		headers += line + 1;
	}
	mcps__request_finish(&request);
}

static void check_client(const char *address, enum client_kind kind)
{
	struct http_client client;
	char text[ADDRESS_TEXT_SIZE];

	mcps__request_client(&request, &client);
	mcps__address_format(&client.address, text);
	ck_assert_str_eq(text, address);
	ck_assert_int_eq(client.kind, kind);
	ck_assert_str_eq(mcps_request_peer(&request), address);
}

#define F "Forwarded: "
#define X "X-Forwarded-For: "

/* ---- peers ---- */

static const struct {
	const char *peer, *address;
	enum client_kind kind;
} peers[] = {
	{ "203.0.113.9", "203.0.113.9", CLIENT_REMOTE },
	{ "2001:db8::9", "2001:db8::9", CLIENT_REMOTE },
	{ "127.0.0.1", "127.0.0.1", CLIENT_LOCAL },
	{ "::1", "::1", CLIENT_LOCAL },
	{ "", "", CLIENT_LOCAL },
};

/* Not a byte of their headers is looked at. */
START_TEST(headers_of_a_peer_that_is_not_trusted_are_ignored)
{
	static const char *const headers[] = {
		"", X "198.51.100.1\n", F "for=198.51.100.1\n",
		F "\"\n" X ",,,\n", X "198.51.100.1\n" X "198.51.100.2\n"
	};

	for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
		receive(peers[_i].peer, headers[i]);
		check_client(peers[_i].address, peers[_i].kind);
	}
}
END_TEST

/* ---- what trusted proxies say ---- */

static const struct {
	const char *headers, *address;
	enum client_kind kind;
} rows[] = {
	/* Nothing: the proxy speaks for somebody, or asks by itself. */
	{ "", "10.1.1.1", CLIENT_PROXY },
	{ "Accept: */*\n", "10.1.1.1", CLIENT_PROXY },
	{ X "\n", "10.1.1.1", CLIENT_PROXY },
	{ X " , ,\t,\n", "10.1.1.1", CLIENT_PROXY },
	{ F "\n", "10.1.1.1", CLIENT_PROXY },
	{ F " , ,\n", "10.1.1.1", CLIENT_PROXY },

	/* X-Forwarded-For. */
	{ X "203.0.113.9\n", "203.0.113.9", CLIENT_FORWARDED },
	{ "x-forwarded-FOR:203.0.113.9\n", "203.0.113.9", CLIENT_FORWARDED },
	{ X "\t203.0.113.9 \t\n", "203.0.113.9", CLIENT_FORWARDED },
	{ X "203.0.113.9:51000\n", "203.0.113.9", CLIENT_FORWARDED },
	{ X "2001:db8::9\n", "2001:db8::9", CLIENT_FORWARDED },
	{ X "[2001:db8::9]\n", "2001:db8::9", CLIENT_FORWARDED },
	{ X "[2001:db8::9]:443\n", "2001:db8::9", CLIENT_FORWARDED },
	{ X "::ffff:203.0.113.9\n", "203.0.113.9", CLIENT_FORWARDED },
	{ X "127.0.0.1\n", "127.0.0.1", CLIENT_FORWARDED },
	/* Chains: the last one that is not a proxy. */
	{ X "198.51.100.1, 203.0.113.9\n", "203.0.113.9", CLIENT_FORWARDED },
	{ X "198.51.100.1,203.0.113.9, 10.2.2.2\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	{ X "203.0.113.9, 10.2.2.2, 2001:db8:f::1, unix:\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	{ X "203.0.113.9, , 10.2.2.2,\n", "203.0.113.9", CLIENT_FORWARDED },
	{ X "10.3.3.3, 203.0.113.9, 10.2.2.2\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	{ X "10.3.3.3\n", "10.3.3.3", CLIENT_PROXY },
	{ X "10.3.3.3, 10.2.2.2\n", "10.3.3.3", CLIENT_PROXY },
	/* Text before the proxy's own entry is the client's and is ignored. */
	{ X "garbage, 203.0.113.9\n", "203.0.113.9", CLIENT_FORWARDED },
	{ X "\", 203.0.113.9\n", "203.0.113.9", CLIENT_FORWARDED },
	{ X "unknown, 203.0.113.9, 10.2.2.2\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	/* Repeated: one list. */
	{ X "198.51.100.1\n" X "203.0.113.9\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	{ X "203.0.113.9\nAccept: */*\n" X "10.2.2.2\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	{ X "10.3.3.3\n" X "10.2.2.2\n", "10.3.3.3", CLIENT_PROXY },

	/* Forwarded. */
	{ F "for=203.0.113.9\n", "203.0.113.9", CLIENT_FORWARDED },
	{ F "For=203.0.113.9;proto=https;by=10.1.1.1;host=x\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	{ F "proto=https;for=203.0.113.9\n", "203.0.113.9", CLIENT_FORWARDED },
	{ F "for=\"203.0.113.9:51000\"\n", "203.0.113.9", CLIENT_FORWARDED },
	{ F "for=\"[2001:db8::9]:4711\"\n", "2001:db8::9", CLIENT_FORWARDED },
	{ F "for=\"[2001:db8::9]:_port\"\n", "2001:db8::9", CLIENT_FORWARDED },
	{ F "for=\"\\[2001:db8::\\9]\"\n", "2001:db8::9", CLIENT_FORWARDED },
	{ F ";for=203.0.113.9;;\n", "203.0.113.9", CLIENT_FORWARDED },
	{ F "for=203.0.113.9 ; proto=http\n", "203.0.113.9", CLIENT_FORWARDED },
	/* Not quoted although it should be. */
	{ F "for=[2001:db8::9]:4711\n", "2001:db8::9", CLIENT_FORWARDED },
	{ F "for=203.0.113.9:51000\n", "203.0.113.9", CLIENT_FORWARDED },
	/* Chains. */
	{ F "for=198.51.100.1, for=203.0.113.9\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	{ F "for=203.0.113.9,for=\"10.2.2.2\";by=10.1.1.1\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	{ F "for=198.51.100.1\n" F "for=203.0.113.9\n" F "for=10.2.2.2\n",
	  "203.0.113.9", CLIENT_FORWARDED },
	{ F "for=10.3.3.3, for=10.2.2.2\n", "10.3.3.3", CLIENT_PROXY },
	{ F "for=\"a,b\", for=203.0.113.9\n", "203.0.113.9", CLIENT_FORWARDED },
	{ F "for=x;secret=\"a,b;c\\\"\", for=203.0.113.9\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	/* A garbled line ends at its own end. */
	{ F "for=\"198.51.100.1\n" F "for=203.0.113.9\n", "203.0.113.9",
	  CLIENT_FORWARDED },

	/* Both: they must agree. */
	{ F "for=203.0.113.9\n" X "203.0.113.9\n", "203.0.113.9",
	  CLIENT_FORWARDED },
	{ X "198.51.100.1, 203.0.113.9, 10.2.2.2\n" F "for=203.0.113.9\n",
	  "203.0.113.9", CLIENT_FORWARDED },
	{ F "for=10.2.2.2\n" X "10.3.3.3\n", "10.2.2.2", CLIENT_PROXY },
	{ F "\n" X "203.0.113.9\n", "203.0.113.9", CLIENT_FORWARDED },
	{ F "for=203.0.113.9\n" X ",\n", "203.0.113.9", CLIENT_FORWARDED },
};

START_TEST(trusted_proxies_name_the_client)
{
	receive("10.1.1.1", rows[_i].headers);
	check_client(rows[_i].address, rows[_i].kind);
}
END_TEST

/* Each names a client whose address cannot be read. */
static const char *const hidden[] = {
	/* X-Forwarded-For: the last entry is no address. */
	X "unknown\n",
	X "198.51.100.1, unknown\n",
	X "198.51.100.1, unknown, 10.2.2.2\n",
	X "_hidden\n",
	X "203.0.113.009\n",
	X "203.0.113\n",
	X "203.0.113.9 203.0.113.8\n",
	X "203.0.113.9:\n",
	X "203.0.113.9:8/\n",
	X "[203.0.113.9]\n",
	X "[2001:db8::9\n",
	X "[2001:db8::9]x\n",
	X "fe80::1%eth0\n",
	X "localhost\n",
	X "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaa\n",
	/* Forwarded: the last entry has no address. */
	F "for=unknown\n",
	F "for=198.51.100.1, for=_hidden\n",
	F "for=\"_a\\,b\"\n",
	F "proto=https\n",
	F "for=\n",
	F "for=203.0.113.9;for=203.0.113.8\n",
	F "for=\"\"\n",
	/* A garbled entry may have swallowed the proxy's own. */
	F "203.0.113.9\n",
	F "for = 203.0.113.9\n",
	F "for=\"203.0.113.9\n",
	F "for=\"198.51.100.1, for=203.0.113.9\n",
	F "for=198.51.100.1;x=\", for=\"[2001:db8::9]\"\n",
	F "for=\"198.51.100.1\\\n",
	F "=, for=203.0.113.9\n",
	F "for=203.0.113.9 x\n",
	/* Both headers: they disagree, or neither has one. */
	F "for=198.51.100.1\n" X "203.0.113.9\n",
	F "for=203.0.113.9\n" X "garbage\n",
	F "\"\n" X "203.0.113.9\n",
	F "for=10.2.2.2\n" X "203.0.113.9\n",
	F "for=203.0.113.9\n" X "10.2.2.2\n",
	F "for=unknown\n" X "unknown\n",
};

START_TEST(client_of_a_proxy_that_names_no_address_has_none)
{
	receive("10.1.1.1", hidden[_i]);
	check_client("", CLIENT_FORWARDED);
}
END_TEST

START_TEST(peers_of_unix_sockets_may_be_trusted)
{
	receive("unix", X "203.0.113.9\n");
	check_client("203.0.113.9", CLIENT_FORWARDED);
	receive("unix", "");
	check_client("", CLIENT_PROXY);
	proxies.has_unix = false;
	receive("unix", X "203.0.113.9\n");
	check_client("", CLIENT_LOCAL);
	/* A client may not pass for a proxy on a socket, either. */
	receive("10.1.1.1", X "203.0.113.9, unix:\n");
	check_client("", CLIENT_FORWARDED);
}
END_TEST

/* ---- whom limits by address count ---- */

static const struct {
	const char *peer, *headers;
	bool limits_sessions, limits_requests;
} limits[] = {
	{ "203.0.113.9", "", true, true },
	{ "127.0.0.1", "", false, true },
	{ "", "", false, false },
	{ "10.1.1.1", "", false, false },
	{ "10.1.1.1", X "10.2.2.2\n", false, false },
	{ "10.1.1.1", X "203.0.113.9\n", true, true },
	{ "10.1.1.1", X "127.0.0.1\n", true, true },
	{ "10.1.1.1", X "unknown\n", true, true },
	{ "unix", F "for=unknown\n", true, true },
	{ "unix", "", false, false },
};

START_TEST(limits_by_address_count_those_who_may_be_told_apart)
{
	struct http_client client;

	receive(limits[_i].peer, limits[_i].headers);
	mcps__request_client(&request, &client);
	ck_assert_int_eq(mcps__client_limits_sessions(&client),
	                 limits[_i].limits_sessions);
	ck_assert_int_eq(mcps__client_limits_requests(&client),
	                 limits[_i].limits_requests);
}
END_TEST

TEST_MAIN("forwarded")
{
	test_fixture(set_up, tear_down);
	test_add_loop(headers_of_a_peer_that_is_not_trusted_are_ignored,
	              COUNT(peers));
	test_add_loop(trusted_proxies_name_the_client, COUNT(rows));
	test_add_loop(client_of_a_proxy_that_names_no_address_has_none,
	              COUNT(hidden));
	test_add(peers_of_unix_sockets_may_be_trusted);
	test_add_loop(limits_by_address_count_those_who_may_be_told_apart,
	              COUNT(limits));
}
