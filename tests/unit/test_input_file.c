/* Text files of the operator: how long they may be. What else is refused is
 * tested with the files themselves (test_tokens.c, test_keys.c). */
#include "base/input_file.h"

#include <check.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST = 100 };

static const struct input_rules rules = { .what = "test file", .most = MOST };
static char path[64];
static struct mcps_error error;

static void set_up(void)
{
	int fd;

	strcpy(path, "/tmp/mcps-input-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	close(fd);
	memset(&error, 0, sizeof error);
}

static void tear_down(void)
{
	unlink(path);
}

static void write_spaces(size_t count)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	for (size_t i = 0; i < count; i++)
		ck_assert_int_eq(fputc(' ', file), ' ');
	ck_assert_int_eq(fclose(file), 0);
}

START_TEST(a_file_of_the_largest_length_is_read)
{
	struct input_file file;

	write_spaces(MOST);
	ck_assert_int_eq(mcps__input_file_read(&file, path, &rules, &error),
	                 MCPS_OK);
	ck_assert_uint_eq(file.length, MOST);
	ck_assert_uint_eq(strlen(file.text), MOST);
	mcps__input_file_free(&file);
}
END_TEST

/* The last ones are 0 and 7 in 32 bits. */
static const int64_t lengths[] = {
	MOST + 1,
	INT64_C(0x80000000),
	INT64_C(0x100000000),
	INT64_C(0x100000007),
};

START_TEST(a_longer_file_is_refused_however_long_it_is)
{
	struct input_file file;

	ck_assert_int_eq(truncate(path, lengths[_i]), 0);
	ck_assert_int_eq(mcps__input_file_read(&file, path, &rules, &error),
	                 MCPS_E_INVAL);
	ck_assert_ptr_null(file.text);
	ck_assert_msg(strstr(error.text, ": longer than 100 bytes") != NULL,
	              "%s", error.text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("input file");
	TCase *tests = tcase_create("input file");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_file_of_the_largest_length_is_read);
	tcase_add_loop_test(tests, a_longer_file_is_refused_however_long_it_is,
	                    0, sizeof lengths / sizeof *lengths);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
