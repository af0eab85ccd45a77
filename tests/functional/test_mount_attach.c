/* Attaching a server to a program's daemon: what is refused and in which
 * words, what is answered before, and what the optional hooks add. */
#include "functional/host_program.h"
#include "functional/httpd_version.h"
#include "mhd/mode.h"
#include "suite.h"

#include <mcps/mhd.h>
#include <pthread.h>
#include <string.h>

static const struct host_mode poll_thread = {
	.name = "poll thread", .flags = MHD_USE_POLL_INTERNAL_THREAD
};

static void start_server(void)
{
	wire_start_server(WIRE_ANONYMOUS,
	                  &(const struct mcps_server_options){
				  .size = sizeof(struct mcps_server_options) });
}

static void start(const struct host_options *options)
{
	start_server();
	host_start(options);
}

static void stop(void)
{
	host_drain(60000);
	host_stop();
	ck_assert_uint_eq(host_open_pages(), 0);
	wire_stop();
}

/* ---- what is refused ---- */

static void nothing(void *arg)
{
	(void)arg;
}

static void assert_refused(unsigned flags, mcps_mhd_wake_fn wake,
                           const char *words)
{
	struct mcps_error error = { MCPS_OK, "" };
	const struct host_mode mode = { .name = "wrong", .flags = flags };
	struct MHD_Daemon *daemon;

	start(&(const struct host_options){
		.mode = &mode, .is_wrong = true, .stays_apart = true });
	daemon = host_daemon();
	ck_assert_ptr_nonnull(daemon);
	ck_assert_int_eq(
		mcps_mhd_attach(wire_server(), daemon, wake, NULL, &error),
		MCPS_E_INVAL);
	ck_assert_msg(strstr(error.text, words) != NULL, "%s", error.text);
	stop();
}

START_TEST(a_daemon_that_cannot_suspend_is_refused)
{
	assert_refused(MHD_USE_POLL_INTERNAL_THREAD, NULL,
	               "start the daemon with MHD_ALLOW_SUSPEND_RESUME");
	assert_refused(MHD_USE_EPOLL, nothing,
	               "start the daemon with MHD_ALLOW_SUSPEND_RESUME");
}
END_TEST

START_TEST(a_loop_without_wake_is_refused)
{
	assert_refused(MHD_ALLOW_SUSPEND_RESUME, NULL, "a wake function");
	assert_refused(MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, NULL,
	               "a wake function");
}
END_TEST

START_TEST(no_daemon_is_refused)
{
	struct mcps_error error = { MCPS_OK, "" };

	start_server();
	ck_assert_int_eq(
		mcps_mhd_attach(wire_server(), NULL, NULL, NULL, &error),
		MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "MHD_start_daemon() fail"));
	wire_stop();
}
END_TEST

START_TEST(a_server_that_was_not_started_is_refused)
{
	struct mcps_error error = { MCPS_OK, "" };
	mcps_server *server = mcps_server_new("idle", "1");

	start(&(const struct host_options){ .mode = &poll_thread });
	ck_assert_int_eq(
		mcps_mhd_attach(server, host_daemon(), NULL, NULL, &error),
		MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "start the server before"));
	mcps_server_free(server);
	stop();
}
END_TEST

START_TEST(a_second_attach_is_refused)
{
	struct mcps_error error = { MCPS_OK, "" };

	start(&(const struct host_options){ .mode = &poll_thread });
	ck_assert_int_eq(host_attach(&error), MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "already"));
	wire_session_of(""); /* the first one goes on */
	stop();
}
END_TEST

/* ---- before ---- */

/* An own loop, no wake function, no flag, and a server that was not started. */
START_TEST(all_that_is_wrong_is_said_at_once)
{
	const struct host_mode mode = { .name = "wrong",
		                        .flags = MHD_USE_EPOLL };
	struct mcps_error error = { MCPS_OK, "" };
	mcps_server *server = mcps_server_new("idle", "1");

	start(&(const struct host_options){
		.mode = &mode, .stays_apart = true, .is_wrong = true });
	ck_assert_int_eq(
		mcps_mhd_attach(server, host_daemon(), NULL, NULL, &error),
		MCPS_E_INVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "MHD_ALLOW_SUSPEND_RESUME"));
	ck_assert_ptr_nonnull(strstr(error.text, "; give mcps_mhd_attach()"));
	ck_assert_ptr_nonnull(strstr(error.text, "; start the server before"));
	mcps_server_free(server);
	stop();
}
END_TEST

START_TEST(clients_hear_why_the_mount_was_refused)
{
	struct reply reply;

	start(&(const struct host_options){ .mode = &poll_thread,
	                                    .stays_apart = true });
	ck_assert_int_eq(mcps_mhd_attach(wire_server(), NULL, NULL, NULL, NULL),
	                 MCPS_E_INVAL);
	reply = wire_initialize("");
	ck_assert_int_eq(reply.status, 503);
	ck_assert_ptr_nonnull(strstr(
		reply.body, "the mount was refused: there is no daemon"));
	stop();
}
END_TEST

START_TEST(before_it_is_attached_it_is_503)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct reply reply;
	struct wire wire;

	start(&(const struct host_options){ .mode = &poll_thread,
	                                    .stays_apart = true });
	reply = wire_initialize("");
	ck_assert_int_eq(reply.status, 503);
	ck_assert_str_eq(reply_value(&reply, "Retry-After"), "1");
	ck_assert_str_eq(reply_value(&reply, "Content-Type"),
	                 "application/json");
	ck_assert(reply_closes(&reply));
	ck_assert_ptr_nonnull(strstr(reply.body, "about to start"));

	wire = wire_open(wire_port());
	wire_text(&wire, "GET /hello HTTP/1.1\r\n" WIRE_HOST "\r\n");
	ck_assert_int_eq(wire_read(&wire).status, 200);
	ck_assert_int_eq(host_attach(&error), MCPS_OK);
	ck_assert_int_eq(wire_ask(&wire, "", WIRE_INITIALIZE).status, 200);
	wire_close(&wire);
	stop();
}
END_TEST

START_TEST(a_body_that_began_before_it_was_attached_is_503)
{
	struct mcps_error error = { MCPS_OK, "" };
	struct wire wire;

	start(&(const struct host_options){ .mode = &poll_thread,
	                                    .stays_apart = true });
	wire = wire_open(wire_port());
	wire_text(&wire, WIRE_HEAD WIRE_LENGTH "\r\n");
	wire_send(&wire, WIRE_INITIALIZE, 40);
	/* Its first call is over when this is answered: one thread. */
	ck_assert_int_eq(wire_initialize("").status, 503);
	ck_assert_int_eq(host_attach(&error), MCPS_OK);
	wire_text(&wire, &WIRE_INITIALIZE[40]);
	ck_assert_int_eq(wire_read(&wire).status, 503);
	wire_close(&wire);
	wire_session_of("");
	stop();
}
END_TEST

/* ---- hooks ---- */

static int status_of(const char *target)
{
	struct wire wire = wire_open(wire_port());
	struct reply reply;

	wire_text(&wire, "POST ");
	wire_text(&wire, target);
	wire_text(&wire, " HTTP/1.1\r\n" WIRE_HOST WIRE_TYPE WIRE_ACCEPT
	                         WIRE_LENGTH WIRE_BODY);
	reply = wire_read(&wire);
	wire_close(&wire);
	return reply.status;
}

START_TEST(escaped_paths_are_404_where_targets_are_known)
{
	start(&(const struct host_options){ .mode = &poll_thread,
	                                    .knows_targets = true });
	ck_assert_int_eq(status_of("/%6dcp"), 404);
	ck_assert_int_eq(status_of("/mcp%00x"), 404);
	ck_assert_int_eq(status_of("/%6Dcp?a=b"), 404);
	ck_assert_int_eq(status_of("/mcp"), 200);
	ck_assert_int_eq(status_of("/mcp?a=%20"), 200);
	ck_assert_int_eq(status_of("/hel%6co"), 200); /* its own page */
	stop();
}
END_TEST

START_TEST(escaped_slash_after_the_path_is_404_where_targets_are_known)
{
	wire_start_server(WIRE_ANONYMOUS,
	                  &(const struct mcps_server_options){
				  .size = sizeof(struct mcps_server_options),
				  .trailing_slash = true });
	host_start(&(const struct host_options){ .mode = &poll_thread,
	                                         .knows_targets = true });
	ck_assert_int_eq(status_of("/mcp/"), 200);
	ck_assert_int_eq(status_of("/mcp%2F"), 404);
	ck_assert_int_eq(status_of("/mc%70/"), 404);
	ck_assert_int_eq(status_of("/mcp%2f?a"), 404);
	stop();
}
END_TEST

/* Without the hook escaped paths do not work. */
START_TEST(escaped_paths_are_served_where_they_are_not)
{
	start(&(const struct host_options){ .mode = &poll_thread });
	ck_assert_int_eq(status_of("/%6dcp"), 200);
	ck_assert_int_eq(status_of("/mcp%00x"), 200);
	stop();
}
END_TEST

/* Its URI log callback may give each request a pointer: we neither read it
 * nor keep it. */
START_TEST(what_the_program_put_in_a_request_comes_back)
{
	start(&(const struct host_options){ .mode = &poll_thread,
	                                    .fills_slots = true });
	wire_session_of("");
	ck_assert_int_eq(wire_once("", WIRE_PING).status, 400);
	ck_assert_int_eq(status_of("/hello"), 200);
	host_drain(60000);
	host_stop();
	ck_assert_uint_eq(host_kept_slots(), 2); /* the page replaced its own */
	ck_assert_uint_eq(host_open_pages(), 0);
	wire_stop();
}
END_TEST

/* ---- what is not libmicrohttpd's to refuse here ---- */

/* From 1.0 on libmicrohttpd refuses it by itself. */
START_TEST(without_a_host_it_is_refused)
{
	const int wanted = httpd_version() == HTTPD_0_9 ? 403 : 400;
	struct wire wire;

	start(&(const struct host_options){ .mode = &poll_thread });
	wire = wire_open(wire_port());
	wire_text(&wire, WIRE_POST WIRE_TYPE WIRE_ACCEPT WIRE_LENGTH WIRE_BODY);
	ck_assert_int_eq(wire_read(&wire).status, wanted);
	wire_close(&wire);
	stop();
}
END_TEST

START_TEST(http_1_0_is_served_and_closes)
{
	struct wire wire;

	start(&(const struct host_options){ .mode = &poll_thread });
	wire = wire_open(wire_port());
	wire_text(&wire, "POST /mcp HTTP/1.0\r\n" WIRE_HOST WIRE_TYPE
	                         WIRE_ACCEPT WIRE_LENGTH WIRE_BODY);
	ck_assert_int_eq(wire_read(&wire).status, 200);
	ck_assert(wire_is_over(&wire));
	wire_close(&wire);
	stop();
}
END_TEST

START_TEST(a_small_pool_takes_long_bodies)
{
	const struct host_mode mode = { .name = "small pool",
		                        .flags = MHD_USE_POLL_INTERNAL_THREAD,
		                        .memory = 2048 };
	static char body[100 * 1000];
	struct wire_session session;
	struct wire wire;

	start(&(const struct host_options){ .mode = &mode });
	session = wire_session_of("");
	memset(body, ' ', sizeof body - 1);
	memcpy(body, WIRE_PING, strlen(WIRE_PING));
	wire = wire_open(wire_port());
	ck_assert_int_eq(wire_ask(&wire, session.lines, body).status, 200);
	wire_close(&wire);
	stop();
}
END_TEST

/* ---- the warning ---- */

static struct {
	pthread_mutex_t lock;
	unsigned warnings;
	const char *advice; /* that a warning has to contain */
} heard = { .lock = PTHREAD_MUTEX_INITIALIZER };

static void on_log(void *arg, enum mcps_log_level level, const char *module,
                   const char *text)
{
	(void)arg;
	(void)module;
	if (level != MCPS_LOG_WARN ||
	    strstr(text, "MHD_OPTION_CONNECTION_TIMEOUT") == NULL)
		return;
	pthread_mutex_lock(&heard.lock);
	heard.warnings++;
	pthread_mutex_unlock(&heard.lock);
}

static unsigned warnings_of(unsigned flags, unsigned timeout_s)
{
	const struct host_mode mode = { .name = "warned of",
		                        .flags = flags,
		                        .timeout_s = timeout_s };

	heard.warnings = 0;
	wire_start_server(WIRE_ANONYMOUS,
	                  &(const struct mcps_server_options){
				  .size = sizeof(struct mcps_server_options),
				  .log = on_log });
	host_start(&(const struct host_options){ .mode = &mode });
	wire_session_of("");
	wire_session_of("");
	stop();
	return heard.warnings;
}

START_TEST(an_epoll_thread_without_timeout_is_warned_of_once)
{
	ck_assert_uint_eq(warnings_of(MHD_USE_EPOLL_INTERNAL_THREAD, 0), 1);
	ck_assert_uint_eq(warnings_of(MHD_USE_EPOLL_INTERNAL_THREAD, 10), 0);
	ck_assert_uint_eq(warnings_of(MHD_USE_POLL_INTERNAL_THREAD, 0), 0);
}
END_TEST

/* ---- versions that forget resumed requests ---- */

static const struct {
	const char *version;
	unsigned flags;
	bool forgets;
} versions[] = {
	{ "0.9.75", MHD_USE_INTERNAL_POLLING_THREAD, false },
	{ "0.9.77", 0, false },
	{ "1.0.0", MHD_USE_INTERNAL_POLLING_THREAD, true },
	{ "1.0.1", MHD_USE_INTERNAL_POLLING_THREAD, true },
	{ "1.0.1", 0, true },
	{ "1.0.1", MHD_USE_POLL_INTERNAL_THREAD, false },
	{ "1.0.1", MHD_USE_EPOLL_INTERNAL_THREAD, false },
	{ "1.0.1", MHD_USE_EPOLL, false },
	{ "1.0.2", MHD_USE_INTERNAL_POLLING_THREAD, true },
	{ "1.0.3", MHD_USE_INTERNAL_POLLING_THREAD, false },
	{ "1.0.10", 0, false },
	{ "1.1.0", 0, false },
	{ "2.0.0", 0, false },
	{ "unknown", 0, false },
};

START_TEST(versions_1_0_0_to_1_0_2_forget_requests_with_select)
{
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++)
		ck_assert_msg(mcps__mode_forgets(versions[i].version,
		                                 versions[i].flags) ==
		                      versions[i].forgets,
		              "%s, %x", versions[i].version, versions[i].flags);
}
END_TEST

static void on_select(void *arg, enum mcps_log_level level, const char *module,
                      const char *text)
{
	(void)arg;
	(void)module;
	if (level == MCPS_LOG_WARN && strstr(text, "with select()") != NULL &&
	    strstr(text, heard.advice) != NULL)
		heard.warnings++; /* on the thread that attaches */
}

static unsigned select_warnings(const struct host_mode *mode,
                                const char *advice)
{
	heard.warnings = 0;
	heard.advice = advice;
	wire_start_server(WIRE_ANONYMOUS,
	                  &(const struct mcps_server_options){
				  .size = sizeof(struct mcps_server_options),
				  .log = on_select });
	host_start(&(const struct host_options){ .mode = mode,
	                                         .uses_select = true });
	stop();
	return heard.warnings;
}

START_TEST(a_daemon_that_may_forget_requests_is_warned_of)
{
	const struct host_mode thread = {
		.name = "select thread",
		.flags = MHD_USE_INTERNAL_POLLING_THREAD
	};
	const struct host_mode loop = { .name = "select loop",
		                        .has_loop = true };
	const unsigned wanted = mcps__mode_forgets(MHD_get_version(), 0);

	ck_assert_uint_eq(
		select_warnings(&thread, "MHD_USE_POLL_INTERNAL_THREAD"),
		wanted);
	ck_assert_uint_eq(select_warnings(&loop, "use MHD_USE_EPOLL,"), wanted);
	ck_assert_uint_eq(select_warnings(&poll_thread, ""), 0);
}
END_TEST

/* ---- a program that forgets mcps_mhd_completed() ---- */

static void on_error(void *arg, enum mcps_log_level level, const char *module,
                     const char *text)
{
	(void)arg;
	(void)module;
	if (level != MCPS_LOG_ERROR ||
	    strstr(text, "does not call mcps_mhd_completed()") == NULL)
		return;
	pthread_mutex_lock(&heard.lock);
	heard.warnings++;
	pthread_mutex_unlock(&heard.lock);
}

static void start_forgetful(bool forgets)
{
	heard.warnings = 0;
	wire_start_server(WIRE_ANONYMOUS,
	                  &(const struct mcps_server_options){
				  .size = sizeof(struct mcps_server_options),
				  .log = on_error });
	host_start(&(const struct host_options){ .mode = &poll_thread,
	                                         .forgets_ends = forgets });
}

static void ask_often(int times)
{
	struct wire wire = wire_open(wire_port());

	for (int i = 0; i < times; i++)
		ck_assert_int_eq(wire_ask(&wire, "", WIRE_INITIALIZE).status,
		                 200);
	wire_close(&wire);
}

START_TEST(program_that_forgets_the_ends_is_told_once_and_loses_little)
{
	start_forgetful(true);
	ask_often(50);
	ck_assert_uint_eq(heard.warnings, 1);
	ck_assert_uint_eq(mcps_mhd_open_requests(wire_server()), 1);
	for (int i = 0; i < 20; i++)
		ask_often(2);
	ck_assert_uint_eq(heard.warnings, 1);
	host_drain(0);
	host_stop();
	wire_stop();
}
END_TEST

START_TEST(program_that_tells_the_ends_is_not_warned)
{
	start_forgetful(false);
	ask_often(20);
	stop();
	ck_assert_uint_eq(heard.warnings, 0);
}
END_TEST

TEST_MAIN("mount_attach")
{
	test_timeout(120);
	test_add(a_daemon_that_cannot_suspend_is_refused);
	test_add(a_loop_without_wake_is_refused);
	test_add(no_daemon_is_refused);
	test_add(a_server_that_was_not_started_is_refused);
	test_add(all_that_is_wrong_is_said_at_once);
	test_add(clients_hear_why_the_mount_was_refused);
	test_add(a_second_attach_is_refused);
	test_add(before_it_is_attached_it_is_503);
	test_add(a_body_that_began_before_it_was_attached_is_503);
	test_add(escaped_paths_are_404_where_targets_are_known);
	test_add(escaped_slash_after_the_path_is_404_where_targets_are_known);
	test_add(escaped_paths_are_served_where_they_are_not);
	test_add(what_the_program_put_in_a_request_comes_back);
	test_add(without_a_host_it_is_refused);
	test_add(http_1_0_is_served_and_closes);
	test_add(a_small_pool_takes_long_bodies);
	test_add(an_epoll_thread_without_timeout_is_warned_of_once);
	test_add(versions_1_0_0_to_1_0_2_forget_requests_with_select);
	test_add(a_daemon_that_may_forget_requests_is_warned_of);
	test_add(program_that_forgets_the_ends_is_told_once_and_loses_little);
	test_add(program_that_tells_the_ends_is_not_warned);
}
