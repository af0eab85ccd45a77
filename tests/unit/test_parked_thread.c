/* A thread that waits in the place of a suspended connection. */
#include "mhd/parked_thread.h"
#include "suite.h"

#include <pthread.h>

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

TEST_MAIN("parked_thread")
{
	test_timeout(60);
	test_add(thread_that_was_not_parked_does_not_wait);
	test_add(wake_before_the_wait_counts);
	test_add(earlier_wakes_do_not_end_a_later_wait);
	test_add(woken_thread_may_go_at_once);
}
