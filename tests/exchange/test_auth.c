/* Callers: hooks that answer later, auth results that are kept, scopes,
 * clients, revocation, rotated keys. */
#include "exchange/harness.h"
#include "exchange/tools.h"
#include "http/auth_cache.h"
#include "suite.h"

#include <mcps/call.h>
#include <string.h>

static struct harness harness;

/* ---- a hook that does what the test says ---- */

static struct {
	bool is_late;          /* returns LATER; a thread finishes */
	bool is_hasty;         /* returns LATER, having finished already */
	mcps_status status;    /* of the auth result */
	const char *subject;   /* NULL: the token */
	const char *scopes[3]; /* NULL-terminated */
	bool names_client;     /* by the header Host */
	int64_t expires_s;
	unsigned asked;
	pthread_t thread;
} hook;

static mcps_status fill(const mcps_request *request, mcps_grant *grant)
{
	const char *name = hook.subject != NULL ? hook.subject
	                                        : mcps_request_bearer(request);
	mcps_status status;

	if (hook.status != MCPS_OK || name == NULL)
		return hook.status;
	status = mcps_grant_subject(grant, "https://issuer.test", name);
	for (size_t i = 0; status == MCPS_OK && hook.scopes[i] != NULL; i++)
		status = mcps_grant_scope(grant, hook.scopes[i]);
	if (status == MCPS_OK && hook.names_client)
		status = mcps_grant_client(
			grant, mcps_request_header(request, "Host"));
	if (status == MCPS_OK && hook.expires_s != 0)
		status = mcps_grant_expires(grant, hook.expires_s);
	return status;
}

static void *finish_main(void *grant)
{
	mcps_grant_finish(grant, hook.status);
	return NULL;
}

static mcps_status identify(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	mcps_status status = fill(request, grant);

	(void)arg;
	hook.asked++;
	if (hook.is_hasty)
		mcps_grant_finish(grant, status);
	else if (hook.is_late)
		pthread_create(&hook.thread, NULL, finish_main, grant);
	else
		return status;
	return MCPS_LATER;
}

/* ---- tools ---- */

static mcps_status run_hello(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_text(call, "hello %s", mcps_call_principal(call));
}

static void (*meanwhile)(void);

static mcps_status run_meanwhile(mcps_call *call, const void *args)
{
	(void)args;
	meanwhile();
	ck_assert(mcps_cancelled(call));
	return mcps_text(call, "too late");
}

static const mcps_tool tools[] = {
	{ .size = sizeof(mcps_tool), .name = "hello", .run = run_hello },
	{ .size = sizeof(mcps_tool),
	  .name = "guarded",
	  .scopes = "files:read files:write",
	  .run = run_hello },
	{ .size = sizeof(mcps_tool),
	  .name = "meanwhile",
	  .run = run_meanwhile },
	{ .name = NULL }
};

#define HELLO(id) CALL(id, "hello", "{}")

static void set_up(void)
{
	memset(&hook, 0, sizeof hook);
	harness_init(&harness, &(struct harness_options){ .tools = tools });
	harness.endpoint.identify = identify;
	ck_assert_int_eq(mcps__auth_cache_new(&harness.endpoint.auth_cache,
	                                      &harness.random),
	                 MCPS_OK);
}

static void tear_down(void)
{
	mcps__auth_cache_free(harness.endpoint.auth_cache);
	harness_finish(&harness);
}

/* A new process: nothing is in memory. */
static void restart(void)
{
	struct auth_cache *auth_cache = harness.endpoint.auth_cache;

	harness_restart(&harness, KEEP_ALL);
	harness.endpoint.identify = identify;
	harness.endpoint.auth_cache = auth_cache;
}

/* ---- hooks that answer later ---- */

START_TEST(a_hook_may_answer_later_from_another_thread)
{
	const char *id = harness_begin(&harness, "ann", "2025-11-25");
	struct answer answer;

	hook.is_late = true;
	answer =
		EXCHANGE(&harness, .caller = "ann", .id = id, .body = HELLO(1));
	pthread_join(hook.thread, NULL);
	ck_assert_int_eq(answer.status, 200);
	ck_assert_str_eq(answer_text(&harness, &answer), "hello ann");
}
END_TEST

START_TEST(a_hook_may_finish_before_it_returns_later)
{
	const char *id = harness_begin(&harness, "ann", "2025-11-25");
	struct answer answer;

	hook.is_hasty = true;
	answer =
		EXCHANGE(&harness, .caller = "ann", .id = id, .body = HELLO(1));
	ck_assert_int_eq(answer.status, 200);
}
END_TEST

START_TEST(a_late_refusal_is_401_with_a_challenge)
{
	struct answer answer;

	hook.is_late = true;
	hook.status = MCPS_E_AUTH;
	answer = EXCHANGE(&harness, .caller = "ann", .body = PING(1));
	pthread_join(hook.thread, NULL);
	ck_assert_int_eq(answer.status, 401);
	ck_assert_str_eq(answer.challenge, "Bearer error=\"invalid_token\"");
}
END_TEST

START_TEST(a_hook_that_names_nobody_lets_nobody_in)
{
	struct answer answer = EXCHANGE(&harness, .body = PING(1));

	ck_assert_int_eq(answer.status, 500);
}
END_TEST

/* ---- auth results that are kept ---- */

START_TEST(auth_result_is_kept_until_it_expires)
{
	const char *id;

	hook.expires_s = HARNESS_START_S + 60;
	id = harness_begin(&harness, "ann", "2025-11-25");
	hook.asked = 0;
	EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(1));
	ck_assert_uint_eq(hook.asked, 0);

	harness_pass(&harness, 60 * 1000);
	EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(2));
	ck_assert_uint_eq(hook.asked, 1);
}
END_TEST

static void set_wall_clock(int64_t ms)
{
	atomic_fetch_add(&harness.time.wall_ms, ms);
}

/* The token is as old as before. */
START_TEST(a_wall_clock_that_is_set_back_keeps_no_auth_result_longer)
{
	const char *id;

	hook.expires_s = HARNESS_START_S + 60;
	id = harness_begin(&harness, "ann", "2025-11-25");
	hook.asked = 0;
	set_wall_clock(-DAY_MS);
	EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(1));
	ck_assert_uint_eq(hook.asked, 0);
	harness_pass(&harness, 60 * 1000);
	EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(2));
	ck_assert_uint_eq(hook.asked, 1);
}
END_TEST

START_TEST(a_wall_clock_that_is_set_ahead_has_the_hook_asked_again)
{
	const char *id;

	hook.expires_s = HARNESS_START_S + 60;
	id = harness_begin(&harness, "ann", "2025-11-25");
	hook.asked = 0;
	set_wall_clock(DAY_MS);
	EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(1));
	ck_assert_uint_eq(hook.asked, 1);
}
END_TEST

START_TEST(auth_result_may_be_kept_as_long_as_numbers_go)
{
	const char *id;

	hook.expires_s = INT64_MAX;
	id = harness_begin(&harness, "ann", "2025-11-25");
	hook.asked = 0;
	harness_pass(&harness, 1000 * DAY_MS);
	EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(1));
	ck_assert_uint_eq(hook.asked, 0);
}
END_TEST

START_TEST(auth_result_without_expiry_is_not_kept)
{
	const char *id = harness_begin(&harness, "ann", "2025-11-25");

	hook.asked = 0;
	EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(1));
	ck_assert_uint_eq(hook.asked, 1);
}
END_TEST

START_TEST(kept_auth_result_is_of_its_credential_alone)
{
	hook.expires_s = HARNESS_START_S + 60;
	harness_begin(&harness, "ann", "2025-11-25");
	hook.asked = 0;
	hook.status = MCPS_E_AUTH;
	ck_assert_int_eq(
		EXCHANGE(&harness, .caller = "anna", .body = PING(1)).status,
		401);
	ck_assert_int_eq(EXCHANGE(&harness, .body = PING(1)).status, 401);
	ck_assert_uint_eq(hook.asked, 2);
}
END_TEST

START_TEST(refusals_are_not_kept)
{
	hook.status = MCPS_E_AUTH;
	EXCHANGE(&harness, .caller = "ann", .body = PING(1));
	hook.status = MCPS_OK;
	harness_begin(&harness, "ann", "2025-11-25");
	ck_assert_uint_ge(hook.asked, 2);
}
END_TEST

START_TEST(forgotten_auth_results_are_asked_for_again)
{
	hook.expires_s = HARNESS_START_S + 60;
	harness_begin(&harness, "ann", "2025-11-25");
	mcps__auth_cache_forget(harness.endpoint.auth_cache);
	hook.status = MCPS_E_AUTH;
	ck_assert_int_eq(
		EXCHANGE(&harness, .caller = "ann", .body = PING(1)).status,
		401);
}
END_TEST

/* ---- scopes and clients ---- */

START_TEST(a_tool_without_its_scopes_is_403_with_all_of_them)
{
	const char *id = harness_begin(&harness, "ann", "2025-11-25");
	struct answer answer;

	hook.scopes[0] = "files:read";
	answer = EXCHANGE(&harness, .caller = "ann", .id = id,
	                  .body = CALL(1, "guarded", "{}"));
	ck_assert_int_eq(answer.status, 403);
	ck_assert_str_eq(answer.challenge,
	                 "Bearer error=\"insufficient_scope\", "
	                 "scope=\"files:read files:write\"");
}
END_TEST

START_TEST(a_tool_with_its_scopes_is_served)
{
	const char *id = harness_begin(&harness, "ann", "2025-11-25");
	struct answer answer;

	hook.scopes[0] = "files:write";
	hook.scopes[1] = "files:read";
	answer = EXCHANGE(&harness, .caller = "ann", .id = id,
	                  .body = CALL(1, "guarded", "{}"));
	ck_assert_int_eq(answer.status, 200);
}
END_TEST

START_TEST(another_client_of_the_same_subject_has_its_own_sessions)
{
	const char *id;
	struct answer answer;

	hook.names_client = true;
	hook.subject = "ann";
	answer = EXCHANGE(&harness, .caller = "t", .headers = "Host:one\n",
	                  .body = INITIALIZE(1, "2025-11-25"));
	ck_assert_int_eq(answer.status, 200);
	id = answer.session_id;
	ck_assert_int_eq(EXCHANGE(&harness, .method = "DELETE", .caller = "t",
	                          .headers = "Host:two\n", .id = id)
	                         .status,
	                 404);
	ck_assert_int_eq(EXCHANGE(&harness, .caller = "t", .id = id,
	                          .headers = "Host:one\n", .body = PING(2))
	                         .status,
	                 200);
}
END_TEST

/* ---- revocation ---- */

static void revoke(const char *subject)
{
	struct principal *principal =
		mcps__principal_new("https://issuer.test", subject);

	ck_assert_int_eq(mcps__sessions_revoke(&harness.sessions, principal),
	                 MCPS_OK);
	mcps__principal_unref(principal);
}

static void revoke_ann(void)
{
	revoke("ann");
}

START_TEST(revoked_sessions_end_in_memory_and_in_the_store)
{
	const char *id = harness_begin(&harness, "ann", "2025-11-25");
	const char *others = harness_begin(&harness, "bob", "2025-11-25");
	struct answer answer;

	harness_pass(&harness, 1);
	revoke_ann();
	answer = EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(1));
	answer_check_gone(&answer, GONE(1));
	ck_assert_int_eq(harness_row(&harness, "ann", id).phase,
	                 MCPS_PHASE_ENDED);
	ck_assert_int_eq(EXCHANGE(&harness, .caller = "bob", .id = others,
	                          .body = PING(1))
	                         .status,
	                 200);
}
END_TEST

/* More than one listing holds. */
START_TEST(all_sessions_of_a_caller_are_revoked)
{
	const char *ids[150];
	size_t count = sizeof ids / sizeof ids[0];

	for (size_t i = 0; i < count; i++)
		ids[i] = harness_begin(&harness, "ann", "2025-11-25");
	harness_pass(&harness, 1);
	revoke_ann();
	ck_assert_int_eq(harness_live(&harness, "ann"), 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(EXCHANGE(&harness, .caller = "ann",
		                          .id = ids[i], .body = PING(1))
		                         .status,
		                 404);
}
END_TEST

START_TEST(an_id_issued_before_a_revocation_is_not_believed_without_its_row)
{
	const char *id = harness_begin(&harness, "ann", "2025-11-25");
	struct answer answer;

	harness_forget_row(&harness, "ann", id);
	restart();
	harness_pass(&harness, 1);
	revoke_ann();
	answer = EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(1));
	answer_check_gone(&answer, GONE(1));
}
END_TEST

START_TEST(outcome_of_a_call_that_a_revocation_overtakes_is_unknown)
{
	const char *id = harness_begin(&harness, "ann", "2025-11-25");
	struct answer answer;

	meanwhile = revoke_ann;
	harness_pass(&harness, 1);
	answer = EXCHANGE(&harness, .caller = "ann", .id = id,
	                  .body = CALL(1, "meanwhile", "{}"));
	answer_check_outcome(&answer, OUTCOME(1));
}
END_TEST

START_TEST(a_revoked_caller_may_begin_anew)
{
	const char *id;

	harness_begin(&harness, "ann", "2025-11-25");
	revoke_ann();
	id = harness_begin(&harness, "ann", "2025-11-25");
	ck_assert_int_eq(
		EXCHANGE(&harness, .caller = "ann", .id = id, .body = PING(1))
			.status,
		200);
}
END_TEST

/* ---- rotated keys ---- */

static void rotate(bool keeps_previous)
{
	struct id_keys keys;

	mcps__sessions_get_keys(&harness.sessions, &keys);
	memcpy(keys.previous, keys.current, ID_KEY_SIZE);
	keys.has_previous = keeps_previous;
	memset(keys.current, keys.current[0] + 1, ID_KEY_SIZE);
	mcps__sessions_set_keys(&harness.sessions, &keys);
}

static int ping_forgotten(bool keeps_previous)
{
	const char *id;

	harness.endpoint.identify = NULL;
	id = harness_begin(&harness, NULL, "2025-11-25");
	harness_forget_row(&harness, NULL, id);
	restart();
	harness.endpoint.identify = NULL;
	rotate(keeps_previous);
	return EXCHANGE(&harness, .id = id, .body = PING(1)).status;
}

START_TEST(ids_of_the_previous_key_are_believed)
{
	ck_assert_int_eq(ping_forgotten(true), 200);
}
END_TEST

START_TEST(ids_of_a_removed_key_are_not_believed)
{
	ck_assert_int_eq(ping_forgotten(false), 404);
}
END_TEST

TEST_MAIN("auth")
{
	test_fixture(set_up, tear_down);
	test_add(a_hook_may_answer_later_from_another_thread);
	test_add(a_hook_may_finish_before_it_returns_later);
	test_add(a_late_refusal_is_401_with_a_challenge);
	test_add(a_hook_that_names_nobody_lets_nobody_in);
	test_add(auth_result_is_kept_until_it_expires);
	test_add(a_wall_clock_that_is_set_back_keeps_no_auth_result_longer);
	test_add(a_wall_clock_that_is_set_ahead_has_the_hook_asked_again);
	test_add(auth_result_may_be_kept_as_long_as_numbers_go);
	test_add(auth_result_without_expiry_is_not_kept);
	test_add(kept_auth_result_is_of_its_credential_alone);
	test_add(refusals_are_not_kept);
	test_add(forgotten_auth_results_are_asked_for_again);
	test_add(a_tool_without_its_scopes_is_403_with_all_of_them);
	test_add(a_tool_with_its_scopes_is_served);
	test_add(another_client_of_the_same_subject_has_its_own_sessions);
	test_add(revoked_sessions_end_in_memory_and_in_the_store);
	test_add(all_sessions_of_a_caller_are_revoked);
	test_add(
		an_id_issued_before_a_revocation_is_not_believed_without_its_row);
	test_add(outcome_of_a_call_that_a_revocation_overtakes_is_unknown);
	test_add(a_revoked_caller_may_begin_anew);
	test_add(ids_of_the_previous_key_are_believed);
	test_add(ids_of_a_removed_key_are_not_believed);
}
