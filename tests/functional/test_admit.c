/* Sessions for a program with JSON-RPC code of its own: what mcps_admit() makes
 * of requests, without HTTP. */
#define _GNU_SOURCE
#include <check.h>
#include <mcps/admit.h>
#include <mcps/store.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define INITIALIZE_AS(version)                                                 \
	"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\","             \
	"\"params\":{\"protocolVersion\":\"" version "\",\"capabilities\":{}," \
	"\"clientInfo\":{\"name\":\"t\",\"version\":\"1\"}}}"
#define INITIALIZE INITIALIZE_AS("2025-06-18")
#define PING       "{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"method\":\"ping\"}"
#define GONE                                                              \
	"{\"jsonrpc\":\"2.0\",\"id\":\"p\",\"error\":{\"code\":-32001,"   \
	"\"message\":\"Session not found (HTTP 404): initialize again\"," \
	"\"data\":{\"reason\":\"mcp_"                                     \
	"session_terminated\"}}}"

static mcps_server *server;
static bool says_begun; /* requests that are served */
static char store[256];

/* ---- a program ---- */

struct request {
	const char *method, *body;
	const char *session_id, *version, *host, *token, *subject;
	const char *peer, *forwarded_for;
	mcps_admission *admission;
	pthread_mutex_t lock;
	pthread_cond_t woken;
	unsigned parks, dones;
};

static const char *find_header(void *arg, const char *name)
{
	const struct request *self = arg;

	if (strcasecmp(name, "Host") == 0)
		return self->host != NULL ? self->host : "localhost";
	if (strcasecmp(name, "Content-Type") == 0)
		return "application/json";
	if (strcasecmp(name, "Accept") == 0)
		return "application/json, text/event-stream";
	if (strcasecmp(name, "Mcp-Session-Id") == 0)
		return self->session_id;
	if (strcasecmp(name, "MCP-Protocol-Version") == 0)
		return self->version;
	if (strcasecmp(name, "X-Forwarded-For") == 0)
		return self->forwarded_for;
	return strcasecmp(name, "Authorization") == 0 ? self->token : NULL;
}

static void on_park(void *arg)
{
	struct request *self = arg;

	pthread_mutex_lock(&self->lock);
	self->parks++;
	pthread_mutex_unlock(&self->lock);
}

static void on_done(void *arg)
{
	struct request *self = arg;

	pthread_mutex_lock(&self->lock);
	self->dones++;
	pthread_cond_signal(&self->woken);
	pthread_mutex_unlock(&self->lock);
}

static mcps_status await(struct request *self, mcps_status status)
{
	while (status == MCPS_LATER) {
		pthread_mutex_lock(&self->lock);
		while (self->dones < self->parks)
			pthread_cond_wait(&self->woken, &self->lock);
		pthread_mutex_unlock(&self->lock);
		status = mcps_admit_again(self->admission);
	}
	return status;
}

static mcps_status ask(struct request *self)
{
	const struct mcps_admit_view view = {
		.size = sizeof view,
		.method = self->method != NULL ? self->method : "POST",
		.body = self->body,
		.length = self->body != NULL ? strlen(self->body) : 0,
		.peer = self->peer,
		.subject = self->subject,
		.header = find_header,
		.park = on_park,
		.done = on_done,
		.arg = self,
	};

	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->woken, NULL);
	return mcps_admit(&self->admission, server, &view);
}

static enum mcps_verdict admit(struct request *self)
{
	ck_assert_int_eq(await(self, ask(self)), MCPS_OK);
	return mcps_admission_verdict(self->admission);
}

static void finish(struct request *self)
{
	mcps_admission_free(self->admission);
	ck_assert_uint_eq(self->parks, self->dones);
	pthread_cond_destroy(&self->woken);
	pthread_mutex_destroy(&self->lock);
}

static const char *header(struct request *self, const char *name)
{
	const struct mcps_header *each =
		mcps_admission_headers(self->admission);

	for (; each->name != NULL; each++)
		if (strcmp(each->name, name) == 0)
			return each->value;
	return NULL;
}

static void assert_answer(struct request *self, int status, const char *body)
{
	size_t length;
	const char *text;

	ck_assert_int_eq(admit(self), MCPS_VERDICT_ANSWER);
	ck_assert_int_eq(mcps_admission_status(self->admission), status);
	text = mcps_admission_body(self->admission, &length);
	if (body == NULL)
		ck_assert_uint_eq(length, 0);
	else
		ck_assert_msg(memmem(text, length, body, strlen(body)) != NULL,
		              "%.*s", (int)length, text);
	finish(self);
}
#define answers(status, body, ...) \
	assert_answer(&(struct request){ __VA_ARGS__ }, (status), (body))

static char *open_with(struct request self)
{
	char *out;

	ck_assert_int_eq(admit(&self), MCPS_VERDICT_INITIALIZE);
	ck_assert_int_eq(await(&self, mcps_session_open(self.admission)),
	                 MCPS_OK);
	ck_assert_int_eq(mcps_admission_verdict(self.admission),
	                 MCPS_VERDICT_OPENED);
	out = strdup(header(&self, "Mcp-Session-Id"));
	finish(&self);
	return out;
}

/* The id of a new session. */
static char *open_session(const char *subject, const char *id)
{
	return open_with((struct request){
		.body = INITIALIZE, .subject = subject, .session_id = id });
}

static struct mcps_session_view serve(struct request *self)
{
	struct mcps_session_view session;

	ck_assert_int_eq(admit(self), MCPS_VERDICT_SERVE);
	ck_assert(mcps_admission_session(self->admission, &session));
	ck_assert_int_eq(mcps_admission_status(self->admission), 200);
	return session;
}

/* ---- the server ---- */

static mcps_status identify(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	const char *token = mcps_request_bearer(request);

	(void)arg;
	return token != NULL ? mcps_grant_subject(grant, NULL, token)
	                     : MCPS_E_AUTH;
}

static void start_with(mcps_auth_fn auth)
{
	struct mcps_error error = { MCPS_OK, "" };

	server = mcps_server_new("admit", "1");
	mcps_server_set_store(server, store);
	mcps_server_set_auth(server, auth, NULL);
	ck_assert_msg(mcps_server_start(server, &error) == MCPS_OK, "%s",
	              error.text);
}

static void set_up(void)
{
	strcpy(store, "memory:");
	start_with(NULL);
}

static void tear_down(void)
{
	ck_assert(mcps_server_drain(server, 1000));
	mcps_server_free(server);
}

/* ---- tests ---- */

START_TEST(a_session_is_opened_served_and_ended)
{
	char *id = open_session(NULL, NULL);
	struct request ping = { .body = PING, .session_id = id };
	struct mcps_session_view session = serve(&ping);

	ck_assert_str_eq(session.revision, "2025-06-18");
	ck_assert_str_eq(session.client_name, "t");
	ck_assert_int_eq(session.origin, MCPS_CREATED);
	ck_assert_ptr_null(header(&ping, "Mcp-Session-Id"));
	ck_assert_ptr_null(mcps_admission_subject(ping.admission));
	finish(&ping);
	answers(204, NULL, .method = "DELETE", .session_id = id);
	answers(404, GONE, .body = PING, .session_id = id);
	answers(404, "-32001", .method = "GET", .session_id = id);
	free(id);
}
END_TEST

START_TEST(what_is_in_memory_is_served_without_waiting)
{
	char *id = open_session(NULL, NULL);
	struct request ping = { .body = PING, .session_id = id };

	serve(&ping);
	ck_assert_uint_eq(ping.parks, 0);
	finish(&ping);
	free(id);
}
END_TEST

START_TEST(nothing_is_stored_before_the_session_is_opened)
{
	struct request self = { .body = INITIALIZE };
	struct mcps_session_view session;
	struct mcps_counts before, after;

	mcps_server_get_counts(server, &before);
	ck_assert_int_eq(admit(&self), MCPS_VERDICT_INITIALIZE);
	ck_assert(!mcps_admission_session(self.admission, &session));
	ck_assert_ptr_null(header(&self, "Mcp-Session-Id"));
	finish(&self);
	mcps_server_get_counts(server, &after);
	ck_assert_uint_eq(after.created, 0);
	ck_assert_uint_eq(after.store_writes, before.store_writes);
}
END_TEST

START_TEST(only_an_initialize_opens_a_session)
{
	char *id = open_session(NULL, NULL);
	struct request ping = { .body = PING, .session_id = id };

	serve(&ping);
	ck_assert_int_eq(mcps_session_open(ping.admission), MCPS_E_INVAL);
	ck_assert_int_eq(mcps_admission_verdict(ping.admission),
	                 MCPS_VERDICT_SERVE);
	finish(&ping);
	free(id);
}
END_TEST

START_TEST(the_same_initialize_renews_its_session)
{
	char *id = open_session(NULL, NULL);
	char *again = open_session(NULL, id);

	ck_assert_str_eq(id, again);
	free(again);
	free(id);
}
END_TEST

START_TEST(what_is_no_good_request_is_answered)
{
	char *id = open_session(NULL, NULL);

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
	char *id = open_session("ada", NULL);
	struct request ping = { .body = PING, .session_id = id };
	struct mcps_session_view session;

	answers(404, GONE, .body = PING, .session_id = id);
	ping.subject = "ada";
	serve(&ping);
	ck_assert_str_eq(mcps_admission_subject(ping.admission), "ada");
	finish(&ping);
	/* Of a caller who is known, an id that is not is recreated. */
	ping = (struct request){ .body = PING,
		                 .session_id = "lost",
		                 .subject = "ada" };
	session = serve(&ping);
	ck_assert_int_eq(session.origin, MCPS_RECREATED);
	finish(&ping);
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

	tear_down();
	server = mcps_server_new("admit", "1");
	mcps_configure(server, .session_rate_per_address = 1,
	               .session_burst_per_address = 2,
	               .trusted_proxies = proxies);
	ck_assert_int_eq(mcps_server_start(server, NULL), MCPS_OK);
	/* While it is limited to one a second, it takes a while. */
	for (int i = 0; i < 40; i++) {
		self = (struct request){ .body = INITIALIZE,
			                 .peer = sources[_i].peer,
			                 .forwarded_for =
			                         sources[_i].forwarded_for };
		ck_assert_int_eq(admit(&self), MCPS_VERDICT_INITIALIZE);
		ck_assert_int_eq(
			await(&self, mcps_session_open(self.admission)),
			MCPS_OK);
		if (mcps_admission_verdict(self.admission) ==
		    MCPS_VERDICT_OPENED)
			begun++;
		else
			ck_assert_int_eq(mcps_admission_status(self.admission),
			                 429);
		finish(&self);
	}
	ck_assert_int_ge(begun, 2);
	ck_assert_int_eq(begun < 40, sources[_i].is_limited);
}
END_TEST

START_TEST(otherwise_the_servers_hook_says_who_it_is)
{
	struct request self = { .body = INITIALIZE, .token = "Bearer bob" };

	tear_down();
	start_with(identify);
	ck_assert_int_eq(admit(&self), MCPS_VERDICT_INITIALIZE);
	ck_assert_int_eq(await(&self, mcps_session_open(self.admission)),
	                 MCPS_OK);
	ck_assert_str_eq(mcps_admission_subject(self.admission), "bob");
	finish(&self);
	self = (struct request){ .body = INITIALIZE };
	ck_assert_int_eq(admit(&self), MCPS_VERDICT_ANSWER);
	ck_assert_int_eq(mcps_admission_status(self.admission), 401);
	ck_assert_str_eq(header(&self, "WWW-Authenticate"), "Bearer");
	finish(&self);
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

	tear_down();
	start_with(identify_late);
	ping.session_id = "any";
	ck_assert_int_eq(serve(&ping).origin, MCPS_RECREATED);
	ck_assert_uint_ge(ping.parks, 2); /* for the hook, for the store */
	finish(&ping);
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
	ck_assert_int_eq(admit(&self), MCPS_VERDICT_ANSWER);
	http = mcps_admission_status(self.admission);
	ck_assert_msg(http == 401 || http == 403 || http == 429 ||
	                      http == 500 || http == 503,
	              "status %d: HTTP %d", (int)status, http);
	ck_assert_int_eq(header(&self, "Retry-After") != NULL,
	                 http == 429 || http == 503);
	finish(&self);
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

	tear_down();
	start_with(say_status);
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

/* Who stops his daemon then would stop it with a suspended connection. */
START_TEST(a_drain_tells_of_what_still_waits)
{
	struct request self = { .body = PING };

	tear_down();
	start_with(keep_grant);
	ck_assert_int_eq(ask(&self), MCPS_LATER);
	ck_assert_int_eq(mcps_admission_verdict(self.admission),
	                 MCPS_VERDICT_NONE);
	ck_assert(!mcps_server_drain(server, 1));
	mcps_grant_finish(kept, MCPS_E_AUTH);
	ck_assert(mcps_server_drain(server, 1));
	ck_assert_int_eq(await(&self, MCPS_LATER), MCPS_OK);
	ck_assert_int_eq(mcps_admission_status(self.admission), 401);
	finish(&self);
}
END_TEST

/* What is SERVE when its session ends, asked again before its answer is sent.
 */
static void end_while_served(struct request *request, char *id)
{
	request->session_id = id;
	serve(request);
	ck_assert_int_eq(mcps_admit_again(request->admission), MCPS_OK);
	ck_assert_int_eq(mcps_admission_verdict(request->admission),
	                 MCPS_VERDICT_SERVE);
	answers(204, NULL, .method = "DELETE", .session_id = id);
	ck_assert_int_eq(mcps_admit_again(request->admission), MCPS_OK);
}

static void check_says(const struct request *request, int status,
                       const char *body)
{
	size_t length;
	const char *text = mcps_admission_body(request->admission, &length);

	ck_assert_int_eq(mcps_admission_verdict(request->admission),
	                 MCPS_VERDICT_ANSWER);
	ck_assert_int_eq(mcps_admission_status(request->admission), status);
	ck_assert_uint_eq(length, strlen(body));
	ck_assert_mem_eq(text, body, length);
}

#define UNKNOWN_OUTCOME(id)                                                \
	"{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":-32603,"   \
	"\"message\":\"The outcome of this call is unknown. Check before " \
	"repeating it.\",\"data\":{\"reason\":\"outcome_unknown\"}}}"

/* Whether it said that it began, or not. */
START_TEST(of_what_is_served_when_its_session_ends_the_outcome_is_unknown)
{
	char *id = open_session(NULL, NULL);
	struct request ping = { .body = PING };

	says_begun = _i == 1;
	end_while_served(&ping, id);
	check_says(&ping, 200, UNKNOWN_OUTCOME("\"p\""));
	finish(&ping);
	free(id);
}
END_TEST

START_TEST(of_a_batch_each_outcome_is_unknown)
{
	struct request batch = {
		.body = "[" PING ",{\"jsonrpc\":\"2.0\",\"method\":\"x\"},"
			"{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"y\"}]"
	};
	char *id = open_with(
		(struct request){ .body = INITIALIZE_AS("2025-03-26") });

	end_while_served(&batch, id);
	check_says(&batch, 200,
	           "[" UNKNOWN_OUTCOME("\"p\"") "," UNKNOWN_OUTCOME("7") "]");
	finish(&batch);
	free(id);
}
END_TEST

START_TEST(a_notification_is_served_whatever_its_session_does)
{
	char *id = open_session(NULL, NULL);
	struct request note = {
		.body = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/x\"}"
	};

	end_while_served(&note, id);
	ck_assert_int_eq(mcps_admission_verdict(note.admission),
	                 MCPS_VERDICT_SERVE);
	finish(&note);
	free(id);
}
END_TEST

START_TEST(a_stream_of_a_session_that_has_ended_is_404)
{
	char *id = open_session(NULL, NULL);
	struct request get = { .method = "GET" };

	end_while_served(&get, id);
	ck_assert_int_eq(mcps_admission_status(get.admission), 404);
	finish(&get);
	free(id);
}
END_TEST

START_TEST(what_is_to_begin_when_its_session_has_ended_is_404)
{
	char *id = open_session(NULL, NULL);
	struct request ping = { .body = PING, .session_id = id };

	serve(&ping);
	answers(204, NULL, .method = "DELETE", .session_id = id);
	ck_assert_int_eq(mcps_admission_begin(ping.admission), MCPS_E_GONE);
	ck_assert_int_eq(mcps_admission_begin(ping.admission), MCPS_E_INVAL);
	ck_assert_int_eq(mcps_admit_again(ping.admission), MCPS_OK);
	ck_assert_int_eq(mcps_admission_status(ping.admission), 404);
	finish(&ping);
	free(id);
}
END_TEST

START_TEST(a_session_outlives_the_process)
{
	char directory[] = "/tmp/mcps-admit-XXXXXX";
	struct mcps_session_view session;
	struct request ping = { .body = PING };
	char command[300];
	char *id;

	tear_down();
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(store, sizeof store, "sqlite:%s/store.db", directory);
	start_with(NULL);
	id = open_session(NULL, NULL);
	tear_down();
	start_with(NULL);
	ping.session_id = id;
	session = serve(&ping);
	ck_assert_uint_gt(ping.parks, 0);
	ck_assert_int_eq(session.origin, MCPS_RESTORED);
	finish(&ping);
	free(id);
	snprintf(command, sizeof command, "rm -r %s", directory);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(after_the_drain_it_is_503)
{
	char *id = open_session(NULL, NULL);

	ck_assert(mcps_server_drain(server, 1000));
	answers(503, "stopping", .body = PING, .session_id = id);
	free(id);
}
END_TEST

START_TEST(a_view_that_is_not_whole_is_refused)
{
	struct mcps_admit_view view = { .size = sizeof view, .method = "POST" };
	mcps_server *idle = mcps_server_new("idle", "1");
	mcps_admission *admission;

	ck_assert_int_eq(mcps_admit(&admission, server, &view), MCPS_E_INVAL);
	ck_assert_ptr_null(admission);
	view.header = find_header;
	view.done = on_done;
	ck_assert_int_eq(mcps_admit(&admission, idle, &view), MCPS_E_INVAL);
	mcps_server_free(idle);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("admit");
	TCase *tests = tcase_create("admit");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, a_session_is_opened_served_and_ended);
	tcase_add_test(tests, what_is_in_memory_is_served_without_waiting);
	tcase_add_test(tests, nothing_is_stored_before_the_session_is_opened);
	tcase_add_test(tests, only_an_initialize_opens_a_session);
	tcase_add_test(tests, the_same_initialize_renews_its_session);
	tcase_add_test(tests, what_is_no_good_request_is_answered);
	tcase_add_test(tests, what_the_program_says_of_the_caller_counts);
	tcase_add_loop_test(
		tests,
		anonymous_callers_are_limited_by_the_address_of_their_client, 0,
		sizeof sources / sizeof *sources);
	tcase_add_test(tests, otherwise_the_servers_hook_says_who_it_is);
	tcase_add_test(tests, a_hook_may_answer_later);
	tcase_add_test(tests,
	               no_status_of_a_hook_is_taken_for_one_of_a_session);
	tcase_add_test(tests, a_drain_tells_of_what_still_waits);
	tcase_add_loop_test(
		tests,
		of_what_is_served_when_its_session_ends_the_outcome_is_unknown,
		0, 2);
	tcase_add_test(tests, of_a_batch_each_outcome_is_unknown);
	tcase_add_test(tests,
	               a_notification_is_served_whatever_its_session_does);
	tcase_add_test(tests, a_stream_of_a_session_that_has_ended_is_404);
	tcase_add_test(tests,
	               what_is_to_begin_when_its_session_has_ended_is_404);
	tcase_add_test(tests, a_session_outlives_the_process);
	tcase_add_test(tests, after_the_drain_it_is_503);
	tcase_add_test(tests, a_view_that_is_not_whole_is_refused);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
