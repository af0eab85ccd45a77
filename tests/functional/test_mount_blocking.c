/* A server mounted in a daemon with a thread per connection, where a request
 * that waits holds up its thread. What is the same in all modes stands in
 * test_mount.c and test_mount_streams.c. */
#include "functional/bystander.h"
#include "functional/mount_case.h"
#include "functional/wire_events.h"
#include "suite.h"

#include <malloc.h>
#include <mcps/auth.h>
#include <mcps/mhd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>

enum { SILENT_S = 24 * 3600, MODES = 2 };

static const unsigned polling[MODES] = { MHD_USE_POLL_INTERNAL_THREAD,
	                                 MHD_USE_INTERNAL_POLLING_THREAD };

static void start_with(int mode, unsigned timeout_s,
                       struct mcps_server_options options)
{
	static struct host_mode blocking = { .name = "thread per connection" };

	options.size = sizeof options;
	options.heartbeat_s = SILENT_S;
	mode_name = blocking.name;
	blocking.flags = polling[mode] | MHD_USE_THREAD_PER_CONNECTION;
	wire_start_server(WIRE_ANONYMOUS, &options);
	host_start(&(const struct host_options){ .mode = &blocking,
	                                         .timeout_s = timeout_s });
}

static void start(int mode, unsigned timeout_s)
{
	start_with(mode, timeout_s,
	           (struct mcps_server_options){ .path = NULL });
}

/* More than come within the timeout: one in half of it, and the first byte. */
static void await_comments(struct wire_stream *stream)
{
	for (int comments = 0; comments < 5;) {
		struct wire_event event = wire_stream_next(stream);

		ck_assert_int_ne(event.kind, WIRE_OVER);
		if (event.kind == WIRE_HEARTBEAT)
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

/* The heartbeats of another client's stream tell that the timeout has passed.
 */
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

/* ---- an auth hook that answers later ---- */

static _Atomic(mcps_grant *) waiting;

static mcps_status identify(void *arg, const mcps_request *request,
                            mcps_grant *grant)
{
	(void)arg;
	if (mcps_request_header(request, "X-Later") == NULL)
		return mcps_grant_subject(grant, NULL, "ann");
	atomic_store(&waiting, grant);
	return MCPS_LATER;
}

static void use_hook(mcps_server *server)
{
	mcps_server_set_auth(server, identify, NULL);
}

/* libmicrohttpd 1.0 has no way to say that the client was not silent. */
START_TEST(auth_hook_may_take_longer_than_the_connection_timeout)
{
	struct wire_session session;
	struct wire_stream stream;
	struct wire wire, late;
	mcps_grant *grant;

	if (strtoul(MHD_get_version(), NULL, 10) > 0)
		return;
	wire_add(use_hook);
	start(_i, 1);
	session = wire_session_of("");
	wire = wire_open(wire_port());
	wire_get(&wire, session.lines, NULL);
	stream = wire_stream_open(&wire);
	late = wire_open(wire_port());
	wire_text(&late, WIRE_HEAD "X-Later: yes\r\n" WIRE_LENGTH "\r\n");
	await_comments(&stream);
	grant = atomic_load(&waiting);
	ck_assert_ptr_nonnull(grant);
	ck_assert_int_eq(mcps_grant_subject(grant, NULL, "bob"), MCPS_OK);
	mcps_grant_finish(grant, MCPS_OK);
	wire_text(&late, WIRE_INITIALIZE);
	assert_status(wire_read(&late), 200);
	wire_close(&late);
	wire_close(&wire);
	mount_stop();
}
END_TEST

/* ---- the end ---- */

static void *release_main(void *arg)
{
	wire_wait_held(1);
	while (!wire_is_over(arg)) /* libmicrohttpd ends its connections */
		;
	wire_release();
	return NULL;
}

/* Where connections are suspended that would end the process. */
START_TEST(daemon_that_is_stopped_without_a_drain_waits_for_calls)
{
	struct wire_session session;
	struct wire listener, call;
	pthread_t releaser;

	start(_i, 0);
	session = wire_session_of("");
	listener = wire_open(wire_port());
	wire_get(&listener, session.lines, NULL);
	(void)wire_stream_open(&listener);
	call = wire_open(wire_port());
	wire_post(&call, session.lines, WIRE_CALL(7, "hold", "{}"));
	wire_wait_held(1);
	pthread_create(&releaser, NULL, release_main, &call);
	host_stop();
	pthread_join(releaser, NULL);
	ck_assert_uint_eq(mcps_mhd_open_requests(wire_server()), 0);
	wire_close(&listener);
	wire_close(&call);
	wire_stop();
}
END_TEST

/* ---- how many may listen ---- */

/* Three quarters of the connections that the process can hold, which are 72
 * of these descriptors. */
enum { DESCRIPTORS = 200, MOST_LISTENERS = 54 };

START_TEST(listeners_leave_connections_for_calls)
{
	struct rlimit few;
	const struct mcps_server_options options = { .max_streams_per_address =
		                                             DESCRIPTORS };
	struct wire_session session;
	struct wire wires[MOST_LISTENERS + 1], wire;
	struct reply reply;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &few), 0);
	few.rlim_cur = DESCRIPTORS;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	start_with(_i, 0, options);
	for (int i = 0; i <= MOST_LISTENERS; i++) {
		session = wire_session_of("");
		wires[i] = wire_open(wire_port());
		wire_get(&wires[i], session.lines, NULL);
		reply = wire_read_open(&wires[i]);
		assert_status(reply, i < MOST_LISTENERS ? 200 : 503);
	}
	wire = wire_open(wire_port());
	assert_status(wire_ask(&wire, session.lines, WIRE_PING), 200);
	wire_close(&wire);
	for (int i = 0; i <= MOST_LISTENERS; i++)
		wire_close(&wires[i]);
	mount_stop();
}
END_TEST

/* ---- memory ---- */

enum {
	REQUESTS = IS_SANITIZED ? 2000 : 20000,
	REQUESTS_EACH = 100, /* of a connection, and so of a thread */
	MOST_BYTES = 8,      /* of a request: less than any allocation takes */
};

static void ask(const struct wire_session *session, int requests)
{
	for (int done = 0; done < requests; done += REQUESTS_EACH) {
		struct wire wire = wire_open(wire_port());

		for (int i = 0; i < REQUESTS_EACH; i++)
			assert_status(
				wire_ask(&wire, session->lines,
			                 i % 4 == 0
			                         ? WIRE_CALL(8, "touch", "{}")
			                         : WIRE_PING),
				200);
		wire_close(&wire);
	}
}

/* Bytes that are allocated in all threads. A thread that ended gives back what
 * it kept of them for itself. */
static size_t allocated(int descriptors)
{
	ck_assert(descriptors_fall_to(descriptors));
	ck_assert(mount_falls_to(0));
	return mallinfo2().uordblks;
}

START_TEST(memory_does_not_grow_with_requests)
{
	struct wire_session session;
	size_t before, after;
	int descriptors;

	start(_i, 0);
	descriptors = open_descriptors();
	session = wire_session_of("");
	ask(&session, REQUESTS / 10);
	before = allocated(descriptors);
	ask(&session, REQUESTS);
	after = allocated(descriptors);
	/* Sanitizers have an allocator of their own. */
	ck_assert_msg(IS_SANITIZED ||
	                      after < before + MOST_BYTES * (size_t)REQUESTS,
	              "%zu bytes, then %zu", before, after);
	mount_stop();
}
END_TEST

TEST_MAIN("mounted, thread per connection")
{
	test_case("blocking");
	test_timeout(120);
	test_add_loop(silent_stream_outlives_the_connection_timeout, MODES);
	test_add_loop(call_may_take_longer_than_the_connection_timeout, MODES);
	test_add_loop(auth_hook_may_take_longer_than_the_connection_timeout,
	              MODES);
	test_add_loop(daemon_that_is_stopped_without_a_drain_waits_for_calls,
	              MODES);
	test_add_loop(listeners_leave_connections_for_calls, MODES);
	test_add_loop(memory_does_not_grow_with_requests, MODES);
}
