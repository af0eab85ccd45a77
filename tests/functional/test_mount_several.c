/* A program with several libmicrohttpd daemons: each is attached, with its own
 * mode, or its requests are refused. */
#include "functional/mount_case.h"
#include "functional/second_daemon.h"
#include "functional/wire_events.h"
#include "suite.h"

#include <mcps/mhd.h>
#include <time.h>

#define HOLD WIRE_CALL(7, "hold", "{}")

/* The flags that the mode needs to be attached. */
static unsigned may_suspend(int mode)
{
	return (host_modes[mode].flags & MHD_USE_THREAD_PER_CONNECTION) != 0
	               ? 0
	               : MHD_ALLOW_SUSPEND_RESUME;
}

/* ---- daemons that are not attached ---- */

static void expect_refusal(struct wire *wire, struct reply reply)
{
	assert_status(reply, 503);
	assert_says(reply, "it does not serve this address");
	wire_close(wire);
}

static void check_refused(struct second_daemon *second,
                          const struct wire_session *session)
{
	struct wire wire = wire_open(second_port(second));

	expect_refusal(&wire, wire_ask(&wire, "", WIRE_INITIALIZE));
	wire = wire_open(second_port(second));
	expect_refusal(&wire, wire_ask(&wire, session->lines, HOLD));
	wire = wire_open(second_port(second));
	wire_get(&wire, session->lines, NULL);
	expect_refusal(&wire, wire_read(&wire));
	wire = wire_open(second_port(second));
	assert_status(say_hello(&wire), 200);
	wire_close(&wire);
}

START_TEST(daemon_that_is_not_attached_answers_503)
{
	struct wire_session session;
	struct second_daemon *second;

	mount_start(1); /* a poll thread */
	session = wire_session_of("");
	second = second_start(&host_modes[_i], 0); /* cannot suspend */
	if (may_suspend(_i) != 0)
		ck_assert_int_eq(second_attach(second, NULL), MCPS_E_INVAL);
	check_refused(second, &session);
	second_stop(second);
	second = second_start(&host_modes[_i], may_suspend(_i));
	check_refused(second, &session);
	second_stop(second);
	mount_stop();
}
END_TEST

/* ---- daemons that are attached ---- */

static struct second_daemon *attach_another(int mode)
{
	struct second_daemon *second =
		second_start(&host_modes[mode], may_suspend(mode));
	struct mcps_error error = { MCPS_OK, "" };

	ck_assert_msg(second_attach(second, &error) == MCPS_OK, "%s",
	              error.text);
	return second;
}

static struct wire_stream listen_at(int port, struct wire *wire,
                                    const struct wire_session *session)
{
	*wire = wire_open(port);
	wire_get(wire, session->lines, NULL);
	return wire_stream_open(wire);
}

/* A call that waits, a stream, and a page. */
static void check_served(int port, const struct wire_session *session)
{
	struct wire listener, wire = wire_open(port);
	struct wire_stream stream = listen_at(port, &listener, session);
	struct reply reply;

	reply = wire_ask(&wire, session->lines, WIRE_CALL(8, "touch", "{}"));
	assert_status(reply, 200);
	assert_says(reply, "touched");
	assert_status(say_hello(&wire), 200);
	wire_change_tools();
	wire_stream_find(&stream, "notifications/tools/list_changed");
	wire_close(&listener);
	wire_close(&wire);
}

/* The modes of all pairs of neighbours, and each with itself. */
START_TEST(two_daemons_serve_in_their_own_modes)
{
	int other = _i % 2 == 0 ? _i / 2 : (_i / 2 + 1) % host_mode_count;
	struct wire_session session;
	struct second_daemon *second;

	mount_start(_i / 2);
	second = attach_another(other);
	session = wire_session_of("");
	check_served(wire_port(), &session);
	check_served(second_port(second), &session);
	ck_assert(host_drain(MOUNT_DRAIN_MS));
	second_stop(second);
	host_stop();
	wire_stop();
}
END_TEST

START_TEST(same_daemon_is_not_attached_twice)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct second_daemon *second;
	struct wire_session session;

	mount_start(1);
	second = attach_another(_i);
	ck_assert_int_eq(second_attach(second, &error), MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "already"));
	session = wire_session_of("");
	check_served(second_port(second), &session);
	ck_assert(host_drain(MOUNT_DRAIN_MS));
	second_stop(second);
	host_stop();
	wire_stop();
}
END_TEST

/* ---- one of them ends ---- */

START_TEST(daemon_that_is_detached_lets_the_others_go_on)
{
	struct wire_session session;
	struct second_daemon *second;
	struct wire_stream stream;
	struct wire listener;

	mount_start(1);
	second = attach_another(_i);
	session = wire_session_in("2025-06-18", "");
	stream = listen_at(second_port(second), &listener, &session);
	ck_assert(second_detach(second, MOUNT_DRAIN_MS));
	while (wire_stream_next(&stream).kind != WIRE_OVER)
		;
	wire_close(&listener);
	check_refused(second, &session);
	second_stop(second);
	check_served(wire_port(), &session);
	mount_stop();
}
END_TEST

START_TEST(call_that_does_not_end_is_answered_when_its_daemon_is_detached)
{
	struct wire_session session;
	struct second_daemon *second;
	struct wire wire, other;
	struct reply reply;

	mount_start(1);
	second = attach_another(_i);
	session = wire_session_of("");
	other = wire_open(wire_port());
	wire_post(&other, session.lines, HOLD);
	wire = wire_open(second_port(second));
	wire_post(&wire, session.lines, HOLD);
	wire_wait_held(2);
	ck_assert(!second_detach(second, 1));
	reply = wire_read(&wire);
	assert_status(reply, 200);
	assert_says(reply, "outcome_unknown");
	ck_assert(reply_closes(&reply));
	wire_close(&wire);
	second_stop(second);
	wire_release();
	reply = wire_read(&other);
	assert_status(reply, 200);
	assert_says(reply, "released");
	wire_close(&other);
	mount_stop();
}
END_TEST

/* Its body ends after its daemon was detached. */
START_TEST(request_that_was_not_begun_is_refused_once_its_daemon_is_detached)
{
	struct wire_session session;
	struct second_daemon *second;
	struct wire wire;

	mount_start(1);
	second = attach_another(_i);
	session = wire_session_of("");
	wire = wire_open(second_port(second));
	wire_text(&wire, WIRE_HEAD WIRE_LENGTH "\r\n");
	wire_send(&wire, WIRE_INITIALIZE, 40);
	while (mcps_mhd_open_requests(wire_server()) != 1)
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
	(void)second_detach(second, 0);
	wire_text(&wire, &WIRE_INITIALIZE[40]);
	assert_status(wire_read(&wire), 503);
	wire_close(&wire);
	second_stop(second);
	check_served(wire_port(), &session);
	mount_stop();
}
END_TEST

START_TEST(daemon_may_be_started_anew_again_and_again)
{
	struct wire_session session;

	mount_start(1);
	session = wire_session_of("");
	for (int i = 0; i < 5; i++) {
		struct second_daemon *second = attach_another(_i);
		struct wire_stream stream;
		struct wire wire;

		check_served(second_port(second), &session);
		stream = listen_at(second_port(second), &wire, &session);
		(void)stream;
		ck_assert(second_detach(second, MOUNT_DRAIN_MS));
		second_stop(second);
		wire_close(&wire);
	}
	check_served(wire_port(), &session);
	mount_stop();
}
END_TEST

START_TEST(daemon_that_was_never_attached_can_be_detached)
{
	struct second_daemon *second;

	ck_assert(mcps_mhd_detach(NULL, NULL, 0));
	mount_start(1);
	second = second_start(&host_modes[1], 0);
	ck_assert(second_detach(second, 0));
	ck_assert(mcps_mhd_detach(wire_server(), NULL, 0));
	second_stop(second);
	mount_stop();
}
END_TEST

TEST_MAIN("mount_several")
{
	test_timeout(120);
#define EVERY_MODE(name) test_add_loop(name, host_mode_count)
	EVERY_MODE(daemon_that_is_not_attached_answers_503);
	test_add_loop(two_daemons_serve_in_their_own_modes,
	              2 * host_mode_count);
	EVERY_MODE(same_daemon_is_not_attached_twice);
	EVERY_MODE(daemon_that_is_detached_lets_the_others_go_on);
	EVERY_MODE(
		call_that_does_not_end_is_answered_when_its_daemon_is_detached);
	EVERY_MODE(
		request_that_was_not_begun_is_refused_once_its_daemon_is_detached);
	EVERY_MODE(daemon_may_be_started_anew_again_and_again);
	test_add(daemon_that_was_never_attached_can_be_detached);
}
