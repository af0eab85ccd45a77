/* The one main() of all test programs: a suite of the check library, whose test
 * cases are begun one after the other. */
#include "suite.h"

#include <stdlib.h>

static Suite *suite;
static const char *suite_name;
static TCase *present_case; /* NULL before the first test */

static TCase *get_case(void)
{
	if (present_case == NULL)
		test_case(suite_name);
	return present_case;
}

int test_main(const char *name, void (*add_tests)(void))
{
	SRunner *runner;
	int failed;

	suite = suite_create(name);
	suite_name = name;
	present_case = NULL;
	add_tests();
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

void test_case(const char *name)
{
	present_case = tcase_create(name);
	suite_add_tcase(suite, present_case);
}

void test_fixture(void (*set_up)(void), void (*tear_down)(void))
{
	tcase_add_checked_fixture(get_case(), set_up, tear_down);
}

void test_timeout(double seconds)
{
	tcase_set_timeout(get_case(), seconds);
}

void test_add(const TTest *test)
{
	tcase_add_test(get_case(), test);
}

void test_add_loop(const TTest *test, int count)
{
	test_add_range(test, 0, count);
}

void test_add_range(const TTest *test, int first, int end)
{
	tcase_add_loop_test(get_case(), test, first, end);
}
