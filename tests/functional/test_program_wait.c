/* A program that starts while another one has its store: it waits, answers
 * probes meanwhile, and takes over the addresses. No test sleeps: each waits
 * for what the programs say. */
#define _GNU_SOURCE
#include "functional/program.h"
#include "suite.h"

#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct program_process program;

/* ---- the store of a predecessor ---- */

START_TEST(a_starting_process_waits_for_the_store_and_does_not_bind_before)
{
	static struct program_process next;
	char store[160], address[32], holder[32];
	int port;

	snprintf(store, sizeof store, "sqlite:%s", program_path("test.db"));
	program_run(&program, "--listen", "127.0.0.1:0", "--store", store);
	port = program_port(&program);
	snprintf(address, sizeof address, "127.0.0.1:%d", port);
	program_run(&next, "--listen", address, "--store", store);
	snprintf(holder, sizeof holder, "(pid %ld)", (long)program.pid);
	(void)program_says(&next, holder);
	ck_assert_int_eq(program_get(port, "/mcp", NULL, 0), 400);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
	ck_assert_int_eq(program_port(&next), port);
	program_signal(&next, SIGTERM);
	ck_assert_int_eq(program_end(&next), 0);
}
END_TEST

START_TEST(a_store_that_stays_locked_is_75_and_names_who_holds_it)
{
	static struct program_process next;
	char store[160], holder[32];

	snprintf(store, sizeof store, "sqlite:%s", program_path("test.db"));
	program_run(&program, "--listen", "127.0.0.1:0", "--store", store);
	(void)program_port(&program);
	ck_assert_int_eq(program_result(&next, "--listen", "127.0.0.1:0",
	                                "--lock-wait", "500ms", "--store",
	                                store),
	                 75);
	ck_assert_ptr_nonnull(strstr(next.text, "waiting up_to_ms=500"));
	snprintf(holder, sizeof holder, "(pid %ld); stop that",
	         (long)program.pid);
	ck_assert_ptr_nonnull(strstr(next.text, holder));
	ck_assert_int_eq(program_result(&next, "--check", "--store", store), 0);
	ck_assert_ptr_nonnull(strstr(next.text, "A server runs on the store"));
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
}
END_TEST

/* ---- the health address of a process that waits ---- */

static struct program_process waiting;

/* A program with its store, and another one, with HEALTH, which waits for it.
 */
static void start_waiting(const char *first_health, const char *health)
{
	char store[160];

	snprintf(store, sizeof store, "sqlite:%s", program_path("test.db"));
	program_run(&program, "--listen", "127.0.0.1:0", "--store", store,
	            "--health", first_health);
	(void)program_port(&program);
	program_run(&waiting, "--listen", "127.0.0.1:0", "--store", store,
	            "--health", health, "--lock-wait", "1h");
	(void)program_says(&waiting, "store is in use by another process");
}

static void end_both(void)
{
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
	(void)program_port(&waiting);
}

static void end_waiting(void)
{
	program_signal(&waiting, SIGTERM);
	ck_assert_int_eq(program_end(&waiting), 0);
}

START_TEST(a_process_that_waits_for_the_store_answers_probes)
{
	char path[128], health[136], body[128];

	snprintf(path, sizeof path, "%s", program_path("health"));
	snprintf(health, sizeof health, "unix:%s", path);
	start_waiting("127.0.0.1:0", health);
	ck_assert_int_eq(program_get_unix(path, "/livez", body, sizeof body),
	                 200);
	ck_assert_int_eq(program_get_unix(path, "/readyz", body, sizeof body),
	                 503);
	ck_assert_str_eq(body, "not ready: waiting for the store\n");
	end_both();
	ck_assert_int_eq(program_get_unix(path, "/readyz", body, sizeof body),
	                 200);
	end_waiting();
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

static unsigned count_words(const char *text, const char *words)
{
	unsigned count = 0;

	while ((text = strstr(text, words)) != NULL) {
		count++;
		text += strlen(words);
	}
	return count;
}

/* The predecessor answers there until it lets go of the store. */
static void check_takes_over(const char *path)
{
	ck_assert_int_eq(program_get_unix(path, "/readyz", NULL, 0), 200);
	end_both();
	ck_assert_int_eq(program_get_unix(path, "/readyz", NULL, 0), 200);
	ck_assert_uint_eq(count_words(waiting.text, "trying again until"), 1);
	end_waiting();
}

START_TEST(a_health_address_that_is_in_use_is_taken_over_with_the_store)
{
	char path[128], health[136];

	snprintf(path, sizeof path, "%s", program_path("health"));
	snprintf(health, sizeof health, "unix:%s", path);
	start_waiting(health, health);
	check_takes_over(path);
}
END_TEST

static int bound_port(int fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t size = sizeof at;

	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	return ntohs(at.sin_port);
}

/* A socket that listens at a free port of this machine. */
static int listen_anywhere(void)
{
	const struct sockaddr_in at = { .sin_family = AF_INET,
		                        .sin_addr.s_addr =
		                                htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&at, sizeof at), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

START_TEST(a_health_address_that_becomes_free_is_bound_while_it_waits)
{
	int fd = listen_anywhere(), port = bound_port(fd);
	char health[32], body[128] = "";

	snprintf(health, sizeof health, "127.0.0.1:%d", port);
	start_waiting("127.0.0.1:0", health);
	close(fd);
	while (program_get(port, "/readyz", body, sizeof body) == 0)
		sched_yield();
	ck_assert_str_eq(body, "not ready: waiting for the store\n");
	end_both();
	ck_assert_int_eq(program_get(port, "/readyz", NULL, 0), 200);
	end_waiting();
}
END_TEST

START_TEST(a_health_address_that_stays_in_use_is_69_once_the_store_is_open)
{
	char health[32];
	int fd = listen_anywhere();

	snprintf(health, sizeof health, "127.0.0.1:%d", bound_port(fd));
	ck_assert_int_eq(program_result(&program, "--listen", "127.0.0.1:0",
	                                "--health", health),
	                 69);
	ck_assert_ptr_nonnull(strstr(program.text, health));
	close(fd);
}
END_TEST

START_TEST(a_signal_ends_a_process_that_waits_for_the_store)
{
	start_waiting("127.0.0.1:0", "127.0.0.1:0");
	program_signal(&waiting, SIGTERM);
	ck_assert_int_eq(program_end(&waiting), 0);
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
}
END_TEST

TEST_MAIN("program's wait")
{
	program_case("waiting for the store");

	test_add(
		a_starting_process_waits_for_the_store_and_does_not_bind_before);
	test_add(a_store_that_stays_locked_is_75_and_names_who_holds_it);
	test_add(a_process_that_waits_for_the_store_answers_probes);
	test_add(a_health_address_that_is_in_use_is_taken_over_with_the_store);
	test_add(a_health_address_that_becomes_free_is_bound_while_it_waits);
	test_add(
		a_health_address_that_stays_in_use_is_69_once_the_store_is_open);
	test_add(a_signal_ends_a_process_that_waits_for_the_store);
}
