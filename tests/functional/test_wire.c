/* Framing: what two parties could read in two ways, byte by byte. Each row is
 * one request, the answer it must get with each version of libmicrohttpd, and
 * whether the connection must end with it; docs/WIRE.md says why. What
 * libmicrohttpd hides from us is in test_wire_hidden.c. */
#include "functional/httpd_version.h"
#include "functional/wire_server.h"
#include "suite.h"

#include <string.h>

/* Whether a connection goes on after the answer. */
enum fate {
	STAYS = 1,
	CLOSES,
	REFUSED, /* libmicrohttpd answers by itself, in HTML, and closes */
};

struct outcome {
	int status;
	enum fate fate;
};

/* One that is left out is that of the version before. */
struct row {
	const char *what;
	const char *bytes;
	size_t length;
	struct outcome wanted[HTTPD_VERSIONS];
};

static const struct outcome *outcome_of(const struct row *row)
{
	enum httpd_version version = httpd_version();

	while (version > HTTPD_0_9 && row->wanted[version].fate == 0)
		version--;
	return &row->wanted[version];
}

/* A whole good request but for its target, its lines, its body. */
#define GOOD        WIRE_HEAD WIRE_LENGTH WIRE_BODY
#define LINES(text) TEXT(WIRE_HEAD text WIRE_LENGTH WIRE_BODY)
#define FRAME(text) TEXT(WIRE_HEAD text WIRE_BODY)
#define START(line) \
	TEXT(line WIRE_HOST WIRE_TYPE WIRE_ACCEPT WIRE_LENGTH WIRE_BODY)
#define CHUNKS(text) TEXT(WIRE_HEAD "Transfer-Encoding: chunked\r\n\r\n" text)
#define HOST(value)                   \
	TEXT(WIRE_POST "Host: " value \
	               "\r\n" WIRE_TYPE WIRE_ACCEPT WIRE_LENGTH WIRE_BODY)
/* The end of a request that somebody hides in the body of another. */
#define HIDDEN "0\r\n\r\nGET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void check_row(const struct row *row)
{
	const struct outcome *wanted = outcome_of(row);
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_send(&wire, row->bytes, row->length);
	reply = wire_read(&wire);
	ck_assert_msg(reply.status == wanted->status, "%s: %d instead of %d",
	              row->what, reply.status, wanted->status);
	ck_assert_msg((strstr(reply.body, "<html>") != NULL) ==
	                      (wanted->fate == REFUSED),
	              "%s: another one answers: %s", row->what, reply.body);
	if (wanted->fate != STAYS) {
		ck_assert_msg(reply.status == 0 || reply_closes(&reply),
		              "%s: does not say that it closes", row->what);
		ck_assert_msg(wire_is_over(&wire), "%s: more comes: %s",
		              row->what, wire.bytes);
	} else {
		ck_assert_msg(!reply_closes(&reply), "%s: closes", row->what);
		reply = wire_ask(&wire, "", WIRE_INITIALIZE);
		ck_assert_msg(reply.status == 200, "%s: then %d", row->what,
		              reply.status);
	}
	wire_close(&wire);
}

#define CHECK_ROWS(rows)                                           \
	for (size_t i = 0; i < sizeof(rows) / sizeof *(rows); i++) \
	check_row(&(rows)[i])

/* ---- lengths ---- */

START_TEST(a_body_has_one_length_or_the_connection_ends)
{
	static const struct row rows[] = {
		{ "Content-Length and chunked",
		  FRAME("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "chunked and Content-Length, a request hidden behind",
		  TEXT(WIRE_HEAD "Transfer-Encoding: chunked\r\n"
		                 "Content-Length: 4\r\n\r\n" HIDDEN),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "two lengths",
		  FRAME(WIRE_LENGTH "Content-Length: 5\r\n"),
		  { { 400, CLOSES }, { 400, CLOSES }, { 400, REFUSED } } },
		{ "two equal lengths",
		  FRAME(WIRE_LENGTH WIRE_LENGTH),
		  { { 400, CLOSES }, { 400, CLOSES }, { 400, REFUSED } } },
		{ "a list of lengths",
		  FRAME("Content-Length: 146, 146\r\n"),
		  { { 400, REFUSED } } },
		{ "a negative length",
		  FRAME("Content-Length: -1\r\n"),
		  { { 400, REFUSED } } },
		{ "a length with a sign",
		  FRAME("Content-Length: +146\r\n"),
		  { { 400, REFUSED } } },
		{ "a length in hex",
		  FRAME("Content-Length: 0x92\r\n"),
		  { { 400, REFUSED } } },
		{ "a length with a blank inside",
		  FRAME("Content-Length: 1 46\r\n"),
		  { { 400, REFUSED } } },
		{ "an empty length",
		  FRAME("Content-Length: \r\n"),
		  { { 400, REFUSED } } },
		{ "a length beyond 64 bits",
		  FRAME("Content-Length: 18446744073709551762\r\n"),
		  { { 413, REFUSED }, { 413, REFUSED }, { 400, REFUSED } } },
	};

	CHECK_ROWS(rows);
}
END_TEST

START_TEST(chunked_alone_is_a_transfer_encoding)
{
	static const struct row rows[] = {
		{ "gzip, chunked",
		  FRAME("Transfer-Encoding: gzip, chunked\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED }, { 501, REFUSED } } },
		{ "xchunked",
		  FRAME("Transfer-Encoding: xchunked\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED }, { 501, REFUSED } } },
		{ "identity",
		  FRAME("Transfer-Encoding: identity\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED }, { 501, REFUSED } } },
		{ "chunked, chunked",
		  FRAME("Transfer-Encoding: chunked, chunked\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED }, { 501, REFUSED } } },
		{ "chunked;q=1",
		  FRAME("Transfer-Encoding: chunked;q=1\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED }, { 501, REFUSED } } },
		{ "nothing",
		  FRAME("Transfer-Encoding:\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED }, { 501, REFUSED } } },
		{ "chunked twice",
		  TEXT(WIRE_HEAD "Transfer-Encoding: chunked\r\n"
		                 "Transfer-Encoding: "
		                 "chunked\r\n\r\n92\r\n" WIRE_INITIALIZE
		                 "\r\n0\r\n\r\n"),
		  { { 400, CLOSES }, { 400, CLOSES }, { 400, REFUSED } } },
		{ "vertical tab before it",
		  FRAME("Transfer-Encoding: \vchunked\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED }, { 501, REFUSED } } },
		{ "in capitals",
		  TEXT(WIRE_HEAD "TRANSFER-ENCODING: "
		                 "CHUNKED\r\n\r\n92\r\n" WIRE_INITIALIZE
		                 "\r\n0\r\n\r\n"),
		  { { 200, STAYS } } },
	};

	CHECK_ROWS(rows);
}
END_TEST

START_TEST(chunks_are_what_they_say)
{
	static const struct row rows[] = {
		{ "one chunk",
		  CHUNKS("92\r\n" WIRE_INITIALIZE "\r\n0\r\n\r\n"),
		  { { 200, STAYS } } },
		{ "zeros before the size",
		  CHUNKS("00092\r\n" WIRE_INITIALIZE "\r\n0\r\n\r\n"),
		  { { 200, STAYS } } },
		{ "an extension",
		  CHUNKS("92;x=y\r\n" WIRE_INITIALIZE "\r\n0\r\n\r\n"),
		  { { 200, STAYS }, { 400, REFUSED }, { 200, STAYS } } },
		{ "a trailer",
		  CHUNKS("92\r\n" WIRE_INITIALIZE "\r\n0\r\n"
		         "Content-Length: 4\r\nMcp-Session-Id: x\r\n\r\n"),
		  { { 200, STAYS } } },
		{ "no size",
		  CHUNKS("\r\n" WIRE_INITIALIZE),
		  { { 400, REFUSED } } },
		{ "no hex digit",
		  CHUNKS("g\r\n" WIRE_INITIALIZE),
		  { { 400, REFUSED } } },
		{ "a negative size",
		  CHUNKS("-1\r\n" WIRE_INITIALIZE),
		  { { 400, REFUSED } } },
		{ "0x before the size",
		  CHUNKS("0x92\r\n" WIRE_INITIALIZE "\r\n0\r\n\r\n"),
		  { { 400, REFUSED } } },
		{ "a size beyond 64 bits",
		  CHUNKS("10000000000000092\r\n" WIRE_INITIALIZE),
		  { { 413, REFUSED } } },
	};

	CHECK_ROWS(rows);
}
END_TEST

/* ---- header lines ---- */

START_TEST(what_decides_something_stands_once)
{
	static const char *const lines[] = {
		"Host: localhost",         "Origin: http://localhost",
		"Authorization: Bearer x", "Content-Type: application/json",
		"Content-Length: 146",     "Accept: */*",
		"Mcp-Session-Id: x",       "MCP-Protocol-Version: 2025-11-25",
		"Last-Event-ID: x",
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct wire wire = wire_open(wire_port());
		struct reply reply;

		wire_text(&wire, WIRE_HEAD WIRE_LENGTH);
		for (int twice = 0; twice < 2; twice++) {
			wire_text(&wire, lines[i]);
			wire_text(&wire, "\r\n");
		}
		wire_text(&wire, WIRE_BODY);
		reply = wire_read(&wire);
		ck_assert_msg(reply.status == 400, "%s", lines[i]);
		ck_assert(reply_closes(&reply));
		ck_assert(wire_is_over(&wire));
		wire_close(&wire);
	}
}
END_TEST

START_TEST(a_header_name_is_a_token)
{
	static const struct row rows[] = {
		{ "blank before the colon",
		  LINES("Mcp-Session-Id : x\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "tab before the colon",
		  LINES("X-Any\t: x\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "a length with a blank before the colon",
		  FRAME("Content-Length : 146\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "an encoding with a blank before the colon",
		  LINES("Transfer-Encoding : chunked\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "leading blank in the first line",
		  TEXT(WIRE_POST " X-Any: x\r\n" WIRE_HOST WIRE_TYPE WIRE_ACCEPT
		               WIRE_LENGTH WIRE_BODY),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "no colon", LINES("X-Any\r\n"), { { 400, REFUSED } } },
		{ "a bracket",
		  LINES("X[Any]: x\r\n"),
		  { { 400, CLOSES }, { 400, CLOSES }, { 400, REFUSED } } },
		{ "a control character",
		  LINES("X\001Any: x\r\n"),
		  { { 400, CLOSES }, { 400, CLOSES }, { 400, REFUSED } } },
		{ "a letter beyond ASCII",
		  LINES("X-\303\244: x\r\n"),
		  { { 400, CLOSES }, { 400, CLOSES }, { 400, REFUSED } } },
		{ "every sign of a token",
		  LINES("!#$%&'*+-.^_`|~09azAZ: x\r\n"),
		  { { 200, STAYS } } },
	};

	CHECK_ROWS(rows);
}
END_TEST

START_TEST(a_carriage_return_inside_a_value_ends_the_connection)
{
	static const struct row rows[] = {
		{ "in any value",
		  LINES("X-Any: a\rb\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "at the end of a value",
		  LINES("X-Any: a\r\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "before what looks like a header",
		  LINES("X-Any: a\rMcp-Session-Id: b\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "in the session id",
		  LINES("Mcp-Session-Id: a\rb\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
	};

	CHECK_ROWS(rows);
}
END_TEST

/* libmicrohttpd 0.9.75 makes the second line part of the name. */
START_TEST(a_folded_length_ends_the_connection)
{
	static const struct row rows[] = {
		{ "length",
		  FRAME("Content-Length: 1\r\n 46\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "encoding, a request hidden behind",
		  TEXT(WIRE_HEAD
		       "Transfer-Encoding: chunked\r\n\tx\r\n\r\n" HIDDEN),
		  { { 400, CLOSES }, { 400, REFUSED } } },
		{ "encoding in a second line",
		  LINES("X-Any: a\r\n Transfer-Encoding: chunked\r\n"),
		  { { 400, CLOSES }, { 400, REFUSED } } },
	};

	CHECK_ROWS(rows);
}
END_TEST

/* None of these is what the header needs, so each is refused as any other
 * wrong value is. */
START_TEST(control_characters_make_a_value_wrong)
{
	static const struct row rows[] = {
		{ "host", HOST("local\001host"), { { 403, STAYS } } },
		{ "host, DEL", HOST("localhost\177"), { { 403, STAYS } } },
		{ "origin",
		  LINES("Origin: http://localhost\001\r\n"),
		  { { 403, STAYS } } },
		{ "type",
		  TEXT(WIRE_POST WIRE_HOST WIRE_ACCEPT
		       "Content-Type: application/json\001\r\n" WIRE_LENGTH
		               WIRE_BODY),
		  { { 415, STAYS } } },
		{ "accept",
		  TEXT(WIRE_POST WIRE_HOST WIRE_TYPE
		       "Accept: application/json\177\r\n" WIRE_LENGTH
		               WIRE_BODY),
		  { { 406, STAYS } } },
		{ "revision",
		  TEXT(WIRE_HEAD "MCP-Protocol-Version: 2025-11-25\001\r\n"
		                 "Content-Length: 40\r\n\r\n" WIRE_PING),
		  { { 400, STAYS } } },
		{ "session id",
		  TEXT(WIRE_HEAD "Mcp-Session-Id: a\001b\r\n"
		                 "Content-Length: 40\r\n\r\n" WIRE_PING),
		  { { 404, STAYS } } },
		{ "session id, DEL",
		  TEXT(WIRE_HEAD "Mcp-Session-Id: a\177b\r\n"
		                 "Content-Length: 40\r\n\r\n" WIRE_PING),
		  { { 404, STAYS } } },
		{ "session id, beyond ASCII",
		  TEXT(WIRE_HEAD "Mcp-Session-Id: a\377b\r\n"
		                 "Content-Length: 40\r\n\r\n" WIRE_PING),
		  { { 404, STAYS } } },
		{ "what nobody reads",
		  LINES("X-Any: a\001\177\377b\r\n"),
		  { { 200, STAYS } } },
	};

	CHECK_ROWS(rows);
}
END_TEST

START_TEST(blanks_around_a_value_are_none_of_it)
{
	static const struct row rows[] = {
		{ "host", HOST("\t localhost \t "), { { 200, STAYS } } },
		{ "type",
		  TEXT(WIRE_POST WIRE_HOST WIRE_ACCEPT
		       "Content-Type:  application/json \t\r\n" WIRE_LENGTH
		               WIRE_BODY),
		  { { 200, STAYS } } },
		{ "type without any",
		  TEXT(WIRE_POST WIRE_HOST WIRE_ACCEPT
		       "Content-Type:application/json\r\n" WIRE_LENGTH
		               WIRE_BODY),
		  { { 200, STAYS } } },
		{ "revision",
		  LINES("MCP-Protocol-Version: 2025-11-25 \t\r\n"),
		  { { 200, STAYS } } },
		/* Not where libmicrohttpd reads it itself. */
		{ "encoding",
		  TEXT(WIRE_HEAD "Transfer-Encoding: chunked "
		                 "\r\n\r\n92\r\n" WIRE_INITIALIZE
		                 "\r\n0\r\n\r\n"),
		  { { 400, CLOSES }, { 200, STAYS } } },
		{ "length",
		  FRAME("Content-Length: 146 \r\n"),
		  { { 400, REFUSED }, { 200, STAYS } } },
	};

	CHECK_ROWS(rows);
}
END_TEST

/* ---- the request line, and what is too long ---- */

START_TEST(the_target_is_the_path_as_it_is_spelled)
{
	static const struct row rows[] = {
		{ "an escaped NUL",
		  START("POST /mcp%00x HTTP/1.1\r\n"),
		  { { 404, STAYS } } },
		{ "an escaped letter",
		  START("POST /%6dcp HTTP/1.1\r\n"),
		  { { 404, STAYS } } },
		{ "a slash more",
		  START("POST /mcp/ HTTP/1.1\r\n"),
		  { { 200, STAYS } } },
		{ "two slashes more",
		  START("POST /mcp// HTTP/1.1\r\n"),
		  { { 404, STAYS } } },
		{ "two slashes",
		  START("POST //mcp HTTP/1.1\r\n"),
		  { { 404, STAYS } } },
		{ "dots",
		  START("POST /x/../mcp HTTP/1.1\r\n"),
		  { { 404, STAYS } } },
		{ "a fragment",
		  START("POST /mcp#x HTTP/1.1\r\n"),
		  { { 404, STAYS } } },
		{ "absolute form",
		  START("POST http://localhost/mcp HTTP/1.1\r\n"),
		  { { 404, STAYS } } },
		{ "absolute form, another host",
		  START("POST http://evil.test/mcp HTTP/1.1\r\n"),
		  { { 404, STAYS } } },
		{ "an asterisk",
		  START("OPTIONS * HTTP/1.1\r\n"),
		  { { 404, STAYS } } },
		{ "a query",
		  START("POST /mcp?a=%00&b HTTP/1.1\r\n"),
		  { { 200, STAYS } } },
	};

	CHECK_ROWS(rows);
}
END_TEST

START_TEST(the_request_line_is_that_of_http_1)
{
	static const struct row rows[] = {
		{ "no host",
		  TEXT(WIRE_POST WIRE_TYPE WIRE_ACCEPT WIRE_LENGTH WIRE_BODY),
		  { { 400, REFUSED } } },
		{ "an empty host", HOST(""), { { 403, STAYS } } },
		{ "the method in small letters",
		  START("post /mcp HTTP/1.1\r\n"),
		  { { 405, STAYS } } },
		{ "another method",
		  START("PUT /mcp HTTP/1.1\r\n"),
		  { { 405, STAYS } } },
		{ "TRACE",
		  TEXT("TRACE /mcp HTTP/1.1\r\n" WIRE_HOST "\r\n"),
		  { { 405, STAYS } } },
		{ "HTTP/2",
		  TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
		  { { 505, REFUSED } } },
		{ "HTTP/0.9",
		  TEXT("GET /mcp\r\n" WIRE_HOST "\r\n"),
		  { { 400, REFUSED } } },
		{ "two blanks",
		  START("POST  /mcp  HTTP/1.1\r\n"),
		  { { 0, CLOSES }, { 400, REFUSED } } },
		{ "a blank in the target",
		  START("POST /mcp /x HTTP/1.1\r\n"),
		  { { 0, CLOSES }, { 400, REFUSED } } },
		{ "a carriage return in the target",
		  START("POST /mcp\rx HTTP/1.1\r\n"),
		  { { 404, STAYS }, { 400, REFUSED } } },
		{ "TLS",
		  TEXT("\x16\x03\x01\x02\x01\xfc\x03\x03\r\n\r\n"),
		  { { 0, CLOSES } } },
		{ "HTTP/1.0",
		  START("POST /mcp HTTP/1.0\r\n"),
		  { { 200, CLOSES } } },
		{ "an empty line before",
		  TEXT("\r\n" GOOD),
		  { { 200, STAYS } } },
	};

	CHECK_ROWS(rows);
}
END_TEST

/* A head of SIZE bytes in one line, or in lines of 100 bytes. */
static struct reply send_long_head(size_t size, const char *begin,
                                   const char *each)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply;
	size_t sent = 0;

	wire_text(&wire, begin);
	while (sent < size && wire_try_send(&wire, each, strlen(each)))
		sent += strlen(each);
	reply = wire_read(&wire);
	ck_assert(reply.status == 0 || reply_closes(&reply));
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
	return reply;
}

START_TEST(a_head_of_40_kib_is_431)
{
	ck_assert_int_eq(
		send_long_head(40 * 1024, WIRE_HEAD "X-Any: ", "0123456789")
			.status,
		431);
	ck_assert_int_eq(
		send_long_head(40 * 1024, WIRE_HEAD, "X-Any: 0123456789\r\n")
			.status,
		431);
}
END_TEST

START_TEST(a_target_of_40_kib_is_414)
{
	ck_assert_int_eq(
		send_long_head(40 * 1024, "POST /", "0123456789").status, 414);
}
END_TEST

/* ---- the suite ---- */

static void start(void)
{
	wire_start(WIRE_ANONYMOUS, .path = NULL);
}

TEST_MAIN("wire")
{
	test_case("framing");
	test_fixture(start, wire_stop);
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(a_body_has_one_length_or_the_connection_ends);
	test_add(chunked_alone_is_a_transfer_encoding);
	test_add(chunks_are_what_they_say);
	test_add(what_decides_something_stands_once);
	test_add(a_header_name_is_a_token);
	test_add(a_carriage_return_inside_a_value_ends_the_connection);
	test_add(a_folded_length_ends_the_connection);
	test_add(control_characters_make_a_value_wrong);
	test_add(blanks_around_a_value_are_none_of_it);
	test_add(the_target_is_the_path_as_it_is_spelled);
	test_add(the_request_line_is_that_of_http_1);
	test_add(a_head_of_40_kib_is_431);
	test_add(a_target_of_40_kib_is_414);
}
