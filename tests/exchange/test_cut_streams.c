/* How the connection of a stream ends. Official SDKs of revisions before
 * 2025-11-25 come again only after an error: to the TypeScript SDK, up to
 * 1.22, a proper end of what it listens to is the end for ever. */
#include "exchange/stream_case.h"
#include "http/drain.h"
#include "mcp/deliver.h"
#include "mcp/notify.h"
#include "suite.h"

#include <sched.h>
#include <string.h>

static const char *const revisions[] = { "2025-03-26", "2025-06-18",
	                                 "2025-11-25" };
enum { REVISIONS = 3, NEW = 2 };

static void begin(const char *revision)
{
	the_id = case_begin_with(revision);
}

/* A stream that something was heard on; the id of that. */
static struct flight *listen_to_something(const char **id)
{
	struct flight *flight = open_get(NULL);

	ck_assert(say_text("{\"a\":0}"));
	ck_assert_int_ge(parse_events(harness_events(flight)), 1);
	*id = keep_id(event_count - 1);
	return flight;
}

/* ---- the client is to connect again ---- */

static struct flight *when_the_server_stops(void)
{
	struct flight *flight = open_get(NULL);

	ck_assert(mcps__drain(&harness.endpoint, 0));
	return flight;
}

/* Nobody knows whether it has ended, so it is read again. */
static struct flight *when_its_session_leaves_memory(void)
{
	struct flight *flight = open_get(NULL);

	store_double_fail(&harness.store, OP_session_end, MCPS_E_STORE, 1);
	ck_assert_int_eq(case_delete(the_id).status, 503);
	return flight;
}

/* ... of a caller whose sessions were to be revoked. */
static struct flight *when_a_revocation_fails(void)
{
	struct flight *flight = open_get(NULL);
	struct principal *alice =
		mcps__principal_new("https://issuer.test", "alice");

	store_double_fail(&harness.store, OP_commit, MCPS_E_STORE, 1);
	ck_assert_int_ne(mcps__sessions_revoke(&harness.sessions, alice),
	                 MCPS_OK);
	mcps__principal_unref(alice);
	return flight;
}

static struct flight *when_an_event_cannot_be_stored(void)
{
	struct flight *flight = open_get(NULL);

	mcps__deliver_connect(&harness.mcp);
	store_double_fail(&harness.store, OP_event_append, MCPS_E_STORE, 1);
	mcps__notify_list(&harness.mcp, ENTRY_TOOL);
	return flight;
}

static struct flight *when_it_cannot_be_stored(void)
{
	store_double_fail(&harness.store, OP_stream_insert, MCPS_E_STORE, 1);
	return open_get(NULL);
}

static struct flight *when_it_cannot_be_read(void)
{
	const char *id;

	harness_hang_up(listen_to_something(&id));
	ck_assert(say_text("{\"a\":1}"));
	store_double_fail(&harness.store, OP_event_replay, MCPS_E_STORE, 1);
	return resume_after(id);
}

static struct flight *when_it_reads_too_slowly(void)
{
	struct flight *flight = open_get(NULL);

	for (int i = 0; i < 2 * SSE_EVENTS_MAX; i++)
		ck_assert(say_text("{\"a\":1}"));
	return flight;
}

static struct flight *(*const lost[])(void) = {
	when_the_server_stops,    when_its_session_leaves_memory,
	when_a_revocation_fails,  when_an_event_cannot_be_stored,
	when_it_cannot_be_stored, when_it_cannot_be_read,
	when_it_reads_too_slowly,
};
enum { LOST_COUNT = sizeof lost / sizeof lost[0] };

START_TEST(client_that_is_to_connect_again_is_cut_unless_it_polls)
{
	int revision = _i % REVISIONS;
	struct flight *flight;

	begin(revisions[revision]);
	flight = lost[_i / REVISIONS]();
	(void)harness_events(flight);
	ck_assert(harness_stream_is_over(flight));
	ck_assert_int_eq(harness_stream_is_cut(flight), revision != NEW);
	harness_hang_up(flight);
}
END_TEST

/* ---- the stream is over ---- */

static struct flight *when_its_session_is_deleted(void)
{
	struct flight *flight = open_get(NULL);

	ck_assert_int_eq(case_delete(the_id).status, 204);
	return flight;
}

static struct flight *when_another_connection_takes_over(void)
{
	const char *id;
	struct flight *flight = listen_to_something(&id);

	harness_hang_up(resume_after(id));
	return flight;
}

static struct flight *when_the_session_has_too_many(void)
{
	struct flight *flight = open_get(NULL);

	for (int i = 0; i < 8; i++)
		harness_hang_up(open_get(NULL));
	return flight;
}

static struct flight *(*const over[])(void) = {
	when_its_session_is_deleted,
	when_another_connection_takes_over,
	when_the_session_has_too_many,
};
enum { OVER_COUNT = sizeof over / sizeof over[0] };

START_TEST(client_that_need_not_connect_again_gets_a_proper_end)
{
	struct flight *flight;

	begin(revisions[_i % REVISIONS]);
	flight = over[_i / REVISIONS]();
	(void)harness_events(flight);
	ck_assert(harness_stream_is_over(flight));
	ck_assert(!harness_stream_is_cut(flight));
	harness_hang_up(flight);
}
END_TEST

/* ---- calls ---- */

static void read_all(struct flight *flight)
{
	while (!harness_stream_is_over(flight))
		(void)harness_await_events(flight);
}

START_TEST(call_that_ended_gets_a_proper_end)
{
	struct flight *flight;

	begin(revisions[_i]);
	meanwhile = tells;
	flight = send_call(TALK(1));
	ck_assert(harness_work(&harness));
	harness_open_stream(flight);
	read_all(flight);
	ck_assert(!harness_stream_is_cut(flight));
	harness_hang_up(flight);
}
END_TEST

/* ---- the drain ---- */

static void *drain_main(void *arg)
{
	(void)arg;
	ck_assert(mcps__drain(&harness.endpoint, 600000));
	return NULL;
}

/* Its client makes two attempts within 2.5 s, and the drain may take longer. */
START_TEST(older_client_listens_until_the_drain_is_over)
{
	struct flight *older, *newer, *call;
	pthread_t thread;

	begin("2025-11-25");
	newer = open_get(NULL);
	begin("2025-06-18");
	older = open_get(NULL);
	call = send_call(CALL(1, "talk", "{}"));
	pthread_create(&thread, NULL, drain_main, NULL);
	read_all(newer);
	ck_assert(say_text("{\"a\":1}"));
	ck_assert_int_eq(parse_events(harness_events(older)), 1);
	check_event(0, "{\"a\":1}");
	ck_assert(!harness_stream_is_over(older));
	ck_assert(harness_work(&harness));
	ck_assert_int_eq(harness_receive(call).status, 200);
	pthread_join(thread, NULL);
	(void)harness_events(older);
	ck_assert(harness_stream_is_cut(older));
	harness_hang_up(older);
	harness_hang_up(newer);
}
END_TEST

TEST_MAIN("cut streams")
{
	test_case("cut");
	test_fixture(streams_set_up, case_tear_down);
	test_add_loop(client_that_is_to_connect_again_is_cut_unless_it_polls,
	              REVISIONS * LOST_COUNT);
	test_add_loop(client_that_need_not_connect_again_gets_a_proper_end,
	              REVISIONS * OVER_COUNT);
	test_add_loop(call_that_ended_gets_a_proper_end, REVISIONS);
	test_add(older_client_listens_until_the_drain_is_over);
}
