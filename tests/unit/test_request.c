/* The request view: headers once, by any case, without blanks around. */
#include "http/request.h"
#include "suite.h"

#include <string.h>

static struct mcps_request request;

static const char *find_other(void *connection, const char *name)
{
	ck_assert_ptr_eq(connection, &request);
	return strcmp(name, "X-Other") == 0 ? "found" : NULL;
}

static void set_up(void)
{
	request = (struct mcps_request){ .method = HTTP_POST,
		                         .method_text = "POST",
		                         .path = "/mcp" };
}

static void tear_down(void)
{
	mcps__request_finish(&request);
}

static void add(const char *name, const char *value)
{
	mcps__request_add_header(&request, name, strlen(name), value,
	                         strlen(value));
}

START_TEST(each_header_is_found_by_its_name_in_any_case)
{
	static const char *const names[] = {
#define X(name, text) text,
		HTTP_HEADER_MAP(X)
#undef X
	};

	for (int i = 0; i < HEADER_COUNT; i++) {
		char name[32];

		ck_assert_int_eq(mcps__header_find(names[i], strlen(names[i])),
		                 i);
		strcpy(name, names[i]);
		for (char *c = name; *c != '\0'; c++)
			*c = (char)(*c ^
			            ((*c | 32) >= 'a' && (*c | 32) <= 'z' ? 32
			                                                  : 0));
		ck_assert_int_eq(mcps__header_find(name, strlen(name)), i);
		ck_assert_int_eq(mcps__header_find(name, strlen(name) - 1),
		                 HEADER_COUNT);
	}
	ck_assert_int_eq(mcps__header_find("", 0), HEADER_COUNT);
	ck_assert_int_eq(mcps__header_find("Hostx", 5), HEADER_COUNT);
	ck_assert_int_eq(mcps__header_find("Hostx", 4), HEADER_HOST);
}
END_TEST

START_TEST(blanks_around_a_value_are_no_part_of_it)
{
	add("host", " \t a b \t ");
	ck_assert_uint_eq(request.headers[HEADER_HOST].length, 3);
	ck_assert_mem_eq(request.headers[HEADER_HOST].text, "a b", 3);
	ck_assert_str_eq(mcps_request_header(&request, "HOST"), "a b");
	add("Accept", "  ");
	ck_assert_uint_eq(request.headers[HEADER_ACCEPT].length, 0);
	ck_assert_ptr_nonnull(request.headers[HEADER_ACCEPT].text);
	ck_assert_ptr_null(request.repeated);
}
END_TEST

START_TEST(a_second_one_is_noted_and_not_taken)
{
	add("mcp-session-id", "first");
	ck_assert_ptr_null(request.repeated);
	add("Mcp-Session-Id", "second");
	ck_assert_str_eq(request.repeated, "Mcp-Session-Id");
	ck_assert_str_eq(request.headers[HEADER_SESSION_ID].text, "first");
}
END_TEST

START_TEST(an_empty_one_counts_as_the_first)
{
	add("Origin", "");
	add("Origin", "http://evil");
	ck_assert_str_eq(request.repeated, "Origin");
}
END_TEST

START_TEST(other_headers_are_asked_of_the_connection)
{
	ck_assert_ptr_null(mcps_request_header(&request, "X-Other"));
	request.find = find_other;
	request.connection = &request;
	ck_assert_str_eq(mcps_request_header(&request, "X-Other"), "found");
	ck_assert_ptr_null(mcps_request_header(&request, "X-None"));
	ck_assert_ptr_null(mcps_request_header(&request, "Host"));
}
END_TEST

START_TEST(a_hook_sees_method_and_path)
{
	ck_assert_str_eq(mcps_request_method(&request), "POST");
	ck_assert_str_eq(mcps_request_path(&request), "/mcp");
}
END_TEST

static const struct {
	const char *value, *token;
} bearers[] = {
	{ "Bearer abc", "abc" },    { "bearer abc", "abc" },
	{ "BEARER  \tabc", "abc" }, { "Bearer\tabc", "abc" },
	{ "Bearer abc  ", "abc" },  { "Bearer a b", "a b" },
	{ "Bearer", NULL },         { "Bearer ", NULL },
	{ "Bearer     ", NULL },    { "Bearerabc", NULL },
	{ "Basic abcdef", NULL },   { "", NULL },
};

START_TEST(a_bearer_token_is_what_follows_the_scheme)
{
	const char *token;

	add("Authorization", bearers[_i].value);
	token = mcps_request_bearer(&request);
	if (bearers[_i].token == NULL)
		ck_assert_ptr_null(token);
	else
		ck_assert_str_eq(token, bearers[_i].token);
}
END_TEST

START_TEST(without_the_header_there_is_no_token)
{
	ck_assert_ptr_null(mcps_request_bearer(&request));
}
END_TEST

START_TEST(methods_are_known_by_their_exact_names)
{
	static const struct {
		const char *text;
		enum http_method method;
	} cases[] = {
		{ "POST", HTTP_POST },     { "GET", HTTP_GET },
		{ "DELETE", HTTP_DELETE }, { "OPTIONS", HTTP_OPTIONS },
		{ "post", HTTP_OTHER },    { "POS", HTTP_OTHER },
		{ "POSTS", HTTP_OTHER },   { "", HTTP_OTHER },
		{ "HEAD", HTTP_OTHER },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_int_eq(mcps__method_find(cases[i].text),
		                 cases[i].method);
}
END_TEST

TEST_MAIN("request")
{
	test_fixture(set_up, tear_down);
	test_add(each_header_is_found_by_its_name_in_any_case);
	test_add(blanks_around_a_value_are_no_part_of_it);
	test_add(a_second_one_is_noted_and_not_taken);
	test_add(an_empty_one_counts_as_the_first);
	test_add(other_headers_are_asked_of_the_connection);
	test_add(a_hook_sees_method_and_path);
	test_add_loop(a_bearer_token_is_what_follows_the_scheme,
	              COUNT(bearers));
	test_add(without_the_header_there_is_no_token);
	test_add(methods_are_known_by_their_exact_names);
}
