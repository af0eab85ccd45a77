/* What one caller may use up, and that another does not notice: rates, sizes,
 * calls, sessions. */
#include "functional/wire_events.h"
#include "functional/wire_server.h"
#include "suite.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ANN "Authorization: Bearer ann\r\n"
#define BOB "Authorization: Bearer bob\r\n"

static const char hold[] = WIRE_CALL(7, "hold", "{}");
static const char touch[] = WIRE_CALL(8, "touch", "{}");

static bool waits_some_seconds(struct reply *reply)
{
	int seconds = atoi(reply_value(reply, "Retry-After"));

	return seconds >= 1 && seconds <= 3600;
}

/* ---- rates ---- */

START_TEST(a_caller_beyond_the_rate_gets_429_and_no_other_does)
{
	struct wire_session ann, bob;
	struct reply reply;
	struct wire wire;
	int i = 0;

	/* One in an hour would do, if there were such a rate. */
	wire_start(WIRE_NAMED, .request_rate_per_caller = 1,
	           .request_burst_per_caller = 20);
	ann = wire_session_of("ann");
	bob = wire_session_of("bob");
	wire = wire_open(wire_port());
	do
		reply = wire_ask(&wire, ann.lines, touch);
	while (reply.status == 200 && ++i < 1000);
	ck_assert_int_eq(reply.status, 429);
	ck_assert_int_ge(i, 19); /* initialize was the first */
	ck_assert(waits_some_seconds(&reply));
	ck_assert_ptr_nonnull(strstr(reply.body, "too many requests"));
	ck_assert(!reply_closes(&reply));
	/* On the same connection, from the same address. */
	ck_assert_int_eq(wire_ask(&wire, bob.lines, touch).status, 200);
	wire_close(&wire);
	wire_stop();
}
END_TEST

START_TEST(an_address_may_guess_only_so_often)
{
	struct reply reply;
	struct wire wire;
	int i = 0;

	wire_start(WIRE_NAMED, .request_rate_per_address = 1,
	           .request_burst_per_address = 10);
	wire = wire_open(wire_port());
	do
		reply = wire_ask(&wire, "Authorization: Bearer bad\r\n",
		                 WIRE_INITIALIZE);
	while (reply.status == 401 && ++i < 1000);
	ck_assert_int_eq(reply.status, 429);
	ck_assert_int_ge(i, 10);
	ck_assert(waits_some_seconds(&reply));
	/* Before auth, so it does not tell whether this one was right. */
	ck_assert(!reply_names(&reply, "WWW-Authenticate"));
	ck_assert_int_eq(wire_ask(&wire, ANN, WIRE_INITIALIZE).status, 429);
	wire_close(&wire);
	wire_stop();
}
END_TEST

START_TEST(a_caller_may_begin_sessions_only_so_fast)
{
	struct wire_session old;
	struct reply reply;
	int i = 0;

	wire_start(WIRE_NAMED, .session_rate_per_caller = 1,
	           .session_burst_per_caller = 5);
	old = wire_session_of("ann");
	do
		reply = wire_initialize("ann");
	while (reply.status == 200 && ++i < 1000);
	ck_assert_int_eq(reply.status, 429);
	ck_assert_int_ge(i, 4);
	ck_assert(waits_some_seconds(&reply));
	ck_assert(!reply_names(&reply, "Mcp-Session-Id"));
	/* Unknown ids begin sessions as well. */
	ck_assert_int_eq(
		wire_once(ANN "Mcp-Session-Id: x\r\n", WIRE_PING).status, 429);
	ck_assert_int_eq(wire_once(old.lines, WIRE_PING).status, 200);
	ck_assert_int_eq(wire_initialize("bob").status, 200);
	wire_stop();
}
END_TEST

START_TEST(anonymous_callers_may_begin_sessions_only_so_fast)
{
	struct wire_session old;
	struct reply reply;
	int i = 0;

	wire_start(WIRE_ANONYMOUS, .anonymous_session_rate = 1,
	           .anonymous_session_burst = 5);
	old = wire_session_of("");
	do
		reply = wire_initialize("");
	while (reply.status == 200 && ++i < 1000);
	ck_assert_int_eq(reply.status, 429);
	ck_assert_int_ge(i, 4);
	ck_assert(waits_some_seconds(&reply));
	ck_assert_int_eq(wire_once(old.lines, WIRE_PING).status, 200);
	wire_stop();
}
END_TEST

/* ---- sizes ---- */

enum { BODY_MAX = 4096 };

START_TEST(a_body_declared_too_large_is_413_before_it_comes)
{
	struct reply reply;
	struct wire wire;

	wire_start(WIRE_ANONYMOUS, .max_body = BODY_MAX);
	wire = wire_open(wire_port());
	wire_text(&wire, WIRE_HEAD "Content-Length: 4097\r\n\r\n");
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 413);
	ck_assert(reply_closes(&reply));
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
	wire_stop();
}
END_TEST

/* Its client holds the body back, so none of it is waited for. */
START_TEST(refusal_answers_a_client_that_expects_100_continue_at_once)
{
	struct reply reply;
	struct wire wire;

	wire_start(WIRE_NAMED, .max_body = BODY_MAX);
	wire = wire_open(wire_port());
	wire_text(&wire, WIRE_HEAD
	          "Expect: 100-continue\r\nContent-Length: 4000\r\n\r\n");
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 401);
	ck_assert(reply_closes(&reply));
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
	wire_stop();
}
END_TEST

/* Chunks of 1 KiB until they are SIZE bytes; false: the server hung up. */
static bool send_chunks(const struct wire *wire, size_t size)
{
	char chunk[5 + 1024 + 2];

	memcpy(chunk, "400\r\n", 5);
	memset(chunk + 5, ' ', 1024);
	memcpy(chunk + 5 + 1024, "\r\n", 2);
	for (size_t sent = 0; sent < size; sent += 1024)
		if (!wire_try_send(wire, chunk, sizeof chunk))
			return false;
	return true;
}

START_TEST(a_body_that_grows_too_large_is_413)
{
	struct reply reply;
	struct wire wire;

	wire_start(WIRE_ANONYMOUS, .max_body = BODY_MAX);
	wire = wire_open(wire_port());
	wire_text(&wire, WIRE_HEAD "Transfer-Encoding: chunked\r\n\r\n");
	ck_assert(send_chunks(&wire, 2 * BODY_MAX));
	wire_text(&wire, "0\r\n\r\n");
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 413);
	ck_assert(reply_closes(&reply));
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
	wire_stop();
}
END_TEST

/* libmicrohttpd takes no answer inside of a body, so the end of one that does
 * not end is that of the connection. */
START_TEST(a_body_that_grows_without_end_is_cut_off)
{
	struct reply reply;
	struct wire wire;

	wire_start(WIRE_ANONYMOUS, .max_body = BODY_MAX);
	wire = wire_open(wire_port());
	wire_text(&wire, WIRE_HEAD "Transfer-Encoding: chunked\r\n\r\n");
	ck_assert(!send_chunks(&wire, (size_t)1 << 30));
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 0);
	wire_close(&wire);
	ck_assert_int_eq(wire_initialize("").status, 200);
	wire_stop();
}
END_TEST

/* What was sent may not have been read yet, what was answered not be over:
 * initialize until the answer is another one than STATUS. */
static struct reply ask_until_not(int status, const char *caller)
{
	time_t end = time(NULL) + WIRE_DEADLINE_S;
	struct reply reply;

	do
		reply = wire_initialize(caller);
	while (reply.status == status && time(NULL) < end);
	return reply;
}

/* A request of CALLER's headers whose body is not whole: BODY_MAX bytes of it
 * are there. */
static struct wire begin_body(const char *caller)
{
	struct wire wire = wire_open(wire_port());
	char body[BODY_MAX];

	memset(body, ' ', sizeof body);
	wire_text(&wire, WIRE_HEAD);
	wire_text(&wire, caller);
	wire_text(&wire, "Content-Length: 4242\r\n\r\n");
	wire_send(&wire, body, sizeof body);
	return wire;
}

/* Begin a body of ANN that leaves bob no memory, and give his refusal. His
 * requests may come first and refuse hers: then once more. */
static struct wire fill_memory(struct reply *refusal)
{
	enum { TRIES = 20 };

	for (;;) {
		struct wire wire = begin_body(ANN);

		for (int i = 0; i < TRIES; i++) {
			*refusal = wire_initialize("bob");
			if (refusal->status != 200)
				return wire;
		}
		wire_close(&wire);
	}
}

START_TEST(bodies_together_have_only_so_much_memory)
{
	struct wire wire;
	struct reply reply;

	wire_start(WIRE_NAMED, .max_bodies = BODY_MAX + 100);
	wire = fill_memory(&reply);
	ck_assert_int_eq(reply.status, 503);
	ck_assert(reply_names(&reply, "Retry-After"));
	/* What they held is free again when they are over. */
	wire_send(&wire, TEXT(WIRE_INITIALIZE));
	ck_assert_int_eq(wire_read(&wire).status, 503);
	wire_close(&wire);
	ck_assert_int_eq(ask_until_not(503, "bob").status, 200);
	wire_stop();
}
END_TEST

/* Before, three requests of one caller that never end kept everybody out. */
START_TEST(the_bodies_of_one_caller_leave_memory_to_others)
{
	struct wire wires[3];
	struct reply reply;
	int i = 0;

	wire_start(WIRE_NAMED, .max_bodies = 3 * BODY_MAX + 100);
	do {
		wires[i] = begin_body(ANN);
		reply = wire_initialize("bob");
		ck_assert_int_eq(reply.status, 200);
	} while (++i < 3);
	/* Two hold two thirds, so the last ones were refused. */
	reply = ask_until_not(200, "ann");
	ck_assert_int_eq(reply.status, 429);
	ck_assert(reply_names(&reply, "Retry-After"));
	ck_assert_int_eq(wire_initialize("bob").status, 200);
	while (i > 0)
		wire_close(&wires[--i]);
	ck_assert_int_eq(ask_until_not(429, "ann").status, 200);
	wire_stop();
}
END_TEST

START_TEST(a_result_has_at_most_so_many_bytes)
{
	struct wire_session session;
	struct reply reply;

	wire_start(WIRE_ANONYMOUS, .max_result = 10000);
	session = wire_session_of("");
	reply = wire_once(session.lines,
	                  WIRE_CALL(2, "big", "{\"size\":9000}"));
	ck_assert_int_eq(reply.status, 200);
	ck_assert_uint_gt(reply.length, 9000);
	reply = wire_once(session.lines,
	                  WIRE_CALL(2, "big", "{\"size\":10000}"));
	ck_assert_int_eq(reply.status, 200);
	ck_assert_ptr_nonnull(strstr(reply.body, "result is too large"));
	wire_stop();
}
END_TEST

/* ---- calls ---- */

START_TEST(a_caller_has_only_so_many_calls_under_way)
{
	struct wire_session ann, bob;
	struct reply reply;
	struct wire held[2];

	wire_start(WIRE_NAMED, .max_calls_per_caller = 2, .workers = 4);
	ann = wire_session_of("ann");
	bob = wire_session_of("bob");
	for (unsigned i = 0; i < 2; i++) {
		held[i] = wire_open(wire_port());
		wire_post(&held[i], ann.lines, hold);
		wire_wait_held(i + 1);
	}
	reply = wire_once(ann.lines, touch);
	ck_assert_int_eq(reply.status, 429);
	ck_assert(waits_some_seconds(&reply));
	ck_assert_ptr_nonnull(strstr(reply.body, "\"id\":8"));
	/* In another session of his, too, but not for others. */
	ck_assert_int_eq(wire_once(wire_session_of("ann").lines, touch).status,
	                 429);
	ck_assert_int_eq(wire_once(ann.lines, WIRE_PING).status, 200);
	ck_assert_int_eq(wire_once(bob.lines, touch).status, 200);
	wire_release();
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(wire_read(&held[i]).status, 200);
		wire_close(&held[i]);
	}
	ck_assert_int_eq(wire_once(ann.lines, touch).status, 200);
	wire_stop();
}
END_TEST

/* ---- streams ---- */

static int listen_with(struct wire *wire, const struct wire_session *session)
{
	*wire = wire_open(wire_port());
	wire_get(wire, session->lines, NULL);
	return wire_read_open(wire).status;
}

START_TEST(a_caller_listens_on_only_so_many_streams)
{
	struct wire_session ann, other, bob;
	struct reply reply;
	struct wire first, second, third, bobs;
	int before;

	wire_start(WIRE_NAMED, .max_streams_per_caller = 2);
	before = open_descriptors();
	ann = wire_session_of("ann");
	other = wire_session_of("ann");
	bob = wire_session_of("bob");
	ck_assert_int_eq(listen_with(&first, &ann), 200);
	ck_assert_int_eq(listen_with(&second, &other), 200);
	ck_assert_int_eq(listen_with(&bobs, &bob), 200);
	for (int i = 0; i < 2; i++) {
		third = wire_open(wire_port());
		wire_get(&third, i == 0 ? ann.lines : other.lines, NULL);
		reply = wire_read(&third);
		ck_assert_int_eq(reply.status, 429);
		ck_assert(waits_some_seconds(&reply));
		/* It does not keep a connection for that. */
		ck_assert(reply_closes(&reply));
		ck_assert(wire_is_over(&third));
		wire_close(&third);
	}
	ck_assert_int_eq(wire_once(ann.lines, touch).status, 200);
	wire_close(&second);
	ck_assert(descriptors_fall_to(before + 4)); /* both ends of two */
	ck_assert_int_eq(listen_with(&third, &ann), 200);
	wire_close(&first);
	wire_close(&third);
	wire_close(&bobs);
	wire_stop();
}
END_TEST

/* ---- sessions ---- */

static struct heard {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned evicted;
	char subject[32];
} heard = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, "" };

static void hear(void *arg, enum mcps_session_event event, const char *subject,
                 const struct mcps_session_view *session)
{
	(void)arg;
	if (event != MCPS_SESSION_EVICTED)
		return;
	ck_assert_uint_eq(strlen(session->digest), 8);
	pthread_mutex_lock(&heard.lock);
	heard.evicted++;
	snprintf(heard.subject, sizeof heard.subject, "%s", subject);
	pthread_cond_broadcast(&heard.changed);
	pthread_mutex_unlock(&heard.lock);
}

static void wait_evicted(unsigned sum)
{
	struct timespec at;
	int result = 0;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += WIRE_DEADLINE_S;
	pthread_mutex_lock(&heard.lock);
	while (heard.evicted < sum && result == 0)
		result = pthread_cond_timedwait(&heard.changed, &heard.lock,
		                                &at);
	pthread_mutex_unlock(&heard.lock);
	ck_assert_int_eq(result, 0);
}

/* Where unknown ids are not taken in, an evicted session is 404. */
START_TEST(one_session_too_many_evicts_the_callers_oldest)
{
	struct wire_session bob, ann[4];

	heard.evicted = 0;
	wire_start(WIRE_NAMED, .max_sessions_per_caller = 3,
	           .unknown_ids = MCPS_UNKNOWN_NEVER, .on_session = hear);
	for (int i = 0; i < 3; i++)
		ann[i] = wire_session_of("ann");
	/* Answered once the notifications of ann's sessions are stored, too:
	 * none of them is in use any more. */
	bob = wire_session_of("bob");
	ann[3] = wire_session_of("ann");
	wait_evicted(1);
	ck_assert_str_eq(heard.subject, "ann");
	ck_assert_int_eq(wire_once(ann[0].lines, touch).status, 404);
	for (int i = 1; i < 4; i++)
		ck_assert_int_eq(wire_once(ann[i].lines, touch).status, 200);
	ck_assert_int_eq(wire_once(bob.lines, touch).status, 200);
	ck_assert_uint_eq(heard.evicted, 1);
	wire_stop();
}
END_TEST

START_TEST(when_all_sessions_are_in_use_a_new_one_is_429)
{
	struct wire_session ann[2], bob;
	struct wire held[2];
	struct reply reply;

	wire_start(WIRE_NAMED, .max_sessions_per_caller = 2, .workers = 4);
	bob = wire_session_of("bob");
	for (unsigned i = 0; i < 2; i++) {
		ann[i] = wire_session_of("ann");
		held[i] = wire_open(wire_port());
		wire_post(&held[i], ann[i].lines, hold);
		wire_wait_held(i + 1);
	}
	reply = wire_initialize("ann");
	ck_assert_int_eq(reply.status, 429);
	ck_assert(waits_some_seconds(&reply));
	ck_assert(!reply_names(&reply, "Mcp-Session-Id"));
	ck_assert_int_eq(wire_once(bob.lines, touch).status, 200);
	ck_assert_int_eq(wire_initialize("bob").status, 200);
	wire_release();
	for (unsigned i = 0; i < 2; i++) {
		ck_assert_int_eq(wire_read(&held[i]).status, 200);
		wire_close(&held[i]);
	}
	ck_assert_int_eq(ask_until_not(429, "ann").status, 200);
	wire_stop();
}
END_TEST

/* Incident 13: thousands of initializes leave as many sessions as allowed. */
START_TEST(incident_13_sessions_of_one_caller_are_bounded)
{
	enum { MANY = 1000, QUOTA = 20 };
	struct wire_session bob;
	struct mcps_counts counts;
	struct wire wire;

	wire_start(WIRE_NAMED, .max_sessions_per_caller = QUOTA,
	           .session_rate_per_caller = MANY,
	           .session_burst_per_caller = 2 * MANY);
	bob = wire_session_of("bob");
	wire = wire_open(wire_port());
	for (int i = 0; i < MANY; i++)
		ck_assert_int_eq(wire_ask(&wire, ANN, WIRE_INITIALIZE).status,
		                 200);
	wire_close(&wire);
	mcps_server_get_counts(wire_server(), &counts);
	ck_assert_uint_eq(counts.created, MANY + 1);
	ck_assert_uint_eq(counts.evicted, MANY - QUOTA);
	ck_assert_uint_le(counts.sessions_hot, QUOTA + 1);
	ck_assert_int_eq(wire_once(bob.lines, touch).status, 200);
	wire_stop();
}
END_TEST

/* Incident 13: nothing is begun for who is nobody. */
START_TEST(incident_13_a_bad_credential_begins_nothing)
{
	struct mcps_counts before, after;
	struct wire wire;

	wire_start(WIRE_NAMED, .path = NULL);
	mcps_server_get_counts(wire_server(), &before);
	wire = wire_open(wire_port());
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(wire_ask(&wire,
		                          "Authorization: Bearer bad\r\n"
		                          "Mcp-Session-Id: x\r\n",
		                          WIRE_INITIALIZE)
		                         .status,
		                 401);
		ck_assert_int_eq(wire_ask(&wire, "", WIRE_INITIALIZE).status,
		                 401);
	}
	wire_close(&wire);
	mcps_server_get_counts(wire_server(), &after);
	ck_assert_uint_eq(after.created + after.recreated, 0);
	ck_assert_uint_eq(after.store_reads, before.store_reads);
	ck_assert_uint_eq(after.store_writes, before.store_writes);
	wire_stop();
}
END_TEST

/* ---- the suite ---- */

TEST_MAIN("wire: limits")
{
	test_case("limits");
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(a_caller_beyond_the_rate_gets_429_and_no_other_does);
	test_add(an_address_may_guess_only_so_often);
	test_add(a_caller_may_begin_sessions_only_so_fast);
	test_add(anonymous_callers_may_begin_sessions_only_so_fast);
	test_add(a_body_declared_too_large_is_413_before_it_comes);
	test_add(refusal_answers_a_client_that_expects_100_continue_at_once);
	test_add(a_body_that_grows_too_large_is_413);
	test_add(a_body_that_grows_without_end_is_cut_off);
	test_add(bodies_together_have_only_so_much_memory);
	test_add(the_bodies_of_one_caller_leave_memory_to_others);
	test_add(a_result_has_at_most_so_many_bytes);
	test_add(a_caller_has_only_so_many_calls_under_way);
	test_add(a_caller_listens_on_only_so_many_streams);
	test_add(one_session_too_many_evicts_the_callers_oldest);
	test_add(when_all_sessions_are_in_use_a_new_one_is_429);
	test_add(incident_13_sessions_of_one_caller_are_bounded);
	test_add(incident_13_a_bad_credential_begins_nothing);
}
