/* The threads that run tools. */
#include "base/container.h"
#include "server/workers.h"

#include <check.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { THREADS = 4, QUEUE = 2, ROUNDS = 2000 };

struct job {
	struct work work;
	unsigned number;
};

static struct workers *workers;
static struct executor executor;
static struct job jobs[64];
static pthread_barrier_t meeting;
static sem_t started, go_on, ended;
static atomic_uint ran;
static unsigned order[64];

static void set_up(void)
{
	struct mcps_error error;

	ck_assert_int_eq(mcps__workers_start(&workers, THREADS, QUEUE, &error),
	                 MCPS_OK);
	executor = mcps__workers_executor(workers);
	sem_init(&started, 0, 0);
	sem_init(&go_on, 0, 0);
	sem_init(&ended, 0, 0);
	atomic_store(&ran, 0);
}

static void tear_down(void)
{
	mcps__workers_stop(workers);
	mcps__workers_free(workers);
	sem_destroy(&started);
	sem_destroy(&go_on);
	sem_destroy(&ended);
}

static bool submit(unsigned number, void (*run)(struct work *work), bool must)
{
	jobs[number].number = number;
	jobs[number].work.run = run;
	return executor.submit(executor.arg, &jobs[number].work, must);
}

static void meet(struct work *work)
{
	(void)work;
	pthread_barrier_wait(&meeting);
	sem_post(&ended);
}

static void wait_here(struct work *work)
{
	(void)work;
	sem_post(&started);
	sem_wait(&go_on);
	sem_post(&ended);
}

static void count(struct work *work)
{
	struct job *job = container_of(work, struct job, work);

	order[atomic_fetch_add(&ran, 1)] = job->number;
	sem_post(&ended);
}

static void wait_for(sem_t *event, unsigned times)
{
	while (times-- > 0)
		sem_wait(event);
}

/* If somebody sleeps on while there is work, they never meet. */
START_TEST(as_many_run_at_once_as_there_are_threads)
{
	pthread_barrier_init(&meeting, NULL, THREADS);
	for (int round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < THREADS; i++)
			ck_assert(submit(i, meet, true));
		wait_for(&ended, THREADS);
	}
	pthread_barrier_destroy(&meeting);
}
END_TEST

START_TEST(what_waits_is_run_though_all_but_one_thread_are_busy)
{
	for (unsigned i = 1; i < THREADS; i++)
		ck_assert(submit(i, wait_here, true));
	wait_for(&started, THREADS - 1);
	for (int round = 0; round < ROUNDS; round++) {
		ck_assert(submit(0, count, false));
		wait_for(&ended, 1);
		atomic_store(&ran, 0);
	}
	for (unsigned i = 1; i < THREADS; i++)
		sem_post(&go_on);
	wait_for(&ended, THREADS - 1);
}
END_TEST

static void fill(void)
{
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert(submit(i, wait_here, true));
	wait_for(&started, THREADS);
}

START_TEST(a_full_queue_refuses_all_but_what_must_run)
{
	fill();
	ck_assert(submit(10, count, false));
	ck_assert(submit(11, count, false));
	ck_assert(!submit(12, count, false));
	ck_assert(submit(13, count, true));
	ck_assert(!submit(14, count, false));
	for (unsigned i = 0; i < THREADS; i++)
		sem_post(&go_on);
	wait_for(&ended, THREADS + 3);
	ck_assert_uint_eq(atomic_load(&ran), 3);
}
END_TEST

START_TEST(they_begin_in_the_order_of_coming)
{
	fill();
	for (unsigned i = 10; i < 40; i++)
		ck_assert(submit(i, count, true));
	sem_post(&go_on); /* one thread alone runs them */
	wait_for(&ended, 31);
	for (unsigned i = 0; i < 30; i++)
		ck_assert_uint_eq(order[i], 10 + i);
	for (unsigned i = 1; i < THREADS; i++)
		sem_post(&go_on);
}
END_TEST

START_TEST(a_stop_runs_what_is_queued_and_then_only_what_must_run)
{
	fill();
	ck_assert(submit(10, count, false));
	for (unsigned i = 0; i < THREADS; i++)
		sem_post(&go_on);
	mcps__workers_stop(workers);
	ck_assert_uint_eq(atomic_load(&ran), 1);
	ck_assert(!submit(11, count, false));
	ck_assert_uint_eq(atomic_load(&ran), 1);
	ck_assert(submit(12, count, true)); /* here */
	ck_assert_uint_eq(atomic_load(&ran), 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("workers");
	TCase *tests = tcase_create("workers");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, as_many_run_at_once_as_there_are_threads);
	tcase_add_test(tests,
	               what_waits_is_run_though_all_but_one_thread_are_busy);
	tcase_add_test(tests, a_full_queue_refuses_all_but_what_must_run);
	tcase_add_test(tests, they_begin_in_the_order_of_coming);
	tcase_add_test(tests,
	               a_stop_runs_what_is_queued_and_then_only_what_must_run);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
