/* The file of bearer tokens. */
#define _DEFAULT_SOURCE /* mkfifo, symlink */
#include "http/token_table.h"
#include "suite.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* SHA-256 of "one" and "two". */
#define ONE "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define TWO "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"

static char path[64];
static struct tokens *tokens;
static struct mcps_error error;
static char warning[512];

static void keep_warning(void *arg, enum mcps_log_level level,
                         const char *module, const char *text)
{
	(void)arg;
	(void)module;
	ck_assert_int_eq(level, MCPS_LOG_WARN);
	ck_assert_str_eq(warning, "");
	snprintf(warning, sizeof warning, "%s", text);
}

static const struct log_sink warnings = { keep_warning, NULL, MCPS_LOG_DEBUG };

static void set_up(void)
{
	int fd;

	ck_assert_int_ge(sodium_init(), 0);
	strcpy(path, "/tmp/mcps-tokens-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	memset(&error, 0, sizeof error);
	warning[0] = '\0';
}

static void tear_down(void)
{
	mcps__tokens_free(tokens);
	unlink(path);
}

static mcps_status read_tokens(void)
{
	return mcps__tokens_read(&tokens, path, &warnings, &error);
}

static mcps_status read_bytes(const char *bytes, size_t length)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fwrite(bytes, 1, length, file);
	fclose(file);
	return read_tokens();
}

static mcps_status read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

static void check_refused(const char *words)
{
	ck_assert_ptr_null(tokens);
	ck_assert_msg(strstr(error.text, path) != NULL, "%s", error.text);
	ck_assert_msg(strstr(error.text, words) != NULL, "%s", error.text);
}

static void check_subject(const char *token, const char *subject)
{
	struct principal *found = mcps__tokens_find(tokens, token);

	if (subject == NULL) {
		ck_assert_ptr_null(found);
		return;
	}
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found->subject, subject);
	ck_assert(!found->anonymous);
	mcps__principal_unref(found);
}

START_TEST(a_token_names_its_subject)
{
	ck_assert_int_eq(read_text(ONE " alice\n" TWO "\tbob\n"), MCPS_OK);
	check_subject("one", "alice");
	check_subject("two", "bob");
	check_subject("three", NULL);
	check_subject("", NULL);
	check_subject("one ", NULL);
	check_subject(ONE, NULL);
}
END_TEST

START_TEST(comment_lines_blank_lines_and_odd_blanks_are_fine)
{
	ck_assert_int_eq(read_text("# who\n\n  \t\n \t# her\r\n\t" ONE
	                           " \t alice  \r\n"
	                           "#" TWO " bob\n" TWO " carol"),
	                 MCPS_OK);
	check_subject("one", "alice");
	check_subject("two", "carol");
}
END_TEST

/* "team#alice" was read as "team", and so was "team#bob". */
START_TEST(subjects_that_contain_a_hash_sign_are_two_callers)
{
	struct principal *one, *two;

	ck_assert_int_eq(read_text(ONE " team#alice a#b\n" TWO " team#bob\n"),
	                 MCPS_OK);
	check_subject("one", "team#alice");
	check_subject("two", "team#bob");
	one = mcps__tokens_find(tokens, "one");
	two = mcps__tokens_find(tokens, "two");
	ck_assert_mem_ne(one->digest, two->digest, sizeof one->digest);
	ck_assert(mcps__principal_has_scope(one, "a#b"));
	mcps__principal_unref(one);
	mcps__principal_unref(two);
}
END_TEST

START_TEST(two_tokens_of_one_subject_are_the_same_caller)
{
	struct principal *one, *two;

	ck_assert_int_eq(read_text(ONE " alice read\n" TWO " alice\n"),
	                 MCPS_OK);
	one = mcps__tokens_find(tokens, "one");
	two = mcps__tokens_find(tokens, "two");
	ck_assert_mem_eq(one->digest, two->digest, sizeof one->digest);
	ck_assert(mcps__principal_has_scope(one, "read"));
	ck_assert(!mcps__principal_has_scope(two, "read"));
	mcps__principal_unref(one);
	mcps__principal_unref(two);
}
END_TEST

START_TEST(scopes_are_separated_by_commas)
{
	struct principal *one;

	ck_assert_int_eq(read_text(ONE " alice read,write,,admin\n"), MCPS_OK);
	one = mcps__tokens_find(tokens, "one");
	ck_assert(mcps__principal_has_scope(one, "read"));
	ck_assert(mcps__principal_has_scope(one, "write"));
	ck_assert(mcps__principal_has_scope(one, "admin"));
	ck_assert(!mcps__principal_has_scope(one, ""));
	ck_assert(!mcps__principal_has_scope(one, "read,write"));
	mcps__principal_unref(one);
}
END_TEST

START_TEST(an_empty_file_knows_nobody)
{
	ck_assert_int_eq(read_text("# nobody yet\n"), MCPS_OK);
	check_subject("one", NULL);
}
END_TEST

START_TEST(a_principal_outlives_the_file)
{
	struct principal *one;

	ck_assert_int_eq(read_text(ONE " alice\n"), MCPS_OK);
	one = mcps__tokens_find(tokens, "one");
	mcps__tokens_free(tokens);
	tokens = NULL;
	ck_assert_str_eq(one->subject, "alice");
	mcps__principal_unref(one);
}
END_TEST

static const struct {
	const char *text, *line, *why;
} bad[] = {
	{ "one alice\n", "line 1", "SHA-256" },
	{ ONE " alice\n" TWO "\n", "line 2", "no subject" },
	{ "#\n\n" ONE "0 alice\n", "line 3", "SHA-256" },
	{ "0" ONE " alice\n", "line 1", "SHA-256" },
	{ ONE "alice\n", "line 1", "SHA-256" },
	{ ONE " # alice\n", "line 1", "comment needs a line" },
	{ "\n" ONE " #alice\n", "line 2", "comment needs a line" },
	{ ONE " alice # her\n", "line 1", "comment needs a line" },
	{ ONE " alice read #her\r\n", "line 1", "comment needs a line" },
	{ ONE " alice #read", "line 1", "comment needs a line" },
	{ ONE " alice read write\n", "line 1", "more than" },
	{ "x" ONE " alice\n", "line 1", "SHA-256" },
	{ "alice " ONE "\n", "line 1", "SHA-256" },
};

START_TEST(a_wrong_line_is_named_and_nothing_of_the_file_is_used)
{
	ck_assert_int_eq(read_text(bad[_i].text), MCPS_E_INVAL);
	check_refused(bad[_i].line);
	check_refused(bad[_i].why);
	ck_assert_ptr_null(strstr(error.text, "alice"));
}
END_TEST

/* The last one counted, so one line of two silently meant nothing. */
START_TEST(a_hash_that_stands_twice_is_refused_with_both_lines)
{
	char capitals[] = ONE;

	ck_assert_int_eq(read_text(ONE " alice\n" TWO " carol\n" ONE " bob\n"),
	                 MCPS_E_INVAL);
	check_refused("line 3");
	check_refused("line 1");
	for (char *c = capitals; *c != '\0'; c++)
		*c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
	ck_assert_int_eq(read_text(ONE " alice\n#\n"), MCPS_OK);
	mcps__tokens_free(tokens);
	tokens = NULL;
	{
		char text[256];

		snprintf(text, sizeof text, "%s alice\n\n%s alice\n", ONE,
		         capitals);
		ck_assert_int_eq(read_text(text), MCPS_E_INVAL);
	}
	check_refused("line 3");
}
END_TEST

/* A NUL byte ended its line, and hid the rest of it. */
START_TEST(a_nul_byte_is_refused_with_its_line)
{
	static const char texts[][160] = {
		"\n" ONE " team\0alice\n",
		"#\n" ONE " alice\0 read\n",
		"\n\0" ONE " alice\n",
		"\n# a comment \0\n" ONE " alice\n",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		size_t length = sizeof *texts;

		while (texts[i][length - 1] == '\0')
			length--;
		ck_assert_int_eq(read_bytes(texts[i], length), MCPS_E_INVAL);
		check_refused("line 2");
		check_refused("NUL");
	}
}
END_TEST

/* ---- the file ---- */

START_TEST(a_missing_file_and_a_directory_are_errors)
{
	ck_assert_int_eq(
		mcps__tokens_read(&tokens, "/no/such/file", &warnings, &error),
		MCPS_E_INVAL);
	ck_assert_ptr_null(tokens);
	ck_assert_ptr_nonnull(strstr(error.text, "/no/such/file"));
	ck_assert_int_eq(mcps__tokens_read(&tokens, "/tmp", &warnings, &error),
	                 MCPS_E_INVAL);
	ck_assert_ptr_null(tokens);
}
END_TEST

/* Opening a pipe waited for its writer, and SIGTERM with it. */
START_TEST(a_pipe_is_refused_and_not_waited_for)
{
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(read_tokens(), MCPS_E_INVAL);
	check_refused("not a regular file");
}
END_TEST

START_TEST(a_device_is_refused)
{
	ck_assert_int_eq(
		mcps__tokens_read(&tokens, "/dev/null", &warnings, &error),
		MCPS_E_INVAL);
	ck_assert_ptr_null(tokens);
	ck_assert_ptr_nonnull(strstr(error.text, "not a regular file"));
}
END_TEST

START_TEST(a_file_without_a_token_is_read_with_a_warning)
{
	static const char *const texts[] = { "", "\n", "# none\n" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		warning[0] = '\0';
		ck_assert_int_eq(read_text(texts[i]), MCPS_OK);
		ck_assert_msg(strstr(warning, "has no token") != NULL, "%s",
		              warning);
		ck_assert_ptr_nonnull(strstr(warning, path));
		mcps__tokens_free(tokens);
	}
	ck_assert_int_eq(read_text(ONE " alice\n"), MCPS_OK);
}
END_TEST

/* Kubernetes mounts each secret as a link, and replaces where it leads. */
START_TEST(a_symbolic_link_is_followed)
{
	char target[sizeof path + 8];

	ck_assert_int_eq(read_text(ONE " alice\n"), MCPS_OK);
	mcps__tokens_free(tokens);
	snprintf(target, sizeof target, "%s.data", path);
	ck_assert_int_eq(rename(path, target), 0);
	ck_assert_int_eq(symlink(target, path), 0);
	ck_assert_int_eq(read_tokens(), MCPS_OK);
	check_subject("one", "alice");
	ck_assert_int_eq(unlink(target), 0);
	mcps__tokens_free(tokens);
	ck_assert_int_eq(read_tokens(), MCPS_E_INVAL);
	check_refused("No such file");
}
END_TEST

static const struct {
	mode_t mode;
	const char *warning; /* NULL: none */
} modes[] = {
	{ 0600, NULL },
	{ 0400, NULL },
	{ 0644, "can read it" },
	{ 0444, "can read it (mode 0444)" },
	{ 0640, "can read it" },
	{ 0620, "can change it" },
	{ 0666, "can change it" },
};

START_TEST(a_file_that_others_can_use_is_read_with_a_warning)
{
	ck_assert_int_eq(read_text(ONE " alice\n"), MCPS_OK);
	mcps__tokens_free(tokens);
	ck_assert_int_eq(chmod(path, modes[_i].mode), 0);
	ck_assert_int_eq(read_tokens(), MCPS_OK);
	check_subject("one", "alice");
	if (modes[_i].warning == NULL) {
		ck_assert_str_eq(warning, "");
		return;
	}
	ck_assert_msg(strstr(warning, modes[_i].warning) != NULL, "%s",
	              warning);
	ck_assert_ptr_nonnull(strstr(warning, path));
}
END_TEST

/* ---- many ---- */

enum { MANY = 20000 };

static void write_many(void)
{
	FILE *file = fopen(path, "w");
	char name[16], hex[2 * TOKEN_HASH_SIZE + 1];
	uint8_t hash[TOKEN_HASH_SIZE];

	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "%d", i);
		crypto_hash_sha256(hash, (const uint8_t *)name, strlen(name));
		sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
		fprintf(file, "%s user-%d\n", hex, i);
	}
	fclose(file);
}

/* How many entries are compared with TOKEN. */
static size_t compared_for(const char *token, bool is_there)
{
	uint8_t hash[TOKEN_HASH_SIZE];
	size_t compared = 0;

	crypto_hash_sha256(hash, (const uint8_t *)token, strlen(token));
	ck_assert_int_eq(
		mcps__tokens_slot(tokens, hash, &compared)->principal != NULL,
		is_there);
	return compared;
}

/* Each request compared all tokens of the file: 2.5 ms with 50 000 of them. A
 * table that is at most half full compares 1.5 on average for a token that is
 * there, and 2.5 for one that is not. */
START_TEST(a_token_is_found_without_comparing_them_all)
{
	size_t there = 0, missing = 0;
	char name[16];

	write_many();
	ck_assert_int_eq(read_tokens(), MCPS_OK);
	ck_assert_uint_eq(tokens->count, MANY);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "%d", i);
		there += compared_for(name, true);
		snprintf(name, sizeof name, "no %d", i);
		missing += compared_for(name, false);
	}
	ck_assert_uint_lt(there, 2 * MANY);
	ck_assert_uint_lt(missing, 4 * MANY);
	check_subject("0", "user-0");
	check_subject("19999", "user-19999");
	check_subject("20000", NULL);
}
END_TEST

TEST_MAIN("tokens")
{
	test_fixture(set_up, tear_down);
	test_add(a_token_names_its_subject);
	test_add(comment_lines_blank_lines_and_odd_blanks_are_fine);
	test_add(subjects_that_contain_a_hash_sign_are_two_callers);
	test_add(two_tokens_of_one_subject_are_the_same_caller);
	test_add(scopes_are_separated_by_commas);
	test_add(an_empty_file_knows_nobody);
	test_add(a_principal_outlives_the_file);
	test_add_loop(a_wrong_line_is_named_and_nothing_of_the_file_is_used,
	              COUNT(bad));
	test_add(a_hash_that_stands_twice_is_refused_with_both_lines);
	test_add(a_nul_byte_is_refused_with_its_line);
	test_add(a_missing_file_and_a_directory_are_errors);
	test_add(a_pipe_is_refused_and_not_waited_for);
	test_add(a_device_is_refused);
	test_add(a_file_without_a_token_is_read_with_a_warning);
	test_add(a_symbolic_link_is_followed);
	test_add_loop(a_file_that_others_can_use_is_read_with_a_warning,
	              COUNT(modes));
	test_add(a_token_is_found_without_comparing_them_all);
	test_timeout(120);
}
