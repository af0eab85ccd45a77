/* Which revision a request speaks, and what clients of a later era get. */
#include "exchange/case_harness.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define META(version)                                                          \
	"{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":" version "}" \
	"}"

#define SERVED \
	"served revisions: 2025-11-25, 2025-06-18, 2025-03-26, 2024-11-05"

/* ---- an endpoint that serves the legacy era, as a table ---- */

enum claim { CLAIM_NONE, CLAIM_LEGACY, CLAIM_MODERN, CLAIM_GARBAGE, CLAIMS };

static const char *const claims[CLAIMS] = {
	[CLAIM_NONE] = NULL,
	[CLAIM_LEGACY] = "2025-03-26",
	[CLAIM_MODERN] = "2026-07-28",
	[CLAIM_GARBAGE] = "latest",
};

enum method { INITIALIZES, DISCOVERS, PINGS, NOTIFIES, METHODS };

static const struct {
	const char *name;
	const char *id;     /* member, with its comma */
	const char *params; /* members beside _meta */
	int status_in_session;
	const char *in_session; /* part of the answer */
} probes[METHODS] = {
	[INITIALIZES] = { "initialize", "\"id\":7,",
	                  "\"protocolVersion\":\"2025-06-18\","
	                  "\"capabilities\":{},\"clientInfo\":{\"name\":"
	                  "\"test\",\"version\":\"1\"}",
	                  200, "\"protocolVersion\":\"2025-06-18\"" },
	[DISCOVERS] = { "server/discover", "\"id\":7,", "", 200, "-32601" },
	[PINGS] = { "ping", "\"id\":7,", "", 200, "\"result\":{}" },
	[NOTIFIES] = { "notifications/progress", "", "", 202, "" },
};

static const char *write_body(enum method method, enum claim meta)
{
	static char body[512];
	char claim[128] = "";

	if (claims[meta] != NULL)
		snprintf(claim, sizeof claim,
		         "\"_meta\":{\"io.modelcontextprotocol/"
		         "protocolVersion\":\"%s\"}%s",
		         claims[meta],
		         probes[method].params[0] != '\0' ? "," : "");
	snprintf(body, sizeof body,
	         "{\"jsonrpc\":\"2.0\",%s\"method\":\"%s\","
	         "\"params\":{%s%s}}",
	         probes[method].id, probes[method].name, claim,
	         probes[method].params);
	return body;
}

static void check_row(enum claim header, enum claim meta, bool has_session,
                      enum method method)
{
	const char *id = has_session ? case_begin() : NULL;
	struct answer answer = EXCHANGE(&harness, .caller = "alice", .id = id,
	                                .version = claims[header],
	                                .body = write_body(method, meta));
	bool is_served = header == CLAIM_NONE || header == CLAIM_LEGACY;
	const char *wanted = probes[method].in_session;
	int status = probes[method].status_in_session;

	if (method != INITIALIZES && !has_session) {
		status = 400;
		wanted = is_served ? "\"code\":-32600,\"message\":\"Session "
		                     "id required\""
		                   : "\"code\":-32600,\"message\":\"Session "
		                     "id required: " SERVED "\"";
	} else if (method != INITIALIZES && !is_served) {
		status = 400;
		wanted = "\"code\":-32600,\"message\":\"Unsupported protocol "
			 "version: " SERVED "\"";
	}
	ck_assert_msg(answer.status == status &&
	                      strstr(answer.body, wanted) != NULL &&
	                      strstr(answer.body, "-3202") == NULL,
	              "header %s, meta %s, session %d, %s: %d %s",
	              claims[header], claims[meta], has_session,
	              probes[method].name, answer.status, answer.body);
}

START_TEST(legacy_endpoint_answers_like_any_legacy_server)
{
	for (enum claim header = CLAIM_NONE; header < CLAIMS; header++)
		for (enum claim meta = CLAIM_NONE; meta < CLAIMS; meta++)
			for (enum method method = 0; method < METHODS;
			     method++) {
				check_row(header, meta, false, method);
				check_row(header, meta, true, method);
			}
}
END_TEST

START_TEST(initialize_without_a_legacy_revision_lacks_a_parameter)
{
	struct answer answer = case_post(
		NULL, REQUEST_WITH(7, "initialize", META("\"2026-07-28\"")));

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "error.code"), "-32602");
	ck_assert_str_eq(answer.session_id, "");
}
END_TEST

START_TEST(modern_probe_costs_no_store_access)
{
	unsigned before = store_double_total(&harness.store);
	struct answer answer =
		EXCHANGE(&harness, .caller = "alice", .version = "2026-07-28",
	                 .body = REQUEST_WITH(7, "server/discover",
	                                      META("\"2026-07-28\"")));

	ck_assert_int_eq(answer.status, 400);
	ck_assert_uint_eq(store_double_total(&harness.store), before);
}
END_TEST

START_TEST(meta_that_claims_nothing_is_nobodys_business)
{
	const char *id = case_begin();
	static const char *const params[] = {
		"{\"_meta\":{\"progressToken\":1}}", "{\"_meta\":7}",
		"{\"_meta\":{\"protocolVersion\":\"2026-07-28\"}}", META("7"),
		META("null")
	};

	for (int i = 0; i < COUNT(params); i++) {
		char body[256];
		struct answer answer;

		snprintf(body, sizeof body,
		         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\","
		         "\"params\":%s}",
		         params[i]);
		answer = case_post(id, body);
		answer_check_json(&answer, 200, PONG(1));
	}
}
END_TEST

START_TEST(any_served_revision_in_the_header_goes_with_any_session)
{
	const char *id = case_begin();
	static const char *const versions[] = { "2024-11-05", "2025-03-26",
		                                "2025-06-18", "2025-11-25",
		                                NULL };

	for (int i = 0; i < COUNT(versions); i++) {
		struct answer answer =
			EXCHANGE(&harness, .caller = "alice", .id = id,
		                 .version = versions[i],
		                 .body = CALL(1, "whoami", "{}"));

		ck_assert_ptr_nonnull(
			strstr(answer_text(&harness, &answer), " 2025-06-18 "));
	}
}
END_TEST

START_TEST(a_revision_in_the_header_that_is_not_served_is_400)
{
	const char *id = case_begin();
	static const char *const methods[] = { "POST", "GET", "DELETE" };
	static const char *const versions[] = { "2024-10-07", "2026-07-28",
		                                "latest", "2025-06-18x" };

	for (int m = 0; m < COUNT(methods); m++)
		for (int v = 0; v < COUNT(versions); v++) {
			struct answer answer = EXCHANGE(
				&harness, .method = methods[m],
				.caller = "alice", .id = id,
				.version = versions[v], .body = PING(1));

			ck_assert_int_eq(answer.status, 400);
			ck_assert_str_eq(case_at(&answer, "error.code"),
			                 "-32600");
			ck_assert_str_eq(
				case_at(&answer, "error.message"),
				"Unsupported protocol version: " SERVED);
		}
	ck_assert_int_eq(case_ping(id), 200);
}
END_TEST

START_TEST(initialize_negotiates_by_its_params_whatever_the_header_says)
{
	struct answer answer =
		EXCHANGE(&harness, .caller = "alice", .version = "2099-01-01",
	                 .body = INITIALIZE(1, "2025-03-26"));

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(case_at(&answer, "result.protocolVersion"),
	                 "2025-03-26");
}
END_TEST

TEST_MAIN("eras")
{
	test_fixture(case_set_up, case_tear_down);
	test_add(legacy_endpoint_answers_like_any_legacy_server);
	test_add(initialize_without_a_legacy_revision_lacks_a_parameter);
	test_add(modern_probe_costs_no_store_access);
	test_add(meta_that_claims_nothing_is_nobodys_business);
	test_add(any_served_revision_in_the_header_goes_with_any_session);
	test_add(a_revision_in_the_header_that_is_not_served_is_400);
	test_add(initialize_negotiates_by_its_params_whatever_the_header_says);
}
