/* Two endpoints with one key, in one store after each other or at the same
 * time with a store each: what one of them gave out is nothing to the other
 * (incident 7: a session opened on one route was replayed on another one,
 * where another policy held). */
#include "functional/wire.h"
#include "store/directory.h"
#include "suite.h"

#include <mcps/call.h>
#include <mcps/daemon.h>
#include <mcps/server.h>
#include <mcps/state.h>
#include <mcps/tool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DRAIN_MS = 60000 };

struct side {
	mcps_server *server;
	mcps_daemon *daemon;
	int port;
};

/* ---- the sides ---- */

static mcps_status identify(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	(void)arg;
	if (mcps_request_bearer(request) == NULL)
		return MCPS_E_AUTH;
	return mcps_grant_subject(grant, "https://issuer.test",
	                          mcps_request_bearer(request));
}

static mcps_status run_count(mcps_call *call, const void *args)
{
	int64_t sum;
	mcps_status status = mcps_state_add(call, "n", 1, &sum);

	(void)args;
	return status == MCPS_OK ? mcps_text(call, "count %d", (int)sum)
	                         : status;
}

struct nothing {
	char unused;
};

static const mcps_field no_fields[] = { MCPS_FIELDS_END };

/* Its RESOURCE is its name among those that share the key. */
static struct side side_start(const char *resource, const char *store,
                              enum mcps_unknown_ids policy)
{
	const struct mcps_daemon_options how = { .size = sizeof how,
		                                 .listen = "127.0.0.1:0",
		                                 .loops = 1 };
	struct side side = { .server = mcps_server_new(resource, "1") };
	struct mcps_error error = { MCPS_OK, "" };

	mcps_configure(side.server, .store = url_in_directory(store),
	               .key_file = in_directory("key"), .resource = resource,
	               .unknown_ids = policy,
	               .store_ballast = MCPS_NO_STORE_BALLAST);
	mcps_server_set_auth(side.server, identify, NULL);
	mcps_add_tool(side.server, struct nothing, .name = "count",
	              .fields = no_fields, .run = run_count);
	ck_assert_msg(mcps_server_start(side.server, &error) == MCPS_OK, "%s",
	              error.text);
	ck_assert_msg(mcps_daemon_start(&side.daemon, side.server, &how,
	                                &error) == MCPS_OK,
	              "%s", error.text);
	side.port = atoi(strrchr(mcps_daemon_address(side.daemon), ':') + 1);
	return side;
}

static void side_stop(struct side *side)
{
	ck_assert(mcps_daemon_stop(side->daemon, DRAIN_MS));
	mcps_server_free(side->server);
}

/* ---- talking to one ---- */

static struct reply ask(const struct side *side, const char *lines,
                        const char *body)
{
	struct wire wire = wire_open(side->port);
	struct reply reply = wire_ask(&wire, lines, body);

	wire_close(&wire);
	return reply;
}

/* Without a body. */
static struct reply ask_method(const struct side *side, const char *method,
                               const char *lines)
{
	struct wire wire = wire_open(side->port);
	struct reply reply;

	wire_text(&wire, method);
	wire_text(&wire, " /mcp HTTP/1.1\r\n" WIRE_HOST WIRE_ACCEPT);
	wire_text(&wire, lines);
	wire_text(&wire, "\r\n");
	reply = wire_read(&wire);
	wire_close(&wire);
	return reply;
}

struct session {
	char lines[512];
};

static struct session begin(const struct side *side, const char *caller)
{
	struct session session;
	char line[64];
	struct reply reply;

	snprintf(line, sizeof line, "Authorization: Bearer %s\r\n", caller);
	reply = ask(side, line, WIRE_INITIALIZE);
	ck_assert_int_eq(reply.status, 200);
	snprintf(session.lines, sizeof session.lines,
	         "%sMcp-Session-Id: %.200s\r\n", line,
	         reply_value(&reply, "Mcp-Session-Id"));
	return session;
}

static void check_count(const struct side *side, const struct session *session,
                        const char *wanted)
{
	struct reply reply =
		ask(side, session->lines, WIRE_CALL(3, "count", "{}"));

	ck_assert_int_eq(reply.status, 200);
	ck_assert_ptr_nonnull(strstr(reply.body, wanted));
}

/* By every method it is the 404 of an id that never was. */
static void check_unknown_session(const struct side *side,
                                  const struct session *session)
{
	struct session never = begin(side, "ann");
	struct reply unknown, reply;

	strcpy(strstr(never.lines, "Mcp-Session-Id"),
	       "Mcp-Session-Id: never-heard-of\r\n");
	unknown = ask(side, never.lines, WIRE_PING);
	reply = ask(side, session->lines, WIRE_PING);
	ck_assert_int_eq(reply.status, 404);
	ck_assert_str_eq(reply.body, unknown.body);
	ck_assert_int_eq(ask_method(side, "GET", session->lines).status, 404);
	ck_assert_int_eq(ask_method(side, "DELETE", session->lines).status,
	                 404);
}

/* ---- tests ---- */

START_TEST(incident_7_an_id_of_one_endpoint_is_404_on_the_next_with_its_store)
{
	struct side side = side_start("/a", "db", MCPS_UNKNOWN_ISSUED);
	struct session session = begin(&side, "ann");

	check_count(&side, &session, "count 1");
	side_stop(&side);
	side = side_start("/b", "db", MCPS_UNKNOWN_ISSUED);
	check_unknown_session(&side, &session);
	side_stop(&side);
	side = side_start("/a", "db", MCPS_UNKNOWN_ISSUED);
	check_count(&side, &session, "count 2");
	side_stop(&side);
}
END_TEST

START_TEST(incident_7_an_id_of_one_endpoint_is_404_on_another_beside_it)
{
	struct side a = side_start("/a", "a.db", MCPS_UNKNOWN_ISSUED);
	struct side b = side_start("/b", "b.db", MCPS_UNKNOWN_ISSUED);
	struct session of_a = begin(&a, "ann");
	struct session of_b = begin(&b, "ann");

	check_count(&a, &of_a, "count 1");
	check_unknown_session(&b, &of_a);
	check_unknown_session(&a, &of_b);
	check_count(&a, &of_a, "count 2");
	check_count(&b, &of_b, "count 1");
	side_stop(&a);
	side_stop(&b);
}
END_TEST

/* Here any well-formed id may begin anew: under that name, with nothing in
 * it; what happens to it there does nothing to the first. */
START_TEST(incident_7_an_id_that_begins_anew_elsewhere_has_nothing_of_the_first)
{
	struct side a = side_start("/a", "a.db", MCPS_UNKNOWN_AUTHENTICATED);
	struct side b = side_start("/b", "b.db", MCPS_UNKNOWN_AUTHENTICATED);
	struct session session = begin(&a, "ann");

	check_count(&a, &session, "count 1");
	check_count(&b, &session, "count 1");
	ck_assert_int_eq(ask_method(&b, "DELETE", session.lines).status, 204);
	check_count(&a, &session, "count 2");
	side_stop(&a);
	side_stop(&b);
}
END_TEST

/* Without a name of their own two endpoints are one: how replicas share ids.
 * This is what the others would be if the name did not count. */
START_TEST(endpoints_of_one_name_believe_each_others_ids)
{
	struct side a = side_start("/a", "a.db", MCPS_UNKNOWN_ISSUED);
	struct side b = side_start("/a", "b.db", MCPS_UNKNOWN_ISSUED);
	struct session session = begin(&a, "ann");

	check_count(&a, &session, "count 1");
	check_count(&b, &session, "count 1");
	side_stop(&a);
	side_stop(&b);
}
END_TEST

TEST_MAIN("endpoints")
{
	test_fixture(directory_make, directory_remove);
	test_timeout(120);
	test_add(
		incident_7_an_id_of_one_endpoint_is_404_on_the_next_with_its_store);
	test_add(incident_7_an_id_of_one_endpoint_is_404_on_another_beside_it);
	test_add(
		incident_7_an_id_that_begins_anew_elsewhere_has_nothing_of_the_first);
	test_add(endpoints_of_one_name_believe_each_others_ids);
}
