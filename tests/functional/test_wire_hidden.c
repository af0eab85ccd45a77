/* libmicrohttpd 0.9.75 does not tell us of some malformed requests; newer
 * versions refuse them. Each test states the outcome, so that a change is
 * noticed.
 * None of it reaches another caller's session: what hides is the client's
 * own, and docs/WIRE.md says what a proxy in front must do. */
#include "functional/httpd_version.h"
#include "functional/wire_server.h"
#include "suite.h"

#include <string.h>

#define ANN "Authorization: Bearer ann\r\n"

/* From 1.0 on requests are parsed by RFC 9112. */
static bool is_strict(void)
{
	return httpd_version() >= HTTPD_1_0;
}

static struct reply first_reply(const char *bytes, size_t length)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_send(&wire, bytes, length);
	reply = wire_read(&wire);
	wire_close(&wire);
	return reply;
}

static void check_first(const char *bytes, size_t length, int wanted,
                        int strict)
{
	struct reply reply = first_reply(bytes, length);

	ck_assert_msg(reply.status == (is_strict() ? strict : wanted), "%d: %s",
	              reply.status, reply.body);
	ck_assert(!is_strict() || reply.status == 0 || reply_closes(&reply));
}

/* WANTED of 0.9.75; 1.0 and newer refuse it with 400. */
#define CHECK_FIRST(wanted, ...)  check_first(TEXT(__VA_ARGS__), (wanted), 400)
/* Newer ones hang up. */
#define CHECK_TARGET(wanted, ...) check_first(TEXT(__VA_ARGS__), (wanted), 0)

/* ---- NUL ---- */

START_TEST(a_nul_ends_a_value_before_we_see_it)
{
	CHECK_FIRST(200, WIRE_HEAD
	            "Authorization: Bearer ann\0x\r\n" WIRE_LENGTH WIRE_BODY);
	CHECK_FIRST(200, WIRE_POST WIRE_ACCEPT ANN
	            "Host: localhost\0.evil.test\r\n" WIRE_TYPE WIRE_LENGTH
	                    WIRE_BODY);
	CHECK_FIRST(
		200, WIRE_POST WIRE_HOST ANN
		"Content-Type: application/json\0x\r\n" WIRE_LENGTH WIRE_BODY);
	CHECK_FIRST(200, WIRE_HEAD ANN "Content-Length: 146\0"
	                               "9\r\n" WIRE_BODY);
}
END_TEST

START_TEST(a_session_id_with_a_nul_is_what_stands_before_it)
{
	struct wire_session session = wire_session_of("ann");
	struct wire wire = wire_open(wire_port());
	size_t length = strlen(session.lines) - 2; /* without CRLF */

	wire_text(&wire, WIRE_HEAD);
	wire_send(&wire, session.lines, length);
	wire_send(&wire, TEXT("\0x\r\nContent-Length: 40\r\n\r\n" WIRE_PING));
	ck_assert_int_eq(wire_read(&wire).status, is_strict() ? 400 : 200);
	wire_close(&wire);
}
END_TEST

START_TEST(a_nul_in_the_target_ends_it)
{
	CHECK_TARGET(200, "POST /mcp\0x HTTP/1.1\r\n" WIRE_HOST WIRE_TYPE ANN
	                          WIRE_LENGTH WIRE_BODY);
	CHECK_TARGET(404, "POST /mc\0p HTTP/1.1\r\n" WIRE_HOST WIRE_TYPE ANN
	                          WIRE_LENGTH WIRE_BODY);
}
END_TEST

/* ---- lines ---- */

START_TEST(a_line_feed_alone_ends_a_line)
{
	CHECK_FIRST(200, "POST /mcp HTTP/1.1\nHost: localhost\n"
	                 "Authorization: Bearer ann\n"
	                 "Content-Type: application/json\n"
	                 "Content-Length: 146\n\n" WIRE_INITIALIZE);
	/* So no header hides behind one. */
	CHECK_FIRST(400, WIRE_HEAD ANN
	            "X-Any: a\nTransfer-Encoding: chunked\r\n" WIRE_LENGTH
	                    WIRE_BODY);
}
END_TEST

/* The header is not there then; the name that it has got decides nothing. */
START_TEST(a_folded_header_has_another_name)
{
	CHECK_FIRST(401, WIRE_HEAD
	            "Authorization: Bearer\r\n ann\r\n" WIRE_LENGTH WIRE_BODY);
	CHECK_FIRST(400, WIRE_HEAD ANN "Mcp-Session-Id: some\r\n thing\r\n"
	                               "Content-Length: 40\r\n\r\n" WIRE_PING);
	CHECK_FIRST(415, WIRE_POST WIRE_HOST ANN
	            "Content-Type: application/\r\n\tjson\r\n" WIRE_LENGTH
	                    WIRE_BODY);
	CHECK_FIRST(400,
	            WIRE_POST "Host: localhost\r\n .evil.test\r\n" ANN WIRE_TYPE
	                    WIRE_LENGTH WIRE_BODY);
	/* Browsers fold nothing. */
	CHECK_FIRST(200, WIRE_HEAD ANN
	            "Origin: http://evil.test\r\n x\r\n" WIRE_LENGTH WIRE_BODY);
}
END_TEST

/* What comes after it is the body, or the next request: the one hole that
 * only a strict proxy or a newer libmicrohttpd closes. */
START_TEST(a_line_without_a_name_ends_the_head)
{
	struct wire wire = wire_open(wire_port());

	wire_send(&wire, TEXT(WIRE_HEAD ANN WIRE_LENGTH
	                      ": x\r\n" WIRE_INITIALIZE
	                      "GET /next HTTP/1.1\r\n" WIRE_HOST "\r\n"));
	if (is_strict()) {
		ck_assert_int_eq(wire_read(&wire).status, 400);
		ck_assert(wire_is_over(&wire));
	} else {
		ck_assert_int_eq(wire_read(&wire).status, 200);
		ck_assert_int_eq(wire_read(&wire).status, 404);
	}
	wire_close(&wire);
}
END_TEST

/* ---- what it answers by itself ---- */

/* Such answers are HTML, without CORS, and 0.9.75 sends some of their
 * heads twice. */
START_TEST(what_libmicrohttpd_refuses_itself_is_no_json)
{
	struct reply reply = first_reply(
		TEXT(WIRE_POST ANN WIRE_TYPE WIRE_LENGTH WIRE_BODY));

	ck_assert_int_eq(reply.status, 400);
	ck_assert(!reply_has(&reply, "Content-Type: application/json"));
	ck_assert(reply_closes(&reply));
}
END_TEST

/* ---- the suite ---- */

static void start(void)
{
	wire_start(WIRE_NAMED, .path = NULL);
}

TEST_MAIN("wire: hidden")
{
	test_case("hidden");
	test_fixture(start, wire_stop);
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(a_nul_ends_a_value_before_we_see_it);
	test_add(a_session_id_with_a_nul_is_what_stands_before_it);
	test_add(a_nul_in_the_target_ends_it);
	test_add(a_line_feed_alone_ends_a_line);
	test_add(a_folded_header_has_another_name);
	test_add(a_line_without_a_name_ends_the_head);
	test_add(what_libmicrohttpd_refuses_itself_is_no_json);
}
