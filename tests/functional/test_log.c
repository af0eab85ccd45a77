/* What stands in the log: never a token, never a session id, whatever a
 * client does (DESIGN: an id appears as 8 hex digits of its digest). All that
 * the library logs, down to debug, is collected while clients walk every path
 * there is; then each secret is looked for, and each part of one. */
#include "functional/wire_server.h"
#include "store/directory.h"
#include "suite.h"

#include <mcps/auth.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* PART: bytes in a row of a secret that no other text has by chance. */
enum { LOG_MAX = 1 << 20, SECRETS_MAX = 64, PART = 10 };

static struct {
	pthread_mutex_t lock;
	size_t length;
	unsigned lines;
	char text[LOG_MAX];
} journal = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct {
	size_t count;
	char texts[SECRETS_MAX][200];
} secrets;

static void collect(void *arg, enum mcps_log_level level, const char *module,
                    const char *text)
{
	(void)arg;
	pthread_mutex_lock(&journal.lock);
	journal.length += (size_t)snprintf(
		journal.text + journal.length, LOG_MAX - journal.length,
		"%d %s %s\n", (int)level, module, text);
	journal.lines++;
	ck_assert_uint_lt(journal.length, LOG_MAX);
	pthread_mutex_unlock(&journal.lock);
}

static void add_secret(const char *text)
{
	ck_assert_uint_lt(secrets.count, SECRETS_MAX);
	ck_assert_uint_ge(strlen(text), PART);
	snprintf(secrets.texts[secrets.count++], sizeof secrets.texts[0], "%s",
	         text);
}

static bool has_logged(const char *text)
{
	return strstr(journal.text, text) != NULL;
}

static void check_secrets(void)
{
	char part[PART + 1] = "";

	for (size_t i = 0; i < secrets.count; i++)
		for (const char *at = secrets.texts[i]; at[PART - 1] != '\0';
		     at++) {
			memcpy(part, at, PART);
			ck_assert_msg(!has_logged(part), "%s of %s: %s", part,
			              secrets.texts[i], journal.text);
		}
}

/* ---- the server ---- */

#define TOKEN "tok-5c0ffee5-7a11"

static void start(enum mcps_unknown_ids policy)
{
	wire_start(WIRE_NAMED, .store = url_in_directory("db"),
	           .unknown_ids = policy, .log = collect,
	           .max_sessions_per_caller = 3,
	           .request_rate_per_caller = 1000,
	           .session_burst_per_caller = 40, .session_rate_per_caller = 1,
	           .store_ballast = MCPS_NO_STORE_BALLAST);
}

static struct wire_session begin(const char *token)
{
	struct wire_session session = wire_session_of(token);
	const char *id = strstr(session.lines, "Mcp-Session-Id: ") + 16;
	char copy[200];

	snprintf(copy, sizeof copy, "%.*s", (int)strcspn(id, "\r"), id);
	add_secret(copy);
	return session;
}

/* METHOD of TOKEN with ID and other LINES, a body of its own. */
static int send(const char *method, const char *token, const char *id,
                const char *lines, const char *body)
{
	struct wire wire = wire_open(wire_port());
	char head[2048];
	int status;

	snprintf(head, sizeof head,
	         "%s /mcp HTTP/1.1\r\n" WIRE_HOST WIRE_TYPE WIRE_ACCEPT
	         "Authorization: Bearer %s\r\nMcp-Session-Id: %s\r\n%s"
	         "Content-Length: %zu\r\n\r\n",
	         method, token, id, lines, strlen(body));
	wire_text(&wire, head);
	wire_text(&wire, body);
	status = wire_read_open(&wire).status;
	wire_close(&wire);
	return status;
}

/* ---- the paths ---- */

static void walk_life(void)
{
	struct wire_session session = begin(TOKEN);
	struct wire wire = wire_open(wire_port());

	ck_assert_int_eq(wire_once(session.lines, WIRE_PING).status, 200);
	ck_assert_int_eq(
		wire_once(session.lines, WIRE_CALL(2, "touch", "{}")).status,
		200);
	wire_post(&wire, session.lines, WIRE_CALL(3, "hold", "{}"));
	wire_wait_held(1);
	wire_once(session.lines,
	          "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\","
	          "\"params\":{\"requestId\":3,\"reason\":\"enough\"}}");
	ck_assert_int_eq(wire_read(&wire).status, 200);
	wire_close(&wire);
	send("GET", TOKEN, secrets.texts[secrets.count - 1], "", "");
	ck_assert_int_eq(
		send("DELETE", TOKEN, secrets.texts[secrets.count - 1], "", ""),
		204);
	ck_assert_int_eq(wire_once(session.lines, WIRE_PING).status, 404);
	ck_assert_int_eq(
		send("DELETE", TOKEN, secrets.texts[secrets.count - 1], "", ""),
		404);
}

static void walk_unknown_sessions(void)
{
	static const char foreign[] = "an-id-that-a-client-chose-0001";
	static const char bad[] = "bad-token-of-an-unknown";

	add_secret(foreign);
	add_secret(bad);
	add_secret("other-tok-0badc0de");
	send("POST", bad, foreign, "", WIRE_PING);
	send("POST", TOKEN, foreign, "", WIRE_PING);
	send("GET", TOKEN, foreign, "", "");
	send("DELETE", TOKEN, foreign, "", "");
	send("POST", TOKEN, foreign, "", WIRE_PING);
	begin(TOKEN);
	send("POST", "other-tok-0badc0de", secrets.texts[secrets.count - 1], "",
	     WIRE_PING);
	send("DELETE", "other-tok-0badc0de", secrets.texts[secrets.count - 1],
	     "", "");
}

static void walk_mistakes(void)
{
	static const char *const lines[] = {
		"MCP-Protocol-Version: 1999-01-01\r\n",
		"Origin: https://evil.test\r\n",
		"Mcp-Session-Id: a-second-one-of-them\r\n",
		"Authorization: Bearer a-second-token-here\r\n",
		"Transfer-Encoding: gzip\r\n",
		"X-Odd : 1\r\n",
		"Last-Event-ID: some-event-id-0001\r\n",
	};
	static const char *const bodies[] = {
		"",
		"{",
		"[]",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"nope\"}",
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}",
		WIRE_CALL(1, "nope", "{}"),
		WIRE_INITIALIZE,
	};
	char id[200];

	begin(TOKEN);
	strcpy(id, secrets.texts[secrets.count - 1]);
	add_secret("a-second-one-of-them");
	add_secret("a-second-token-here");
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		send("POST", TOKEN, id, lines[i], WIRE_PING);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		send("POST", TOKEN, id, "", bodies[i]);
	send("PUT", TOKEN, id, "", "");
}

static void walk_quotas(void)
{
	for (int i = 0; i < 8; i++) /* more than may live */
		begin(TOKEN);
	for (int i = 0; i < 60; i++) /* more than may begin */
		send("POST", TOKEN, "an-id-that-a-client-chose-0002", "",
		     WIRE_INITIALIZE);
	add_secret("an-id-that-a-client-chose-0002");
}

static void walk_ends(void)
{
	ck_assert_int_eq(
		mcps_server_revoke(wire_server(), "https://issuer.test", TOKEN),
		MCPS_OK);
	send("POST", TOKEN, secrets.texts[secrets.count - 1], "", WIRE_PING);
	ck_assert_int_eq(mcps_server_reload(wire_server(), NULL), MCPS_OK);
}

START_TEST(no_token_and_no_session_id_is_ever_logged)
{
	static const enum mcps_unknown_ids policies[] = {
		MCPS_UNKNOWN_NEVER, MCPS_UNKNOWN_ISSUED,
		MCPS_UNKNOWN_AUTHENTICATED
	};

	add_secret(TOKEN);
	for (size_t i = 0; i < 3; i++) {
		start(policies[i]);
		walk_life();
		walk_unknown_sessions();
		walk_mistakes();
		walk_quotas();
		walk_ends();
		wire_stop();
		ck_assert_int_eq(remove(in_directory("db")), 0);
		check_secrets();
		secrets.count = 1;
	}
	/* There was something to find it in. */
	ck_assert(has_logged("session created id=#"));
	ck_assert(has_logged("session ended id=#"));
	ck_assert(has_logged("session evicted id=#"));
	ck_assert(has_logged("reason=\"enough\"") || has_logged("cancelled"));
}
END_TEST

TEST_MAIN("log")
{
	test_fixture(directory_make, directory_remove);
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(no_token_and_no_session_id_is_ever_logged);
}
