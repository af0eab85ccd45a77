/* Files that an operator names on the command line: what is wrong in them is
 * said, what is somebody else's stays as it is, and nothing blocks. */
#define _GNU_SOURCE
#include "functional/program.h"
#include "functional/wire.h"
#include "store/snapshot.h"
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* SHA-256 of "one" and "two". */
#define ONE "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define TWO "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"

static struct program_process program;

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void read_file(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t length;

	ck_assert_ptr_nonnull(file);
	length = fread(text, 1, size - 1, file);
	text[length] = '\0';
	ck_assert_int_eq(fclose(file), 0);
}

static void make_pipe(const char *path)
{
	(void)unlink(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
}

static void serve(const char *tokens)
{
	program_run(&program, "--listen", "127.0.0.1:0", "--tokens", tokens);
	(void)program_port(&program);
}

static void stop(void)
{
	program_signal(&program, SIGTERM);
	ck_assert_int_eq(program_end(&program), 0);
}

static int status_for(const char *token)
{
	struct wire wire = wire_open(program_port(&program));
	struct reply reply;
	char line[64];

	snprintf(line, sizeof line, "Authorization: Bearer %s\r\n", token);
	reply = wire_ask(&wire, line, WIRE_INITIALIZE);
	wire_close(&wire);
	return reply.status;
}

/* ---- tokens ---- */

/* The tool whoami names PRINCIPAL to the owner of TOKEN. */
static void check_principal(const char *token, const char *principal)
{
	struct wire wire = wire_open(program_port(&program));
	struct reply reply;
	char lines[256], wanted[64];

	snprintf(lines, sizeof lines, "Authorization: Bearer %s\r\n", token);
	reply = wire_ask(&wire, lines, WIRE_INITIALIZE);
	ck_assert_int_eq(reply.status, 200);
	snprintf(lines, sizeof lines,
	         "Authorization: Bearer %s\r\nMcp-Session-Id: %s\r\n", token,
	         reply_value(&reply, "Mcp-Session-Id"));
	reply = wire_ask(&wire, lines, WIRE_CALL(2, "whoami", "{}"));
	snprintf(wanted, sizeof wanted, "\"principal\":\"%s\"", principal);
	ck_assert_msg(strstr(reply.body, wanted) != NULL, "%s", reply.body);
	wire_close(&wire);
}

START_TEST(subjects_with_a_hash_sign_stay_apart)
{
	const char *tokens = program_path("tokens");

	write_file(tokens, ONE " team#alice\n" TWO " team#bob\n");
	serve(tokens);
	check_principal("one", "team#alice");
	check_principal("two", "team#bob");
	stop();
}
END_TEST

START_TEST(a_comment_behind_a_token_stops_the_start)
{
	const char *tokens = program_path("tokens");

	write_file(tokens, "# all\n" ONE " alice # her\n");
	ck_assert_int_eq(program_result(&program, "--listen", "127.0.0.1:0",
	                                "--tokens", tokens),
	                 78);
	ck_assert_ptr_nonnull(strstr(program.text, "tokens, line 2: a comment "
	                                           "needs a line of its own"));
}
END_TEST

START_TEST(a_reload_of_a_bad_token_file_keeps_the_old_tokens)
{
	const char *tokens = program_path("tokens");

	write_file(tokens, ONE " alice\n");
	serve(tokens);
	write_file(tokens, TWO " bob\n" TWO " carol\n");
	program_signal(&program, SIGHUP);
	(void)program_says(&program, "stay as they were");
	(void)program_says(&program, "line 2: has the hash of line 1");
	ck_assert_int_eq(status_for("one"), 200);
	ck_assert_int_eq(status_for("two"), 401);
	write_file(tokens, TWO " bob\n");
	program_signal(&program, SIGHUP);
	(void)program_says(&program, "tokens and keys were read again");
	ck_assert_int_eq(status_for("one"), 401);
	ck_assert_int_eq(status_for("two"), 200);
	stop();
}
END_TEST

/* The thread that handles signals waited for the writer of the pipe. */
START_TEST(a_pipe_in_place_of_the_token_file_blocks_no_signal)
{
	const char *tokens = program_path("tokens");

	write_file(tokens, ONE " alice\n");
	serve(tokens);
	make_pipe(tokens);
	program_signal(&program, SIGHUP);
	(void)program_says(&program, "tokens: not a regular file");
	ck_assert_int_eq(status_for("one"), 200);
	stop();
}
END_TEST

START_TEST(a_pipe_named_as_a_file_stops_the_start)
{
	static const char *const options[] = { "--tokens", "--key-file",
		                               "--config" };
	const char *pipe_path = program_path("pipe");

	make_pipe(pipe_path);
	ck_assert_int_eq(program_result(&program, "--listen", "127.0.0.1:0",
	                                options[_i], pipe_path),
	                 78);
	ck_assert_msg(strstr(program.text, "not a regular file") != NULL, "%s",
	              program.text);
}
END_TEST

/* Both files became wrong: the one failure hid the other. */
START_TEST(a_reload_names_all_files_that_it_could_not_use)
{
	const char *tokens = program_path("tokens");
	const char *key = program_path("key");

	write_file(tokens, ONE " alice\n");
	program_run(&program, "--listen", "127.0.0.1:0", "--tokens", tokens,
	            "--key-file", key);
	(void)program_port(&program);
	write_file(tokens, "wrong\n");
	write_file(key, "wrong\n");
	program_signal(&program, SIGHUP);
	(void)program_says(&program, "tokens, line 1");
	(void)program_says(&program, "key: line 1");
	ck_assert_int_eq(status_for("one"), 200);
	stop();
}
END_TEST

/* A key file that was made anew turned signed ids into unsigned ones, and the
 * log said that all was well. */
START_TEST(a_reload_without_a_key_file_keeps_the_key_and_makes_none)
{
	const char *key = program_path("key");
	char before[4096], after[4096];

	program_run(&program, "--listen", "127.0.0.1:0", "--key-file", key);
	(void)program_port(&program);
	read_file(key, before, sizeof before);
	ck_assert_int_eq(unlink(key), 0);
	program_signal(&program, SIGHUP);
	(void)program_says(&program, "stay as they were");
	(void)program_says(&program, "key is missing; put it back");
	ck_assert_int_ne(access(key, F_OK), 0);
	write_file(key, before);
	ck_assert_int_eq(chmod(key, 0600), 0);
	program_signal(&program, SIGHUP);
	(void)program_says(&program, "tokens and keys were read again");
	read_file(key, after, sizeof after);
	ck_assert_str_eq(after, before);
	stop();
}
END_TEST

static void spoil_missing(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
}

/* Root reads whatever its mode is, so the link leads to itself. */
static void spoil_unreadable(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink(path, path), 0);
}

static void spoil_directory(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void spoil_nul(const char *path)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fputc('\0', file), '\0');
	ck_assert_int_eq(fclose(file), 0);
}

static void spoil_empty(const char *path)
{
	write_file(path, "");
}

static const struct {
	const char *name; /* of the file */
	void (*spoil)(const char *path);
	const char *words; /* in the log */
} reloads[] = {
	{ "tokens", spoil_missing, "tokens or keys stay as they were" },
	{ "tokens", spoil_unreadable, "tokens or keys stay as they were" },
	{ "tokens", spoil_directory, "tokens or keys stay as they were" },
	{ "tokens", spoil_nul, "tokens or keys stay as they were" },
	{ "key", spoil_missing, "tokens or keys stay as they were" },
	{ "key", spoil_unreadable, "tokens or keys stay as they were" },
	{ "key", spoil_directory, "tokens or keys stay as they were" },
	{ "key", spoil_nul, "tokens or keys stay as they were" },
	{ "key", spoil_empty, "tokens or keys stay as they were" },
	{ "config", spoil_missing, "options stay as they were" },
	{ "config", spoil_unreadable, "options stay as they were" },
	{ "config", spoil_directory, "options stay as they were" },
	{ "config", spoil_nul, "options stay as they were" },
};

START_TEST(a_reload_of_a_file_that_is_gone_changes_and_makes_nothing)
{
	const char *tokens = program_path("tokens");
	const char *config = program_path("config");
	char *before, *after;

	write_file(tokens, ONE " alice\n");
	write_file(config, "log-level = info\n");
	program_run(&program, "--listen", "127.0.0.1:0", "--tokens", tokens,
	            "--key-file", program_path("key"), "--config", config);
	(void)program_port(&program);
	reloads[_i].spoil(program_path(reloads[_i].name));
	before = snapshot_take(program_directory());
	program_signal(&program, SIGHUP);
	(void)program_says(&program, reloads[_i].words);
	ck_assert_int_eq(status_for("one"), 200);
	ck_assert_int_eq(status_for("two"), 401);
	after = snapshot_take(program_directory());
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
	stop();
}
END_TEST

/* Were the old tokens kept, the last one could not be taken away. */
START_TEST(a_reload_of_an_empty_token_file_refuses_everybody_and_says_it)
{
	const char *tokens = program_path("tokens");

	write_file(tokens, ONE " alice\n");
	serve(tokens);
	write_file(tokens, "");
	program_signal(&program, SIGHUP);
	(void)program_says(&program, "has no token, so every caller is");
	(void)program_says(&program, "tokens and keys were read again");
	ck_assert_int_eq(status_for("one"), 401);
	stop();
}
END_TEST

START_TEST(a_key_file_with_two_current_lines_stops_the_start)
{
	const char *key = program_path("key");

	write_file(key, "current " ONE "\n# new\ncurrent " TWO "\n");
	ck_assert_int_eq(chmod(key, 0600), 0);
	ck_assert_int_eq(program_result(&program, "--listen", "127.0.0.1:0",
	                                "--key-file", key),
	                 78);
	ck_assert_msg(strstr(program.text, "lines 1 and 3 both begin with "
	                                   "\"current\"") != NULL,
	              "%s", program.text);
}
END_TEST

START_TEST(comments_of_a_key_file_outlive_the_start)
{
	const char *key = program_path("key");
	char text[4096];

	write_file(key, "# made by ada\ncurrent " ONE "\n# until June:\n"
	                "previous " TWO);
	ck_assert_int_eq(chmod(key, 0600), 0);
	program_run(&program, "--listen", "127.0.0.1:0", "--key-file", key);
	(void)program_port(&program);
	stop();
	read_file(key, text, sizeof text);
	ck_assert_msg(strstr(text, "# made by ada\ncurrent " ONE
	                           "\n# until June:\nprevious " TWO
	                           "\nstore ") == text,
	              "%s", text);
}
END_TEST

START_TEST(a_check_tells_that_others_can_read_the_tokens)
{
	const char *tokens = program_path("tokens");

	write_file(tokens, ONE " alice\n");
	ck_assert_int_eq(chmod(tokens, 0444), 0);
	ck_assert_int_eq(program_result(&program, "--check", "--listen",
	                                "127.0.0.1:0", "--tokens", tokens),
	                 0);
	ck_assert_ptr_nonnull(strstr(program.text, "others can read it"));
	ck_assert_ptr_nonnull(strstr(program.text, "It would start."));
}
END_TEST

/* ---- what somebody else has ---- */

/* Start with OPTION=VALUE, and check with it: both end with CODE, and nothing
 * in the directory of the test changes. */
static void check_untouched(const char *option, const char *value, int code)
{
	char *before = snapshot_take(program_directory());
	char *after;

	ck_assert_int_eq(program_result(&program, "--listen", "127.0.0.1:0",
	                                option, value),
	                 code);
	ck_assert_int_eq(program_result(&program, "--check", "--listen",
	                                "127.0.0.1:0", option, value),
	                 code);
	after = snapshot_take(program_directory());
	ck_assert_str_eq(before, after);
	free(before);
	free(after);
}

/* A socket at PATH that nobody accepts on any more. */
static void make_stale_socket(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	close(fd);
}

static void put_notes(const char *path)
{
	write_file(path, "Dear diary, today I mistyped an option.\n");
	ck_assert_int_eq(chmod(path, 0664), 0);
}

static void put_nothing(const char *path)
{
	write_file(path, "");
}

static void put_directory(const char *path)
{
	ck_assert_int_eq(mkdir(path, 0755), 0);
}

static void put_link(const char *path)
{
	put_notes(program_path("target"));
	ck_assert_int_eq(symlink("target", path), 0);
}

static void put_dangling_link(const char *path)
{
	ck_assert_int_eq(symlink("nowhere", path), 0);
}

static void put_link_to_a_socket(const char *path)
{
	make_stale_socket(program_path("target"));
	ck_assert_int_eq(symlink("target", path), 0);
}

static void put_datagram_socket(const char *path)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	/* It stays open: somebody reads there, such as a log daemon. */
}

/* As root that database would find another file at its path. */
static void put_socket_of_another_user(const char *path)
{
	make_stale_socket(path);
	ck_assert_int_eq(chown(path, 12345, 12345), 0);
}

static const struct {
	void (*put)(const char *path);
	bool needs_root;
} not_sockets[] = {
	{ put_notes, false },
	{ put_nothing, false },
	{ put_directory, false },
	{ make_pipe, false },
	{ put_link, false },
	{ put_dangling_link, false },
	{ put_link_to_a_socket, false },
	{ put_datagram_socket, false },
	{ put_socket_of_another_user, true },
};

START_TEST(a_file_that_is_no_socket_of_ours_is_never_replaced)
{
	static const char *const options[] = { "--listen", "--health" };
	const char *path = program_path("precious");
	char address[160];

	if (not_sockets[_i].needs_root && geteuid() != 0)
		return;
	not_sockets[_i].put(path);
	snprintf(address, sizeof address, "unix:%s", path);
	for (size_t i = 0; i < 2; i++)
		check_untouched(options[i], address, 69);
}
END_TEST

static const struct {
	const char *option;
	void (*put)(const char *path);
	int code;
} wrong_files[] = {
	{ "--key-file", put_notes, 77 }, /* others can read it */
	{ "--key-file", put_nothing, 77 },
	{ "--key-file", put_directory, 78 },
	{ "--key-file", make_pipe, 78 },
	{ "--key-file", put_link, 78 },
	{ "--key-file", put_dangling_link, 78 },
	{ "--tokens", put_notes, 78 },
	{ "--tokens", put_directory, 78 },
	{ "--tokens", make_pipe, 78 },
	{ "--tokens", put_link, 78 },
	{ "--tokens", put_dangling_link, 78 },
	{ "--config", put_notes, 78 },
	{ "--config", put_directory, 78 },
	{ "--config", make_pipe, 78 },
	{ "--config", put_dangling_link, 78 },
};

START_TEST(a_file_that_is_something_else_stays_as_it_is)
{
	const char *path = program_path("precious");

	wrong_files[_i].put(path);
	check_untouched(wrong_files[_i].option, path, wrong_files[_i].code);
}
END_TEST

/* The same with a mode that lets the key file be read. */
START_TEST(a_private_file_that_is_no_key_stays_as_it_is)
{
	const char *path = program_path("precious");

	if (_i == 0)
		put_notes(path);
	else
		put_nothing(path);
	ck_assert_int_eq(chmod(path, 0600), 0);
	check_untouched("--key-file", path, 78);
}
END_TEST

/* ---- the suite ---- */

TEST_MAIN("program files")
{
	program_case("tokens");

	test_add(subjects_with_a_hash_sign_stay_apart);
	test_add(a_comment_behind_a_token_stops_the_start);
	test_add(a_reload_of_a_bad_token_file_keeps_the_old_tokens);
	test_add(a_pipe_in_place_of_the_token_file_blocks_no_signal);
	test_add_loop(a_pipe_named_as_a_file_stops_the_start, 3);
	test_add(a_reload_names_all_files_that_it_could_not_use);
	test_add(a_reload_without_a_key_file_keeps_the_key_and_makes_none);
	test_add_loop(a_reload_of_a_file_that_is_gone_changes_and_makes_nothing,
	              COUNT(reloads));
	test_add(a_reload_of_an_empty_token_file_refuses_everybody_and_says_it);
	test_add(a_key_file_with_two_current_lines_stops_the_start);
	test_add(comments_of_a_key_file_outlive_the_start);
	test_add(a_check_tells_that_others_can_read_the_tokens);

	program_case("files of others");

	test_add_loop(a_file_that_is_no_socket_of_ours_is_never_replaced,
	              COUNT(not_sockets));
	test_add_loop(a_file_that_is_something_else_stays_as_it_is,
	              COUNT(wrong_files));
	test_add_loop(a_private_file_that_is_no_key_stays_as_it_is, 2);
}
