/* Which era and which revision a request speaks: its body says it, then the
 * session, then the header. */
#include "exchange/harness.h"
#include "exchange/tools.h"

#include <stdio.h>
#include <string.h>

#define COUNT(table) ((int)(sizeof(table) / sizeof *(table)))

static struct harness harness;

static void set_up(void)
{
	harness_init(&harness,
	             &(const struct harness_options){ .tools = test_tools });
}

static void tear_down(void)
{
	harness_finish(&harness);
}

static struct answer post(const char *id, const char *body)
{
	return EXCHANGE(&harness, .caller = "alice", .id = id, .body = body);
}

static const char *at(const struct answer *answer, const char *path)
{
	return answer_at(&harness, answer, path);
}

#define UNSUPPORTED(id, requested)                                           \
	"{\"jsonrpc\":\"2.0\"" id ",\"error\":{\"code\":-32022,\"message\":" \
	"\"Unsupported protocol version\",\"data\":{\"supported\":[\"2025-"  \
	"11-25\",\"2025-06-18\",\"2025-03-26\"],\"requested\":\"" requested  \
	"\"}}}"
#define META(version)                                                          \
	"{\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":" version "}" \
	"}"

START_TEST(a_modern_request_is_told_what_is_served)
{
	const char *id = harness_begin(&harness, "alice", "2025-06-18");
	static const char *const bodies[] = {
		REQUEST_WITH(7, "tools/list", META("\"2026-07-28\"")),
		REQUEST_WITH(7, "server/discover", META("\"2026-07-28\"")),
		REQUEST_WITH(7, "initialize", META("\"2026-07-28\"")),
	};
	const char *ids[] = { NULL, id, "unknown" };

	for (int i = 0; i < COUNT(bodies); i++)
		for (int n = 0; n < COUNT(ids); n++) {
			unsigned before = store_double_total(&harness.store);
			struct answer answer = post(ids[n], bodies[i]);

			answer_check_json(
				&answer, 400,
				UNSUPPORTED(",\"id\":7", "2026-07-28"));
			ck_assert_str_eq(answer.session_id, "");
			ck_assert_uint_eq(store_double_total(&harness.store),
			                  before);
		}
}
END_TEST

START_TEST(what_was_requested_is_told_as_it_was_meant)
{
	struct answer answer =
		post(NULL, REQUEST_WITH(7, "tools/list",
	                                META("\"2026\\u002d07-28 \\\"x\"")));

	ck_assert_int_eq(answer.status, 400);
	ck_assert_str_eq(at(&answer, "error.data.requested"), "2026-07-28 \"x");
}
END_TEST

START_TEST(the_body_decides_the_era_before_any_header)
{
	struct answer answer = EXCHANGE(
		&harness, .caller = "alice", .version = "2025-06-18",
		.body = REQUEST_WITH(7, "ping", META("\"2026-07-28\"")));

	answer_check_json(&answer, 400, UNSUPPORTED(",\"id\":7", "2026-07-28"));
}
END_TEST

START_TEST(a_claim_of_a_legacy_revision_makes_no_request_modern)
{
	const char *id = harness_begin(&harness, "alice", "2025-06-18");
	struct answer answer =
		post(id, REQUEST_WITH(1, "ping", META("\"2025-03-26\"")));

	answer_check_json(&answer, 200, PONG(1));
}
END_TEST

START_TEST(meta_that_claims_nothing_is_nobodys_business)
{
	const char *id = harness_begin(&harness, "alice", "2025-06-18");
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
		answer = post(id, body);
		answer_check_json(&answer, 200, PONG(1));
	}
}
END_TEST

START_TEST(any_served_revision_in_the_header_goes_with_any_session)
{
	const char *id = harness_begin(&harness, "alice", "2025-06-18");
	static const char *const versions[] = { "2025-03-26", "2025-06-18",
		                                "2025-11-25", NULL };

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
	const char *id = harness_begin(&harness, "alice", "2025-06-18");
	static const char *const methods[] = { "POST", "GET", "DELETE" };
	static const char *const versions[] = { "2024-11-05", "2026-07-28",
		                                "latest", "2025-06-18x" };

	for (int m = 0; m < COUNT(methods); m++)
		for (int v = 0; v < COUNT(versions); v++) {
			struct answer answer = EXCHANGE(
				&harness, .method = methods[m],
				.caller = "alice", .id = id,
				.version = versions[v], .body = PING(1));

			ck_assert_int_eq(answer.status, 400);
			ck_assert_str_eq(at(&answer, "error.code"), "-32022");
			ck_assert_str_eq(at(&answer, "error.data.requested"),
			                 versions[v]);
		}
	ck_assert_int_eq(post(id, PING(1)).status, 200);
}
END_TEST

START_TEST(initialize_negotiates_by_its_params_whatever_the_header_says)
{
	struct answer answer =
		EXCHANGE(&harness, .caller = "alice", .version = "2099-01-01",
	                 .body = INITIALIZE(1, "2025-03-26"));

	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(at(&answer, "result.protocolVersion"), "2025-03-26");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("eras");
	TCase *tests = tcase_create("eras");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_modern_request_is_told_what_is_served);
	tcase_add_test(tests, what_was_requested_is_told_as_it_was_meant);
	tcase_add_test(tests, the_body_decides_the_era_before_any_header);
	tcase_add_test(tests,
	               a_claim_of_a_legacy_revision_makes_no_request_modern);
	tcase_add_test(tests, meta_that_claims_nothing_is_nobodys_business);
	tcase_add_test(tests,
	               any_served_revision_in_the_header_goes_with_any_session);
	tcase_add_test(tests,
	               a_revision_in_the_header_that_is_not_served_is_400);
	tcase_add_test(
		tests,
		initialize_negotiates_by_its_params_whatever_the_header_says);
	suite_add_tcase(suite, tests);
	return harness_main(suite);
}
