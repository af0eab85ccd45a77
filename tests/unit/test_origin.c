/* Host and Origin as tables: what stands on the wire is in
 * functional/test_wire_origin.c, this is the decision alone. */
#include "http/allow.h"
#include "http/origin.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct http_value value_of(const char *text)
{
	return (struct http_value){ text, text != NULL ? strlen(text) : 0 };
}

static bool host_is_ours(const char *const *hosts, const char *host)
{
	const struct origin_rules rules = { hosts, NULL };
	struct http_value value = value_of(host);

	return mcps__host_is_ours(&rules, &value);
}

static bool may_call(const char *const *origins, const char *origin,
                     const char *host)
{
	const struct origin_rules rules = { NULL, origins };
	struct http_value page = value_of(origin);
	struct http_value called = value_of(host);

	return mcps__origin_may_call(&rules, &page, &called);
}

static const char *const everything[] = { "*", NULL };
static const char *const nothing[] = { NULL };

/* ---- Host ---- */

START_TEST(localhost_and_addresses_are_ours)
{
	static const char *const hosts[] = {
		"localhost",        "LOCALHOST:80",      "localhost.",
		"localhost.:65535", "127.0.0.1",         "127.255.0.1:1",
		"10.0.0.1",         "255.255.255.255:8", "[::1]",
		"[::1]:80",         "[2001:db8::1]:443", "[::ffff:10.0.0.1]",
	};

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		ck_assert_msg(host_is_ours(NULL, hosts[i]), "%s", hosts[i]);
		ck_assert_msg(host_is_ours(nothing, hosts[i]), "%s", hosts[i]);
	}
}
END_TEST

START_TEST(other_names_and_what_is_no_host_are_not)
{
	static const char *const hosts[] = {
		"",
		".",
		"..",
		":",
		":80",
		"localhost:",
		"localhost:x",
		"localhost:-1",
		"localhost:123456",
		"localhost:80:80",
		"localhost..",
		" localhost",
		"localhos",
		"localhostt",
		"a.localhost",
		"localhost.a",
		"example.com",
		"1.2.3",
		"1.2.3.4.5",
		"1.2.3.256",
		"01.2.3.4.",
		"127.0.0.1.nip.io",
		"::1",
		"[::1",
		"[::1]x",
		"[::1]:x",
		"[]",
		"[",
		"]",
		"[localhost]",
		"[127.0.0.1]",
		"[::1%lo]",
		"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]",
		"user@127.0.0.1",
		"127.0.0.1/x",
		"*",
	};

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		ck_assert_msg(!host_is_ours(NULL, hosts[i]), "%s", hosts[i]);
	ck_assert(!host_is_ours(NULL, NULL));
}
END_TEST

START_TEST(listed_names_are_ours_with_any_port)
{
	static const char *const list[] = { "one.example", "two.example",
		                            NULL };

	ck_assert(host_is_ours(list, "one.example"));
	ck_assert(host_is_ours(list, "TWO.example.:443"));
	ck_assert(host_is_ours(list, "localhost"));
	ck_assert(!host_is_ours(list, "three.example"));
	ck_assert(!host_is_ours(list, "one.example.evil.test"));
	ck_assert(!host_is_ours(list, "xone.example"));
	ck_assert(!host_is_ours(list, "one.exampl"));
}
END_TEST

START_TEST(a_star_allows_any_host_even_none)
{
	ck_assert(host_is_ours(everything, "whatever you like"));
	ck_assert(host_is_ours(everything, NULL));
}
END_TEST

/* A value is as long as it says, whatever stands after it. */
START_TEST(nothing_is_read_beyond_the_value)
{
	static const char *const hosts[] = { "[::1]", "localhost:80",
		                             "127.0.0.1" };
	const struct origin_rules rules = { NULL, NULL };

	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
		for (size_t n = 0; n <= strlen(hosts[i]); n++) {
			char *exact = malloc(n + 1); /* for ASan: n bytes */
			struct http_value value = { exact, n };

			ck_assert_ptr_nonnull(exact);
			memcpy(exact, hosts[i], n);
			exact[n] = '\0';
			(void)mcps__host_is_ours(&rules, &value);
			(void)mcps__origin_may_call(&rules, &value, &value);
			free(exact);
		}
}
END_TEST

/* ---- Origin ---- */

START_TEST(who_is_no_page_may_call)
{
	ck_assert(may_call(NULL, NULL, "localhost"));
	ck_assert(may_call(NULL, NULL, NULL));
}
END_TEST

START_TEST(pages_of_this_machine_and_of_the_host_may_call)
{
	static const struct {
		const char *origin;
		const char *host;
	} rows[] = {
		{ "http://localhost", "10.0.0.1" },
		{ "https://LOCALHOST:1", "10.0.0.1" },
		{ "http://127.0.0.1:3000", "localhost" },
		{ "http://127.1.2.3", "localhost" },
		{ "http://[::1]:3000", "localhost" },
		{ "http://10.0.0.1:80", "10.0.0.1:80" },
		{ "https://Mcp.Example", "mcp.example" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(may_call(NULL, rows[i].origin, rows[i].host),
		              "%s", rows[i].origin);
}
END_TEST

START_TEST(other_pages_may_not)
{
	static const char *const origins[] = {
		"",
		"null",
		"*",
		"http:",
		"http://",
		"https://",
		"//localhost",
		"localhost",
		"http:localhost",
		"ws://localhost",
		"file://",
		"file://localhost",
		"http://localhost/",
		"http://localhost:80/",
		"http://localhost?",
		"http://localhost#",
		"http://localhost:",
		"http://localhost@evil.test",
		"http://user@localhost",
		"http://127.0.0.1.evil.test",
		"http://127.1",
		"http://[::1",
		"http://[::1].evil.test",
		"http://[::2]",
		"http://128.0.0.1",
		"http://10.0.0.1:81",
		"http://10.0.0.1",
		"http://localhost, http://evil.test",
	};

	for (size_t i = 0; i < sizeof origins / sizeof *origins; i++)
		ck_assert_msg(!may_call(NULL, origins[i], "10.0.0.1:80"), "%s",
		              origins[i]);
	ck_assert(!may_call(NULL, "http://evil.test", NULL));
}
END_TEST

START_TEST(listed_pages_may_call_by_scheme_host_and_port)
{
	static const char *const list[] = { "https://app.example",
		                            "app://thing", NULL };

	ck_assert(may_call(list, "https://app.example", "localhost"));
	ck_assert(may_call(list, "https://APP.example", "localhost"));
	ck_assert(may_call(list, "app://thing", "localhost"));
	ck_assert(!may_call(list, "http://app.example", "localhost"));
	ck_assert(!may_call(list, "https://app.example:8443", "localhost"));
	ck_assert(!may_call(list, "https://app.example.", "localhost"));
	ck_assert(
		!may_call(list, "https://app.example.evil.test", "localhost"));
	ck_assert(may_call(everything, "null", "localhost"));
}
END_TEST

/* ---- entries of the lists ---- */

static const struct {
	const char *given, *taken; /* NULL: refused */
} host_entries[] = {
	{ "demo.example.com", "demo.example.com" },
	{ "Demo.Example.COM", "demo.example.com" },
	{ "demo.example.com.", "demo.example.com" },
	{ "demo.example.com:8931", "demo.example.com" },
	{ "https://demo.example.com", "demo.example.com" },
	{ "http://demo.example.com:8931/", "demo.example.com" },
	{ "my_service", "my_service" },
	{ "[::1]:80", "[::1]" },
	{ "*", "*" },
	{ "", NULL },
	{ ".", NULL },
	{ ".example.com", NULL },
	{ "*.example.com", NULL },
	{ "demo.*", NULL },
	{ "demo.example.com/mcp", NULL },
	{ "https://demo.example.com/mcp", NULL },
	{ "demo.example.com:", NULL },
	{ "demo.example.com:99999", NULL },
	{ "demo example", NULL },
	{ "b\xc3\xbc" "cher.example", NULL },
	{ "[::1", NULL },
	{ "https://", NULL },
}, origin_entries[] = {
	{ "https://example.com", "https://example.com" },
	{ "https://example.com/", "https://example.com" },
	{ "HTTPS://Example.COM:443/", "https://example.com" },
	{ "http://example.com:80", "http://example.com" },
	{ "http://example.com:443", "http://example.com:443" },
	{ "https://example.com:8443/", "https://example.com:8443" },
	{ "http://[::1]:3000", "http://[::1]:3000" },
	{ "moz-extension://*", "moz-extension://*" },
	{ "chrome-extension://abcdef", "chrome-extension://abcdef" },
	{ "vscode-webview://*", "vscode-webview://*" },
	{ "null", "null" },
	{ "*", "*" },
	{ "", NULL },
	{ "example.com", NULL },
	{ "https://", NULL },
	{ "https://*", NULL },
	{ "https://*.example.com", NULL },
	{ "https://example.com/app", NULL },
	{ "https://example.com:0x1", NULL },
	{ "https://a b", NULL },
	{ "moz-extension://*/", NULL },
	{ "://x", NULL },
};

START_TEST(allowed_host_is_brought_into_the_form_of_headers_or_refused)
{
	char entry[64];
	struct mcps_error error = { MCPS_OK, "" };
	mcps_status status;

	strcpy(entry, host_entries[_i].given);
	status = mcps__allow_host(entry, &error);
	if (host_entries[_i].taken != NULL) {
		ck_assert_int_eq(status, MCPS_OK);
		ck_assert_str_eq(entry, host_entries[_i].taken);
	} else {
		ck_assert_int_eq(status, MCPS_E_INVAL);
		ck_assert_ptr_nonnull(
			strstr(error.text, host_entries[_i].given));
	}
}
END_TEST

START_TEST(allowed_origin_is_brought_into_the_form_of_headers_or_refused)
{
	char entry[64];
	struct mcps_error error = { MCPS_OK, "" };
	mcps_status status;

	strcpy(entry, origin_entries[_i].given);
	status = mcps__allow_origin(entry, &error);
	if (origin_entries[_i].taken != NULL) {
		ck_assert_int_eq(status, MCPS_OK);
		ck_assert_str_eq(entry, origin_entries[_i].taken);
	} else {
		ck_assert_int_eq(status, MCPS_E_INVAL);
		ck_assert_ptr_nonnull(strstr(error.text, "allowed origin"));
	}
}
END_TEST

/* An entry that is taken allows what it was meant for. */
START_TEST(taken_entries_match)
{
	for (size_t i = 0; i < sizeof host_entries / sizeof *host_entries;
	     i++) {
		const char *hosts[] = { host_entries[i].taken, NULL };

		if (hosts[0] != NULL && strcmp(hosts[0], "*") != 0)
			ck_assert_msg(host_is_ours(hosts, hosts[0]), "%s",
			              hosts[0]);
	}
	for (size_t i = 0; i < sizeof origin_entries / sizeof *origin_entries;
	     i++) {
		const char *origins[] = { origin_entries[i].taken, NULL };

		if (origins[0] != NULL && strchr(origins[0], '*') == NULL)
			ck_assert_msg(may_call(origins, origins[0], "mcp.test"),
			              "%s", origins[0]);
	}
}
END_TEST

START_TEST(scheme_of_an_extension_can_be_allowed)
{
	static const char *const origins[] = { "https://example.com",
		                               "moz-extension://*", NULL };

	ck_assert(may_call(origins, "moz-extension://0a1b-2c", "mcp.test"));
	ck_assert(may_call(origins, "Moz-Extension://x", "mcp.test"));
	ck_assert(!may_call(origins, "moz-extension://", "mcp.test"));
	ck_assert(!may_call(origins, "moz-extensions://x", "mcp.test"));
	ck_assert(!may_call(origins, "chrome-extension://x", "mcp.test"));
}
END_TEST

START_TEST(any_is_any_wherever_it_stands_in_the_list)
{
	static const char *const list[] = { "https://a.test", "*", NULL };
	static const char *const hosts[] = { "a.test", "*", NULL };

	ck_assert(may_call(list, "https://b.test", "mcp.test"));
	ck_assert(host_is_ours(hosts, "b.test"));
}
END_TEST

TEST_MAIN("origin")
{
	test_case("decisions");
	test_add(localhost_and_addresses_are_ours);
	test_add(other_names_and_what_is_no_host_are_not);
	test_add(listed_names_are_ours_with_any_port);
	test_add(a_star_allows_any_host_even_none);
	test_add(nothing_is_read_beyond_the_value);
	test_add(who_is_no_page_may_call);
	test_add(pages_of_this_machine_and_of_the_host_may_call);
	test_add(other_pages_may_not);
	test_add(listed_pages_may_call_by_scheme_host_and_port);
	test_add_loop(
		allowed_host_is_brought_into_the_form_of_headers_or_refused,
		COUNT(host_entries));
	test_add_loop(
		allowed_origin_is_brought_into_the_form_of_headers_or_refused,
		COUNT(origin_entries));
	test_add(taken_entries_match);
	test_add(scheme_of_an_extension_can_be_allowed);
	test_add(any_is_any_wherever_it_stands_in_the_list);
}
