/* Sessions for a program with JSON-RPC code of its own: what mcps_admit() makes
 * of requests, without HTTP. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "functional/admit_case.h"
#include "suite.h"

#include <mcps/store.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(a_session_is_opened_served_and_ended)
{
	char *id = admit_open_session(NULL, NULL);
	struct request ping = { .body = PING, .session_id = id };
	struct mcps_session_view session = admit_serve(&ping);

	ck_assert_str_eq(session.revision, "2025-06-18");
	ck_assert_str_eq(session.client_name, "t");
	ck_assert_int_eq(session.source, MCPS_SESSION_SOURCE_CREATED);
	ck_assert_ptr_null(admit_header(&ping, "Mcp-Session-Id"));
	ck_assert_ptr_null(mcps_admission_subject(ping.admission));
	admit_finish(&ping);
	answers(204, NULL, .method = "DELETE", .session_id = id);
	answers(404, GONE, .body = PING, .session_id = id);
	answers(404, "-32001", .method = "GET", .session_id = id);
	free(id);
}
END_TEST

START_TEST(what_is_in_memory_is_served_without_waiting)
{
	char *id = admit_open_session(NULL, NULL);
	struct request ping = { .body = PING, .session_id = id };

	admit_serve(&ping);
	ck_assert_uint_eq(ping.parks, 0);
	admit_finish(&ping);
	free(id);
}
END_TEST

START_TEST(nothing_is_stored_before_the_session_is_opened)
{
	struct request self = { .body = INITIALIZE };
	struct mcps_session_view session;
	struct mcps_counts before, after;

	mcps_server_get_counts(admit_server, &before);
	ck_assert_int_eq(admit_run(&self), MCPS_ADMISSION_INITIALIZE);
	ck_assert(!mcps_admission_session(self.admission, &session));
	ck_assert_ptr_null(admit_header(&self, "Mcp-Session-Id"));
	admit_finish(&self);
	mcps_server_get_counts(admit_server, &after);
	ck_assert_uint_eq(after.created, 0);
	ck_assert_uint_eq(after.store_writes, before.store_writes);
}
END_TEST

START_TEST(only_an_initialize_opens_a_session)
{
	char *id = admit_open_session(NULL, NULL);
	struct request ping = { .body = PING, .session_id = id };

	admit_serve(&ping);
	ck_assert_int_eq(mcps_admission_open_session(ping.admission),
	                 MCPS_E_INVAL);
	ck_assert_int_eq(mcps_admission_get_result(ping.admission),
	                 MCPS_ADMISSION_SERVE);
	admit_finish(&ping);
	free(id);
}
END_TEST

START_TEST(the_same_initialize_renews_its_session)
{
	char *id = admit_open_session(NULL, NULL);
	char *again = admit_open_session(NULL, id);

	ck_assert_str_eq(id, again);
	free(again);
	free(id);
}
END_TEST

START_TEST(what_is_no_good_request_is_answered)
{
	char *id = admit_open_session(NULL, NULL);

	answers(400, "Session id required", .body = PING);
	answers(400, "-32700", .body = "{", .session_id = id);
	answers(400, "-32700", .body = "", .session_id = id);
	answers(400, "-32600", .body = "[" PING "]", .session_id = id);
	answers(400, "served revisions: ", .body = PING, .session_id = id,
	        .version = "1999-01-01");
	answers(404, GONE, .body = PING, .session_id = "made-up");
	answers(403, "Host", .body = PING, .session_id = id,
	        .host = "evil.example");
	answers(405, "Method", .method = "PUT", .session_id = id);
	answers(200, "-32602",
	        .body = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
	                "\"initialize\"}");
	free(id);
}
END_TEST

START_TEST(what_the_program_says_of_the_caller_counts)
{
	char *id = admit_open_session("ada", NULL);
	struct request ping = { .body = PING, .session_id = id };
	struct mcps_session_view session;

	answers(404, GONE, .body = PING, .session_id = id);
	ping.subject = "ada";
	admit_serve(&ping);
	ck_assert_str_eq(mcps_admission_subject(ping.admission), "ada");
	admit_finish(&ping);
	/* An unknown id of an identified caller is recreated. */
	ping = (struct request){ .body = PING,
		                 .session_id = "lost",
		                 .subject = "ada" };
	session = admit_serve(&ping);
	ck_assert_int_eq(session.source, MCPS_SESSION_SOURCE_RECREATED);
	admit_finish(&ping);
	free(id);
}
END_TEST

/* ---- limits by address ---- */

static const struct {
	const char *peer, *forwarded_for;
	bool is_limited;
} sources[] = {
	{ NULL, NULL, false },
	{ "127.0.0.1", NULL, false },
	{ "203.0.113.1", NULL, true },
	{ "203.0.113.1:4711", NULL, true },
	{ "203.0.113.1", "198.51.100.1", true },
	{ "10.1.1.1", NULL, false },
	{ "10.1.1.1", "203.0.113.1", true },
	{ "[::ffff:10.1.1.1]:80", "203.0.113.1", true },
	{ "unix", "203.0.113.1", true },
	{ "unix", NULL, false },
	{ "nonsense", "203.0.113.1", false },
};

START_TEST(anonymous_callers_are_limited_by_the_address_of_their_client)
{
	static const char *const proxies[] = { "10.0.0.0/8", "unix", NULL };
	struct request self;
	int begun = 0;

	admit_tear_down();
	admit_server = mcps_server_new("admit", "1");
	mcps_configure(admit_server, .session_rate_per_address = 1,
	               .session_burst_per_address = 2,
	               .trusted_proxies = proxies);
	ck_assert_int_eq(mcps_server_start(admit_server, NULL), MCPS_OK);
	/* While it is limited to one a second, it takes a while. */
	for (int i = 0; i < 40; i++) {
		self = (struct request){ .body = INITIALIZE,
			                 .peer = sources[_i].peer,
			                 .forwarded_for =
			                         sources[_i].forwarded_for };
		ck_assert_int_eq(admit_run(&self), MCPS_ADMISSION_INITIALIZE);
		ck_assert_int_eq(admit_await(&self, mcps_admission_open_session(
							    self.admission)),
		                 MCPS_OK);
		if (mcps_admission_get_result(self.admission) ==
		    MCPS_ADMISSION_OPENED)
			begun++;
		else
			ck_assert_int_eq(mcps_admission_status(self.admission),
			                 429);
		admit_finish(&self);
	}
	ck_assert_int_ge(begun, 2);
	ck_assert_int_eq(begun < 40, sources[_i].is_limited);
}
END_TEST

/* ---- the hook that identifies callers ---- */

static mcps_status identify(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	const char *token = mcps_request_bearer(request);

	(void)arg;
	return token != NULL ? mcps_grant_subject(grant, NULL, token)
	                     : MCPS_E_AUTH;
}

START_TEST(otherwise_the_servers_hook_says_who_it_is)
{
	struct request self = { .body = INITIALIZE, .token = "Bearer bob" };

	admit_tear_down();
	admit_start_with(identify);
	ck_assert_int_eq(admit_run(&self), MCPS_ADMISSION_INITIALIZE);
	ck_assert_int_eq(
		admit_await(&self, mcps_admission_open_session(self.admission)),
		MCPS_OK);
	ck_assert_str_eq(mcps_admission_subject(self.admission), "bob");
	admit_finish(&self);
	self = (struct request){ .body = INITIALIZE };
	ck_assert_int_eq(admit_run(&self), MCPS_ADMISSION_ANSWER);
	ck_assert_int_eq(mcps_admission_status(self.admission), 401);
	ck_assert_str_eq(admit_header(&self, "WWW-Authenticate"), "Bearer");
	admit_finish(&self);
}
END_TEST

/* Even if it answers before it returns. */
static mcps_status identify_late(void *arg, const mcps_request *request,
                                 mcps_grant *grant)
{
	mcps_grant_finish(grant, identify(arg, request, grant));
	return MCPS_LATER;
}

START_TEST(a_hook_may_answer_later)
{
	struct request ping = { .body = PING, .token = "Bearer bob" };

	admit_tear_down();
	admit_start_with(identify_late);
	ping.session_id = "any";
	ck_assert_int_eq(admit_serve(&ping).source,
	                 MCPS_SESSION_SOURCE_RECREATED);
	ck_assert_uint_ge(ping.parks, 2); /* for the hook, for the store */
	admit_finish(&ping);
	answers(401, "-32600", .body = PING);
}
END_TEST

static mcps_status said; /* by the hook */
static bool says_later;

static mcps_status say_status(void *arg, const mcps_request *request,
                              mcps_grant *grant)
{
	(void)arg, (void)request;
	if (!says_later)
		return said;
	mcps_grant_finish(grant, said);
	return MCPS_LATER;
}

static void check_admission(mcps_status status, bool later)
{
	struct request self = { .body = PING, .session_id = "any" };
	int http;

	said = status;
	says_later = later;
	ck_assert_int_eq(admit_run(&self), MCPS_ADMISSION_ANSWER);
	http = mcps_admission_status(self.admission);
	ck_assert_msg(http == 401 || http == 403 || http == 429 ||
	                      http == 500 || http == 503,
	              "status %d: HTTP %d", (int)status, http);
	ck_assert_int_eq(admit_header(&self, "Retry-After") != NULL,
	                 http == 429 || http == 503);
	admit_finish(&self);
}

/* No program is told that a session is over, or that all is well, because its
 * own hook said so: each status is a refusal, or a fault of the hook. */
START_TEST(no_status_of_a_hook_is_taken_for_one_of_a_session)
{
	static const mcps_status statuses[] = {
#define X(name, value, http, rpc, text) MCPS_##name,
		MCPS_STATUS_MAP(X)
#undef X
			(mcps_status) 1000,
		(mcps_status)-1000,
	};

	admit_tear_down();
	admit_start_with(say_status);
	for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
		check_admission(statuses[i], true);
		if (statuses[i] != MCPS_LATER)
			check_admission(statuses[i], false);
	}
}
END_TEST

static mcps_grant *kept;

static mcps_status keep_grant(void *arg, const mcps_request *request,
                              mcps_grant *grant)
{
	(void)arg;
	(void)request;
	kept = grant;
	return MCPS_LATER;
}

/* A program that stops its daemon then would stop it with a suspended
 * connection. */
START_TEST(drain_answers_requests_that_wait_for_the_hook)
{
	struct request self = { .body = PING };

	admit_tear_down();
	admit_start_with(keep_grant);
	ck_assert_int_eq(admit_ask(&self), MCPS_LATER);
	ck_assert_int_eq(mcps_admission_get_result(self.admission),
	                 MCPS_ADMISSION_NONE);
	ck_assert(mcps_server_drain(admit_server, 1));
	ck_assert_int_eq(admit_await(&self, MCPS_LATER), MCPS_OK);
	ck_assert_int_eq(mcps_admission_status(self.admission), 503);
	mcps_grant_finish(kept, MCPS_E_AUTH); /* too late: dropped */
	ck_assert_int_eq(mcps_admission_status(self.admission), 503);
	admit_finish(&self);
}
END_TEST

START_TEST(a_session_outlives_the_process)
{
	char directory[] = "/tmp/mcps-admit-XXXXXX";
	struct mcps_session_view session;
	struct request ping = { .body = PING };
	char command[300];
	char *id;

	admit_tear_down();
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(admit_store, sizeof admit_store, "sqlite:%s/store.db",
	         directory);
	admit_start_with(NULL);
	id = admit_open_session(NULL, NULL);
	admit_tear_down();
	admit_start_with(NULL);
	ping.session_id = id;
	session = admit_serve(&ping);
	ck_assert_uint_gt(ping.parks, 0);
	ck_assert_int_eq(session.source, MCPS_SESSION_SOURCE_RESTORED);
	admit_finish(&ping);
	free(id);
	snprintf(command, sizeof command, "rm -r %s", directory);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(after_the_drain_it_is_503)
{
	char *id = admit_open_session(NULL, NULL);

	ck_assert(mcps_server_drain(admit_server, 60000));
	answers(503, "stopping", .body = PING, .session_id = id);
	free(id);
}
END_TEST

START_TEST(a_view_that_is_not_whole_is_refused)
{
	struct mcps_admit_view view = { .size = sizeof view, .method = "POST" };
	mcps_server *idle = mcps_server_new("idle", "1");
	mcps_admission *admission;

	ck_assert_int_eq(mcps_admit(&admission, admit_server, &view),
	                 MCPS_E_INVAL);
	ck_assert_ptr_null(admission);
	view.header = admit_find_header;
	view.done = admit_on_done;
	ck_assert_int_eq(mcps_admit(&admission, idle, &view), MCPS_E_INVAL);
	mcps_server_free(idle);
}
END_TEST

TEST_MAIN("admit")
{
	test_fixture(admit_set_up, admit_tear_down);
	test_timeout(120);
	test_add(a_session_is_opened_served_and_ended);
	test_add(what_is_in_memory_is_served_without_waiting);
	test_add(nothing_is_stored_before_the_session_is_opened);
	test_add(only_an_initialize_opens_a_session);
	test_add(the_same_initialize_renews_its_session);
	test_add(what_is_no_good_request_is_answered);
	test_add(what_the_program_says_of_the_caller_counts);
	test_add_loop(
		anonymous_callers_are_limited_by_the_address_of_their_client,
		COUNT(sources));
	test_add(otherwise_the_servers_hook_says_who_it_is);
	test_add(a_hook_may_answer_later);
	test_add(no_status_of_a_hook_is_taken_for_one_of_a_session);
	test_add(drain_answers_requests_that_wait_for_the_hook);
	test_add(a_session_outlives_the_process);
	test_add(after_the_drain_it_is_503);
	test_add(a_view_that_is_not_whole_is_refused);
}
