/* Beside the table: what of a session comes from its id, its caller and the
 * clock, and what a lost one says. */
#include "exchange/case_harness.h"
#include "suite.h"

#include <string.h>

#define REVISION "2025-06-18"

static const char *end_one(void)
{
	const char *id = case_begin_with(REVISION);

	case_delete(id);
	return id;
}

START_TEST(a_lost_session_says_the_same_but_for_the_id_of_the_request)
{
	static const struct {
		const char *body, *answer;
	} cases[] = {
		{ PING(1), GONE(1) },
		{ "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0062\","
		  "\"method\":\"ping\"}",
		  "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0062\"," GONE_MEMBERS },
		{ CALL(3, "count", "{}"), GONE(3) },
		{ REQUEST(4, "no/such"), GONE(4) },
		{ NOTICE("notifications/initialized"), GONE_WITHOUT_ID },
		{ "{\"jsonrpc\":\"2.0\",\"id\":5,\"result\":{}}",
		  GONE_WITHOUT_ID },
		{ "[" PING(6) "]", GONE_WITHOUT_ID },
	};
	const char *id = end_one();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct answer answer = case_post(id, cases[i].body);

		answer_check_gone(&answer, cases[i].answer);
	}
}
END_TEST

START_TEST(a_failed_credential_is_401_whatever_the_id_names)
{
	const char *ids[] = { NULL, end_one(), "never-seen",
		              case_begin_with(REVISION) };
	static const char *const methods[] = { "POST", "GET", "DELETE" };

	for (size_t i = 0; i < 4; i++)
		for (size_t m = 0; m < 3; m++) {
			unsigned before = store_double_total(&harness.store);
			struct answer answer = EXCHANGE(
				&harness, .method = methods[m], .caller = "bad",
				.id = ids[i], .body = PING(1));

			ck_assert_int_eq(answer.status, 401);
			ck_assert_str_eq(answer.challenge,
			                 "Bearer error=\"invalid_token\"");
			ck_assert_uint_eq(store_double_total(&harness.store),
			                  before);
		}
}
END_TEST

START_TEST(a_recreated_session_has_what_its_signed_id_says)
{
	struct answer answer = EXCHANGE(
		&harness, .caller = "alice",
		.body = REQUEST_WITH(
			0, "initialize",
			"{\"protocolVersion\":\"2025-11-25\",\"capabilities\":"
			"{\"roots\":{},\"sampling\":{}},\"clientInfo\":{"
			"\"name\":\"c\",\"version\":\"1\"}}"));
	struct mcps_session_row row;
	int64_t born = atomic_load(&harness.time.wall_ms);

	harness_pass(&harness, DAY_MS);
	harness_restart(&harness, KEEP_KEY);
	EXCHANGE(&harness, .caller = "alice", .id = answer.session_id,
	         .version = "2025-03-26", .body = PING(1));
	row = harness_row(&harness, "alice", answer.session_id);
	ck_assert_uint_eq(row.revision, 20251125);
	ck_assert_uint_eq(row.capabilities, 1 | 4);
	ck_assert_int_eq(row.created_ms, born);
	ck_assert_int_eq(row.seen_ms, born + DAY_MS);
}
END_TEST

START_TEST(a_foreign_id_gets_the_revision_of_the_header_or_2025_03_26)
{
	struct mcps_session_row row;

	EXCHANGE(&harness, .caller = "alice", .id = "with",
	         .version = "2025-06-18", .body = PING(1));
	row = harness_row(&harness, "alice", "with");
	ck_assert_uint_eq(row.revision, 20250618);
	ck_assert_uint_eq(row.capabilities, 0);

	case_post("without", PING(1));
	row = harness_row(&harness, "alice", "without");
	ck_assert_uint_eq(row.revision, 20250326);
}
END_TEST

START_TEST(an_id_of_somebody_else_names_a_session_of_ones_own)
{
	const char *id = case_begin_with(REVISION);
	struct answer answer;

	case_post(id, CALL(1, "count", "{\"by\":41}"));
	answer = EXCHANGE(&harness, .caller = "bob", .id = id,
	                  .body = CALL(1, "count", "{}"));
	ck_assert_str_eq(answer_text(&harness, &answer), "1");
	EXCHANGE(&harness, .method = "DELETE", .caller = "bob", .id = id);
	answer = case_post(id, CALL(1, "count", "{}"));
	ck_assert_str_eq(answer_text(&harness, &answer), "42");
}
END_TEST

START_TEST(an_ended_foreign_id_stays_ended_for_400_days)
{
	case_post("x", PING(1));
	case_delete("x");
	for (int day = 0; day < 400; day += 50) {
		struct answer answer = case_post("x", PING(1));

		answer_check_gone(&answer, GONE(1));
		harness_pass(&harness, 50 * DAY_MS - 1);
		harness_sweep(&harness);
	}
	harness_pass(&harness, 10);
	harness_sweep(&harness);
	ck_assert_int_eq(harness_row(&harness, "alice", "x").phase, 0);
}
END_TEST

START_TEST(a_signed_id_has_no_moment_between_its_tombstone_and_its_old_age)
{
	const char *id = end_one();

	harness_pass(&harness, HARNESS_AGE_DAYS * DAY_MS - 1);
	for (int ms = 0; ms < 4; ms++) {
		struct answer answer;

		harness_sweep(&harness);
		answer = case_post(id, PING(1));
		answer_check_gone(&answer, GONE(1));
		harness_pass(&harness, 1);
	}
}
END_TEST

START_TEST(a_clock_that_steps_back_revives_nothing)
{
	const char *id = case_begin_with(REVISION);
	struct answer answer;

	harness_pass(&harness, (HARNESS_AGE_DAYS + 1) * DAY_MS);
	harness_sweep(&harness);
	atomic_fetch_sub(&harness.time.wall_ms, 20 * DAY_MS);
	harness_restart(&harness, KEEP_ALL);
	answer = case_post(id, PING(1));
	answer_check_gone(&answer, GONE(1));
}
END_TEST

START_TEST(initialize_shows_the_id_and_nothing_else_does)
{
	const char *id = case_begin_with(REVISION);
	static const char *const bodies[] = {
		PING(1), REQUEST(2, "tools/list"), CALL(3, "count", "{}"),
		NOTICE("notifications/initialized"), REQUEST(4, "no/such")
	};

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		ck_assert_str_eq(case_post(id, bodies[i]).session_id, "");
}
END_TEST

TEST_MAIN("identity")
{
	test_fixture(case_set_up, case_tear_down);
	test_add(a_lost_session_says_the_same_but_for_the_id_of_the_request);
	test_add(a_failed_credential_is_401_whatever_the_id_names);
	test_add(a_recreated_session_has_what_its_signed_id_says);
	test_add(a_foreign_id_gets_the_revision_of_the_header_or_2025_03_26);
	test_add(an_id_of_somebody_else_names_a_session_of_ones_own);
	test_add(an_ended_foreign_id_stays_ended_for_400_days);
	test_add(
		a_signed_id_has_no_moment_between_its_tombstone_and_its_old_age);
	test_add(a_clock_that_steps_back_revives_nothing);
	test_add(initialize_shows_the_id_and_nothing_else_does);
}
