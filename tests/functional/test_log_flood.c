/* Anonymous callers cause one log line a minute for each reason, with a count,
 * however much they send. */
#include "functional/wire_server.h"
#include "store/directory.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 60, LIVE = 5, REMEMBERED = 5, REASONS = 20, MINUTE_S = 60 };

static struct {
	pthread_mutex_t lock;
	unsigned lines;
	char text[1 << 16];
} journal = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void collect(void *arg, enum mcps_log_level level, const char *module,
                    const char *text)
{
	size_t length;

	(void)arg;
	pthread_mutex_lock(&journal.lock);
	length = strlen(journal.text);
	snprintf(journal.text + length, sizeof journal.text - length,
	         "%d %s %s\n", (int)level, module, text);
	journal.lines++;
	pthread_mutex_unlock(&journal.lock);
}

static bool has_logged(const char *text)
{
	bool has;

	pthread_mutex_lock(&journal.lock);
	has = strstr(journal.text, text) != NULL;
	pthread_mutex_unlock(&journal.lock);
	return has;
}

/* ---- a tool that breaks its promise ---- */

struct nothing {
	char unused;
};

static const mcps_field no_fields[] = { MCPS_FIELDS_END };

static mcps_status run_shapeless(mcps_call *call, const void *args)
{
	(void)call, (void)args;
	return MCPS_OK;
}

static void add_shapeless(mcps_server *server)
{
	mcps_add_tool(server, struct nothing, .name = "shapeless",
	              .fields = no_fields,
	              .output_schema = "{\"type\":\"object\"}",
	              .run = run_shapeless);
}

/* ---- what a client may send ---- */

/* METHOD with header LINES and BODY on a connection of its own. */
static int send(const char *method, const char *path, const char *lines,
                const char *body)
{
	struct wire wire = wire_open(wire_port());
	char head[2048];
	int status;

	snprintf(head, sizeof head,
	         "%s %s HTTP/1.1\r\n" WIRE_HOST WIRE_TYPE WIRE_ACCEPT
	         "%sContent-Length: %zu\r\n\r\n",
	         method, path, lines, strlen(body));
	wire_text(&wire, head);
	wire_text(&wire, body);
	status = wire_read_open(&wire).status;
	wire_close(&wire);
	return status;
}

static void send_mistakes(const char *session)
{
	static const char *const lines[] = {
		"MCP-Protocol-Version: 1999-01-01\r\n",
		"Origin: https://evil.test\r\n",
		"Mcp-Session-Id: nobody-knows-this-one\r\n",
		"Transfer-Encoding: gzip\r\n",
		"X-Odd : 1\r\n",
		"Last-Event-ID: 0-1\r\n",
		"X-Forwarded-For: \"\r\n",
	};
	static const char cancelled[] =
		"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
		"\"params\":{\"requestId\":3,\"reason\":\"enough\"}}";
	static const char *const bodies[] = {
		"",
		"{",
		"[]",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nope\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}",
		WIRE_CALL(1, "nope", "{}"),
		WIRE_CALL(2, "touch", "{\"nope\":1}"),
		WIRE_CALL(3, "shapeless", "{}"),
		WIRE_CALL(4, "big", "{\"size\":100000}"),
		WIRE_CALL(5, "tell", "{\"times\":2}"),
		cancelled,
	};

	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		(void)send("POST", "/mcp", lines[i], WIRE_PING);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		(void)send("POST", "/mcp", session, bodies[i]);
	(void)send("PUT", "/mcp", session, "");
	(void)send("POST", "/other", session, WIRE_PING);
	(void)send("GET", "/mcp", "", "");
}

/* A session that begins, is used and ends, then one that stays. */
static void send_round(void)
{
	struct wire_session session = wire_session_of("");

	ck_assert_int_eq(send("GET", "/mcp", session.lines, ""), 200);
	send_mistakes(session.lines);
	ck_assert_int_eq(send("DELETE", "/mcp", session.lines, ""), 204);
	ck_assert_int_eq(send("DELETE", "/mcp", session.lines, ""), 404);
	ck_assert_int_eq(send("POST", "/mcp", session.lines, WIRE_PING), 404);
	(void)wire_session_of("");
}

/* Sessions that made room, and come back. */
static void recreate(void)
{
	struct wire_session sessions[LIVE];

	for (int i = 0; i < LIVE; i++)
		sessions[i] = wire_session_of("");
	for (int i = 0; i < LIVE; i++)
		(void)wire_session_of("");
	for (int i = 0; i < LIVE; i++)
		(void)send("POST", "/mcp", sessions[i].lines, WIRE_PING);
}

START_TEST(a_flood_of_anonymous_requests_writes_a_line_a_minute_a_reason)
{
	time_t began = time(NULL);
	unsigned minutes;

	wire_add(add_shapeless);
	wire_start(WIRE_ANONYMOUS, .log = collect, .log_level = MCPS_LOG_INFO,
	           .max_anonymous_sessions = LIVE, .max_result = 65536,
	           .max_tombstones_per_caller = REMEMBERED,
	           .anonymous_session_rate = 1,
	           .anonymous_session_burst = 3 * ROUNDS);
	for (int i = 0; i < ROUNDS; i++)
		send_round();
	recreate();
	/* Beyond the rate. */
	while (wire_initialize("").status == 200)
		continue;
	for (int i = 0; i < ROUNDS; i++)
		(void)wire_initialize("");
	wire_stop();
	minutes = (unsigned)((time(NULL) - began) / MINUTE_S);
	ck_assert_msg(journal.lines <= REASONS * (minutes + 1),
	              "%u lines:\n%.1000s", journal.lines, journal.text);
	ck_assert(has_logged("anonymous_sessions_ended: "));
	ck_assert(has_logged("anonymous_sessions_recreated: "));
	ck_assert(has_logged("anonymous_session_quota: "));
	ck_assert(has_logged("anonymous_session_rate_limit: "));
	ck_assert(has_logged("tombstone_limit: "));
	ck_assert(has_logged("\"shapeless\" has an output schema"));
	ck_assert(has_logged("origin_refused: "));
	ck_assert(has_logged("request_malformed: "));
	ck_assert(has_logged("session_unknown: "));
	ck_assert(has_logged("json_invalid: "));
}
END_TEST

/* Each has a name, and a limit of its own. */
START_TEST(sessions_of_identified_callers_are_logged_one_by_one)
{
	wire_add(NULL);
	wire_start(WIRE_NAMED, .log = collect, .log_level = MCPS_LOG_INFO);
	for (int i = 0; i < 3; i++) {
		struct wire_session session = wire_session_of("ann");

		ck_assert_int_eq(send("DELETE", "/mcp", session.lines, ""),
		                 204);
	}
	wire_stop();
	ck_assert_uint_eq(journal.lines, 3);
	ck_assert(has_logged("session ended id=#"));
}
END_TEST

TEST_MAIN("log flood")
{
	test_timeout(300);
	test_add(a_flood_of_anonymous_requests_writes_a_line_a_minute_a_reason);
	test_add(sessions_of_identified_callers_are_logged_one_by_one);
}
