/* One caller has many calls under way that do not end: others are served.
 * Nothing here depends on time: calls of the first caller end when the test
 * releases them, so an answer before that is an answer that did not wait. */
#include "functional/wire_server.h"
#include "suite.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CALLS = 64, SESSIONS = 8 };

static const char hold[] = WIRE_CALL(7, "hold", "{}");
static const char touch[] = WIRE_CALL(8, "touch", "{}");

static struct wire wires[CALLS];

/* ---- the log, and a hook that waits ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static char lines[16384];
static const char *held_subject; /* whose hooks wait */
static unsigned hooks_held;

static void write_line(void *arg, enum mcps_log_level level, const char *module,
                       const char *text)
{
	size_t length;

	(void)arg, (void)level, (void)module;
	pthread_mutex_lock(&lock);
	length = strlen(lines);
	snprintf(lines + length, sizeof lines - length, "%s\n", text);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

static bool is_held(const char *subject)
{
	return subject != NULL && held_subject != NULL &&
	       strcmp(subject, held_subject) == 0;
}

static void hook(void *arg, enum mcps_session_event event, const char *subject,
                 const struct mcps_session_view *session)
{
	(void)arg, (void)event, (void)session;
	pthread_mutex_lock(&lock);
	hooks_held += is_held(subject);
	pthread_cond_broadcast(&changed);
	while (is_held(subject))
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static void hold_hooks_of(const char *subject)
{
	pthread_mutex_lock(&lock);
	held_subject = subject;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
}

/* With the lock held: wait for a change. */
static void await_change(void)
{
	struct timespec at;

	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += WIRE_DEADLINE_S;
	ck_assert_int_eq(pthread_cond_timedwait(&changed, &lock, &at), 0);
}

static void await_line(const char *text)
{
	pthread_mutex_lock(&lock);
	while (strstr(lines, text) == NULL)
		await_change();
	pthread_mutex_unlock(&lock);
}

static void await_held_hook(void)
{
	pthread_mutex_lock(&lock);
	while (hooks_held == 0)
		await_change();
	pthread_mutex_unlock(&lock);
}

static bool was_logged(const char *text)
{
	bool found;

	pthread_mutex_lock(&lock);
	found = strstr(lines, text) != NULL;
	pthread_mutex_unlock(&lock);
	return found;
}

static void set_up(void)
{
	lines[0] = '\0';
	held_subject = NULL;
	hooks_held = 0;
}

/* ---- calls ---- */

static void post_calls(const char *session_lines, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		wires[i] = wire_open(wire_port());
		wire_post(&wires[i], session_lines, hold);
	}
}

static void open_calls(const char *session_lines, unsigned count,
                       unsigned running)
{
	post_calls(session_lines, 0, count);
	wire_wait_held(running);
}

static void close_calls(unsigned count)
{
	wire_release();
	for (unsigned i = 0; i < count; i++) {
		ck_assert_int_eq(wire_read(&wires[i]).status, 200);
		wire_close(&wires[i]);
	}
}

static double read_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1000000;
}

/* How long it took is printed and not judged: machines differ. */
static void check_served(struct wire *wire, const struct wire_session *session)
{
	double slowest = 0;

	for (int i = 0; i < 10; i++) {
		double begin = read_clock_ms();

		ck_assert_int_eq(wire_ask(wire, session->lines, touch).status,
		                 200);
		if (read_clock_ms() - begin > slowest)
			slowest = read_clock_ms() - begin;
	}
	printf("the slowest of 10 answers took %.1f ms\n", slowest);
	fflush(stdout);
}

static void check_other_is_served(uint32_t workers)
{
	struct wire_session ann, bob;
	struct wire wire;

	wire_start(WIRE_NAMED, .workers = workers);
	ann = wire_session_of("ann");
	bob = wire_session_of("bob");
	open_calls(ann.lines, CALLS, workers - 1);
	wire = wire_open(wire_port());
	check_served(&wire, &bob);
	wire_close(&wire);
	close_calls(CALLS);
	wire_stop();
}

START_TEST(a_caller_with_64_calls_that_do_not_end_holds_up_no_other)
{
	check_other_is_served(2);
	check_other_is_served(4);
	check_other_is_served(16);
}
END_TEST

START_TEST(two_sessions_of_a_caller_are_one_caller)
{
	struct wire_session ann, again, bob;
	struct wire wire;

	wire_start(WIRE_NAMED, .workers = 2);
	ann = wire_session_of("ann");
	again = wire_session_of("ann.refreshed");
	bob = wire_session_of("bob");
	open_calls(ann.lines, 1, 1);
	wire = wire_open(wire_port());
	wire_post(&wire, again.lines, touch);
	ck_assert_int_eq(wire_once(bob.lines, touch).status, 200);
	ck_assert_uint_eq(wire_touched(), 1);
	wire_release();
	ck_assert_int_eq(wire_read(&wire).status, 200);
	wire_close(&wire);
	close_calls(1);
	wire_stop();
}
END_TEST

START_TEST(anonymous_callers_count_by_their_address)
{
	struct wire_session session;
	struct wire wire;

	wire_start(WIRE_ANONYMOUS, .workers = 2);
	session = wire_session_of("");
	open_calls(session.lines, CALLS, 1);
	wire = wire_open_from(wire_port(), "127.0.0.2");
	check_served(&wire, &session);
	wire_close(&wire);
	close_calls(CALLS);
	wire_stop();
}
END_TEST

START_TEST(a_caller_may_have_all_workers_if_that_is_wanted)
{
	struct wire_session session;

	wire_start(WIRE_NAMED, .workers = 3, .max_workers_per_caller = 3);
	session = wire_session_of("ann");
	open_calls(session.lines, 3, 3);
	close_calls(3);
	wire_stop();
}
END_TEST

/* ---- the queue ---- */

/* Wait until so many of the first COUNT connections have something to read. */
static void await_replies(unsigned count, unsigned wanted)
{
	struct pollfd fds[CALLS];
	unsigned readable = 0;

	for (unsigned i = 0; i < count; i++)
		fds[i] = (struct pollfd){ wires[i].fd, POLLIN, 0 };
	while (readable < wanted) {
		ck_assert_int_gt(poll(fds, count, WIRE_DEADLINE_S * 1000), 0);
		for (unsigned i = 0; i < count; i++)
			if (fds[i].revents != 0) {
				fds[i].fd = -1;
				readable++;
			}
	}
}

/* The server refused WANTED of the first COUNT calls for being too many. */
static void check_refused(unsigned count, unsigned wanted)
{
	unsigned refused = 0;

	wire_release();
	for (unsigned i = 0; i < count; i++) {
		struct reply reply = wire_read(&wires[i]);

		wire_close(&wires[i]);
		if (reply.status == 200)
			continue;
		ck_assert_int_eq(reply.status, 429);
		ck_assert(reply_names(&reply, "Retry-After"));
		ck_assert_ptr_nonnull(
			strstr(reply.body, "too many calls are waiting"));
		refused++;
	}
	ck_assert_uint_eq(refused, wanted);
}

/* One call runs, two wait in half of the queue. */
START_TEST(a_caller_leaves_places_in_the_queue_to_others)
{
	struct wire_session ann, bob;

	wire_start(WIRE_NAMED, .workers = 2, .max_waiting_calls = 4,
	           .log = write_line);
	ann = wire_session_of("ann");
	bob = wire_session_of("bob");
	open_calls(ann.lines, 1, 1);
	post_calls(ann.lines, 1, 8);
	await_replies(8, 5);
	ck_assert_int_eq(wire_once(bob.lines, touch).status, 200);
	await_line("worker_queue_share");
	check_refused(8, 5);
	wire_stop();
}
END_TEST

/* ---- session hooks ---- */

START_TEST(a_caller_whose_session_hooks_do_not_end_holds_up_no_other)
{
	struct wire_session bob;

	wire_start(WIRE_NAMED, .workers = 2, .on_session = hook);
	bob = wire_session_of("bob");
	hold_hooks_of("ann");
	for (int i = 0; i < SESSIONS; i++) {
		wires[i] = wire_open(wire_port());
		wire_post(&wires[i], "Authorization: Bearer ann\r\n",
		          WIRE_INITIALIZE);
	}
	await_held_hook();
	for (int i = 0; i < 10; i++) {
		ck_assert_int_eq(wire_once(bob.lines, touch).status, 200);
		(void)wire_session_of("bob"); /* with a hook of its own */
	}
	hold_hooks_of(NULL);
	close_calls(SESSIONS);
	wire_stop();
}
END_TEST

/* The second session of a user must not wait for the calls of the first. */
START_TEST(session_hooks_do_not_wait_behind_calls_of_their_caller)
{
	struct wire_session ann;

	wire_start(WIRE_NAMED, .workers = 2, .on_session = hook);
	ann = wire_session_of("ann");
	open_calls(ann.lines, 8, 1);
	(void)wire_session_of("ann");
	close_calls(8);
	wire_stop();
}
END_TEST

/* ---- what is logged ---- */

START_TEST(one_worker_is_warned_of_at_the_start)
{
	wire_start(WIRE_NAMED, .workers = 1, .log = write_line);
	ck_assert(was_logged("there is one worker"));
	wire_stop();
	lines[0] = '\0';
	wire_start(WIRE_NAMED, .workers = 2, .log = write_line);
	ck_assert(!was_logged("there is one worker"));
	wire_stop();
}
END_TEST

START_TEST(calls_that_wait_for_longer_than_a_second_are_logged)
{
	struct wire_session ann;

	wire_start(WIRE_NAMED, .workers = 2, .log = write_line);
	ann = wire_session_of("ann");
	open_calls(ann.lines, 8, 1);
	await_line("calls wait longer than a second for a worker");
	close_calls(8);
	wire_stop();
}
END_TEST

TEST_MAIN("fair workers")
{
	test_fixture(set_up, NULL);
	test_timeout(6 * WIRE_DEADLINE_S);
	test_add(a_caller_with_64_calls_that_do_not_end_holds_up_no_other);
	test_add(two_sessions_of_a_caller_are_one_caller);
	test_add(anonymous_callers_count_by_their_address);
	test_add(a_caller_may_have_all_workers_if_that_is_wanted);
	test_add(a_caller_leaves_places_in_the_queue_to_others);
	test_add(a_caller_whose_session_hooks_do_not_end_holds_up_no_other);
	test_add(session_hooks_do_not_wait_behind_calls_of_their_caller);
	test_add(one_worker_is_warned_of_at_the_start);
	test_add(calls_that_wait_for_longer_than_a_second_are_logged);
}
