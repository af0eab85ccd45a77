/* Each refusal of the gate is counted under the name of its reason, and nothing
 * else is; the log has one line about it a minute. Limits are counted likewise:
 * tests/functional/test_limit_reports.c. */
#include "exchange/case_harness.h"

#include "http/refusal.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define BODY INITIALIZE(1, "2025-06-18")
#define JSON "Content-Type: application/json\n"
#define BOTH "Accept: application/json, text/event-stream\n"

static const char *const hosts[] = { "localhost", NULL };
static const struct origin_rules rules = { hosts, NULL };

/* ---- the log ---- */

static char journal[8192];

static void write_line(void *arg, enum mcps_log_level level, const char *module,
                       const char *text)
{
	size_t length = strlen(journal);

	(void)arg, (void)level, (void)module;
	snprintf(journal + length, sizeof journal - length, "\n%s", text);
}

static unsigned lines_with(const char *text)
{
	unsigned count = 0;

	for (const char *at = journal; (at = strstr(at, text)) != NULL; at++)
		count++;
	return count;
}

/* ---- the table ---- */

static mcps_status hook_says;

static mcps_status refuse_all(void *arg, const mcps_request *request,
                              mcps_grant *grant)
{
	(void)arg, (void)request, (void)grant;
	return hook_says;
}

static mcps_status do_nothing(mcps_call *call, const void *args)
{
	(void)call, (void)args;
	return MCPS_OK;
}

static const mcps_tool tools[] = { { .size = sizeof(mcps_tool),
	                             .name = "write",
	                             .scopes = "files:write",
	                             .run = do_nothing },
	                           { .name = NULL } };

static const struct row {
	const char *name; /* of the incident */
	enum incident reason;
	int status;
	struct request request;
	mcps_status hook; /* MCPS_OK: the hook of the harness decides */
	bool in_session;  /* of alice */
} rows[] = {
	{ .name = "credential_missing",
	  .reason = INCIDENT_CREDENTIAL_MISSING,
	  .status = 401,
	  .request = { .body = BODY } },
	{ .name = "credential_refused",
	  .reason = INCIDENT_CREDENTIAL_REFUSED,
	  .status = 401,
	  .request = { .caller = "bad", .body = BODY } },
	{ .name = "credential_refused",
	  .reason = INCIDENT_CREDENTIAL_REFUSED,
	  .status = 401,
	  .request = { .headers = "Authorization: Basic YQ==\n",
	               .body = BODY } },
	{ .name = "caller_forbidden",
	  .reason = INCIDENT_CALLER_FORBIDDEN,
	  .status = 403,
	  .request = { .caller = "banned", .body = BODY } },
	{ .name = "scope_missing",
	  .reason = INCIDENT_SCOPE_MISSING,
	  .status = 403,
	  .request = { .caller = "alice", .body = BODY },
	  .hook = MCPS_E_SCOPE },
	{ .name = "scope_missing",
	  .reason = INCIDENT_SCOPE_MISSING,
	  .status = 403,
	  .request = { .caller = "alice", .body = CALL(1, "write", "{}") },
	  .in_session = true },
	{ .name = "auth_unavailable",
	  .reason = INCIDENT_AUTH_UNAVAILABLE,
	  .status = 503,
	  .request = { .caller = "alice", .body = BODY },
	  .hook = MCPS_E_BUSY },
	{ .name = "auth_unavailable",
	  .reason = INCIDENT_AUTH_UNAVAILABLE,
	  .status = 429,
	  .request = { .caller = "alice", .body = BODY },
	  .hook = MCPS_E_LIMIT },
	{ .name = "auth_hook_status",
	  .reason = INCIDENT_AUTH_STATUS,
	  .status = 500,
	  .request = { .caller = "alice", .body = BODY },
	  .hook = MCPS_E_GONE },
	{ .name = "host_refused",
	  .reason = INCIDENT_HOST_REFUSED,
	  .status = 403,
	  .request = { .headers = "Host: evil.test\n", .body = BODY } },
	{ .name = "origin_refused",
	  .reason = INCIDENT_ORIGIN_REFUSED,
	  .status = 403,
	  .request = { .headers = "Host: localhost\n"
	                          "Origin: https://evil.test\n",
	               .body = BODY } },
	{ .name = "request_malformed",
	  .reason = INCIDENT_REQUEST_MALFORMED,
	  .status = 400,
	  .request = { .headers = "Host: a\nHost: b\n", .body = BODY } },
	{ .name = "path_unknown",
	  .reason = INCIDENT_PATH_UNKNOWN,
	  .status = 404,
	  .request = { .path = "/register", .body = "{}" } },
	{ .name = "method_refused",
	  .reason = INCIDENT_METHOD_REFUSED,
	  .status = 405,
	  .request = { .method = "PUT", .body = "{}" } },
	{ .name = "content_type_refused",
	  .reason = INCIDENT_CONTENT_TYPE_REFUSED,
	  .status = 415,
	  .request = { .caller = "alice", .is_bare = true, .body = BODY } },
	{ .name = "content_encoding_refused",
	  .reason = INCIDENT_CONTENT_ENCODING_REFUSED,
	  .status = 415,
	  .request = { .caller = "alice",
	               .headers = "Content-Encoding: gzip\n",
	               .body = BODY } },
	{ .name = "accept_refused",
	  .reason = INCIDENT_ACCEPT_REFUSED,
	  .status = 406,
	  .request = { .caller = "alice",
	               .is_bare = true,
	               .headers = JSON "Accept: text/html\n",
	               .body = BODY } },
	{ .name = "body_size_limit",
	  .reason = INCIDENT_BODY_SIZE,
	  .status = 413,
	  .request = { .caller = "alice",
	               .headers = "Content-Length: 9999\n" } },
	{ .name = "json_invalid",
	  .reason = INCIDENT_JSON_INVALID,
	  .status = 400,
	  .request = { .caller = "alice", .body = "{" } },
	{ .name = "message_invalid",
	  .reason = INCIDENT_MESSAGE_INVALID,
	  .status = 400,
	  .request = { .caller = "alice", .body = "{\"a\":1}" } },
	{ .name = "message_invalid",
	  .reason = INCIDENT_MESSAGE_INVALID,
	  .status = 400,
	  .request = { .caller = "alice", .body = "[]" } },
	{ .name = "message_invalid",
	  .reason = INCIDENT_MESSAGE_INVALID,
	  .status = 200,
	  .request = { .caller = "alice", .body = REQUEST(1, "initialize") } },
	{ .name = "message_invalid",
	  .reason = INCIDENT_MESSAGE_INVALID,
	  .status = 400,
	  .request = { .caller = "alice", .body = "[" PING(1) "]" },
	  .in_session = true },
	{ .name = "json_limit",
	  .reason = INCIDENT_JSON,
	  .status = 400,
	  .request = { .caller = "alice", .body = "[[[[[[[[[1]]]]]]]]]" } },
	{ .name = "batch_limit",
	  .reason = INCIDENT_BATCH,
	  .status = 400,
	  .request = { .caller = "alice",
	               .body = "[" PING(1) "," PING(2) "," PING(3) "]" } },
	{ .name = "revision_unknown",
	  .reason = INCIDENT_REVISION_UNKNOWN,
	  .status = 400,
	  .request = { .caller = "alice",
	               .version = "1999-01-01",
	               .body = PING(1) },
	  .in_session = true },
	{ .name = "session_id_missing",
	  .reason = INCIDENT_SESSION_ID_MISSING,
	  .status = 400,
	  .request = { .caller = "alice", .body = PING(1) } },
	{ .name = "session_id_missing",
	  .reason = INCIDENT_SESSION_ID_MISSING,
	  .status = 400,
	  .request = { .method = "GET", .caller = "alice" } },
	{ .name = "session_id_missing",
	  .reason = INCIDENT_SESSION_ID_MISSING,
	  .status = 400,
	  .request = { .caller = "alice",
	               .version = "2026-07-28",
	               .body = PING(1) } },
	{ .name = "session_unknown",
	  .reason = INCIDENT_SESSION_UNKNOWN,
	  .status = 404,
	  .request = { .method = "DELETE",
	               .caller = "alice",
	               .id = "nobody-knows-this-one" } },
};

/* ---- tests ---- */

static void set_up(void)
{
	journal[0] = '\0';
	hook_says = MCPS_OK;
	harness_init(&harness,
	             &(const struct harness_options){ .max_body = 1000,
	                                              .tools = tools,
	                                              .log = write_line });
	harness.endpoint.origins = &rules;
	harness.endpoint.max_batch = 2;
	harness.endpoint.scan_limits.depth = 8;
}

/* As harness.c sends it, with a host that is allowed. */
static void refuse(const struct row *row, const char *id)
{
	struct request request = row->request;
	char headers[256];

	snprintf(headers, sizeof headers, "%s%s",
	         request.headers != NULL ? request.headers : "",
	         request.headers == NULL ||
	                         strstr(request.headers, "Host:") == NULL
	                 ? "Host: localhost\n"
	                 : "");
	request.headers = headers;
	if (id != NULL)
		request.id = id;
	ck_assert_int_eq(harness_exchange(&harness, &request).status,
	                 row->status);
}

static void check_counts(enum incident reason, uint64_t times)
{
	for (int i = 0; i < INCIDENT_COUNT; i++)
		ck_assert_msg(harness_incidents(&harness, (enum incident)i) ==
		                      ((int)reason == i ? times : 0),
		              "%s", mcps__incident_name((enum incident)i));
}

static const char *begin(const struct row *row)
{
	const char *id = NULL;

	harness.endpoint.origins = NULL;
	if (row->in_session)
		id = case_begin();
	harness.endpoint.origins = &rules;
	if (row->hook != MCPS_OK) {
		harness.endpoint.identify = refuse_all;
		hook_says = row->hook;
	}
	return id;
}

START_TEST(each_refusal_is_counted_by_its_reason_and_logged_once_a_minute)
{
	const struct row *row = &rows[_i];
	const char *id = begin(row);
	char line[64];

	snprintf(line, sizeof line, "\n%s: ", row->name);
	for (int i = 0; i < 3; i++)
		refuse(row, id);
	check_counts(row->reason, 3);
	ck_assert_uint_eq(lines_with(line), 1);
	harness_pass(&harness, 60000);
	refuse(row, id);
	ck_assert_msg(lines_with(line) == 2, "%s", journal);
	ck_assert_msg(lines_with("times=3 total=4") == 1, "%s", journal);
}
END_TEST

START_TEST(refusals_have_no_line_of_their_own_unless_calls_are_logged)
{
	const struct row *row = &rows[0];

	for (int i = 0; i < 3; i++)
		refuse(row, NULL);
	ck_assert_uint_eq(lines_with("request refused"), 0);
	harness.mcp.log_calls = true;
	for (int i = 0; i < 3; i++)
		refuse(row, NULL);
	ck_assert_uint_eq(
		lines_with("\nrequest refused reason=credential_missing"), 3);
}
END_TEST

START_TEST(a_request_that_finds_no_memory_is_counted)
{
	mcps__refusal_report_status(&harness.endpoint, MCPS_E_NOMEM);
	check_counts(INCIDENT_REQUEST_MEMORY, 1);
	ck_assert_uint_eq(lines_with("\nrequest_memory: "), 1);
}
END_TEST

START_TEST(a_request_that_is_served_is_not_counted)
{
	harness.endpoint.origins = NULL;
	(void)case_begin();
	check_counts(INCIDENT_COUNT, 0);
}
END_TEST

TEST_MAIN("refusals")
{
	test_fixture(set_up, case_tear_down);
	test_add_loop(
		each_refusal_is_counted_by_its_reason_and_logged_once_a_minute,
		COUNT(rows));
	test_add(refusals_have_no_line_of_their_own_unless_calls_are_logged);
	test_add(a_request_that_finds_no_memory_is_counted);
	test_add(a_request_that_is_served_is_not_counted);
}
