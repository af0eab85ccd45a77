/* The program as its supervisor sees it: sockets that come from outside, what
 * it tells, and what it writes. No test sleeps: each waits for what the program
 * says. */
#define _GNU_SOURCE
#include "functional/program.h"
#include "functional/wire.h"
#include "suite.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct program_process program;

#define CALL_SLEEP(ms) WIRE_CALL(7, "sleep", "{\"ms\":" ms "}")

/* The line that names a session of the server at PORT. */
/* ---- a listening socket that is passed ---- */

static int listening_socket(int *port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, size), 0);
	ck_assert_int_eq(listen(fd, 16), 0);
	getsockname(fd, (struct sockaddr *)&at, &size);
	*port = ntohs(at.sin_port);
	return fd;
}

static const char *const nothing[] = { NULL };

START_TEST(a_passed_socket_is_served_and_left_listening)
{
	int port, fd = listening_socket(&port);
	struct wire early = wire_open(port), late;

	wire_post(&early, "", WIRE_INITIALIZE);
	program_start(&program, &(struct program_start){ .arguments = nothing,
	                                                 .listen_fd = fd });
	/* A client that connected before the process began is served. */
	ck_assert_int_eq(wire_read(&early).status, 200);
	ck_assert_int_eq(program_port(&program), port);
	(void)program_says(&program, "passed by a supervisor");
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
	/* A client that connects after its end waits for the next process. */
	late = wire_open(port);
	wire_post(&late, "", WIRE_INITIALIZE);
	program_start(&program, &(struct program_start){ .arguments = nothing,
	                                                 .listen_fd = fd });
	ck_assert_int_eq(wire_read(&late).status, 200);
	(void)program_port(&program);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
	wire_close(&early);
	wire_close(&late);
	close(fd);
}
END_TEST

START_TEST(what_is_passed_must_be_a_listening_socket)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	program_start(&program, &(struct program_start){ .arguments = nothing,
	                                                 .listen_fd = fd });
	ck_assert_int_eq(program_end(&program), 78);
	ck_assert_ptr_nonnull(strstr(program.text, "LISTEN_FDS"));
	close(fd);
}
END_TEST

START_TEST(sockets_for_another_process_are_not_ours)
{
	const char *const arguments[] = { "--listen", "127.0.0.1:0", NULL };
	const char *const variables[] = { "LISTEN_PID=1", "LISTEN_FDS=1",
		                          NULL };

	program_start(&program, &(struct program_start){ arguments, variables,
	                                                 0, false });
	(void)program_port(&program);
	ck_assert_ptr_null(strstr(program.text, "passed"));
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
}
END_TEST

/* ---- what a supervisor is told ---- */

START_TEST(a_supervisor_is_told_of_each_step_in_order)
{
	const char *const arguments[] = { "--listen", "127.0.0.1:0", NULL };
	struct timespec now;
	const char *text;
	long long at_us;

	program_start(&program, &(struct program_start){ .arguments = arguments,
	                                                 .notifies = true });
	ck_assert_str_eq(program_notice(&program), "STATUS=opening the store");
	text = program_notice(&program);
	ck_assert_int_eq(
		strncmp(text, "READY=1\nSTATUS=serving 127.0.0.1:", 33), 0);
	program_signal(&program, SIGHUP);
	text = program_notice(&program);
	ck_assert_int_eq(
		sscanf(text, "RELOADING=1\nMONOTONIC_USEC=%lld", &at_us), 1);
	clock_gettime(CLOCK_MONOTONIC, &now);
	ck_assert_int_le(llabs(now.tv_sec - at_us / 1000000),
	                 PROGRAM_PATIENCE_S);
	ck_assert_str_eq(program_notice(&program), "READY=1");
	program_signal(&program, SIGTERM);
	ck_assert_str_eq(program_notice(&program),
	                 "STOPPING=1\nSTATUS=stopping");
	ck_assert_int_eq(program_end(&program), 0);
}
END_TEST

/* ---- health ---- */

static int health_port(void)
{
	return atoi(program_says(&program, "health    127.0.0.1:") +
	            strlen("health    127.0.0.1:"));
}

START_TEST(probes_are_answered_and_a_stop_shows_before_it_begins)
{
	struct wire wire;
	char body[128];
	const char *line;
	int port, health;

	program_run(&program, "--listen", "127.0.0.1:0", "--health",
	            "127.0.0.1:0", "--drain", "60s", "--loops", "1");
	port = program_port(&program);
	health = health_port();
	ck_assert_int_eq(program_get(health, "/livez", body, sizeof body), 200);
	ck_assert_str_eq(body, "alive\n");
	ck_assert_int_eq(program_get(health, "/readyz", body, sizeof body),
	                 200);
	ck_assert_str_eq(body, "ready\n");
	ck_assert_int_eq(program_get(health, "/", NULL, 0), 404);
	ck_assert_int_eq(program_get(health, "/livezz", NULL, 0), 404);

	/* A call that runs keeps it stopping for a while. */
	line = program_session_line(port);
	wire = wire_open(port);
	wire_post(&wire, line, CALL_SLEEP("5000"));
	(void)program_session_line(port); /* the call was read before */
	program_signal(&program, SIGTERM);
	(void)program_says(&program, "stopping");
	ck_assert_int_eq(program_get(health, "/readyz", body, sizeof body),
	                 503);
	ck_assert_str_eq(body, "not ready: stopping\n");
	ck_assert_int_eq(program_get(health, "/livez", NULL, 0), 200);
	ck_assert_int_eq(wire_read(&wire).status, 200);
	ck_assert_int_eq(program_end(&program), 0);
	ck_assert_int_eq(program_get(health, "/livez", NULL, 0), 0);
	wire_close(&wire);
}
END_TEST

static int initialize(int port)
{
	struct wire wire = wire_open(port);
	struct reply reply = wire_ask(&wire, "", WIRE_INITIALIZE);

	wire_close(&wire);
	return reply.status;
}

START_TEST(in_development_each_call_and_each_refusal_is_logged)
{
	const char *line;
	struct wire wire;
	int port;

	program_run(&program, "--listen", "127.0.0.1:0", "--dev");
	port = program_port(&program);
	line = program_session_line(port);
	wire = wire_open(port);
	ck_assert_int_eq(wire_ask(&wire, line, CALL_SLEEP("1")).status, 200);
	(void)program_says(&program, "call tools/call \"sleep\" ok ms=");
	ck_assert_int_eq(wire_ask(&wire, "", WIRE_PING).status, 400);
	(void)program_says(&program,
	                   "request refused reason=session_id_missing");
	wire_close(&wire);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
}
END_TEST

START_TEST(without_its_store_it_is_not_ready_and_with_it_again)
{
	const char *away = program_path("away.db"),
		   *path = program_path("s.db");
	char store[512], body[128];
	int port, health;

	snprintf(store, sizeof store, "sqlite:%s", path);
	program_run(&program, "--listen", "127.0.0.1:0", "--health",
	            "127.0.0.1:0", "--store", store);
	port = program_port(&program);
	health = health_port();
	ck_assert_int_eq(initialize(port), 200);
	ck_assert_int_eq(rename(path, away), 0);
	ck_assert_int_eq(initialize(port), 503);
	ck_assert_int_eq(program_get(health, "/readyz", body, sizeof body),
	                 503);
	ck_assert_str_eq(body, "not ready: the session store does not work\n");
	ck_assert_int_eq(program_get(health, "/livez", NULL, 0), 200);
	ck_assert_int_eq(rename(away, path), 0);
	(void)program_says(&program, "store opened again");
	ck_assert_int_eq(program_get(health, "/readyz", NULL, 0), 200);
	ck_assert_int_eq(initialize(port), 200);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
}
END_TEST

START_TEST(a_probe_that_says_nothing_hinders_no_other)
{
	struct wire silent[40];
	int health;

	program_run(&program, "--listen", "127.0.0.1:0", "--health",
	            "127.0.0.1:0");
	health = health_port();
	for (size_t i = 0; i < 40; i++)
		silent[i] = wire_open(health);
	ck_assert_int_eq(program_get(health, "/livez", NULL, 0), 200);
	for (size_t i = 0; i < 40; i++)
		wire_close(&silent[i]);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
}
END_TEST

START_TEST(healthcheck_asks_the_health_address_or_else_the_endpoint)
{
	struct program_process probe;
	char address[32];
	int port, health;

	program_run(&program, "--listen", "127.0.0.1:0", "--health",
	            "127.0.0.1:0");
	port = program_port(&program);
	health = health_port();
	snprintf(address, sizeof address, "127.0.0.1:%d", health);
	ck_assert_int_eq(
		program_result(&probe, "healthcheck", "--health", address), 0);
	ck_assert_int_eq(program_result(&probe, "healthcheck", "--live",
	                                "--health", address),
	                 0);
	snprintf(address, sizeof address, "0.0.0.0:%d", port);
	ck_assert_int_eq(
		program_result(&probe, "healthcheck", "--listen", address), 0);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
	ck_assert_int_eq(
		program_result(&probe, "healthcheck", "--listen", address), 1);
}
END_TEST

/* ---- Unix sockets ---- */

static void listen_unix(const char *path, const char *mode)
{
	char address[160];

	snprintf(address, sizeof address, "unix:%s", path);
	program_run(&program, "--listen", address, "--socket-mode", mode);
	(void)program_says(&program, "connect ");
}

START_TEST(a_unix_socket_is_served_with_its_mode_and_removed_at_the_end)
{
	const char *path = program_path("mcp.sock");
	struct stat about;

	listen_unix(path, "0640");
	ck_assert_int_eq(stat(path, &about), 0);
	ck_assert_uint_eq(about.st_mode & 07777, 0640);
	ck_assert_int_eq(program_get_unix(path, "/mcp", NULL, 0), 400);
	ck_assert_int_eq(program_get_unix(path, "/other", NULL, 0), 404);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
	ck_assert_int_ne(stat(path, &about), 0);
}
END_TEST

START_TEST(a_stale_unix_socket_is_replaced_one_in_use_is_not)
{
	static struct program_process second;
	const char *path = program_path("mcp.sock");
	char address[160];

	snprintf(address, sizeof address, "unix:%s", path);
	listen_unix(path, "0600");
	ck_assert_int_eq(program_result(&second, "--listen", address), 69);
	ck_assert_ptr_nonnull(strstr(second.text, "--listen names another"));
	ck_assert_int_eq(program_get_unix(path, "/mcp", NULL, 0), 400);
	program_signal(&program, SIGKILL);
	ck_assert_int_eq(program_end(&program), 128 + SIGKILL);
	listen_unix(path, "0600");
	ck_assert_int_eq(program_get_unix(path, "/mcp", NULL, 0), 400);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone)
{
	const char *path = program_path("precious");
	char address[160];
	FILE *file = fopen(path, "w");

	fclose(file);
	snprintf(address, sizeof address, "unix:%s", path);
	ck_assert_int_eq(program_result(&program, "--listen", address), 69);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

/* ---- logs ---- */

START_TEST(json_logs_are_an_object_on_each_line)
{
	static const char *const members[] = { "time", "level", "name",
		                               "module", "message" };
	char *rest = program.text;
	int lines = 0;

	program_run(&program, "--listen", "127.0.0.1:0", "--log-format=json",
	            "--log-level=debug");
	(void)program_session_line(
		atoi(program_says(&program, "listens=127.0.0.1:") + 18));
	program_signal(&program, SIGHUP);
	(void)program_says(&program, "tokens and keys were read again");
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
	for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
		struct json_object *object = json_tokener_parse(line);

		if (*line == '\0')
			continue;
		lines++;
		ck_assert_msg(json_object_is_type(object, json_type_object),
		              "%s", line);
		for (size_t i = 0; i < 5; i++)
			ck_assert_msg(json_object_object_get_ex(
					      object, members[i], NULL),
			              "%s", line);
		json_object_put(object);
	}
	ck_assert_int_ge(lines, 4); /* ready, created, read, stopping */
}
END_TEST

START_TEST(a_reload_takes_over_the_log_level_and_names_what_it_cannot)
{
	const char *path = program_path("conf");
	FILE *file = fopen(path, "w");

	fputs("listen = 127.0.0.1:0\nlog-level = info\n", file);
	fclose(file);
	program_run(&program, "--config", path);
	(void)program_session_line(program_port(&program));
	ck_assert_ptr_null(strstr(program.text, "session created"));
	file = fopen(path, "w");
	fputs("listen = 127.0.0.1:0\nlog-level = debug\nworkers = 9\n", file);
	fclose(file);
	program_signal(&program, SIGHUP);
	(void)program_says(&program, "option workers has changed");
	(void)program_says(&program, "tokens and keys were read again");
	(void)program_session_line(program_port(&program));
	(void)program_says(&program, "session created");
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
}
END_TEST

/* ---- for clients ---- */

static const char *const json_clients[] = { "--for=claude-code", "--for=vscode",
	                                    "--for=cursor",
	                                    "--for=claude-desktop" };

START_TEST(a_client_config_is_json_that_names_the_url)
{
	const char *url = "https://example.com/mcp";
	struct json_object *object;
	char *end;

	ck_assert_int_eq(program_result(&program, "client-config",
	                                json_clients[_i], "--url", url,
	                                "--tokens", "/none"),
	                 0);
	/* The text of stderr follows the configuration. */
	end = strstr(program.text, "\n}\n");
	ck_assert_ptr_nonnull(end);
	end[2] = '\0';
	object = json_tokener_parse(program.text);
	ck_assert_msg(json_object_is_type(object, json_type_object), "%s",
	              program.text);
	ck_assert_ptr_nonnull(strstr(program.text, url));
	ck_assert_ptr_nonnull(strstr(program.text, "Bearer "));
	json_object_put(object);
}
END_TEST

START_TEST(the_client_config_of_codex_is_toml)
{
	static const char wanted[] =
		"[mcp_servers.mcps-demo]\n"
		"url = \"http://127.0.0.1:8931/mcp\"\n"
		"bearer_token_env_var = \"MCPS_DEMO_TOKEN\"\n";

	ck_assert_int_eq(program_result(&program, "client-config",
	                                "--for=codex", "--tokens", "/none"),
	                 0);
	ck_assert_int_eq(strncmp(program.text, wanted, sizeof wanted - 1), 0);
}
END_TEST

TEST_MAIN("program")
{
	program_case("supervised");

	test_add(a_passed_socket_is_served_and_left_listening);
	test_add(what_is_passed_must_be_a_listening_socket);
	test_add(sockets_for_another_process_are_not_ours);
	test_add(a_supervisor_is_told_of_each_step_in_order);
	test_add(probes_are_answered_and_a_stop_shows_before_it_begins);
	test_add(in_development_each_call_and_each_refusal_is_logged);
	test_add(without_its_store_it_is_not_ready_and_with_it_again);
	test_add(a_probe_that_says_nothing_hinders_no_other);
	test_add(healthcheck_asks_the_health_address_or_else_the_endpoint);

	program_case("Unix sockets");

	test_add(a_unix_socket_is_served_with_its_mode_and_removed_at_the_end);
	test_add(a_stale_unix_socket_is_replaced_one_in_use_is_not);
	test_add(a_file_that_is_no_socket_is_left_alone);

	program_case("logs and settings");

	test_add(json_logs_are_an_object_on_each_line);
	test_add(a_reload_takes_over_the_log_level_and_names_what_it_cannot);
	test_add_loop(a_client_config_is_json_that_names_the_url,
	              COUNT(json_clients));
	test_add(the_client_config_of_codex_is_toml);
}
