/* A program with JSON-RPC code of its own, whose access handler is
 * mcps_mhd_admit(). */
#include "functional/wire_server.h"
#include "suite.h"

#include <mcps/mhd.h>
#include <microhttpd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_MS = 60000, MAX_BODY = 1000 };

#define NOTIFICATION \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}"

static struct MHD_Daemon *daemon_of_program;
static atomic_uint answered;
static atomic_bool ends_the_session; /* before the answer is there */

/* ---- the program ---- */

/* Ends the sessions of ann, as an administrator might do at any time. */
static void end_session(const mcps_admission *admission)
{
	if (!atomic_load(&ends_the_session))
		return;
	ck_assert_str_eq(mcps_admission_subject(admission), "ann");
	ck_assert_int_eq(
		mcps_server_revoke(wire_server(), "https://issuer.test", "ann"),
		MCPS_OK);
}

static char *answer(void *arg, const mcps_admission *admission,
                    const char *body)
{
	struct mcps_session_view session;
	char text[256];

	ck_assert_ptr_eq(arg, &answered);
	atomic_fetch_add(&answered, 1);
	ck_assert(mcps_admission_session(admission, &session));
	if (strstr(body, "\"id\"") == NULL)
		return NULL;
	end_session(admission);
	snprintf(text, sizeof text,
	         "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"revision\":"
	         "\"%s\",\"source\":\"%s\",\"bytes\":%zu}}",
	         session.revision, mcps_session_source_text(session.source),
	         strlen(body));
	return strdup(text);
}

static enum MHD_Result on_request(void *server,
                                  struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *data,
                                  size_t *size, void **request)
{
	(void)url;
	(void)version;
	return (enum MHD_Result)mcps_mhd_admit(server, connection, method, data,
	                                       size, request, answer,
	                                       &answered);
}

static void on_completed(void *arg, struct MHD_Connection *connection,
                         void **request, enum MHD_RequestTerminationCode why)
{
	(void)arg;
	(void)connection;
	(void)why;
	mcps_mhd_admit_completed(request);
}

static void start(size_t max_body)
{
	const struct mcps_server_options options = { .size = sizeof options,
		                                     .max_body = max_body };

	atomic_store(&answered, 0);
	atomic_store(&ends_the_session, false);
	wire_start_server(WIRE_NAMED, &options);
	daemon_of_program = MHD_start_daemon(
		MHD_USE_POLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0,
		NULL, NULL, on_request, wire_server(),
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_END);
	ck_assert_ptr_nonnull(daemon_of_program);
	wire_set_port(MHD_get_daemon_info(daemon_of_program,
	                                  MHD_DAEMON_INFO_BIND_PORT)
	                      ->port);
}

static void set_up(void)
{
	start(MAX_BODY);
}

static void set_up_without_limit(void)
{
	start(SIZE_MAX);
}

static void tear_down(void)
{
	ck_assert(mcps_server_drain(wire_server(), DRAIN_MS));
	MHD_stop_daemon(daemon_of_program);
	wire_stop();
}

/* ---- tests ---- */

START_TEST(initialize_opens_a_session_and_its_requests_are_answered)
{
	struct reply reply = wire_initialize("ann");
	struct wire_session session;

	ck_assert_int_eq(reply.status, 200);
	ck_assert(reply_has(&reply, "Content-Type: application/json"));
	ck_assert(reply_names(&reply, "Mcp-Session-Id"));
	ck_assert_ptr_nonnull(
		strstr(reply.body, "\"revision\":\"2025-11-25\""));
	ck_assert_ptr_nonnull(strstr(reply.body, "\"source\":\"created\""));
	session = wire_session_of("ann");
	reply = wire_once(session.lines, WIRE_PING);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_ptr_nonnull(strstr(reply.body, "\"bytes\":40}"));
}
END_TEST

START_TEST(message_without_an_answer_is_202)
{
	struct wire_session session = wire_session_of("ann");
	struct reply reply = wire_once(session.lines, NOTIFICATION);

	ck_assert_int_eq(reply.status, 202);
	ck_assert_uint_eq(reply.length, 0);
}
END_TEST

START_TEST(request_that_is_not_admitted_is_refused_and_not_answered)
{
	struct reply reply =
		wire_once("Authorization: Bearer ann\r\n", WIRE_PING);

	ck_assert_int_eq(reply.status, 400); /* no session id */
	ck_assert_ptr_nonnull(strstr(reply.body, "-32600"));
	reply = wire_once("", WIRE_PING);
	ck_assert_int_eq(reply.status, 401);
	ck_assert(reply_names(&reply, "WWW-Authenticate"));
	ck_assert_uint_eq(atomic_load(&answered), 0);
}
END_TEST

START_TEST(body_beyond_the_limit_is_413)
{
	struct wire_session session = wire_session_of("ann");
	unsigned before = atomic_load(&answered);
	char body[4 * MAX_BODY];
	struct reply reply;

	memset(body, ' ', sizeof body - 1);
	body[sizeof body - 1] = '\0';
	memcpy(body, WIRE_PING, sizeof WIRE_PING - 1);
	reply = wire_once(session.lines, body);
	ck_assert_int_eq(reply.status, 413);
	body[MAX_BODY] = '\0';
	reply = wire_once(session.lines, body);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_eq(atomic_load(&answered), before + 1);
}
END_TEST

START_TEST(get_is_405_and_delete_ends_the_session)
{
	struct wire_session session = wire_session_of("ann");
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_text(&wire, "GET /mcp HTTP/1.1\r\n" WIRE_HOST WIRE_ACCEPT);
	wire_text(&wire, session.lines);
	wire_text(&wire, "\r\n");
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 405);
	ck_assert(reply_has(&reply, "Allow: POST, DELETE"));
	wire_text(&wire, "DELETE /mcp HTTP/1.1\r\n" WIRE_HOST);
	wire_text(&wire, session.lines);
	wire_text(&wire, "\r\n");
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 204);
	wire_close(&wire);
	reply = wire_once(session.lines, WIRE_PING);
	ck_assert_int_eq(reply.status, 404);
}
END_TEST

/* A 404 would have its client repeat what was carried out. */
START_TEST(answer_after_the_end_of_its_session_is_that_the_outcome_is_unknown)
{
	struct wire_session session = wire_session_of("ann");
	struct reply reply;

	atomic_store(&ends_the_session, true);
	reply = wire_once(session.lines, WIRE_PING);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_ptr_nonnull(strstr(reply.body, "outcome_unknown"));
	ck_assert_ptr_null(strstr(reply.body, "revision"));
}
END_TEST

/* mcps_admit() sees one value for each name: of two lines the first alone would
 * count, and the second could be what a proxy reads. */
START_TEST(header_of_several_lines_is_seen_whole)
{
	struct wire_session session = wire_session_of("ann");
	char lines[sizeof session.lines + 64];
	struct reply reply;

	snprintf(lines, sizeof lines, "%sOrigin: http://localhost\r\n",
	         session.lines);
	reply = wire_once(lines, WIRE_PING);
	ck_assert_int_eq(reply.status, 200);
	snprintf(
		lines, sizeof lines,
		"%sOrigin: http://localhost\r\nOrigin: http://evil.example\r\n",
		session.lines);
	reply = wire_once(lines, WIRE_PING);
	ck_assert_int_eq(reply.status, 403);
}
END_TEST

START_TEST(client_that_leaves_in_its_body_leaves_nothing_behind)
{
	int before = open_descriptors();

	for (int i = 0; i < 10; i++) {
		struct wire wire = wire_open(wire_port());

		wire_text(&wire, WIRE_HEAD "Content-Length: 100\r\n\r\n{\"a");
		wire_reset(&wire);
	}
	ck_assert(descriptors_fall_to(before));
	ck_assert_int_eq(wire_initialize("ann").status, 200);
}
END_TEST

TEST_MAIN("mhd_admit")
{
	test_timeout(WIRE_DEADLINE_S);
	test_fixture(set_up, tear_down);
	test_add(initialize_opens_a_session_and_its_requests_are_answered);
	test_add(message_without_an_answer_is_202);
	test_add(request_that_is_not_admitted_is_refused_and_not_answered);
	test_add(body_beyond_the_limit_is_413);
	test_add(get_is_405_and_delete_ends_the_session);
	test_add(
		answer_after_the_end_of_its_session_is_that_the_outcome_is_unknown);
	test_add(header_of_several_lines_is_seen_whole);
	test_add(client_that_leaves_in_its_body_leaves_nothing_behind);
	test_case("without a limit");
	test_fixture(set_up_without_limit, tear_down);
	test_add(initialize_opens_a_session_and_its_requests_are_answered);
}
