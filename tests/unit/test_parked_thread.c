/* A thread that waits in the place of a suspended connection. */
#include "mhd/parked_thread.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>

enum { SHORT_MS = 1, ROUNDS = 2000 };

START_TEST(thread_that_was_not_parked_does_not_wait)
{
	struct parked_thread *thread = mcps__parked_thread_new();

	ck_assert_ptr_nonnull(thread);
	ck_assert(mcps__parked_thread_wait(thread, 0));
	ck_assert(mcps__parked_thread_wait(thread, SHORT_MS));
	mcps__parked_thread_free(thread);
}
END_TEST

START_TEST(wake_before_the_wait_counts)
{
	struct parked_thread *thread = mcps__parked_thread_new();

	for (int i = 0; i < 3; i++) {
		mcps__parked_thread_park(thread);
		mcps__parked_thread_wake(thread);
	}
	ck_assert(mcps__parked_thread_wait(thread, 0));
	mcps__parked_thread_free(thread);
}
END_TEST

START_TEST(earlier_wakes_do_not_end_a_later_wait)
{
	struct parked_thread *thread = mcps__parked_thread_new();

	mcps__parked_thread_park(thread);
	mcps__parked_thread_wake(thread);
	mcps__parked_thread_park(thread);
	ck_assert(!mcps__parked_thread_wait(thread, SHORT_MS));
	mcps__parked_thread_wake(thread);
	ck_assert(mcps__parked_thread_wait(thread, 0));
	mcps__parked_thread_free(thread);
}
END_TEST

static void *wake_main(void *arg)
{
	mcps__parked_thread_wake(arg);
	return NULL;
}

/* Its memory is given back while the wake returns. */
START_TEST(woken_thread_may_go_at_once)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct parked_thread *thread = mcps__parked_thread_new();
		pthread_t waker;

		mcps__parked_thread_park(thread);
		pthread_create(&waker, NULL, wake_main, thread);
		ck_assert(mcps__parked_thread_wait(thread, 0));
		mcps__parked_thread_free(thread);
		pthread_join(waker, NULL);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("parked_thread");
	TCase *tests = tcase_create("parked_thread");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, thread_that_was_not_parked_does_not_wait);
	tcase_add_test(tests, wake_before_the_wait_counts);
	tcase_add_test(tests, earlier_wakes_do_not_end_a_later_wait);
	tcase_add_test(tests, woken_thread_may_go_at_once);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
