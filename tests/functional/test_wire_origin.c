/* Which page may talk to a server (DNS rebinding, incident 14; browsers'
 * "simple" requests, incident 15), and what CORS lets it read. */
#include "functional/wire_server.h"
#include "suite.h"

#include <mcps/daemon.h>
#include <stdio.h>
#include <string.h>

static struct reply send_lines(const char *start, const char *lines)
{
	struct wire wire = wire_open(wire_port());
	char head[1024];
	struct reply reply;

	ck_assert_int_lt(snprintf(head, sizeof head, "%s%s", start, lines),
	                 (int)sizeof head);
	wire_text(&wire, head);
	wire_text(&wire, WIRE_LENGTH WIRE_BODY);
	reply = wire_read(&wire);
	wire_close(&wire);
	return reply;
}

static int status_of(const char *host, const char *origin)
{
	char lines[512] = "";
	size_t length = 0;

	if (host != NULL)
		length = (size_t)snprintf(lines, sizeof lines, "Host: %s\r\n",
		                          host);
	if (origin != NULL)
		snprintf(lines + length, sizeof lines - length,
		         "Origin: %s\r\n", origin);
	return send_lines(WIRE_POST WIRE_TYPE WIRE_ACCEPT, lines).status;
}

/* ---- Host and Origin ---- */

struct pair {
	const char *host;
	const char *origin;
	int status;
};

static void check_pairs(const struct pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int status = status_of(pairs[i].host, pairs[i].origin);

		ck_assert_msg(status == pairs[i].status,
		              "Host %s, Origin %s: %d", pairs[i].host,
		              pairs[i].origin != NULL ? pairs[i].origin : "-",
		              status);
	}
}

#define CHECK_PAIRS(pairs) check_pairs(pairs, sizeof(pairs) / sizeof *(pairs))

START_TEST(incident_14_a_name_that_is_not_ours_is_403)
{
	static const struct pair pairs[] = {
		{ "localhost", NULL, 200 },
		{ "localhost:8931", NULL, 200 },
		{ "LocalHost", NULL, 200 },
		{ "localhost.", NULL, 200 },
		{ "127.0.0.1", NULL, 200 },
		{ "127.0.0.1:1", NULL, 200 },
		{ "192.168.1.5:8931", NULL, 200 },
		{ "[::1]", NULL, 200 },
		{ "[::1]:8931", NULL, 200 },
		{ "evil.test", NULL, 403 },
		{ "evil.test:8931", NULL, 403 },
		{ "localhost.evil.test", NULL, 403 },
		{ "evillocalhost", NULL, 403 },
		{ "localhost..", NULL, 403 },
		{ "127.0.0.1.evil.test", NULL, 403 },
		{ "127.1", NULL, 403 },
		{ "2130706433", NULL, 403 },
		{ "0x7f.0.0.1", NULL, 403 },
		{ "::1", NULL, 403 },
		{ "[::1", NULL, 403 },
		{ "[::1].evil.test", NULL, 403 },
		{ "localhost:x", NULL, 403 },
		{ "localhost:", NULL, 403 },
		{ "user@localhost", NULL, 403 },
		{ "localhost/evil.test", NULL, 403 },
		{ "localhost, evil.test", NULL, 403 },
		{ "localhost evil.test", NULL, 403 },
		{ ".", NULL, 403 },
	};

	CHECK_PAIRS(pairs);
}
END_TEST

START_TEST(incident_14_a_page_from_elsewhere_is_403)
{
	static const struct pair pairs[] = {
		{ "localhost:8931", "http://localhost:8931", 200 },
		{ "localhost:8931", "http://localhost:3000", 200 },
		{ "localhost", "https://localhost", 200 },
		{ "localhost", "HTTP://LOCALHOST", 200 },
		{ "localhost", "http://127.0.0.1:5173", 200 },
		{ "localhost", "http://[::1]:5173", 200 },
		{ "192.168.1.5:8931", "http://192.168.1.5:8931", 200 },
		{ "localhost", "null", 403 },
		{ "localhost", "", 403 },
		{ "localhost", "localhost", 403 },
		{ "localhost", "http://", 403 },
		{ "localhost", "http://evil.test", 403 },
		{ "localhost", "http://localhost.evil.test", 403 },
		{ "localhost", "http://evil.test#localhost", 403 },
		{ "localhost", "http://localhost@evil.test", 403 },
		{ "localhost", "http://evil.test:80@localhost", 403 },
		{ "localhost", "http://127.0.0.1.evil.test", 403 },
		{ "localhost", "ftp://localhost", 403 },
		{ "localhost", "file://localhost", 403 },
		{ "localhost", "file://", 403 },
		{ "localhost", "chrome-extension://abcdef", 403 },
		{ "localhost", "httpx://localhost", 403 },
		{ "localhost", "http://localhost http://evil.test", 403 },
		{ "localhost", "http://localhost/", 403 },
		{ "192.168.1.5:8931", "http://192.168.1.5:80", 403 },
		{ "192.168.1.5:8931", "http://192.168.1.6:8931", 403 },
		/* A rebound name agrees with itself. */
		{ "evil.test:8931", "http://evil.test:8931", 403 },
	};

	CHECK_PAIRS(pairs);
}
END_TEST

START_TEST(a_refused_page_learns_nothing)
{
	struct reply reply = send_lines(WIRE_POST WIRE_TYPE WIRE_ACCEPT,
	                                "Host: localhost\r\n"
	                                "Origin: http://evil.test\r\n");

	ck_assert_int_eq(reply.status, 403);
	ck_assert(!reply_names(&reply, "Access-Control-Allow-Origin"));
	ck_assert(!reply_names(&reply, "Mcp-Session-Id"));
	ck_assert_ptr_null(strstr(reply.body, "\"id\""));
	/* Whatever it asks for. */
	ck_assert_int_eq(
		send_lines("GET /other HTTP/1.1\r\n",
	                   "Host: localhost\r\nOrigin: http://evil.test\r\n")
			.status,
		403);
}
END_TEST

START_TEST(allowed_names_and_pages_are_served)
{
	static const char *const hosts[] = { "mcp.example", NULL };
	static const char *const origins[] = { "https://app.example", NULL };
	static const struct pair pairs[] = {
		{ "mcp.example", NULL, 200 },
		{ "MCP.example.:443", "https://app.example", 200 },
		{ "mcp.example:443", "https://mcp.example:443", 200 },
		{ "localhost", "HTTPS://APP.example", 200 },
		{ "x.mcp.example", NULL, 403 },
		{ "mcp.example", "http://app.example", 403 },
		{ "mcp.example", "https://app.example:8443", 403 },
		{ "mcp.example", "https://x.app.example", 403 },
		{ "app.example", "https://app.example", 403 },
	};

	wire_start(WIRE_ANONYMOUS, .hosts = hosts, .origins = origins);
	CHECK_PAIRS(pairs);
	wire_stop();
}
END_TEST

/* ---- incident 15: what a page may send without asking ---- */

START_TEST(incident_15_only_json_reaches_a_tool)
{
	static const char *const types[] = {
		"Content-Type: text/plain\r\n",
		"Content-Type: text/plain; charset=application/json\r\n",
		"Content-Type: application/x-www-form-urlencoded\r\n",
		"Content-Type: multipart/form-data; boundary=x\r\n",
		"Content-Type: application/jsonp\r\n",
		"Content-Type: application/json, text/plain\r\n",
		"Content-Type: \r\n",
		"",
	};
	static const char touch[] = WIRE_CALL(2, "touch", "{}");
	struct wire_session session = wire_session_of("");
	struct wire wire = wire_open(wire_port());
	char length[64];

	snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n",
	         strlen(touch));
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		wire_text(&wire, WIRE_POST WIRE_HOST WIRE_ACCEPT);
		wire_text(&wire, session.lines);
		wire_text(&wire, types[i]);
		wire_text(&wire, length);
		wire_text(&wire, touch);
		ck_assert_msg(wire_read(&wire).status == 415, "%s", types[i]);
	}
	ck_assert_uint_eq(wire_touched(), 0);
	ck_assert_int_eq(wire_ask(&wire, session.lines, touch).status, 200);
	ck_assert_uint_eq(wire_touched(), 1);
	wire_close(&wire);
}
END_TEST

START_TEST(client_that_accepts_neither_answer_gets_406)
{
	static const struct {
		const char *line;
		int status;
	} rows[] = {
		{ "", 200 },
		{ "Accept: application/json, text/event-stream\r\n", 200 },
		{ "Accept: text/event-stream, application/json\r\n", 200 },
		{ "Accept: APPLICATION/JSON;q=0.1\r\n", 200 },
		{ "Accept: */*\r\n", 200 },
		{ "Accept: application/*\r\n", 200 },
		{ "Accept: text/html, */*;q=0.1\r\n", 200 },
		{ "Accept: text/event-stream\r\n", 200 },
		{ "Accept: text/html\r\n", 406 },
		{ "Accept: application/json;q=0\r\n", 406 },
		{ "Accept: application/json;q=0.0, */*\r\n", 200 },
		{ "Accept: application/jsonx\r\n", 406 },
		{ "Accept: \r\n", 406 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reply reply =
			send_lines(WIRE_POST WIRE_HOST WIRE_TYPE, rows[i].line);

		ck_assert_msg(reply.status == rows[i].status, "%s: %d",
		              rows[i].line, reply.status);
	}
}
END_TEST

/* ---- CORS ---- */

#define PAGE      "Origin: http://localhost:3000\r\n"
#define PREFLIGHT "OPTIONS /mcp HTTP/1.1\r\n" WIRE_HOST
#define ASKS                                           \
	"Access-Control-Request-Method: POST\r\n"      \
	"Access-Control-Request-Headers: content-type" \
	",mcp-session-id,authorization\r\n"

static struct reply send_head(const char *head)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_text(&wire, head);
	wire_text(&wire, "\r\n");
	reply = wire_read(&wire);
	/* The connection is as good as before. */
	ck_assert_int_ne(wire_ask(&wire, "", WIRE_INITIALIZE).status, 0);
	wire_close(&wire);
	return reply;
}

START_TEST(without_cors_no_page_may_read)
{
	struct reply reply = send_head(PREFLIGHT PAGE ASKS);

	ck_assert_int_eq(reply.status, 405);
	ck_assert(reply_has(&reply, "Allow: GET, POST, DELETE"));
	ck_assert(!reply_names(&reply, "Access-Control-Allow-Origin"));
	reply = wire_once(PAGE, WIRE_INITIALIZE);
	ck_assert_int_eq(reply.status, 200);
	ck_assert(!reply_names(&reply, "Access-Control-Allow-Origin"));
	ck_assert(!reply_names(&reply, "Vary"));
}
END_TEST

START_TEST(options_is_405_and_told_which_methods_there_are)
{
	struct reply reply = send_head(PREFLIGHT);

	ck_assert_int_eq(reply.status, 405);
	ck_assert(reply_has(&reply, "Allow: GET, POST, DELETE"));
}
END_TEST

START_TEST(a_preflight_needs_no_credentials)
{
	struct reply reply = send_head(PREFLIGHT PAGE ASKS);

	ck_assert_int_eq(reply.status, 204);
	ck_assert_uint_eq(reply.length, 0);
	ck_assert(reply_has(&reply, "Access-Control-Allow-Origin: "
	                            "http://localhost:3000"));
	ck_assert(reply_has(&reply, "Vary: Origin"));
	ck_assert(reply_has(&reply, "Access-Control-Allow-Methods: "
	                            "GET, POST, DELETE"));
	ck_assert_ptr_nonnull(
		strstr(reply_value(&reply, "Access-Control-Allow-Headers"),
	               "Mcp-Session-Id"));
	ck_assert(reply_names(&reply, "Access-Control-Max-Age"));
	/* Ours are no cookies. */
	ck_assert(!reply_names(&reply, "Access-Control-Allow-Credentials"));
	ck_assert(!reply_names(&reply, "WWW-Authenticate"));
}
END_TEST

START_TEST(preflight_allows_the_headers_of_a_later_revision)
{
	struct reply reply = send_head(
		PREFLIGHT PAGE
		"Access-Control-Request-Method: POST\r\n"
		"Access-Control-Request-Headers: content-type,mcp-method, "
		"mcp-param-city ,MCP-Param-X,x-mcp-param-y,mcp-param-,"
		"mcp-param-a:b\r\n");
	const char *allowed =
		reply_value(&reply, "Access-Control-Allow-Headers");

	ck_assert_int_eq(reply.status, 204);
	ck_assert_ptr_nonnull(strstr(allowed, "Mcp-Session-Id"));
	ck_assert_ptr_nonnull(strstr(allowed, "Mcp-Method, Mcp-Name"));
	ck_assert_ptr_nonnull(strstr(allowed, ", mcp-param-city, MCP-Param-X"));
	ck_assert_ptr_null(strstr(allowed, "x-mcp-param"));
	ck_assert_ptr_null(strstr(allowed, "a:b"));
}
END_TEST

START_TEST(a_preflight_of_a_strange_page_is_403)
{
	struct reply reply =
		send_head(PREFLIGHT "Origin: http://evil.test\r\n" ASKS);

	ck_assert_int_eq(reply.status, 403);
	ck_assert(!reply_names(&reply, "Access-Control-Allow-Origin"));
	ck_assert_int_eq(send_head(PREFLIGHT).status, 405);
}
END_TEST

START_TEST(a_page_may_read_errors_too)
{
	static const struct {
		const char *head;
		int status;
	} rows[] = {
		{ "POST /mcp HTTP/1.1\r\n", 401 },
		{ "POST /other HTTP/1.1\r\n", 404 },
		{ "PUT /mcp HTTP/1.1\r\n", 405 },
		{ "POST /mcp HTTP/1.1\r\nAuthorization: Bearer ann\r\n", 415 },
		{ "GET /mcp HTTP/1.1\r\nAuthorization: Bearer ann\r\n", 400 },
		{ "DELETE /mcp HTTP/1.1\r\nAuthorization: Bearer ann\r\n"
		  "Mcp-Session-Id: x\r\n",
		  404 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char head[512];
		struct reply reply;

		snprintf(head, sizeof head, "%s" WIRE_HOST PAGE, rows[i].head);
		reply = send_head(head);
		ck_assert_msg(reply.status == rows[i].status, "%s: %d",
		              rows[i].head, reply.status);
		ck_assert(reply_has(&reply, "Access-Control-Allow-Origin: "
		                            "http://localhost:3000"));
		ck_assert(reply_names(&reply, "Access-Control-Expose-Headers"));
	}
}
END_TEST

START_TEST(a_page_may_read_the_session_id)
{
	struct reply reply = wire_once(PAGE "Authorization: Bearer ann\r\n",
	                               WIRE_INITIALIZE);

	ck_assert_int_eq(reply.status, 200);
	ck_assert(reply_names(&reply, "Mcp-Session-Id"));
	ck_assert_ptr_nonnull(
		strstr(reply_value(&reply, "Access-Control-Expose-Headers"),
	               "Mcp-Session-Id"));
}
END_TEST

/* ---- the suite ---- */

static void start(void)
{
	wire_start(WIRE_ANONYMOUS, .path = NULL);
}

static void start_cors(void)
{
	wire_start(WIRE_NAMED, .cors = true);
}

/* Another program may have that port; then it is named, too. */
START_TEST(by_default_it_listens_on_this_machine_alone)
{
	static const char wanted[] = "127.0.0.1:8931";
	const struct mcps_daemon_options none = { .size = sizeof none,
		                                  .loops = 1 };
	struct mcps_error error = { MCPS_OK, "" };
	mcps_daemon *other;

	wire_start(WIRE_ANONYMOUS, .path = NULL);
	if (mcps_daemon_start(&other, wire_server(), &none, &error) ==
	    MCPS_OK) {
		ck_assert_str_eq(mcps_daemon_address(other), wanted);
		mcps_daemon_stop(other, 0);
	} else {
		ck_assert_msg(strstr(error.text, wanted) != NULL, "%s",
		              error.text);
	}
	wire_stop();
}
END_TEST

TEST_MAIN("wire: origin")
{
	test_case("allowed");
	test_add(by_default_it_listens_on_this_machine_alone);
	test_add(allowed_names_and_pages_are_served);

	test_case("pages");
	test_fixture(start, wire_stop);
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(incident_14_a_name_that_is_not_ours_is_403);
	test_add(incident_14_a_page_from_elsewhere_is_403);
	test_add(a_refused_page_learns_nothing);
	test_add(incident_15_only_json_reaches_a_tool);
	test_add(client_that_accepts_neither_answer_gets_406);
	test_add(without_cors_no_page_may_read);
	test_add(options_is_405_and_told_which_methods_there_are);

	test_case("cors");
	test_fixture(start_cors, wire_stop);
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(a_preflight_needs_no_credentials);
	test_add(preflight_allows_the_headers_of_a_later_revision);
	test_add(a_preflight_of_a_strange_page_is_403);
	test_add(a_page_may_read_errors_too);
	test_add(a_page_may_read_the_session_id);
}
