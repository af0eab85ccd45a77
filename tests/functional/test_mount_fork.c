/* A program that forks after it has started its server: the threads of the
 * server are in the other process, so nothing can be served in this one. Each
 * test forks, and plays the rest in the child. */
#include "functional/mount_case.h"
#include "functional/second_daemon.h"
#include "suite.h"

#include <mcps/admit.h>
#include <mcps/mhd.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ThreadSanitizer cannot follow a fork that starts threads, nor can Address-
 * Sanitizer: its allocator's locks stay as they were at the fork. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define FOLLOWS_FORKS false
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define FOLLOWS_FORKS false
#endif
#endif
#ifndef FOLLOWS_FORKS
#define FOLLOWS_FORKS true
#endif

#define WORDS "forked after mcps_server_start()"

static atomic_uint lines; /* of the log, about the fork */

static void on_log(void *arg, enum mcps_log_level level, const char *module,
                   const char *text)
{
	(void)arg;
	(void)module;
	if (level == MCPS_LOG_ERROR && strstr(text, WORDS) != NULL)
		atomic_fetch_add(&lines, 1);
}

static void start_server(void)
{
	wire_start_server(WIRE_ANONYMOUS,
	                  &(const struct mcps_server_options){
				  .size = sizeof(struct mcps_server_options),
				  .log = on_log });
}

/* Play CHILD in a child, which has to succeed. */
static void in_child(void (*child)(int mode), int mode)
{
	int status = 0;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		alarm(60);
		child(mode);
		_exit(EXIT_SUCCESS);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0,
	              "the child ended with status %x", (unsigned)status);
}

static void check_503(int port)
{
	struct reply reply;
	struct wire wire;

	for (int i = 0; i < 2; i++) {
		wire = wire_open(port);
		reply = wire_ask(&wire, "", WIRE_INITIALIZE);
		assert_status(reply, 503);
		assert_says(reply, "another process");
		wire_close(&wire);
	}
	wire = wire_open(port);
	reply = say_hello(&wire);
	assert_status(reply, 200);
	wire_close(&wire);
}

static unsigned may_suspend(const struct host_mode *mode)
{
	return (mode->flags & MHD_USE_THREAD_PER_CONNECTION) != 0
	               ? 0
	               : MHD_ALLOW_SUSPEND_RESUME;
}

/* ---- the daemon is started in the child ---- */

static void attach_in_child(int mode)
{
	const struct host_mode *how = &host_modes[mode];
	struct second_daemon *second = second_start(how, may_suspend(how));
	struct mcps_error error = { MCPS_OK, "" };

	mode_name = how->name;
	ck_assert_int_eq(second_attach(second, &error), MCPS_E_INVAL);
	ck_assert_msg(strstr(error.text, WORDS) != NULL, "%s", error.text);
	check_503(second_port(second));
	ck_assert_uint_eq(atomic_load(&lines), 1);
	ck_assert(!mcps_server_is_ready(wire_server()));
	ck_assert(mcps_mhd_detach(wire_server(), second_mhd(second), 0));
	ck_assert(mcps_server_drain(wire_server(), 0));
	second_stop(second);
	mcps_server_free(wire_server());
}

START_TEST(daemon_of_a_fork_is_not_attached_and_answers_503)
{
	start_server();
	in_child(attach_in_child, _i);
	ck_assert_uint_eq(atomic_load(&lines), 0); /* in this process */
	wire_stop();
}
END_TEST

/* ---- the daemon was attached before ---- */

static struct second_daemon *inherited;

static void serve_in_child(int mode)
{
	(void)mode;
	second_drive(inherited);
	check_503(second_port(inherited));
	ck_assert_uint_eq(atomic_load(&lines), 1);
	ck_assert(mcps_server_drain(wire_server(), 0));
	second_stop(inherited);
	mcps_server_free(wire_server());
}

START_TEST(fork_with_an_attached_daemon_answers_503)
{
	struct host_mode mode = host_modes[host_mode_count - 2 + _i];
	struct mcps_error error = { MCPS_OK, "" };

	mode_name = mode.name;
	ck_assert(mode.has_loop);
	start_server();
	mode.has_loop = false; /* not yet */
	inherited = second_start(&mode, MHD_ALLOW_SUSPEND_RESUME);
	ck_assert_int_eq(second_attach_loop(inherited, &error), MCPS_OK);
	in_child(serve_in_child, 0);
	ck_assert(mcps_server_drain(wire_server(), MOUNT_DRAIN_MS));
	second_stop(inherited);
	wire_stop();
}
END_TEST

/* ---- without a mount ---- */

static void nothing(void *arg)
{
	(void)arg;
}

static const char *no_header(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return NULL;
}

static void try_others_in_child(int mode)
{
	const struct mcps_admit_view view = { .size = sizeof view,
		                              .method = "POST",
		                              .header = no_header,
		                              .park = nothing,
		                              .done = nothing };
	struct mcps_error error = { MCPS_OK, "" };
	mcps_admission *admission;
	mcps_daemon *daemon;

	(void)mode;
	ck_assert_int_eq(
		mcps_daemon_start(&daemon, wire_server(), NULL, &error),
		MCPS_E_INVAL);
	ck_assert_msg(strstr(error.text, WORDS) != NULL, "%s", error.text);
	ck_assert_int_eq(mcps_admit(&admission, wire_server(), &view),
	                 MCPS_E_INVAL);
	ck_assert_uint_eq(atomic_load(&lines), 1);
	mcps_server_free(wire_server());
}

START_TEST(fork_starts_no_daemon_and_admits_nobody)
{
	start_server();
	in_child(try_others_in_child, 0);
	wire_stop();
}
END_TEST

static void stop_in_child(int mode)
{
	(void)mode;
	wire_stop(); /* the daemon, then the server */
}

/* With what it inherited a child can only end. */
START_TEST(fork_can_stop_what_it_inherited)
{
	wire_start(WIRE_ANONYMOUS, .log = on_log);
	wire_session_of("");
	in_child(stop_in_child, 0);
	wire_session_of("");
	wire_stop();
}
END_TEST

TEST_MAIN("mount_fork")
{
	test_timeout(120);
	if (FOLLOWS_FORKS) {
		test_add_loop(daemon_of_a_fork_is_not_attached_and_answers_503,
		              host_mode_count);
		test_add_loop(fork_with_an_attached_daemon_answers_503, 2);
	}
	test_add(fork_starts_no_daemon_and_admits_nobody);
	test_add(fork_can_stop_what_it_inherited);
}
