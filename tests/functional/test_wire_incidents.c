/* Attacks on other servers, by the numbers of the list that docs/WIRE.md
 * explains: whose session it is, and whose answer. */
#include "functional/wire_server.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static const char whoami[] = WIRE_CALL(1, "whoami", "{}");

/* Take the Date out of a head, which is all that may differ. */
static void drop_date(struct reply *reply)
{
	char *date = strstr(reply->head, "\r\nDate: ");
	char *end;

	if (date == NULL)
		return;
	end = strstr(date + 2, "\r\n");
	memmove(date, end, strlen(end) + 1);
}

static void check_same(struct reply *a, struct reply *b)
{
	drop_date(a);
	drop_date(b);
	ck_assert_str_eq(a->head, b->head);
	ck_assert_str_eq(a->body, b->body);
}

/* METHOD without a body, or a POST of a ping. */
static struct reply send_method(const char *method, const char *lines)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	if (strcmp(method, "POST") == 0) {
		wire_post(&wire, lines, WIRE_PING);
	} else {
		wire_text(&wire, method);
		wire_text(&wire, " /mcp HTTP/1.1\r\n" WIRE_HOST WIRE_ACCEPT);
		wire_text(&wire, lines);
		wire_text(&wire, "\r\n");
	}
	reply = wire_read(&wire);
	wire_close(&wire);
	return reply;
}

/* The lines of SESSION as CALLER would send them. */
static struct wire_session stolen_by(const char *caller,
                                     const struct wire_session *session)
{
	const char *id = strstr(session->lines, "Mcp-Session-Id");
	struct wire_session stolen;

	ck_assert_ptr_nonnull(id);
	snprintf(stolen.lines, sizeof stolen.lines,
	         "Authorization: Bearer %s\r\n%.400s", caller, id);
	return stolen;
}

START_TEST(incidents_2_4_6_a_stolen_id_is_like_one_that_never_was)
{
	static const char *const methods[] = { "POST", "GET", "DELETE" };
	struct wire_session anns, stolen;

	wire_start(WIRE_NAMED, .unknown_ids = MCPS_UNKNOWN_ISSUED);
	anns = wire_session_of("ann");
	stolen = stolen_by("bob", &anns);
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		struct reply theft = send_method(methods[i], stolen.lines);
		struct reply unknown =
			send_method(methods[i], "Authorization: Bearer bob\r\n"
		                                "Mcp-Session-Id: x\r\n");

		ck_assert_int_eq(theft.status, 404);
		check_same(&theft, &unknown);
	}
	ck_assert_int_eq(wire_once(anns.lines, WIRE_PING).status, 200);
	wire_stop();
}
END_TEST

START_TEST(incident_5_a_refreshed_token_is_the_same_caller)
{
	struct wire_session session, refreshed;
	struct reply reply;

	wire_start(WIRE_NAMED, .unknown_ids = MCPS_UNKNOWN_NEVER);
	session = wire_session_of("ann.1");
	refreshed = stolen_by("ann.2", &session);
	reply = wire_once(refreshed.lines, whoami);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_ptr_nonnull(strstr(reply.body, "i am ann\""));
	wire_stop();
}
END_TEST

START_TEST(incident_10_a_planted_id_names_nothing_of_the_planters)
{
	static const char planted[] = "Mcp-Session-Id: chosen-by-mallory\r\n";
	struct mcps_counts counts;
	char mallory[256], ann[256];

	wire_start(WIRE_NAMED, .path = NULL);
	snprintf(mallory, sizeof mallory, "Authorization: Bearer mallory\r\n%s",
	         planted);
	snprintf(ann, sizeof ann, "Authorization: Bearer ann\r\n%s", planted);
	ck_assert_int_eq(wire_once(mallory, WIRE_PING).status, 200);
	ck_assert_int_eq(wire_once(ann, WIRE_PING).status, 200);
	mcps_server_get_counts(wire_server(), &counts);
	ck_assert_uint_eq(counts.recreated, 2); /* one of each */
	ck_assert_int_eq(send_method("DELETE", mallory).status, 204);
	ck_assert_int_eq(wire_once(mallory, WIRE_PING).status, 404);
	ck_assert_int_eq(wire_once(ann, WIRE_PING).status, 200);
	wire_stop();
}
END_TEST

START_TEST(incident_10_an_anonymous_caller_plants_nothing)
{
	struct mcps_counts before, after;

	wire_start(WIRE_ANONYMOUS, .path = NULL);
	mcps_server_get_counts(wire_server(), &before);
	ck_assert_int_eq(wire_once("Mcp-Session-Id: x\r\n", WIRE_PING).status,
	                 404);
	mcps_server_get_counts(wire_server(), &after);
	ck_assert_uint_eq(after.store_writes, before.store_writes);
	wire_stop();
}
END_TEST

START_TEST(incident_11_nothing_is_served_after_delete)
{
	struct wire_session session;

	wire_start(WIRE_NAMED, .path = NULL);
	session = wire_session_of("ann");
	ck_assert_int_eq(send_method("DELETE", session.lines).status, 204);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(send_method("POST", session.lines).status,
		                 404);
		ck_assert_int_eq(send_method("GET", session.lines).status, 404);
		ck_assert_int_eq(send_method("DELETE", session.lines).status,
		                 404);
	}
	wire_stop();
}
END_TEST

START_TEST(incident_12_closing_connections_ends_no_session)
{
	struct wire_session session;

	wire_start(WIRE_NAMED, .unknown_ids = MCPS_UNKNOWN_NEVER);
	session = wire_session_of("ann");
	for (int i = 0; i < 20; i++) {
		struct wire wire = wire_open(wire_port());

		wire_post(&wire, session.lines, whoami);
		wire_reset(&wire);
	}
	ck_assert_int_eq(wire_once(session.lines, whoami).status, 200);
	wire_stop();
}
END_TEST

START_TEST(incident_23_no_id_is_400_and_a_wrong_one_404)
{
	static const char *const wrong[] = {
		"stale",
		"",
		"two words",
		"m1.",
		"m1.AAAA.BBBB",
		"\303\244",
		"0123456789012345678901234567890123456789012345678901234567890"
		"1234567890123456789012345678901234567890123456789012345678901"
		"234567890123456789",
	};
	char lines[512];

	wire_start(WIRE_NAMED, .unknown_ids = MCPS_UNKNOWN_ISSUED);
	ck_assert_int_eq(
		wire_once("Authorization: Bearer ann\r\n", WIRE_PING).status,
		400);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct reply reply;

		snprintf(lines, sizeof lines,
		         "Authorization: Bearer ann\r\nMcp-Session-Id: %s\r\n",
		         wrong[i]);
		reply = wire_once(lines, WIRE_PING);
		ck_assert_msg(reply.status == 404, "%s: %d", wrong[i],
		              reply.status);
		ck_assert(!reply_names(&reply, "Mcp-Session-Id"));
	}
	wire_stop();
}
END_TEST

/* ---- incident 3: clients that count their requests alike ---- */

enum { CALLERS = 16, ROUNDS = 200, THREADS = 4 };

/* Requests on all connections before an answer is read on any, so that they
 * are under way together. */
static void *ask_who(void *arg)
{
	int first = *(const int *)arg;
	struct wire wires[CALLERS / THREADS];
	struct wire_session sessions[CALLERS / THREADS];
	long foreign = 0;
	char name[32];

	for (int i = 0; i < CALLERS / THREADS; i++) {
		snprintf(name, sizeof name, "caller-%d", first + i);
		sessions[i] = wire_session_of(name);
		wires[i] = wire_open(wire_port());
	}
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CALLERS / THREADS; i++)
			wire_post(&wires[i], sessions[i].lines, whoami);
		for (int i = 0; i < CALLERS / THREADS; i++) {
			struct reply reply = wire_read(&wires[i]);

			snprintf(name, sizeof name, "i am caller-%d\"",
			         first + i);
			foreign += strstr(reply.body, name) == NULL;
		}
	}
	for (int i = 0; i < CALLERS / THREADS; i++)
		wire_close(&wires[i]);
	return (void *)foreign;
}

START_TEST(incident_3_an_answer_reaches_who_asked)
{
	pthread_t threads[THREADS];
	int firsts[THREADS];
	long foreign = 0;

	wire_start(WIRE_NAMED, .workers = 4);
	for (int i = 0; i < THREADS; i++) {
		firsts[i] = i * (CALLERS / THREADS);
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, ask_who, &firsts[i]),
			0);
	}
	for (int i = 0; i < THREADS; i++) {
		void *count;

		pthread_join(threads[i], &count);
		foreign += (long)count;
	}
	ck_assert_int_eq(foreign, 0);
	wire_stop();
}
END_TEST

TEST_MAIN("wire: incidents")
{
	test_case("incidents");
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(incidents_2_4_6_a_stolen_id_is_like_one_that_never_was);
	test_add(incident_3_an_answer_reaches_who_asked);
	test_add(incident_5_a_refreshed_token_is_the_same_caller);
	test_add(incident_10_a_planted_id_names_nothing_of_the_planters);
	test_add(incident_10_an_anonymous_caller_plants_nothing);
	test_add(incident_11_nothing_is_served_after_delete);
	test_add(incident_12_closing_connections_ends_no_session);
	test_add(incident_23_no_id_is_400_and_a_wrong_one_404);
}
