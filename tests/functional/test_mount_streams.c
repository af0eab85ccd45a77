/* Event streams of a server that is mounted in a program's own daemon, in each
 * of the modes in which that is possible; and, where the program's part does
 * not matter, in a daemon of ours. */
#include "functional/mount_case.h"
#include "functional/wire_events.h"
#include "suite.h"

#include <mcps/mhd.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define TELL           WIRE_TOLD_CALL(7, "tell", "{\"times\":3}")
#define TELL_AND_HOLD  WIRE_TOLD_CALL(7, "tell", "{\"times\":2,\"holds\":true}")
#define HOLD           WIRE_CALL(7, "hold", "{}")
#define PROGRESS       "notifications/progress"
#define TOOLS_CHANGED  "notifications/tools/list_changed"
#define BEFORE_POLLING "2025-06-18" /* no empty event begins a stream */

static struct wire_stream listen_on(struct wire *wire,
                                    const struct wire_session *session)
{
	*wire = wire_open(wire_port());
	wire_get(wire, session->lines, NULL);
	return wire_stream_open(wire);
}

/* ---- what comes ---- */

START_TEST(a_call_tells_its_progress_beside_pages)
{
	struct wire_session session;
	struct wire_stream stream;
	struct wire wire;
	struct reply reply;

	mount_start(_i);
	session = wire_session_of("");
	wire = wire_open(wire_port());
	for (int i = 0; i < 3; i++) {
		wire_post(&wire, session.lines, TELL);
		stream = wire_stream_open(&wire);
		wire_stream_find(&stream, "\"progress\":1");
		wire_stream_find(&stream, "\"progress\":2");
		wire_stream_find(&stream, "\"progress\":3");
		wire_stream_find(&stream, "told");
		ck_assert_uint_eq(wire_stream_rest(&stream, ""), 0);
		ck_assert(!stream.is_cut);
		reply = say_hello(&wire);
		assert_status(reply, 200);
		assert_says(reply, "hello");
	}
	wire_close(&wire);
	mount_stop();
}
END_TEST

START_TEST(who_listens_is_told_while_pages_go_on)
{
	enum { LISTENERS = 6 };
	struct wire wires[LISTENERS], other;
	struct wire_stream streams[LISTENERS];

	mount_start(_i);
	for (int i = 0; i < LISTENERS; i++) {
		struct wire_session session = wire_session_of("");

		streams[i] = listen_on(&wires[i], &session);
	}
	other = wire_open(wire_port());
	for (int round = 0; round < 3; round++) {
		wire_change_tools();
		assert_status(echo(&other, "meanwhile"), 200);
		for (int i = 0; i < LISTENERS; i++)
			wire_stream_find(&streams[i], TOOLS_CHANGED);
	}
	for (int i = 0; i < LISTENERS; i++)
		wire_close(&wires[i]);
	wire_close(&other);
	mount_stop();
}
END_TEST

START_TEST(who_resumes_misses_nothing_and_hears_nothing_twice)
{
	struct wire_session session;
	struct wire_stream stream;
	struct wire wire;

	mount_start(_i);
	session = wire_session_of("");
	for (int by_reset = 0; by_reset < 2; by_reset++) {
		char after[64];

		wire = wire_open(wire_port());
		wire_post(&wire, session.lines, TELL_AND_HOLD);
		stream = wire_stream_open(&wire);
		wire_stream_find(&stream, "\"progress\":1");
		memcpy(after, stream.last_id, sizeof after);
		if (by_reset)
			wire_reset(&wire);
		else
			wire_close(&wire);
		wire = wire_open(wire_port());
		wire_get(&wire, session.lines, after);
		stream = wire_stream_open(&wire);
		wire_stream_find(&stream, "\"progress\":2");
		wire_release();
		ck_assert_str_ne(stream.last_id, after);
		wire_stream_find(&stream, "released");
		ck_assert_uint_eq(wire_stream_rest(&stream, ""), 0);
		wire_close(&wire);
	}
	mount_stop();
}
END_TEST

/* ---- when it comes ---- */

static int64_t now_ms(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return at.tv_sec * INT64_C(1000) + at.tv_nsec / 1000000;
}

/* The kernel sends bytes that wait for more to come after 200 ms. One head
 * that comes sooner shows that heads do not wait; a busy machine may need many
 * tries. */
enum { AT_ONCE_MS = 190, TRIES = 100 };

/* No event is sent on the stream that could push its head along. */
START_TEST(the_head_of_a_silent_stream_comes_at_once)
{
	struct wire_session session;
	int64_t best_ms = INT64_MAX;

	mount_start(_i);
	session = wire_session_in(BEFORE_POLLING, "");
	for (int i = 0; i < TRIES && best_ms >= AT_ONCE_MS; i++) {
		struct wire wire = wire_open(wire_port());
		int64_t begin = now_ms(), took_ms;
		struct wire_stream stream;

		wire_get(&wire, session.lines, NULL);
		stream = wire_stream_open(&wire);
		took_ms = now_ms() - begin;
		best_ms = took_ms < best_ms ? took_ms : best_ms;
		wire_change_tools();
		wire_stream_find(&stream, TOOLS_CHANGED);
		wire_close(&wire);
	}
	ck_assert_msg(best_ms < AT_ONCE_MS, "%s: %d ms", mode_name,
	              (int)best_ms);
	mount_stop();
}
END_TEST

START_TEST(the_head_of_a_call_that_takes_long_comes_before_its_end)
{
	struct wire_session session;
	struct wire_stream stream;
	struct wire wire;

	mount_start_with(_i,
	                 (struct mcps_server_options){ .stream_after_ms = 1 });
	session = wire_session_in(BEFORE_POLLING, "");
	wire = wire_open(wire_port());
	wire_post(&wire, session.lines, HOLD);
	stream = wire_stream_open(&wire);
	wire_release();
	wire_stream_find(&stream, "released");
	ck_assert_uint_eq(wire_stream_rest(&stream, ""), 0);
	wire_close(&wire);
	mount_stop();
}
END_TEST

/* It takes its second, so there is one for each way to wake a connection: by
 * libmicrohttpd, by the program, by a loop of ours. */
static int mode_named(const char *name)
{
	int mode = 0;

	while (mode < host_mode_count &&
	       strcmp(host_modes[mode].name, name) != 0)
		mode++;
	return mode;
}

START_TEST(a_silent_stream_shows_signs_of_life)
{
	static const char *const names[] = { "pool of poll threads",
		                             "epoll loop", "mcps_daemon" };
	struct wire_session session;
	struct wire_stream stream;
	struct wire wire;

	mount_start_with(mode_named(names[_i]),
	                 (struct mcps_server_options){ .heartbeat_s = 1 });
	ck_assert_str_eq(mode_name, names[_i]);
	session = wire_session_in(BEFORE_POLLING, "");
	stream = listen_on(&wire, &session);
	for (int i = 0; i < 2; i++) /* the first byte, and a sign of life */
		ck_assert_int_eq(wire_stream_next(&stream).kind,
		                 WIRE_HEARTBEAT);
	wire_close(&wire);
	mount_stop();
}
END_TEST

/* ---- clients that leave ---- */

enum { SILENT_S = 24 * 3600 };

static void leave(struct wire *wire, bool by_reset)
{
	if (by_reset)
		wire_reset(wire);
	else
		wire_close(wire);
}

static void check_none_is_left(int descriptors)
{
	ck_assert_msg(descriptors_fall_to(descriptors), "%s: %d, not %d",
	              mode_name, open_descriptors(), descriptors);
	ck_assert_msg(mount_falls_to(0), "%s: %u requests", mode_name,
	              mcps_mhd_open_requests(wire_server()));
}

START_TEST(who_left_is_found_without_a_sign_of_life)
{
	enum { LISTENERS = 8 };
	struct wire_session session;
	struct wire wires[LISTENERS];
	int before;

	mount_start_with(
		_i, (struct mcps_server_options){ .heartbeat_s = SILENT_S });
	before = open_descriptors();
	for (int i = 0; i < LISTENERS; i++) {
		session = wire_session_of("");
		(void)listen_on(&wires[i], &session);
	}
	for (int i = 0; i < LISTENERS; i++)
		leave(&wires[i], i % 2 != 0);
	check_none_is_left(before);
	mount_stop();
}
END_TEST

/* It stays so until the call has ended, which nobody waits for any more. */
START_TEST(who_leaves_a_call_that_goes_on_is_found_too)
{
	enum { CALLS = 6 };
	struct wire_session session;
	struct wire wires[CALLS];
	int before;

	mount_start_with(
		_i, (struct mcps_server_options){ .heartbeat_s = SILENT_S });
	session = wire_session_of("");
	before = open_descriptors();
	for (int i = 0; i < CALLS; i++) {
		struct wire_stream stream;

		wires[i] = wire_open(wire_port());
		wire_post(&wires[i], session.lines, TELL_AND_HOLD);
		stream = wire_stream_open(&wires[i]);
		wire_stream_find(&stream, "\"progress\":2");
	}
	for (int i = 0; i < CALLS; i++)
		leave(&wires[i], i % 2 != 0);
	check_none_is_left(before);
	mount_stop();
}
END_TEST

/* It still reads, so it is told what comes. */
START_TEST(who_closed_only_his_own_side_is_not_let_go_without_a_word)
{
	struct wire_session session;
	struct wire_stream stream;
	struct wire wire;
	struct wire_event event;

	mount_start_with(
		_i, (struct mcps_server_options){ .heartbeat_s = SILENT_S });
	session = wire_session_in(BEFORE_POLLING, "");
	stream = listen_on(&wire, &session);
	(void)wire_stream_next(&stream); /* its first byte */
	wire_end(&wire);
	event = wire_stream_next(&stream);
	ck_assert_msg(event.kind == WIRE_HEARTBEAT || event.kind == WIRE_OVER,
	              "%s: %s", mode_name, event.data);
	wire_close(&wire);
	mount_stop();
}
END_TEST

/* After the first AFTER events, which are the empty one and then those of
 * progress; 0: before the head. */
static void break_off_stream(const struct wire_session *session, int after,
                             bool by_reset)
{
	struct wire wire = wire_open(wire_port());
	struct wire_stream stream;

	wire_post(&wire, session->lines, TELL);
	if (after > 0)
		stream = wire_stream_open(&wire);
	for (int i = 0; i < after; i++)
		(void)wire_stream_next(&stream);
	leave(&wire, by_reset);
}

START_TEST(clients_may_break_off_anywhere_in_a_stream)
{
	struct wire_session session;
	int before;

	mount_start_with(
		_i, (struct mcps_server_options){ .heartbeat_s = SILENT_S });
	session = wire_session_of("");
	before = open_descriptors();
	for (int i = 0; i < 10; i++)
		break_off_stream(&session, i % 5, i % 2 == 0);
	check_none_is_left(before);
	wire_session_of("");
	mount_stop();
}
END_TEST

/* ---- the stop ---- */

static void *drain(void *arg)
{
	(void)arg;
	ck_assert(host_drain(MOUNT_DRAIN_MS));
	return NULL;
}

START_TEST(a_drain_ends_streams_and_waits_for_their_calls)
{
	struct wire_session session;
	struct wire_stream listener, call;
	struct wire listens, calls;
	pthread_t thread;

	mount_start(_i);
	session = wire_session_of("");
	listener = listen_on(&listens, &session);
	calls = wire_open(wire_port());
	wire_post(&calls, session.lines, TELL_AND_HOLD);
	call = wire_stream_open(&calls);
	wire_stream_find(&call, "\"progress\":2");
	pthread_create(&thread, NULL, drain, NULL);
	ck_assert_uint_eq(wire_stream_rest(&listener, PROGRESS), 0);
	ck_assert(!listener.is_cut);
	ck_assert_uint_ne(listener.retry_ms, 0);
	wire_release();
	wire_stream_find(&call, "released");
	ck_assert_uint_eq(wire_stream_rest(&call, ""), 0);
	ck_assert(!call.is_cut);
	pthread_join(thread, NULL);
	ck_assert(mount_falls_to(0));
	wire_close(&listens);
	wire_close(&calls);
	host_stop();
	wire_stop();
}
END_TEST

/* Returns the answer to a GET that resumes after AFTER on a new connection. */
static struct wire_stream late_get(const struct wire_session *session,
                                   const char *after)
{
	struct wire wire = wire_open(wire_port());
	struct wire_stream stream;

	wire_get(&wire, session->lines, after);
	stream = wire_stream_begin(&wire);
	ck_assert_int_eq(stream.reply.status, 200);
	ck_assert(reply_has(&stream.reply, "Content-Type: text/event-stream"));
	ck_assert_uint_eq(wire_stream_rest(&stream, PROGRESS), 0);
	ck_assert(!stream.is_cut);
	wire_close(&wire);
	return stream;
}

START_TEST(get_during_a_drain_is_told_when_to_come_again)
{
	enum { RESTART_MS = 2000, SPREAD_MS = 1000 };
	struct wire_session session;
	struct wire_stream listener, late;
	struct wire listens, calls;
	pthread_t thread;

	mount_start(_i);
	session = wire_session_of("");
	listener = listen_on(&listens, &session);
	calls = wire_open(wire_port());
	wire_post(&calls, session.lines, TELL_AND_HOLD);
	(void)wire_read_head(&calls);
	pthread_create(&thread, NULL, drain, NULL);
	(void)wire_stream_rest(&listener, ""); /* the drain has begun */
	late = late_get(&session, NULL);
	ck_assert_str_eq(late.last_id, "");
	ck_assert_uint_le(late.retry_ms, listener.retry_ms);
	late = late_get(&session, listener.last_id);
	ck_assert_str_eq(late.last_id, listener.last_id);
	ck_assert_uint_le(late.retry_ms,
	                  MOUNT_DRAIN_MS + RESTART_MS + SPREAD_MS);
	ck_assert_uint_ge(late.retry_ms, 5000);
	wire_release();
	pthread_join(thread, NULL);
	wire_close(&listens);
	wire_close(&calls);
	host_stop();
	wire_stop();
}
END_TEST

START_TEST(a_drain_that_is_short_of_time_ends_calls_with_an_error)
{
	struct wire_session session;
	struct wire_stream call;
	struct wire wire;

	mount_start(_i);
	session = wire_session_of("");
	wire = wire_open(wire_port());
	wire_post(&wire, session.lines, TELL_AND_HOLD);
	call = wire_stream_open(&wire);
	wire_stream_find(&call, "\"progress\":2");
	ck_assert(!host_drain(1));
	ck_assert_uint_eq(wire_stream_rest(&call, "outcome_unknown"), 1);
	ck_assert(!call.is_cut);
	wire_close(&wire);
	host_stop();
	wire_stop();
}
END_TEST

/* Opens streams, resumes and leaves them until it is refused. */
static void *come_and_go(void *arg)
{
	const struct wire_session *session = arg;
	int status;

	do {
		struct wire wire = wire_open(wire_port());

		wire_get(&wire, session->lines, NULL);
		status = wire_read_head(&wire).status;
		leave(&wire, status % 2 != 0);
		wire = wire_open(wire_port());
		wire_post(&wire, session->lines, TELL);
		status = wire_read_head(&wire).status;
		wire_close(&wire);
	} while (status == 200);
	ck_assert_int_eq(status, 503);
	return NULL;
}

START_TEST(a_stop_amid_clients_that_come_and_go_harms_nobody)
{
	enum { CLIENTS = 4 };
	struct wire_session sessions[CLIENTS];
	pthread_t clients[CLIENTS];

	mount_start(_i);
	for (int i = 0; i < CLIENTS; i++) {
		sessions[i] = wire_session_of("");
		pthread_create(&clients[i], NULL, come_and_go, &sessions[i]);
	}
	for (int i = 0; i < 20; i++) {
		wire_change_tools();
		wire_session_of("");
	}
	ck_assert_msg(host_drain(MOUNT_DRAIN_MS), "%s", mode_name);
	for (int i = 0; i < CLIENTS; i++)
		pthread_join(clients[i], NULL);
	host_stop();
	wire_stop();
}
END_TEST

TEST_MAIN("mounted streams")
{
	test_case("streams");
	test_timeout(120);
#define EVERY_MODE(name) test_add_loop(name, host_mode_count)
#define OURS_TOO(name)   test_add_loop(name, host_mode_count + 1)
	EVERY_MODE(a_call_tells_its_progress_beside_pages);
	EVERY_MODE(who_listens_is_told_while_pages_go_on);
	OURS_TOO(who_resumes_misses_nothing_and_hears_nothing_twice);
	OURS_TOO(the_head_of_a_silent_stream_comes_at_once);
	OURS_TOO(the_head_of_a_call_that_takes_long_comes_before_its_end);
	test_add_loop(a_silent_stream_shows_signs_of_life, 3);
	OURS_TOO(who_left_is_found_without_a_sign_of_life);
	OURS_TOO(who_leaves_a_call_that_goes_on_is_found_too);
	OURS_TOO(who_closed_only_his_own_side_is_not_let_go_without_a_word);
	OURS_TOO(clients_may_break_off_anywhere_in_a_stream);
	EVERY_MODE(a_drain_ends_streams_and_waits_for_their_calls);
	EVERY_MODE(get_during_a_drain_is_told_when_to_come_again);
	EVERY_MODE(a_drain_that_is_short_of_time_ends_calls_with_an_error);
	EVERY_MODE(a_stop_amid_clients_that_come_and_go_harms_nobody);
}
