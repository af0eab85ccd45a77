/* Answers that clients have not taken are bounded, in all and for each caller.
 * A request that was not carried out is refused with a reason, one that was
 * carried out is answered. */
#include "functional/limit_cases.h"
#include "functional/unread_case.h"
#include "functional/wire_events.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOUCH WIRE_CALL(7, "touch", "{}")
#define HOLD  WIRE_CALL(8, "hold", "{}")

enum { MIB = 1024 * 1024 };

static struct unread all_unread;

static void start(size_t max_answers)
{
	unread_add();
	wire_start(WIRE_NAMED, .max_answers = max_answers, .workers = 2,
	           .max_workers_per_caller = 2, .stream_after_ms = 3600 * 1000,
	           .max_event_bytes_per_session = (size_t)1024 * MIB);
}

/* ---- refusals ---- */

/* Before, ann's requests were served as long as there was memory. */
START_TEST(a_caller_with_many_unread_answers_is_429_and_others_are_served)
{
	struct wire_session ann, bob;
	struct reply reply;

	start(64 * MIB);
	ann = wire_session_of("ann");
	bob = wire_session_of("bob");
	ck_assert_int_eq(unread_fill(&all_unread, ann.lines), 429);
	ck_assert_uint_ge(all_unread.count, 4);
	reply = wire_once(ann.lines, TOUCH);
	ck_assert_int_eq(reply.status, 429);
	ck_assert(reply_names(&reply, "Retry-After"));
	ck_assert_msg(strstr(reply.body, "\"id\":7") != NULL &&
	                      strstr(reply.body, "this caller has too many "
	                                         "answers that it has not "
	                                         "read") != NULL,
	              "%s", reply.body);
	ck_assert_uint_eq(wire_touched(), 0); /* it was not carried out */
	ck_assert_int_eq(wire_once(bob.lines, TOUCH).status, 200);
	unread_leave(&all_unread);
	ck_assert_int_eq(unread_ask_until_not(429, ann.lines, TOUCH).status,
	                 200);
	wire_stop();
}
END_TEST

/* Each of these callers stays below its share. */
START_TEST(when_all_memory_is_used_every_request_is_503)
{
	struct wire_session one;
	struct reply reply;
	char name[16];
	int status = 200;

	start(32 * MIB);
	one = wire_session_of("one");
	for (int i = 0; status == 200; i++) {
		snprintf(name, sizeof name, "caller%d", i);
		all_unread.wires[all_unread.count++] =
			unread_begin(wire_session_of(name).lines,
		                     unread_call("text", UNREAD_LONG), &status);
		if (i == 4)
			break;
	}
	ck_assert_int_eq(status, 200);
	reply = wire_once(one.lines, TOUCH);
	ck_assert_int_eq(reply.status, 503);
	ck_assert(reply_names(&reply, "Retry-After"));
	ck_assert_ptr_nonnull(strstr(reply.body, "clients have too many"));
	ck_assert_uint_eq(wire_touched(), 0);
	unread_leave(&all_unread);
	ck_assert_int_eq(unread_ask_until_not(503, one.lines, TOUCH).status,
	                 200);
	wire_stop();
}
END_TEST

/* A notification has no answer to speak of. */
START_TEST(a_message_without_an_answer_is_served_all_the_same)
{
	struct wire_session ann;

	start(32 * MIB);
	ann = wire_session_of("ann");
	ck_assert_int_eq(unread_fill(&all_unread, ann.lines), 429);
	ck_assert_int_eq(wire_once(ann.lines,
	                           "{\"jsonrpc\":\"2.0\",\"method\":"
	                           "\"notifications/cancelled\",\"params\":{"
	                           "\"requestId\":1}}")
	                         .status,
	                 202);
	unread_leave(&all_unread);
	wire_stop();
}
END_TEST

static void wait_dispatched(uint64_t calls)
{
	const struct timespec moment = { 0, 1000000 };
	time_t end = time(NULL) + WIRE_DEADLINE_S;
	struct mcps_counts counts;

	do {
		ck_assert_int_lt(time(NULL), end);
		nanosleep(&moment, NULL);
		mcps_server_get_counts(wire_server(), &counts);
	} while (counts.calls < calls);
}

/* Its request came while there was room. */
START_TEST(a_call_that_finds_no_room_when_a_worker_has_time_is_not_begun)
{
	struct wire_session ann;
	struct wire held[2], waiting;
	struct reply reply;

	start(32 * MIB);
	ann = wire_session_of("ann");
	for (int i = 0; i < 2; i++) {
		held[i] = wire_open(wire_port());
		wire_post(&held[i], ann.lines, HOLD);
	}
	wire_wait_held(2);
	waiting = wire_open(wire_port());
	wire_post(&waiting, ann.lines, TOUCH);
	wait_dispatched(3);
	ck_assert_int_eq(unread_fill(&all_unread, ann.lines), 429);
	wire_release();
	reply = wire_read(&waiting);
	ck_assert_int_eq(reply.status, 429);
	ck_assert(reply_names(&reply, "Retry-After"));
	ck_assert_uint_eq(wire_touched(), 0);
	for (int i = 0; i < 2; i++) {
		/* These had begun: they are answered. */
		ck_assert_int_eq(wire_read(&held[i]).status, 200);
		wire_close(&held[i]);
	}
	wire_close(&waiting);
	unread_leave(&all_unread);
	wire_stop();
}
END_TEST

/* ---- answers that count ---- */

/* Answers of SIZE bytes that TOOL gives. */
static void check_counts(const char *tool, unsigned size)
{
	struct wire_session ann;
	int status = 200;

	start(64 * MIB);
	ann = wire_session_of("ann");
	while (status == 200) {
		ck_assert_uint_lt(all_unread.count, 64);
		all_unread.wires[all_unread.count++] = unread_begin(
			ann.lines, unread_call(tool, size), &status);
	}
	ck_assert_int_eq(status, 429);
	unread_leave(&all_unread);
	ck_assert_int_eq(unread_ask_until_not(429, ann.lines, TOUCH).status,
	                 200);
	wire_stop();
}

START_TEST(an_unread_answer_of_a_worker_counts)
{
	check_counts("big", UNREAD_LONG);
}
END_TEST

START_TEST(an_unread_stream_counts)
{
	check_counts("said", UNREAD_LONG);
}
END_TEST

/* As long as it is there, and no longer. */
START_TEST(an_answer_that_was_read_counts_no_more)
{
	struct wire_session ann;
	struct wire wire;

	start(16 * MIB);
	ann = wire_session_of("ann");
	wire = wire_open(wire_port());
	for (int i = 0; i < 8; i++) {
		const char *tool = i % 2 == 0 ? "text" : "big";

		ck_assert_int_eq(wire_ask(&wire, ann.lines,
		                          unread_call(tool, UNREAD_LONG))
		                         .status,
		                 200);
	}
	ck_assert_uint_eq(limit_count("answer_memory_limit", NULL), 0);
	wire_close(&wire);
	wire_stop();
}
END_TEST

/* ---- batches ---- */

static unsigned times(const char *text, const char *what)
{
	unsigned count = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		count++;
	}
	return count;
}

/* Before, a batch had as many bytes as its calls liked. */
static void check_batch(const char *tool)
{
	struct wire_session ann;
	struct reply reply;
	char *body = unread_batch(tool, 5, 900);

	unread_add();
	wire_start(WIRE_NAMED, .max_result = 2000, .workers = 2,
	           .max_workers_per_caller = 2);
	ann = wire_session_in("2025-03-26", "ann");
	reply = wire_once(ann.lines, body);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_eq(times(reply.body, "\"result\""), 2);
	ck_assert_uint_eq(times(reply.body,
	                        "the answers of a batch have at most 2000 "
	                        "bytes together"),
	                  3);
	ck_assert_uint_eq(times(reply.body, "this one was dropped"),
	                  limit_count("result_size_limit", NULL));
	ck_assert_uint_eq(times(reply.body, "this call was not carried out") +
	                          limit_count("result_size_limit", NULL),
	                  3);
	ck_assert_uint_ge(limit_count("result_size_limit", NULL), 1);
	free(body);
	wire_stop();
}

START_TEST(the_answers_of_a_batch_have_a_bound_together)
{
	check_batch("text");
}
END_TEST

START_TEST(the_answers_of_workers_in_a_batch_have_a_bound_together)
{
	check_batch("big");
}
END_TEST

/* ---- streams that are resumed ---- */

enum { TOLD = 50000 };

/* The first id of a stream, or the last one. */
static void read_id(char *out, size_t size, const struct reply *reply,
                    bool last)
{
	const char *at = strstr(reply->body, "id: ");

	for (const char *next = at; last && next != NULL;
	     next = strstr(next + 1, "\nid: "))
		at = next;
	ck_assert_ptr_nonnull(at);
	at = strstr(at, "id: ") + 4;
	snprintf(out, size, "%.*s", (int)strcspn(at, "\n"), at);
}

static struct reply resume(const struct wire_session *session,
                           const char *after)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_get(&wire, session->lines, after);
	reply = wire_read(&wire);
	wire_close(&wire);
	ck_assert_int_eq(reply.status, 200);
	return reply;
}

/* The answer is stored: nothing is lost. */
START_TEST(a_client_that_resumes_without_room_is_told_to_come_again)
{
	struct wire_session ann;
	struct reply reply;
	char after[64];

	start(32 * MIB);
	ann = wire_session_of("ann");
	reply = wire_once(ann.lines, unread_call("said", TOLD));
	ck_assert_uint_gt(reply.length, TOLD);
	read_id(after, sizeof after, &reply, false);
	ck_assert_int_eq(unread_fill(&all_unread, ann.lines), 429);
	reply = resume(&ann, after);
	ck_assert_uint_lt(reply.length, 1000);
	ck_assert_ptr_nonnull(strstr(reply.body, "retry: "));
	ck_assert_uint_ge(limit_count("answer_memory_limit", NULL), 2);
	read_id(after, sizeof after, &reply, true);
	unread_leave(&all_unread);
	ck_assert_int_eq(unread_ask_until_not(429, ann.lines, TOUCH).status,
	                 200);
	ck_assert_uint_gt(resume(&ann, after).length, TOLD);
	wire_stop();
}
END_TEST

/* ---- the suite ---- */

TEST_MAIN("unread answers")
{
	test_timeout(4 * WIRE_DEADLINE_S);
	test_add(
		a_caller_with_many_unread_answers_is_429_and_others_are_served);
	test_add(when_all_memory_is_used_every_request_is_503);
	test_add(a_message_without_an_answer_is_served_all_the_same);
	test_add(a_call_that_finds_no_room_when_a_worker_has_time_is_not_begun);
	test_add(an_unread_answer_of_a_worker_counts);
	test_add(an_unread_stream_counts);
	test_add(an_answer_that_was_read_counts_no_more);
	test_add(the_answers_of_a_batch_have_a_bound_together);
	test_add(the_answers_of_workers_in_a_batch_have_a_bound_together);
	test_add(a_client_that_resumes_without_room_is_told_to_come_again);
}
