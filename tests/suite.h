/* The main() of a test program, and the list of its tests:
 *
 *     TEST_MAIN("cursor")
 *     {
 *             test_fixture(set_up, tear_down);
 *             test_add(a_cursor_is_read_as_it_was_written);
 *             test_add_loop(a_foreign_cursor_is_refused, COUNT(foreign));
 *     }
 *
 * Each test runs in a process of its own, in the order of the list. */
#ifndef MCPS_TESTS_SUITE_H
#define MCPS_TESTS_SUITE_H

#include <check.h>

/* The number of elements of an array: of rows, for test_add_loop(). */
#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

/* NAME is that of the suite, as the results show it. */
#define TEST_MAIN(name)                            \
	static void add_tests(void);               \
	int main(void)                             \
	{                                          \
		return test_main(name, add_tests); \
	}                                          \
	static void add_tests(void)

/* Call ADD_TESTS, run what it added, and return the exit status. */
int test_main(const char *name, void (*add_tests)(void));

/* Begin a test case: what follows belongs to it. Without a call of this
 * function, all tests belong to one case with the name of the suite. */
void test_case(const char *name);

/* Call these before and after each test of the present case; NULL: nothing. */
void test_fixture(void (*set_up)(void), void (*tear_down)(void));

/* A test of the present case that takes longer has failed. */
void test_timeout(double seconds);

/* Add a test to the present case: once, or COUNT times with _i = 0, 1, ... */
void test_add(const TTest *test);
void test_add_loop(const TTest *test, int count);

/* Likewise, with _i from FIRST up to, but not including, END. */
void test_add_range(const TTest *test, int first, int end);

#endif
