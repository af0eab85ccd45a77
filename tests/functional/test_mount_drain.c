/* A program drains a mounted server early, before it releases what its tools
 * use, and again before it stops its daemon; in each mode. */
#include "functional/mount_case.h"
#include "suite.h"

#include <mcps/mcps.h>
#include <mcps/mhd.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>

#define TOUCH WIRE_CALL(8, "touch", "{}")
#define DIG   WIRE_CALL(9, "dig", "{}")
#define CANCEL                                                         \
	"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\"," \
	"\"params\":{\"requestId\":9}}"

/* A tool that ends when the test lets it, not when it is told to. */
static sem_t has_begun, may_end;
static atomic_bool is_digging;

struct nothing {
	char none;
};
static const mcps_field no_fields[] = { MCPS_FIELDS_END };

static mcps_status dig(mcps_call *call, const void *args)
{
	(void)args;
	atomic_store(&is_digging, true);
	sem_post(&has_begun);
	sem_wait(&may_end);
	atomic_store(&is_digging, false);
	return mcps_text(call, "dug");
}

static void add_dig(mcps_server *server)
{
	mcps_add_tool(server, struct nothing, .name = "dig",
	              .fields = no_fields, .run = dig);
}

static struct wire_session start(int mode)
{
	sem_init(&has_begun, 0, 0);
	sem_init(&may_end, 0, 0);
	wire_add(add_dig);
	mount_start(mode);
	return wire_session_of("");
}

static void finish(void)
{
	host_stop();
	wire_stop();
	wire_add(NULL);
	sem_destroy(&may_end);
	sem_destroy(&has_begun);
}

static struct wire begin_digging(const struct wire_session *session)
{
	struct wire wire = wire_open(wire_port());

	wire_post(&wire, session->lines, DIG);
	sem_wait(&has_begun);
	return wire;
}

static void expect_outcome_unknown(struct wire *wire)
{
	struct reply reply = wire_read(wire);

	assert_status(reply, 200);
	assert_says(reply, "outcome_unknown");
}

/* The drain returns false while the handler runs, even if its call was answered
 * before, and true once the handler has returned. */
static void expect_drain_to_wait(struct wire *wire)
{
	ck_assert_msg(!host_drain(1), "%s", mode_name);
	ck_assert(atomic_load(&is_digging));
	sem_post(&may_end);
	ck_assert_msg(host_drain(MOUNT_DRAIN_MS), "%s", mode_name);
	ck_assert_msg(!atomic_load(&is_digging), "%s", mode_name);
	wire_close(wire);
	finish();
}

START_TEST(early_drain_leaves_the_pages_and_may_be_repeated)
{
	struct wire_session session = start(_i);
	struct wire wire = wire_open(wire_port());

	assert_status(wire_ask(&wire, session.lines, TOUCH), 200);
	ck_assert_msg(host_drain(MOUNT_DRAIN_MS), "%s", mode_name);
	/* Here the program may release what its tools use. */
	for (int i = 0; i < 3; i++) {
		assert_status(wire_once(session.lines, TOUCH), 503);
		assert_status(wire_once("", WIRE_INITIALIZE), 503);
	}
	ck_assert_uint_eq(wire_touched(), 1);
	wire_close(&wire);
	wire = wire_open(wire_port());
	assert_status(say_hello(&wire), 200);
	wire_close(&wire);
	ck_assert_msg(host_drain(MOUNT_DRAIN_MS), "%s", mode_name);
	ck_assert_msg(host_drain(0), "%s", mode_name);
	finish();
}
END_TEST

START_TEST(drain_waits_for_the_handler_of_a_cancelled_call)
{
	struct wire_session session = start(_i);
	struct wire wire = begin_digging(&session);

	assert_status(wire_once(session.lines, CANCEL), 202);
	expect_drain_to_wait(&wire);
}
END_TEST

START_TEST(drain_waits_for_the_handler_of_an_ended_session)
{
	struct wire_session session = start(_i);
	struct wire wire = begin_digging(&session);
	struct wire other = wire_open(wire_port());

	wire_text(&other, "DELETE /mcp HTTP/1.1\r\n" WIRE_HOST);
	wire_text(&other, session.lines);
	wire_text(&other, "\r\n");
	assert_status(wire_read(&other), 204);
	wire_close(&other);
	expect_drain_to_wait(&wire);
}
END_TEST

START_TEST(second_drain_waits_for_what_the_first_one_answered)
{
	struct wire_session session = start(_i);
	struct wire wire = begin_digging(&session);

	ck_assert_msg(!host_drain(1), "%s", mode_name);
	expect_outcome_unknown(&wire);
	expect_drain_to_wait(&wire);
}
END_TEST

TEST_MAIN("mount_drain")
{
	test_timeout(120);
#define EVERY_MODE(name) test_add_loop(name, host_mode_count)
	EVERY_MODE(early_drain_leaves_the_pages_and_may_be_repeated);
	EVERY_MODE(drain_waits_for_the_handler_of_a_cancelled_call);
	EVERY_MODE(drain_waits_for_the_handler_of_an_ended_session);
	EVERY_MODE(second_drain_waits_for_what_the_first_one_answered);
}
