/* Whatever operation of the store fails, and however, a call that streams is
 * answered exactly once: on its connection, or when its client comes back with
 * the last id that it was given. */
#include "exchange/stream_case.h"
#include "stream/stream.h"
#include "suite.h"

#include <string.h>

enum { FOR_EVER = 1000 };

static const mcps_status statuses[] = { MCPS_E_NOMEM, MCPS_E_STORE, MCPS_E_GONE,
	                                MCPS_E_CORRUPT, MCPS_E_CONFLICT };

/* How one operation fails. */
struct failure {
	enum store_op op;
	mcps_status status;
	unsigned times;
	bool is_done; /* a commit fails after it was done */
};

static struct failure failure;

static void break_store(void)
{
	harness.store.commits_all_the_same = failure.is_done;
	store_double_fail(&harness.store, failure.op, failure.status,
	                  failure.times);
}

static void mend_store(void)
{
	harness.store.commits_all_the_same = false;
	store_double_fail(&harness.store, failure.op, MCPS_OK, 0);
}

/* ---- what calls do, and when the store begins to fail ---- */

static void disconnects(mcps_call *c)
{
	tells(c);
	mcps_disconnect(c, 1000);
	mcps_progress(c, 2, 0, NULL);
}

static void fails_late(mcps_call *c)
{
	tells(c);
	break_store();
	mcps_progress(c, 2, 0, NULL);
}

static const struct talk {
	void (*meanwhile)(mcps_call *call);
	const char *body;
	bool fails_late; /* amid the handler, not before it */
} talks[] = {
	{ tells_thrice, TALK(1), false },
	{ tells_thrice, CALL_COUNT(1), false },
	{ disconnects, TALK(1), false },
	{ fails_late, TALK(1), true },
	{ fails_late, CALL_COUNT(1), true },
};

/* ---- what their client gets ---- */

/* Counts the responses among the events that were parsed last. */
static int count_responses(void)
{
	int count = 0;

	for (int i = 0; i < event_count; i++)
		count += strstr(events[i].data, "\"id\":1,") != NULL;
	return count;
}

/* NULL: it was given none. */
static const char *find_last_id(void)
{
	for (int i = event_count; i-- > 0;)
		if (events[i].id[0] != '\0')
			return keep_id(i);
	return NULL;
}

/* After a store that failed, the first request may be told to return. */
static void recover(void)
{
	for (int i = 0; i < 2; i++)
		(void)EXCHANGE(&harness, .caller = "alice", .id = the_id,
		               .body = PING(9));
}

static void come_back(const char *id)
{
	struct flight *flight;

	ck_assert_ptr_nonnull(id);
	mend_store();
	recover();
	flight = resume_after(id);
	parse_events(harness_events(flight));
	ck_assert(harness_stream_is_over(flight));
	harness_hang_up(flight);
}

static void check_answer(const struct answer *answer)
{
	if (answer->kind != PLAN_STREAM) {
		ck_assert_ptr_nonnull(strstr(answer->body, "\"id\":1,"));
		return;
	}
	parse_events(answer->body);
	if (count_responses() == 0)
		come_back(find_last_id());
	ck_assert_int_eq(count_responses(), 1);
}

/* ---- all of them ---- */

static void run(const struct talk *talk)
{
	struct flight *flight;
	struct answer answer;

	streams_set_up();
	meanwhile = talk->meanwhile;
	flight = send_call(talk->body);
	if (!talk->fails_late)
		break_store();
	ck_assert(harness_work(&harness));
	answer = harness_receive(flight);
	check_answer(&answer);
	mend_store();
	case_tear_down();
}

static void run_with(const struct failure *how)
{
	failure = *how;
	for (int i = 0; i < COUNT(talks); i++)
		run(&talks[i]);
}

START_TEST(a_failing_store_loses_no_answer_of_a_streamed_call)
{
	enum store_op op = (enum store_op)_i;

	for (int i = 0; i < COUNT(statuses); i++) {
		run_with(&(struct failure){ op, statuses[i], 1, false });
		run_with(&(struct failure){ op, statuses[i], 1, true });
		run_with(&(struct failure){ op, statuses[i], FOR_EVER, false });
		run_with(&(struct failure){ op, statuses[i], FOR_EVER, true });
	}
}
END_TEST

/* ---- clients without an id to come back with ---- */

static const enum store_op opening[] = { OP_begin, OP_stream_insert,
	                                 OP_event_append, OP_commit };

START_TEST(a_client_without_an_id_is_not_disconnected)
{
	struct answer answer;
	struct flight *flight;

	meanwhile = disconnects;
	flight = send_call(TALK(1));
	store_double_fail(&harness.store, opening[_i], MCPS_E_STORE, 2);
	ck_assert(harness_work(&harness));
	answer = harness_receive(flight);
	parse_events(answer.body);
	ck_assert_int_gt(event_count, 0);
	check_event(event_count - 1, SAID(1));
}
END_TEST

static void tells_and_is_closed(mcps_call *c)
{
	tells(c);
	mcps__sse_connections_close(
		&mcps__streams_of(&harness.sessions)->sse_connections);
}

static const char *const revisions[] = { "2025-11-25", "2025-06-18" };

/* Nothing of its stream is stored, so nothing can be resumed. */
START_TEST(a_connection_without_ids_ends_early_with_an_unknown_outcome)
{
	struct mcps_store_ops few = *harness.store.base.ops;
	const struct mcps_store_ops *all = harness.store.base.ops;
	struct flight *flight;

	few.event_replay = NULL;
	harness.store.base.ops = &few;
	the_id = harness_begin(&harness, "alice", revisions[_i]);
	meanwhile = tells_and_is_closed;
	flight = send_call(TALK(1));
	ck_assert(harness_work(&harness));
	harness_open_stream(flight);
	parse_events(harness_events(flight));
	ck_assert(harness_stream_is_over(flight));
	ck_assert(!harness_stream_is_cut(flight));
	check_event(0, TOLD("\"t\"", 1));
	check_event(event_count - 1, OUTCOME(1));
	harness_hang_up(flight);
	harness.store.base.ops = all;
}
END_TEST

/* ---- messages for which there was no memory ---- */

static mcps_status stored;

static mcps_status store_half(struct writer_job *job, mcps_store *store)
{
	const struct buffer half = { .data = (char[]){ "{" },
		                     .length = 1,
		                     .failed = true };
	uint64_t seq;

	(void)job;
	stored = mcps__stream_store(mcps__streams_of(&harness.sessions)->calls,
	                            store, &half, true, &seq);
	return stored;
}

static void ends_with_half(mcps_call *c)
{
	const struct buffer half = { .data = (char[]){ "{" },
		                     .length = 1,
		                     .failed = true };
	struct writer_job job = { .run = store_half };

	tells(c);
	(void)mcps__writer_run(harness.writer, &job);
	mcps__stream_abandon(mcps__streams_of(&harness.sessions)->calls, &half);
}

START_TEST(half_a_message_is_neither_stored_nor_sent)
{
	struct answer answer;

	meanwhile = ends_with_half;
	answer = finish_call(send_call(TALK(1)));
	ck_assert_int_eq(stored, MCPS_E_NOMEM);
	ck_assert_int_eq(parse_events(answer.body), 2);
	check_event(1, TOLD("\"t\"", 1));
	come_back(keep_id(1));
	ck_assert_int_eq(event_count, 1);
	check_event(0, SAID(1));
}
END_TEST

TEST_MAIN("lost answers")
{
	test_case("store");
	test_add_loop(a_failing_store_loses_no_answer_of_a_streamed_call,
	              OP_COUNT);
	test_case("clients");
	test_fixture(streams_set_up, case_tear_down);
	test_add_loop(a_client_without_an_id_is_not_disconnected,
	              COUNT(opening));
	test_add_loop(
		a_connection_without_ids_ends_early_with_an_unknown_outcome,
		COUNT(revisions));
	test_add(half_a_message_is_neither_stored_nor_sent);
}
