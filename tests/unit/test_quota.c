/* How many sessions a caller may have, and how fast he may begin them: the
 * whole way through exchanges, with time and workers in the test's hand. */
#include "exchange/harness.h"
#include "exchange/tools.h"
#include "http/rate.h"
#include "session/quota.h"
#include "store/directory.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { QUOTA = 3, MINUTES_2 = 120000 };

static struct harness harness;
static char heard[256];

static void hook(void *arg, enum mcps_session_event event, const char *subject,
                 const struct mcps_session_view *session)
{
	size_t length = strlen(heard);

	(void)arg;
	if (event == MCPS_SESSION_EVICTED)
		snprintf(heard + length, sizeof heard - length, "%s %zu; ",
		         subject, strlen(session->digest));
}

static void start(const struct harness_options *options)
{
	heard[0] = '\0';
	harness_init(&harness, options);
	harness.sessions.options.quota = QUOTA;
	harness.sessions.options.anonymous_quota = QUOTA;
}

static void set_up(void)
{
	start(&(const struct harness_options){ .tools = test_tools,
	                                       .policy = MCPS_UNKNOWN_NEVER,
	                                       .hook = hook });
}

static void tear_down(void)
{
	mcps__rate_free(harness.endpoint.session_rate_of_caller);
	mcps__rate_free(harness.endpoint.requests_of_caller);
	harness_finish(&harness);
}

static const char *begin(const char *caller)
{
	const char *id = harness_begin(&harness, caller, "2025-11-25");

	harness_pass(&harness, MINUTES_2);
	return id;
}

static int ping(const char *caller, const char *id)
{
	return EXCHANGE(&harness, .caller = caller, .id = id, .body = PING(1))
	        .status;
}

static struct answer initialize(const char *caller)
{
	return EXCHANGE(&harness, .caller = caller,
	                .body = INITIALIZE(1, "2025-11-25"));
}

/* ---- how many ---- */

START_TEST(the_callers_least_recently_seen_session_makes_room)
{
	const char *bobs = begin("bob");
	const char *first = begin("ann");
	const char *second = begin("ann");
	const char *third = begin("ann");

	ck_assert_int_eq(ping("ann", first), 200); /* seen again */
	(void)begin("ann");
	ck_assert_int_eq(harness_live(&harness, "ann"), QUOTA);
	ck_assert_int_eq(ping("ann", first), 200);
	ck_assert_int_eq(ping("ann", third), 200);
	ck_assert_int_eq(ping("ann", second), 404);
	ck_assert_int_eq(ping("bob", bobs), 200);
	ck_assert_str_eq(heard, "ann 8; ");
}
END_TEST

/* It was not ended, it is unknown: where those are taken in it comes back. */
START_TEST(an_evicted_session_has_no_tombstone)
{
	const char *first;

	harness.endpoint.policy = MCPS_UNKNOWN_ISSUED;
	first = begin("ann");
	for (int i = 0; i < QUOTA; i++)
		(void)begin("ann");
	ck_assert_int_eq(harness_row(&harness, "ann", first).phase, 0);
	ck_assert_int_eq(ping("ann", first), 200);
	ck_assert_int_eq(harness_live(&harness, "ann"), QUOTA);
}
END_TEST

START_TEST(a_recreated_session_counts_like_any_other)
{
	char id[] = "foreign-0";

	harness.endpoint.policy = MCPS_UNKNOWN_AUTHENTICATED;
	for (int i = 0; i < 20; i++) {
		id[8] = (char)('a' + i);
		ck_assert_int_eq(ping("ann", id), 200);
		ck_assert_int_le(harness_live(&harness, "ann"), QUOTA);
	}
}
END_TEST

START_TEST(anonymous_callers_share_one_quota)
{
	const char *first;

	tear_down();
	start(&(const struct harness_options){ .is_anonymous = true,
	                                       .policy = MCPS_UNKNOWN_NEVER });
	first = begin(NULL);
	for (int i = 0; i < QUOTA; i++)
		(void)begin(NULL);
	ck_assert_int_eq(harness_live(&harness, NULL), QUOTA);
	ck_assert_int_eq(ping(NULL, first), 404);
}
END_TEST

START_TEST(who_had_more_before_loses_a_few_at_a_time)
{
	harness.sessions.options.quota = 0;
	for (int i = 0; i < 12; i++)
		(void)begin("ann");
	harness.sessions.options.quota = QUOTA;
	(void)begin("ann");
	ck_assert_int_eq(harness_live(&harness, "ann"),
	                 12 + 1 - QUOTA_EVICTED_MOST);
	for (int i = 0; i < 4; i++)
		(void)begin("ann");
	ck_assert_int_eq(harness_live(&harness, "ann"), QUOTA);
}
END_TEST

START_TEST(sessions_in_use_stay_and_a_new_one_is_429)
{
	const char *ids[QUOTA];
	struct flight *calls[QUOTA], *late;
	struct answer answer;

	tear_down();
	start(&(const struct harness_options){ .tools = test_tools,
	                                       .is_manual = true });
	for (int i = 0; i < QUOTA; i++)
		ids[i] = begin("ann");
	for (int i = 0; i < QUOTA; i++)
		calls[i] = SEND(&harness, .caller = "ann", .id = ids[i],
		                .body = CALL(1, "whoami", "{}"));
	answer = initialize("ann");
	ck_assert_int_eq(answer.status, 429);
	ck_assert_uint_ge(answer.retry_after_s, 1);
	ck_assert_str_eq(answer.session_id, "");
	ck_assert_int_eq(harness_live(&harness, "ann"), QUOTA);
	ck_assert_int_eq(initialize("bob").status, 200);
	/* One that is at rest again makes room. */
	ck_assert(harness_work(&harness));
	ck_assert_int_eq(harness_receive(calls[0]).status, 200);
	late = SEND(&harness, .caller = "ann",
	            .body = INITIALIZE(1, "2025-11-25"));
	ck_assert_int_eq(harness_receive(late).status, 200);
	ck_assert_int_eq(harness_row(&harness, "ann", ids[0]).phase, 0);
	for (int i = 1; i < QUOTA; i++) {
		ck_assert(harness_work(&harness));
		ck_assert_int_eq(harness_receive(calls[i]).status, 200);
	}
}
END_TEST

/* ---- which one ---- */

/* Start again with a memory store or, in the second round, SQLite. */
static void start_on(int round, const struct harness_options *options)
{
	struct harness_options wanted = *options;

	tear_down();
	wanted.tools = test_tools;
	wanted.policy = MCPS_UNKNOWN_NEVER;
	if (round == 1) {
		directory_in_memory();
		directory_make();
		wanted.store = url_in_directory("test.db");
	}
	start(&wanted);
}

static void end_on(int round)
{
	if (round == 0)
		return;
	tear_down();
	directory_remove();
	set_up();
}

static void set_quota(void)
{
	harness.sessions.options.quota = QUOTA;
	harness.sessions.options.anonymous_quota = QUOTA;
}

static void begin_three(const char *ids[QUOTA])
{
	for (int i = 0; i < QUOTA; i++) {
		ids[i] = harness_begin(&harness, "ann", "2025-11-25");
		harness_pass(&harness, 1000);
	}
}

/* Last seen is stored once a minute: what is stored says that ids[0] was used
 * first, memory says that it was used last. */
START_TEST(a_session_used_just_now_is_not_evicted)
{
	const char *ids[QUOTA];

	start_on(_i, &(const struct harness_options){ .hot = 100 });
	begin_three(ids);
	harness_pass(&harness, 50000);
	ck_assert_int_eq(ping("ann", ids[0]), 200);
	harness_pass(&harness, 300);
	ck_assert_int_eq(initialize("ann").status, 200);
	ck_assert_int_eq(ping("ann", ids[0]), 200);
	ck_assert_int_eq(ping("ann", ids[1]), 404);
	ck_assert_int_eq(ping("ann", ids[2]), 200);
	end_on(_i);
}
END_TEST

START_TEST(a_session_used_since_a_restart_is_not_evicted)
{
	const char *ids[QUOTA];

	start_on(_i, &(const struct harness_options){ .hot = 100 });
	begin_three(ids);
	harness_restart(&harness, KEEP_ALL);
	set_quota();
	ck_assert_int_eq(ping("ann", ids[0]), 200);
	harness_pass(&harness, 300);
	ck_assert_int_eq(initialize("ann").status, 200);
	ck_assert_int_eq(ping("ann", ids[0]), 200);
	ck_assert_int_eq(ping("ann", ids[1]), 404);
	end_on(_i);
}
END_TEST

/* It leaves memory, and its last use goes to the store. */
START_TEST(a_session_that_left_memory_just_now_is_not_evicted)
{
	const char *ids[QUOTA];

	start_on(_i, &(const struct harness_options){ .hot = 1 });
	begin_three(ids);
	ck_assert_int_eq(ping("ann", ids[0]), 200);
	harness_pass(&harness, 300);
	(void)harness_begin(&harness, "bob", "2025-11-25");
	ck_assert_int_eq(initialize("ann").status, 200);
	ck_assert_int_eq(ping("ann", ids[0]), 200);
	ck_assert_int_eq(ping("ann", ids[1]), 404);
	end_on(_i);
}
END_TEST

/* Every one but the last was used within the minute, in the other order. */
START_TEST(many_sessions_are_evicted_in_the_order_of_their_use)
{
	enum { MANY = 40 };
	const char *ids[MANY];

	start_on(_i, &(const struct harness_options){ .hot = 100 });
	harness.sessions.options.quota = MANY;
	for (int i = 0; i < MANY; i++) {
		ids[i] = harness_begin(&harness, "ann", "2025-11-25");
		harness_pass(&harness, 100);
	}
	for (int i = MANY; i-- > 0;) {
		ck_assert_int_eq(ping("ann", ids[i]), 200);
		harness_pass(&harness, 100);
	}
	for (int i = MANY; i-- > 0;) {
		ck_assert_int_eq(initialize("ann").status, 200);
		ck_assert_int_eq(harness_row(&harness, "ann", ids[i]).phase, 0);
		if (i > 0)
			ck_assert_int_eq(
				harness_row(&harness, "ann", ids[i - 1]).phase,
				MCPS_PHASE_LIVE);
	}
	end_on(_i);
}
END_TEST

/* ---- in use ---- */

/* All sessions of a caller but ids[1] have been used since ids[0], and ids[0]
 * is in use: ids[1] goes. */
static void check_kept(const char *const ids[QUOTA])
{
	harness_pass(&harness, MINUTES_2);
	ck_assert_int_eq(ping("ann", ids[2]), 200);
	ck_assert_int_eq(initialize("ann").status, 200);
	ck_assert_int_eq(harness_row(&harness, "ann", ids[0]).phase,
	                 MCPS_PHASE_LIVE);
	ck_assert_int_eq(harness_row(&harness, "ann", ids[1]).phase, 0);
}

START_TEST(a_session_with_an_open_stream_is_not_evicted)
{
	const char *ids[QUOTA];
	struct flight *stream;

	start_on(_i, &(const struct harness_options){ .hot = 100 });
	begin_three(ids);
	stream = SEND(&harness, .method = "GET", .caller = "ann", .id = ids[0]);
	harness_open_stream(stream);
	check_kept(ids);
	harness_hang_up(stream);
	end_on(_i);
}
END_TEST

START_TEST(a_session_with_a_running_call_is_not_evicted)
{
	const char *ids[QUOTA];
	struct flight *call;

	start_on(_i, &(const struct harness_options){ .hot = 100,
	                                              .is_manual = true });
	begin_three(ids);
	call = SEND(&harness, .caller = "ann", .id = ids[0],
	            .body = CALL(1, "whoami", "{}"));
	check_kept(ids);
	harness_work(&harness);
	ck_assert_int_eq(harness_receive(call).status, 200);
	end_on(_i);
}
END_TEST

/* The copy in memory is not believed any more after a failed commit, and is
 * dropped; the call on it goes on. */
START_TEST(a_session_whose_copy_was_dropped_under_a_call_is_not_evicted)
{
	const char *ids[QUOTA];
	struct flight *call;

	tear_down();
	start(&(const struct harness_options){ .tools = test_tools,
	                                       .policy = MCPS_UNKNOWN_NEVER,
	                                       .is_manual = true });
	begin_three(ids);
	call = SEND(&harness, .caller = "ann", .id = ids[0],
	            .body = CALL(1, "count", "{}"));
	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	ck_assert_int_eq(EXCHANGE(&harness, .caller = "ann", .id = ids[0],
	                          .body = NOTICE("notifications/initialized"))
	                         .status,
	                 202);
	check_kept(ids);
	harness_work(&harness);
	ck_assert_int_eq(harness_receive(call).status, 200);
	ck_assert_str_eq(harness_state(&harness, "ann", ids[0], "n"), "1");
	/* The call is over: now it makes room like any other. */
	harness_pass(&harness, MINUTES_2);
	ck_assert_int_eq(ping("ann", ids[2]), 200);
	ck_assert_int_eq(initialize("ann").status, 200);
	ck_assert_int_eq(initialize("ann").status, 200);
	ck_assert_int_eq(harness_row(&harness, "ann", ids[0]).phase, 0);
}
END_TEST

START_TEST(a_session_whose_request_is_still_arriving_is_not_evicted)
{
	const char *ids[QUOTA];
	struct flight *slow;

	start_on(_i, &(const struct harness_options){ .hot = 100 });
	begin_three(ids);
	slow = harness_send_head(
		&harness,
		&(const struct request){ .caller = "ann", .id = ids[0] });
	check_kept(ids);
	harness_send_body(slow, CALL(1, "whoami", "{}"));
	ck_assert_int_eq(harness_receive(slow).status, 200);
	end_on(_i);
}
END_TEST

/* ---- how fast ---- */

static void limit_session_rate(uint32_t per_s, uint32_t burst)
{
	const struct rate_limit limit = { per_s, burst };

	ck_assert_int_eq(
		mcps__rate_new(&harness.endpoint.session_rate_of_caller, &limit,
	                       &harness.random),
		MCPS_OK);
}

START_TEST(a_burst_of_sessions_and_then_one_after_the_other)
{
	struct answer answer;

	limit_session_rate(1, 2);
	ck_assert_int_eq(initialize("ann").status, 200);
	ck_assert_int_eq(initialize("ann").status, 200);
	answer = initialize("ann");
	ck_assert_int_eq(answer.status, 429);
	ck_assert_uint_eq(answer.retry_after_s, 1);
	ck_assert_int_eq(initialize("bob").status, 200);
	harness_pass(&harness, 999);
	ck_assert_int_eq(initialize("ann").status, 429);
	harness_pass(&harness, 1);
	ck_assert_int_eq(initialize("ann").status, 200);
	ck_assert_int_eq(initialize("ann").status, 429);
}
END_TEST

/* Only what begins counts: not what is known, nor what is refused. */
START_TEST(known_sessions_are_served_at_any_rate)
{
	const char *id = begin("ann");

	limit_session_rate(1, 1);
	ck_assert_int_eq(initialize("ann").status, 200);
	ck_assert_int_eq(initialize("ann").status, 429);
	mcps__rate_free(harness.endpoint.session_rate_of_caller);
	harness_restart(&harness, KEEP_ALL);
	harness.endpoint.policy = MCPS_UNKNOWN_NEVER;
	limit_session_rate(1, 1);
	ck_assert_int_eq(initialize("ann").status, 200);
	ck_assert_int_eq(initialize("ann").status, 429);
	ck_assert_int_eq(ping("ann", id), 200); /* restored */
	ck_assert_int_eq(ping("ann", id), 200);
	ck_assert_int_eq(ping("ann", "unknown"), 404);
}
END_TEST

/* Incident 24: at a limit of requests a known and an unknown id are told the
 * same, and a bad credential is told 401 all the same. */
START_TEST(incident_24_a_limit_does_not_tell_whether_a_session_exists)
{
	const struct rate_limit limit = { 1, 1 };
	const char *id = begin("ann");
	struct answer known, unknown;

	ck_assert_int_eq(mcps__rate_new(&harness.endpoint.requests_of_caller,
	                                &limit, &harness.random),
	                 MCPS_OK);
	ck_assert_int_eq(ping("ann", id), 200);
	known = EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(1));
	unknown =
		EXCHANGE(&harness, .caller = "ann", .id = "x", .body = PING(1));
	ck_assert_int_eq(known.status, 429);
	answer_check_json(&unknown, 429, known.body);
	ck_assert_uint_eq(unknown.retry_after_s, known.retry_after_s);
	ck_assert_int_eq(ping("bad", id), 401);
	harness_pass(&harness, 1000);
	ck_assert_int_eq(ping("ann", "x"), 404);
}
END_TEST

TEST_MAIN("quota")
{
	test_fixture(set_up, tear_down);
	test_add(the_callers_least_recently_seen_session_makes_room);
	test_add(an_evicted_session_has_no_tombstone);
	test_add(a_recreated_session_counts_like_any_other);
	test_add(anonymous_callers_share_one_quota);
	test_add(who_had_more_before_loses_a_few_at_a_time);
	test_add(sessions_in_use_stay_and_a_new_one_is_429);
	test_add_loop(a_session_used_just_now_is_not_evicted, 2);
	test_add_loop(a_session_used_since_a_restart_is_not_evicted, 2);
	test_add_loop(a_session_that_left_memory_just_now_is_not_evicted, 2);
	test_add_loop(many_sessions_are_evicted_in_the_order_of_their_use, 2);
	test_add_loop(a_session_with_an_open_stream_is_not_evicted, 2);
	test_add_loop(a_session_with_a_running_call_is_not_evicted, 2);
	test_add(a_session_whose_copy_was_dropped_under_a_call_is_not_evicted);
	test_add_loop(a_session_whose_request_is_still_arriving_is_not_evicted,
	              2);
	test_add(a_burst_of_sessions_and_then_one_after_the_other);
	test_add(known_sessions_are_served_at_any_rate);
	test_add(incident_24_a_limit_does_not_tell_whether_a_session_exists);
}
