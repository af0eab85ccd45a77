/* Calls under way as the wire shows them: one that its client cancels, one
 * whose client goes away, one that tells its progress. */
#include "functional/wire_events.h"
#include "functional/wire_server.h"
#include "suite.h"

#include <string.h>

static struct wire_session session;

static void start(void)
{
	wire_start(WIRE_ANONYMOUS, .path = NULL);
	session = wire_session_of("");
}

START_TEST(a_cancelled_call_is_an_event_stream_without_events)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_post(&wire, session.lines, WIRE_CALL(3, "hold", "{}"));
	wire_wait_held(1);
	reply = wire_once(session.lines,
	                  "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
	                  "cancelled\",\"params\":{\"requestId\":3}}");
	ck_assert_int_eq(reply.status, 202);
	reply = wire_read(&wire);
	ck_assert_int_eq(reply.status, 200);
	ck_assert_str_eq(reply_value(&reply, "Content-Type"),
	                 "text/event-stream");
	ck_assert_str_eq(reply.body, ":\n"); /* a comment */
	reply = wire_ask(&wire, session.lines, WIRE_PING);
	ck_assert_int_eq(reply.status, 200); /* the connection lives on */
	wire_close(&wire);
}
END_TEST

/* The state is locked until the first call has committed. */
static void check_kept(const char *text)
{
	struct reply reply =
		wire_once(session.lines, WIRE_CALL(4, "keep", "{}"));

	ck_assert_int_eq(reply.status, 200);
	ck_assert_msg(strstr(reply.body, text) != NULL, "%s", reply.body);
}

/* 2025-11-25, Transports: "Disconnection SHOULD NOT be interpreted as the
 * client cancelling its request." */
START_TEST(a_call_whose_client_leaves_runs_to_its_end_and_is_kept)
{
	struct wire wire = wire_open(wire_port());
	int before = open_descriptors();

	wire_post(&wire, session.lines, WIRE_CALL(3, "keep", "{}"));
	wire_wait_held(1);
	if (_i == 0)
		wire_close(&wire);
	else
		wire_reset(&wire);
	ck_assert_int_eq(wire_once(session.lines, WIRE_PING).status, 200);
	wire_release();
	ck_assert(descriptors_fall_to(before - 2)); /* it was answered */
	check_kept("\"kept 2\"");
}
END_TEST

/* Which of the two it is, is a matter of time; it reads the same. */
START_TEST(a_stream_that_is_over_when_it_is_sent_has_a_length)
{
	struct wire wire = wire_open(wire_port());
	struct wire_stream stream = { .is_whole = false };

	for (int i = 0; i < 10000 && !stream.is_whole; i++) {
		wire_post(&wire, session.lines,
		          WIRE_TOLD_CALL(3, "tell", "{\"times\":3}"));
		stream = wire_stream_open(&wire);
		wire_stream_find(&stream, "\"progress\":1");
		wire_stream_find(&stream, "\"progress\":2");
		wire_stream_find(&stream, "\"progress\":3");
		wire_stream_find(&stream, "\"result\"");
		ck_assert_uint_eq(wire_stream_rest(&stream, ""), 0);
		ck_assert(!stream.is_cut);
	}
	ck_assert(stream.is_whole);
	wire_close(&wire);
}
END_TEST

TEST_MAIN("wire: calls")
{
	test_case("calls");
	test_fixture(start, wire_stop);
	test_timeout(3 * WIRE_DEADLINE_S);
	test_add(a_cancelled_call_is_an_event_stream_without_events);
	test_add_loop(a_call_whose_client_leaves_runs_to_its_end_and_is_kept,
	              2);
	test_add(a_stream_that_is_over_when_it_is_sent_has_a_length);
}
