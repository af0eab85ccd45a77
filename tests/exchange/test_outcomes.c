/* Answers to calls whose session or server ends: each way of ending, at each
 * moment, and in each form of answer. 404, 429 and 503 say that a call was not
 * carried out, and are no answers once a handler has begun. */
#include "exchange/stream_case.h"
#include "http/drain.h"
#include "stream/stream.h"
#include "suite.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#define COUNTED(id)                                                      \
	"{\"jsonrpc\":\"2.0\",\"id\":" #id ",\"result\":{\"content\":[{" \
	"\"type\":\"text\",\"text\":\"1\"}]}}"

enum form { JSON, STREAM, BATCH, FORMS };

static enum form form;
static unsigned begun; /* handlers that were called */

/* ---- ways to end ---- */

static mcps_status nothing_run(struct writer_job *job, mcps_store *store)
{
	(void)job, (void)store;
	return MCPS_OK;
}

/* Wait for what is on its way to the store. */
static void await_store(void)
{
	struct writer_job job = { .run = nothing_run };

	ck_assert_int_eq(mcps__writer_run(harness.writer, &job), MCPS_OK);
}

static void end_by_delete(void)
{
	ck_assert_int_eq(case_delete(the_id).status, 204);
}

static void end_by_revocation(void)
{
	struct principal *alice =
		mcps__principal_new("https://issuer.test", "alice");

	harness_pass(&harness, 1);
	ck_assert_int_eq(mcps__sessions_revoke(&harness.sessions, alice),
	                 MCPS_OK);
	mcps__principal_unref(alice);
}

/* Its absolute lifetime: memory knows. */
static void end_by_age(void)
{
	harness_pass(&harness, HARNESS_AGE_DAYS * DAY_MS + 1);
}

/* Behind memory's back: only the store knows. */
static void end_by_loss(void)
{
	harness_forget_row(&harness, "alice", the_id);
}

/* No end: a session with a call is in use, so it is not idle. */
static void outlast_the_idle_time(void)
{
	harness_pass(&harness, HARNESS_IDLE_DAYS * DAY_MS + 120000);
	mcps__streams_touch(&harness.sessions);
	harness_sweep(&harness);
	ck_assert_int_eq(harness_row(&harness, "alice", the_id).phase,
	                 MCPS_PHASE_LIVE);
}

static void end_by_drain(void)
{
	(void)mcps__drain(&harness.endpoint, 0);
}

/* ---- moments ---- */

static void (*end)(void);
static pthread_t ender;
static bool has_ender;

static void *end_main(void *arg)
{
	(void)arg;
	end();
	return NULL;
}

/* END goes on elsewhere. */
static void start_to_end(void)
{
	ck_assert_int_eq(pthread_create(&ender, NULL, end_main, NULL), 0);
	has_ender = true;
}

static void speak(mcps_call *call)
{
	begun++;
	if (form == STREAM)
		tells(call);
	await_store();
}

static void ends_meanwhile(mcps_call *call)
{
	speak(call);
	end();
}

/* The store has the end, and has yet to commit it, when the handler returns. */
static void ends_behind_it(mcps_call *call)
{
	speak(call);
	store_double_hold(&harness.store, OP_commit);
	start_to_end();
	store_double_await(&harness.store, OP_commit);
}

static void holds_its_own_commit(mcps_call *call)
{
	speak(call);
	store_double_hold(&harness.store, OP_commit);
}

enum moment {
	WAITS,   /* for a worker */
	RUNS,    /* its handler */
	RETURNS, /* ... with the end before what it commits */
	COMMITS, /* ... with the end behind it */
};

/* Let the call run, with END at that moment. */
static void play(enum moment moment)
{
	static void (*const whiles[])(mcps_call *) = {
		[WAITS] = speak,
		[RUNS] = ends_meanwhile,
		[RETURNS] = ends_behind_it,
		[COMMITS] = holds_its_own_commit,
	};

	meanwhile = whiles[moment];
	if (moment == WAITS)
		end();
	ck_assert(harness_work(&harness));
	if (moment == COMMITS && end == end_by_drain) {
		start_to_end();
		while (!atomic_load(&harness.endpoint.is_drained))
			sched_yield();
	} else if (moment == COMMITS) {
		store_double_await(&harness.store, OP_commit);
		start_to_end();
	}
	store_double_release(&harness.store, OP_commit);
	if (has_ender)
		pthread_join(ender, NULL);
	has_ender = false;
}

/* ---- the table ---- */

enum answered { RESULT, GONE_, STOPPING_, OUTCOME_, DROPPED };

static const struct row {
	const char *name;
	void (*end)(void);
	enum moment moment;
	bool has_state;
	enum answered answered;
} rows[] = {
	{ "deleted, waits", end_by_delete, WAITS, true, GONE_ },
	{ "revoked, waits", end_by_revocation, WAITS, true, GONE_ },
	{ "too old, waits", end_by_age, WAITS, true, GONE_ },
	{ "drained, waits", end_by_drain, WAITS, true, STOPPING_ },

	{ "deleted, runs", end_by_delete, RUNS, false, OUTCOME_ },
	{ "revoked, runs", end_by_revocation, RUNS, false, OUTCOME_ },
	{ "too old, runs", end_by_age, RUNS, false, OUTCOME_ },
	{ "drained, runs", end_by_drain, RUNS, false, OUTCOME_ },
	{ "deleted, runs with state", end_by_delete, RUNS, true, OUTCOME_ },
	{ "revoked, runs with state", end_by_revocation, RUNS, true, OUTCOME_ },
	{ "too old, runs with state", end_by_age, RUNS, true, OUTCOME_ },
	{ "drained, runs with state", end_by_drain, RUNS, true, OUTCOME_ },

	{ "deleted, returned", end_by_delete, RETURNS, false, RESULT },
	{ "revoked, returned", end_by_revocation, RETURNS, false, RESULT },
	{ "lost, returned", end_by_loss, RUNS, false, RESULT },
	{ "longer than the idle time", outlast_the_idle_time, RUNS, false,
	  RESULT },

	{ "deleted before its commit", end_by_delete, RETURNS, true, DROPPED },
	{ "revoked before its commit", end_by_revocation, RETURNS, true,
	  DROPPED },
	{ "lost before its commit", end_by_loss, RUNS, true, DROPPED },
	{ "longer than the idle time, with state", outlast_the_idle_time, RUNS,
	  true, RESULT },

	{ "deleted after its commit", end_by_delete, COMMITS, true, RESULT },
	{ "revoked after its commit", end_by_revocation, COMMITS, true,
	  RESULT },
	{ "too old after its commit", end_by_age, COMMITS, true, RESULT },
	{ "drained while it commits", end_by_drain, COMMITS, true, RESULT },
};

static const char *body_of(const struct row *row, enum answered answered)
{
	switch (answered) {
	case RESULT:
		return row->has_state ? COUNTED(7) : SAID(7);
	case GONE_:
		return form == JSON ? GONE(7) : GONE_INSIDE(7);
	case STOPPING_:
		return STOPPING(7);
	case OUTCOME_:
		return OUTCOME(7);
	case DROPPED:
		return OUTCOME_OF(7, "dropped");
	}
	return "";
}

static struct flight *send_in_form(const struct row *row)
{
	struct flight *flight;

	the_id = case_begin_with(form == BATCH ? "2025-03-26" : "2025-11-25");
	if (form == BATCH)
		return send_call(row->has_state
		                         ? "[" PING(1) "," CALL_COUNT(7) "]"
		                         : "[" PING(1) "," TALK(7) "]");
	flight = send_call(row->has_state ? CALL_COUNT(7) : TALK(7));
	if (form == STREAM && row->moment == WAITS) /* it waited for long */
		mcps__drain_open_streams(&harness.endpoint, INT64_MAX);
	return flight;
}

/* ---- what is seen of it ---- */

static void check_status(const struct answer *answer, int status)
{
	ck_assert_int_eq(answer->status, status);
	ck_assert_uint_eq(answer->retry_after_s, status == 503 ? 1 : 0);
}

static const char *last_event(const struct answer *answer)
{
	ck_assert_int_eq(answer->kind, PLAN_STREAM);
	ck_assert_int_ge(parse_events(answer->body), 2);
	return events[event_count - 1].data;
}

static void check_answer(const struct row *row, const struct answer *answer)
{
	const char *body = body_of(row, row->answered);
	char array[512];

	switch (form) {
	case JSON:
		ck_assert_str_eq(answer->body, body);
		check_status(answer, row->answered == GONE_       ? 404
		                     : row->answered == STOPPING_ ? 503
		                                                  : 200);
		break;
	case STREAM:
		ck_assert_str_eq(last_event(answer), body);
		check_status(answer, 200);
		break;
	case BATCH:
		snprintf(array, sizeof array, "[%s,%s]", PONG(1), body);
		ck_assert_str_eq(answer->body, array);
		check_status(answer, 200);
		break;
	case FORMS:
		break;
	}
}

static struct flight *resume(const char *id)
{
	return SEND(&harness, .caller = "alice", .id = the_id, .method = "GET",
	            .headers = last_id(id));
}

/* The last of all that comes after an event. */
static const char *rest_after(const char *id)
{
	struct flight *flight = resume(id);
	const char *last = NULL;

	harness_open_stream(flight);
	for (;;) {
		if (parse_events(harness_await_events(flight)) > 0)
			last = events[event_count - 1].data;
		if (harness_stream_is_over(flight))
			break;
	}
	harness_hang_up(flight);
	return last;
}

/* A client that lost its connection is told the same, for event_age. */
static void check_resumed(const struct row *row, const char *first)
{
	struct answer answer;

	if (row->end == end_by_drain)
		harness_restart(&harness, KEEP_ALL);
	for (int i = 0; i < 2; i++)
		ck_assert_str_eq(rest_after(first),
		                 body_of(row, row->answered));
	if (row->end == end_by_drain)
		return; /* the session lives */
	harness_pass(&harness, 901000);
	harness_sweep(&harness);
	answer = harness_receive(resume(first));
	answer_check_gone(&answer, GONE_WITHOUT_ID);
}

static void check_state(const struct row *row)
{
	const char *state = harness_state(&harness, "alice", the_id, "n");

	if (row->end != end_by_drain && row->end != end_by_age)
		return; /* it went with the session */
	if (row->has_state && row->answered == RESULT)
		ck_assert_str_eq(state, "1");
	else
		ck_assert_ptr_null(state);
}

static void set_up(void)
{
	start_streams(
		&(const struct harness_options){ .has_writer_thread = true });
	begun = 0;
}

START_TEST(a_call_is_answered_as_the_table_says)
{
	const struct row *row = &rows[_i / FORMS];
	struct flight *flight;
	struct answer answer;

	form = (enum form)(_i % FORMS);
	end = row->end;
	flight = send_in_form(row);
	play(row->moment);
	answer = harness_receive(flight);
	check_answer(row, &answer);
	ck_assert_uint_eq(
		begun,
		row->answered == GONE_ || row->answered == STOPPING_ ? 0 : 1);
	check_state(row);
	/* Its first events are too old by then. */
	if (form == STREAM && row->end != end_by_loss &&
	    row->end != outlast_the_idle_time)
		check_resumed(row, keep_id(0));
}
END_TEST

TEST_MAIN("outcomes")
{
	test_case("the table");
	test_fixture(set_up, case_tear_down);
	test_timeout(120);
	test_add_loop(a_call_is_answered_as_the_table_says,
	              COUNT(rows) * FORMS);
}
