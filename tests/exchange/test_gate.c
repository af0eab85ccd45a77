/* What is refused by the headers alone, before a byte of the body is kept and
 * before the store is asked anything. */
#include "exchange/case_harness.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define JSON "Content-Type: application/json\n"

static void set_up(void)
{
	harness_init(&harness,
	             &(const struct harness_options){ .max_body = 1000 });
}

/* Refused, and nobody was bothered. */
static struct answer refused(const struct request *request, int status)
{
	unsigned before = store_double_total(&harness.store);
	struct answer answer = harness_exchange(&harness, request);

	ck_assert_int_eq(answer.status, status);
	ck_assert_int_eq(answer.kind, PLAN_JSON);
	ck_assert_str_eq(answer.session_id, "");
	ck_assert_ptr_null(strstr(answer.body, "\"id\""));
	if (status != 404)
		ck_assert_ptr_nonnull(
			strstr(answer.body, "\"jsonrpc\":\"2.0\""));
	ck_assert_uint_eq(store_double_total(&harness.store), before);
	return answer;
}

#define REFUSED(status, ...) \
	refused(&(const struct request){ __VA_ARGS__ }, (status))

/* ---- framing ------------------------------------------------------------- */

static const char *const twofold[] = {
	"Host: a\nhost: b\n",
	"Origin: http://a\nOrigin: http://a\n",
	"Authorization: Bearer alice\n", /* beside the caller's own */
	"Content-Type: application/json\n",
	"Mcp-Session-Id: a\nMCP-SESSION-ID: b\n",
	"MCP-Protocol-Version: 2025-06-18\nMCP-Protocol-Version: 2025-06-18\n",
	"Content-Length: 5\nContent-Length: 6\n",
	"Last-Event-ID: 1\nLast-Event-ID: 2\n",
	"Content-Length: 5\nTransfer-Encoding: chunked\n",
	"Transfer-Encoding: gzip, chunked\n",
	"Transfer-Encoding: xchunked\n",
	"Transfer-Encoding: \n",
};

START_TEST(what_can_be_read_in_two_ways_is_400_and_ends_the_connection)
{
	struct answer answer =
		REFUSED(400, .caller = "alice", .headers = twofold[_i],
	                .body = INITIALIZE(1, "2025-06-18"));

	ck_assert(answer.close);
}
END_TEST

START_TEST(chunked_alone_is_fine_in_any_case)
{
	struct answer answer =
		EXCHANGE(&harness, .caller = "alice",
	                 .headers = "Transfer-Encoding: Chunked\n",
	                 .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_int_eq(answer.status, 200);
}
END_TEST

START_TEST(other_headers_may_stand_twice)
{
	struct answer answer =
		EXCHANGE(&harness, .caller = "alice",
	                 .headers = "X-Forwarded-For: a\nX-Forwarded-For: b\n",
	                 .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_int_eq(answer.status, 200);
}
END_TEST

/* ---- path and method ----------------------------------------------------- */

START_TEST(another_path_is_404_and_not_that_of_a_session)
{
	static const char *const paths[] = { "/",
		                             "/mcp//",
		                             "/MCP",
		                             "/mcp%00x",
		                             "/mcpx",
		                             "//mcp",
		                             "http://localhost/mcp",
		                             "" };
	struct answer answer =
		REFUSED(404, .path = paths[_i], .caller = "alice",
	                .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_ptr_null(strstr(answer.body, "-32001"));
	ck_assert_ptr_null(strstr(answer.body, "mcp_session_terminated"));
}
END_TEST

/* Clients that were refused with 401 look for an authorization server, and
 * read the body of this 404 as an OAuth error. */
START_TEST(another_path_is_told_the_endpoint_and_the_header_it_expects)
{
	struct answer answer = REFUSED(404, .path = "/register", .body = "{}");

	ck_assert_str_eq(
		answer.body,
		"{\"error\":\"not_found\",\"error_description\":"
		"\"There is nothing here. The MCP endpoint is /mcp. It "
		"expects the header Authorization: Bearer TOKEN, with a "
		"token that its operator issued.\"}");
	harness.options.is_anonymous = true;
	harness_restart(&harness, KEEP_NOTHING);
	answer = REFUSED(404, .method = "GET",
	                 .path = "/.well-known/oauth-protected-resource/mcp");
	ck_assert_str_eq(answer.body,
	                 "{\"error\":\"not_found\",\"error_description\":"
	                 "\"There is nothing here. The MCP endpoint is "
	                 "/mcp.\"}");
}
END_TEST

START_TEST(path_with_a_slash_after_it_is_the_endpoint)
{
	struct answer answer =
		EXCHANGE(&harness, .path = "/mcp/", .caller = "alice",
	                 .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_int_eq(answer.status, 200);
}
END_TEST

START_TEST(another_method_is_405_and_told_which_there_are)
{
	static const char *const methods[] = { "PUT",   "PATCH",   "HEAD",
		                               "TRACE", "OPTIONS", "post",
		                               "BREW" };
	struct answer answer =
		REFUSED(405, .method = methods[_i], .caller = "alice");

	ck_assert_str_eq(answer.allow, "GET, POST, DELETE");
}
END_TEST

/* ---- who is calling ------------------------------------------------------ */

START_TEST(no_credential_is_401_with_a_challenge)
{
	struct answer answer =
		REFUSED(401, .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_str_eq(answer.challenge, "Bearer");
	ck_assert_str_eq(answer.body,
	                 "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,"
	                 "\"message\":\"Authorization required: the "
	                 "Authorization header is missing\"}}");
}
END_TEST

START_TEST(a_bad_credential_is_told_so)
{
	struct answer answer = REFUSED(401, .caller = "bad",
	                               .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_str_eq(answer.challenge, "Bearer error=\"invalid_token\"");
	ck_assert_str_eq(answer.body,
	                 "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,"
	                 "\"message\":\"Authorization required: the credential "
	                 "is not accepted\"}}");
}
END_TEST

START_TEST(a_caller_who_may_not_is_403_without_a_challenge)
{
	struct answer answer = REFUSED(403, .caller = "banned",
	                               .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_ptr_null(answer.challenge);
}
END_TEST

START_TEST(another_scheme_is_no_credential)
{
	static const char *const headers[] = {
		"Authorization: Basic YWxpY2U6\n",
		"Authorization: Bearer\n",
		"Authorization: Bearer \n",
		"Authorization: Beareralice\n",
		"Authorization: \n",
		"Authorization: Bearer\t \n",
	};
	struct answer answer = REFUSED(401, .headers = headers[_i],
	                               .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_str_eq(answer.challenge, "Bearer");
}
END_TEST

START_TEST(the_name_of_the_scheme_has_no_case)
{
	struct answer answer =
		EXCHANGE(&harness, .headers = "authorization: bEARER  alice\n",
	                 .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_int_eq(answer.status, 200);
	ck_assert_int_eq(harness_live(&harness, "alice"), 1);
}
END_TEST

/* ---- media types --------------------------------------------------------- */

START_TEST(a_post_that_is_no_json_is_415)
{
	static const char *const headers[] = {
		"Accept: application/json\n",
		"Content-Type: \n",
		"Content-Type: text/plain\n",
		"Content-Type: application/x-www-form-urlencoded\n",
		"Content-Type: multipart/form-data; boundary=x\n",
		"Content-Type: application/jsonp\n",
		"Content-Type: application/json5;charset=utf-8\n",
		"Content-Type: text/plain; application/json\n",
		"Content-Type: application/json-rpc\n",
	};

	REFUSED(415, .caller = "alice", .is_bare = true, .headers = headers[_i],
	        .body = INITIALIZE(1, "2025-06-18"));
}
END_TEST

START_TEST(parameters_of_the_type_do_not_matter)
{
	static const char *const headers[] = {
		"Content-Type: application/json; charset=utf-8\n",
		"Content-Type: application/json;charset=UTF-8\n",
		"Content-Type:  Application/JSON \t\n",
	};
	struct answer answer = EXCHANGE(&harness, .caller = "alice",
	                                .is_bare = true, .headers = headers[_i],
	                                .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_int_eq(answer.status, 200);
}
END_TEST

START_TEST(client_that_accepts_neither_answer_gets_406)
{
	static const char *const headers[] = {
		JSON "Accept: text/html, application/xml\n",
		JSON "Accept: application/json;q=0\n",
		JSON "Accept: \n",
	};

	REFUSED(406, .caller = "alice", .is_bare = true, .headers = headers[_i],
	        .body = INITIALIZE(1, "2025-06-18"));
}
END_TEST

START_TEST(client_that_accepts_event_streams_only_is_answered_by_one)
{
	static const char headers[] = JSON "Accept: text/event-stream\n";
	struct answer answer = EXCHANGE(&harness, .caller = "alice",
	                                .is_bare = true, .headers = headers,
	                                .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_int_eq(answer.status, 200);
	ck_assert_int_eq(answer.kind, PLAN_EVENTS);
	ck_assert_uint_ne(strlen(answer.session_id), 0);
	ck_assert_ptr_eq(strstr(answer.body, "data: {\"jsonrpc\":\"2.0\","
	                                     "\"id\":1,\"result\":"),
	                 answer.body);
	ck_assert_str_eq(answer.body + strlen(answer.body) - 3, "}\n\n");
	answer = EXCHANGE(&harness, .caller = "alice", .is_bare = true,
	                  .id = answer.session_id, .headers = headers,
	                  .body = PING(2));
	ck_assert_str_eq(answer.body, "data: " PONG(2) "\n\n");
	answer = EXCHANGE(&harness, .caller = "alice", .is_bare = true,
	                  .id = "unknown", .method = "DELETE",
	                  .headers = headers);
	answer_check_gone(&answer, GONE_WITHOUT_ID);
}
END_TEST

START_TEST(encoded_body_is_415_and_told_what_is_taken)
{
	static const char *const encodings[] = { "gzip", "br", "identity, gzip",
		                                 "x", "" };
	char headers[64];
	struct answer answer;

	snprintf(headers, sizeof headers, "Content-Encoding: %s\n",
	         encodings[_i]);
	answer = REFUSED(415, .caller = "alice", .headers = headers,
	                 .body = INITIALIZE(1, "2025-06-18"));
	ck_assert_str_eq(answer.encoding, "identity");
	ck_assert_ptr_nonnull(strstr(answer.body, "Content-Encoding"));
}
END_TEST

START_TEST(identity_is_no_encoding)
{
	struct answer answer =
		EXCHANGE(&harness, .caller = "alice",
	                 .headers = "Content-Encoding: Identity\n",
	                 .body = INITIALIZE(1, "2025-06-18"));

	ck_assert_int_eq(answer.status, 200);
	ck_assert_ptr_null(answer.encoding);
}
END_TEST

START_TEST(get_and_delete_need_neither_type_nor_body)
{
	struct answer answer =
		EXCHANGE(&harness, .method = "DELETE", .caller = "alice",
	                 .is_bare = true, .id = "x");

	ck_assert_int_eq(answer.status, 404);
	answer = EXCHANGE(&harness, .method = "GET", .caller = "alice",
	                  .is_bare = true);
	ck_assert_int_eq(answer.status, 400);
}
END_TEST

/* ---- size ---------------------------------------------------------------- */

START_TEST(a_body_that_is_declared_too_long_is_413_at_once)
{
	static const char *const headers[] = {
		"Content-Length: 1001\n",
		"Content-Length: 99999999999999999999999999\n",
	};
	struct answer answer =
		REFUSED(413, .caller = "alice", .headers = headers[_i]);

	ck_assert(answer.close);
}
END_TEST

START_TEST(a_body_that_grows_too_long_is_413)
{
	char body[1001];

	memset(body, ' ', sizeof body);
	memcpy(body, PING(1), strlen(PING(1)));
	ck_assert(REFUSED(413, .caller = "alice", .body = body,
	                  .body_length = 1001)
	                  .close);
	ck_assert_int_eq(EXCHANGE(&harness, .caller = "alice", .body = body,
	                          .body_length = 1000)
	                         .status,
	                 400);
}
END_TEST

/* ---- order --------------------------------------------------------------- */

START_TEST(the_order_of_refusals_is_fixed)
{
	static const char everything[] =
		"Host: a\nHost: b\nContent-Type: text/plain\n"
		"Accept: text/html\nContent-Length: 2000\n";
	const char *headers = everything;

	REFUSED(400, .method = "PUT", .path = "/x", .is_bare = true,
	        .headers = headers);
	headers += strlen("Host: a\n");
	REFUSED(404, .method = "PUT", .path = "/x", .is_bare = true,
	        .headers = headers);
	REFUSED(405, .method = "PUT", .is_bare = true, .headers = headers);
	REFUSED(401, .is_bare = true, .headers = headers);
	REFUSED(415, .caller = "alice", .is_bare = true, .headers = headers);
	headers = JSON "Accept: text/html\nContent-Length: 2000\n";
	REFUSED(406, .caller = "alice", .is_bare = true, .headers = headers);
	REFUSED(413, .caller = "alice", .headers = "Content-Length: 2000\n");
}
END_TEST

TEST_MAIN("the gate")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(
		what_can_be_read_in_two_ways_is_400_and_ends_the_connection,
		COUNT(twofold));
	test_add(chunked_alone_is_fine_in_any_case);
	test_add(other_headers_may_stand_twice);
	test_add_loop(another_path_is_404_and_not_that_of_a_session, 8);
	test_add(another_path_is_told_the_endpoint_and_the_header_it_expects);
	test_add(path_with_a_slash_after_it_is_the_endpoint);
	test_add_loop(another_method_is_405_and_told_which_there_are, 7);
	test_add(no_credential_is_401_with_a_challenge);
	test_add(a_bad_credential_is_told_so);
	test_add(a_caller_who_may_not_is_403_without_a_challenge);
	test_add_loop(another_scheme_is_no_credential, 6);
	test_add(the_name_of_the_scheme_has_no_case);
	test_add_loop(a_post_that_is_no_json_is_415, 9);
	test_add_loop(parameters_of_the_type_do_not_matter, 3);
	test_add_loop(client_that_accepts_neither_answer_gets_406, 3);
	test_add(client_that_accepts_event_streams_only_is_answered_by_one);
	test_add_loop(encoded_body_is_415_and_told_what_is_taken, 5);
	test_add(identity_is_no_encoding);
	test_add(get_and_delete_need_neither_type_nor_body);
	test_add_loop(a_body_that_is_declared_too_long_is_413_at_once, 2);
	test_add(a_body_that_grows_too_long_is_413);
	test_add(the_order_of_refusals_is_fixed);
}
