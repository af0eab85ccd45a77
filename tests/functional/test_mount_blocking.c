/* A server mounted in a daemon with a thread per connection, where a request
 * that waits holds up its thread. What is the same in all modes stands in
 * test_mount.c and test_mount_streams.c. */
#include "functional/mount_case.h"
#include "functional/wire_events.h"

#include <stdlib.h>

enum { SILENT_S = 24 * 3600, MODES = 2 };

#define TELL_AND_HOLD WIRE_TOLD_CALL(7, "tell", "{\"times\":2,\"holds\":true}")

static const unsigned polling[MODES] = { MHD_USE_POLL_INTERNAL_THREAD,
	                                 MHD_USE_INTERNAL_POLLING_THREAD };

static void start(int mode, unsigned timeout_s)
{
	static struct host_mode blocking = { .name = "thread per connection" };
	const struct mcps_options options = { .size = sizeof options,
		                              .workers = MOUNT_WORKERS,
		                              .heartbeat_s = SILENT_S };

	mode_name = blocking.name;
	blocking.flags = polling[mode] | MHD_USE_THREAD_PER_CONNECTION;
	wire_start_server(WIRE_ANONYMOUS, &options);
	host_start(&(const struct host_options){ .mode = &blocking,
	                                         .timeout_s = timeout_s });
}

/* More than come within the timeout: one in half of it, and the first byte. */
static void await_comments(struct wire_stream *stream)
{
	for (int comments = 0; comments < 5;) {
		struct wire_event event = wire_stream_next(stream);

		ck_assert_int_ne(event.kind, WIRE_OVER);
		if (event.kind == WIRE_BEAT)
			comments++;
	}
}

/* libmicrohttpd takes the time that a thread waits for silence of the client.
 * The timeout is the shortest there is. */
START_TEST(silent_stream_outlives_the_connection_timeout)
{
	struct wire_session session;
	struct wire_stream stream;
	struct wire wire;

	start(_i, 1);
	session = wire_session_of("");
	wire = wire_open(wire_port());
	wire_get(&wire, session.lines, NULL);
	stream = wire_stream_open(&wire);
	await_comments(&stream);
	wire_change_tools();
	wire_stream_find(&stream, "notifications/tools/list_changed");
	wire_close(&wire);
	mount_stop();
}
END_TEST

/* The beats of another client's stream tell that the timeout has passed. */
START_TEST(call_may_take_longer_than_the_connection_timeout)
{
	struct wire_session session;
	struct wire_stream stream;
	struct wire wire, call;
	struct reply reply;

	start(_i, 1);
	session = wire_session_of("");
	wire = wire_open(wire_port());
	wire_get(&wire, session.lines, NULL);
	stream = wire_stream_open(&wire);
	call = wire_open(wire_port());
	wire_post(&call, session.lines, WIRE_CALL(7, "hold", "{}"));
	wire_wait_held(1);
	await_comments(&stream);
	wire_release();
	reply = wire_read(&call);
	assert_status(reply, 200);
	assert_says(reply, "released");
	wire_close(&call);
	wire_close(&wire);
	mount_stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mounted, thread per connection");
	TCase *tests = tcase_create("blocking");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 120);
	tcase_add_loop_test(
		tests, silent_stream_outlives_the_connection_timeout, 0, MODES);
	tcase_add_loop_test(tests,
	                    call_may_take_longer_than_the_connection_timeout, 0,
	                    MODES);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
