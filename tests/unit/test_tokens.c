/* The file of bearer tokens. */
#include "http/tokens.h"

#include <check.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* SHA-256 of "one" and "two". */
#define ONE "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed"
#define TWO "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"

static char path[64];
static struct tokens *tokens;
static struct mcps_error error;

static void set_up(void)
{
	int fd;

	ck_assert_int_ge(sodium_init(), 0);
	strcpy(path, "/tmp/mcps-tokens-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	memset(&error, 0, sizeof error);
}

static void tear_down(void)
{
	mcps__tokens_free(tokens);
	unlink(path);
}

static mcps_status read_text(const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	return mcps__tokens_read(&tokens, path, &error);
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

START_TEST(comments_blank_lines_and_odd_blanks_are_fine)
{
	ck_assert_int_eq(read_text("# who\n\n  \t\n \t" ONE
	                           " \t alice  # her\r\n"
	                           "#" TWO " bob\n" TWO " carol"),
	                 MCPS_OK);
	check_subject("one", "alice");
	check_subject("two", "carol");
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
	{ ONE " # alice\n", "line 1", "no subject" },
	{ ONE " alice read write\n", "line 1", "more than" },
	{ "x" ONE " alice\n", "line 1", "SHA-256" },
	{ "alice " ONE "\n", "line 1", "SHA-256" },
};

START_TEST(a_wrong_line_is_named_and_nothing_of_the_file_is_used)
{
	ck_assert_int_eq(read_text(bad[_i].text), MCPS_E_INVAL);
	ck_assert_ptr_null(tokens);
	ck_assert_msg(strstr(error.text, path) != NULL, "%s", error.text);
	ck_assert_msg(strstr(error.text, bad[_i].line) != NULL, "%s",
	              error.text);
	ck_assert_msg(strstr(error.text, bad[_i].why) != NULL, "%s",
	              error.text);
	ck_assert_ptr_null(strstr(error.text, "alice"));
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
	ck_assert_int_lt(mcps__tokens_read(&tokens, "/no/such/file", &error),
	                 0);
	ck_assert_ptr_null(tokens);
	ck_assert_ptr_nonnull(strstr(error.text, "/no/such/file"));
	ck_assert_int_lt(mcps__tokens_read(&tokens, "/tmp", &error), 0);
	ck_assert_ptr_null(tokens);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tokens");
	TCase *tests = tcase_create("tokens");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_token_names_its_subject);
	tcase_add_test(tests, comments_blank_lines_and_odd_blanks_are_fine);
	tcase_add_test(tests, two_tokens_of_one_subject_are_the_same_caller);
	tcase_add_test(tests, scopes_are_separated_by_commas);
	tcase_add_test(tests, an_empty_file_knows_nobody);
	tcase_add_test(tests, a_principal_outlives_the_file);
	tcase_add_loop_test(
		tests, a_wrong_line_is_named_and_nothing_of_the_file_is_used, 0,
		(int)(sizeof bad / sizeof *bad));
	tcase_add_test(tests, what_cannot_be_read_is_an_error);
	suite_add_tcase(suite, tests);

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
