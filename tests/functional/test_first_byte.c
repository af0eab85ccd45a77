/* Each event stream begins with a byte, whatever the revision: proxies keep the
 * head of an answer until the first byte of its body comes. Signs of life are
 * a day apart here, so none of them can be that byte. Each test runs in each
 * mode of a mount, in a daemon of ours, and in each revision. */
#include "functional/mount_case.h"
#include "functional/wire_events.h"
#include "suite.h"

#include <stdio.h>

#define HOLD          WIRE_CALL(7, "hold", "{}")
#define TELL_AND_HOLD WIRE_TOLD_CALL(7, "tell", "{\"times\":1,\"holds\":true}")
#define TOOLS_CHANGED "notifications/tools/list_changed"

enum { SILENT_S = 24 * 3600 };

static const char *const revisions[] = { "2024-11-05", "2025-03-26",
	                                 "2025-06-18", "2025-11-25" };
enum { REVISIONS = sizeof revisions / sizeof *revisions };

static struct wire_session session;
static bool has_retry; /* ... the revision */

static void start(int round, uint32_t retry_ms)
{
	const char *revision = revisions[round % REVISIONS];

	mount_start_with(round / REVISIONS,
	                 (struct mcps_server_options){ .heartbeat_s = SILENT_S,
	                                               .stream_after_ms = 1,
	                                               .retry_ms = retry_ms });
	session = wire_session_in(revision, "");
	has_retry = strcmp(revision, "2025-11-25") == 0;
}

static struct wire_stream listen_on(struct wire *wire, const char *after)
{
	*wire = wire_open(wire_port());
	wire_get(wire, session.lines, after);
	return wire_stream_open(wire);
}

static struct wire_stream call_on(struct wire *wire, const char *body)
{
	*wire = wire_open(wire_port());
	wire_post(wire, session.lines, body);
	return wire_stream_open(wire);
}

/* Something comes although nothing happens: a comment, or the empty event that
 * streams of the newest revision begin with. */
static void check_first(struct wire_stream *stream)
{
	struct wire_event event = wire_stream_next(stream);

	ck_assert_msg(event.kind == WIRE_HEARTBEAT ||
	                      (has_retry && event.kind == WIRE_DATA),
	              "%s: %d, %s", mode_name, event.kind, event.data);
}

START_TEST(a_listener_gets_a_byte)
{
	struct wire_stream stream;
	struct wire wire;

	start(_i, 0);
	stream = listen_on(&wire, NULL);
	check_first(&stream);
	wire_close(&wire);
	mount_stop();
}
END_TEST

START_TEST(a_listener_that_is_told_no_time_to_retry_gets_a_byte)
{
	struct wire_stream stream;
	struct wire wire;

	start(_i, MCPS_NO_RETRY);
	stream = listen_on(&wire, NULL);
	check_first(&stream);
	wire_close(&wire);
	mount_stop();
}
END_TEST

START_TEST(a_silent_call_gets_a_byte)
{
	struct wire_stream stream;
	struct wire wire;

	start(_i, 0);
	stream = call_on(&wire, HOLD);
	check_first(&stream);
	wire_release();
	wire_stream_find(&stream, "released");
	wire_close(&wire);
	mount_stop();
}
END_TEST

START_TEST(a_resumed_call_with_nothing_new_gets_a_byte)
{
	struct wire_stream stream;
	struct wire wire;
	char after[64];

	start(_i, 0);
	stream = call_on(&wire, TELL_AND_HOLD);
	wire_stream_find(&stream, "\"progress\":1");
	memcpy(after, stream.last_id, sizeof after);
	ck_assert_str_ne(after, "");
	wire_close(&wire);
	stream = listen_on(&wire, after);
	check_first(&stream);
	wire_release();
	wire_stream_find(&stream, "released");
	wire_close(&wire);
	mount_stop();
}
END_TEST

START_TEST(a_resumed_listener_with_nothing_new_gets_a_byte)
{
	struct wire_stream stream;
	struct wire wire;
	char after[64];

	start(_i, 0);
	stream = listen_on(&wire, NULL);
	check_first(&stream);
	wire_change_tools();
	wire_stream_find(&stream, TOOLS_CHANGED);
	memcpy(after, stream.last_id, sizeof after);
	ck_assert_str_ne(after, "");
	wire_close(&wire);
	stream = listen_on(&wire, after);
	check_first(&stream);
	wire_change_tools();
	wire_stream_find(&stream, TOOLS_CHANGED);
	wire_close(&wire);
	mount_stop();
}
END_TEST

START_TEST(a_listener_that_resumes_after_an_unknown_event_gets_a_byte)
{
	struct wire_stream stream;
	struct wire wire;

	start(_i, 0);
	stream = listen_on(&wire, "0123456789abcdef-1");
	check_first(&stream);
	wire_close(&wire);
	mount_stop();
}
END_TEST

START_TEST(a_call_that_its_client_cancels_gets_a_byte)
{
	struct wire_stream stream;
	struct wire wire, other;
	struct reply reply;

	start(_i, 0);
	stream = call_on(&wire, HOLD);
	check_first(&stream);
	other = wire_open(wire_port());
	reply = wire_ask(&other, session.lines,
	                 "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/"
	                 "cancelled\",\"params\":{\"requestId\":7}}");
	ck_assert_int_eq(reply.status, 202);
	ck_assert_uint_eq(wire_stream_rest(&stream, "result"), 0);
	wire_close(&wire);
	wire_close(&other);
	mount_stop();
}
END_TEST

static void add(const TTest *test)
{
	test_add_loop(test, REVISIONS * (host_mode_count + 1));
}

TEST_MAIN("first bytes")
{
	test_timeout(120);
	add(a_listener_gets_a_byte);
	add(a_listener_that_is_told_no_time_to_retry_gets_a_byte);
	add(a_silent_call_gets_a_byte);
	add(a_resumed_call_with_nothing_new_gets_a_byte);
	add(a_resumed_listener_with_nothing_new_gets_a_byte);
	add(a_listener_that_resumes_after_an_unknown_event_gets_a_byte);
	add(a_call_that_its_client_cancels_gets_a_byte);
}
