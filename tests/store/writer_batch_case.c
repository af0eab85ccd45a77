/* One commit for many, savepoints and lost transactions, and the thread. */
#define _GNU_SOURCE /* pthread_getname_np */
#include "writer_jobs.h"
#include "suite.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

START_TEST(many_jobs_cost_one_commit)
{
	gate_submit();
	for (unsigned n = 1; n <= 50; n++)
		job_submit(n, JOB_WRITES);
	gate_set(true);
	event_wait(&told, 51);
	for (unsigned n = 0; n <= 50; n++)
		job_assert(n, MCPS_OK, true);
	ck_assert_uint_eq(writer_counted().commits,
	                  2); /* the gate's and theirs */
	ck_assert_uint_eq(writer_counted().writes, 51);
	ck_assert_uint_eq(writer_counted().failed_commits, 0);
}
END_TEST

START_TEST(a_batch_has_its_limit)
{
	mcps__writer_stop(the_writer);
	writer_start(failing_open(), 10, false);
	gate_submit();
	for (unsigned n = 1; n < 40; n++)
		job_submit(n, JOB_WRITES);
	gate_set(true);
	event_wait(&told, 40);
	ck_assert_uint_eq(writer_counted().commits, 5); /* 1, 10, 10, 10, 9 */
	for (unsigned n = 0; n < 40; n++)
		job_assert(n, MCPS_OK, true);
}
END_TEST

START_TEST(nobody_is_told_before_the_commit)
{
	gate_submit();
	for (unsigned n = 1; n <= 10; n++)
		job_submit(n, n == 5 ? JOB_FAILS : JOB_WRITES);
	gate_set(true);
	event_wait(&told, 11);
	ck_assert_uint_eq(test_jobs[0].commits_before, 1);
	for (unsigned n = 1; n <= 10; n++)
		ck_assert_uint_eq(test_jobs[n].commits_before, 2);
}
END_TEST

START_TEST(jobs_run_and_are_told_in_order)
{
	gate_submit();
	for (unsigned n = 1; n <= 10; n++)
		job_submit(n, JOB_WRITES);
	gate_set(true);
	event_wait(&told, 11);
	for (unsigned n = 0; n <= 10; n++)
		ck_assert_uint_eq(test_jobs[n].place, n);
}
END_TEST

START_TEST(a_job_that_fails_fails_alone)
{
	gate_submit();
	job_submit(1, JOB_WRITES);
	job_submit(2, JOB_FAILS);
	job_submit(3, JOB_WRITES);
	gate_set(true);
	event_wait(&told, 4);
	job_assert(1, MCPS_OK, true);
	job_assert(2, MCPS_E_GONE, false);
	job_assert(3, MCPS_OK, true);
	ck_assert_uint_eq(test_jobs[2].runs, 1);
}
END_TEST

START_TEST(reads_overtake_writes)
{
	gate_submit();
	job_submit(1, JOB_WRITES);
	job_submit_read(2, JOB_WRITES);
	job_submit_read(3, JOB_FAILS);
	gate_set(true);
	event_wait(&told, 4);
	ck_assert_uint_lt(test_jobs[2].place, test_jobs[1].place);
	ck_assert_uint_lt(test_jobs[3].place, test_jobs[1].place);
	ck_assert_int_eq(test_jobs[2].status, MCPS_OK);
	ck_assert_int_eq(test_jobs[3].status, MCPS_E_GONE);
	ck_assert_uint_eq(writer_counted().reads, 2);
}
END_TEST

START_TEST(later_jobs_share_the_commit_of_the_next_write)
{
	gate_submit();
	job_submit(1, JOB_WRITES);
	job_submit_later(2, JOB_WRITES);
	job_submit_later(3, JOB_FAILS);
	gate_set(true);
	event_wait(&told, 4);
	ck_assert_uint_eq(writer_counted().commits, 2);
	ck_assert_uint_lt(test_jobs[2].place, test_jobs[3].place);
	ck_assert_uint_lt(test_jobs[3].place, test_jobs[1].place);
	job_assert(1, MCPS_OK, true);
	job_assert(2, MCPS_OK, true);
	job_assert(3, MCPS_E_GONE, false);
}
END_TEST

START_TEST(later_jobs_share_a_commit_without_another_write)
{
	job_submit_later(1, JOB_WRITES);
	job_submit_later(2, JOB_WRITES);
	event_wait(&told, 2);
	job_assert(1, MCPS_OK, true);
	job_assert(2, MCPS_OK, true);
	job_submit_later(3, JOB_WRITES);
	event_wait(&told, 3);
	job_assert(3, MCPS_OK, true);
}
END_TEST

START_TEST(run_waits_for_what_the_job_answers)
{
	struct test_job *job = job_make(1, JOB_WRITES);

	ck_assert_int_eq(mcps__writer_run(the_writer, &job->job), MCPS_OK);
	ck_assert_uint_eq(job->runs, 1);
	ck_assert_uint_eq(job->dones, 1);
	ck_assert(job_is_written(1));
	job = job_make(2, JOB_FAILS);
	ck_assert_int_eq(mcps__writer_run(the_writer, &job->job), MCPS_E_GONE);
	ck_assert(!job_is_written(2));
}
END_TEST

START_TEST(idle_time_is_used)
{
	job_submit(1, JOB_WRITES);
	event_wait(&failing_calls.idles, 1);
	ck_assert_uint_eq(atomic_load(&told), 1);
}
END_TEST

/* ---- lost transactions ---- */

START_TEST(jobs_of_a_lost_transaction_run_one_by_one)
{
	gate_submit();
	job_submit(1, JOB_WRITES);
	job_submit(2, JOB_LOSES_ONCE);
	job_submit(3, JOB_FAILS);
	job_submit(4, JOB_WRITES);
	gate_set(true);
	event_wait(&told, 5);
	job_assert(0, MCPS_OK, true);
	job_assert(1, MCPS_OK, true);
	job_assert(2, MCPS_OK, true);
	job_assert(3, MCPS_E_GONE, false);
	job_assert(4, MCPS_OK, true);
	ck_assert_uint_eq(test_jobs[2].runs, 2);
	ck_assert_uint_eq(writer_counted().commits, 4); /* 3 failed alone */
	ck_assert(mcps__writer_healthy(the_writer));
}
END_TEST

START_TEST(a_job_that_always_loses_it_fails_alone)
{
	gate_submit();
	job_submit(1, JOB_WRITES);
	job_submit(2, JOB_LOSES_ALWAYS);
	job_submit(3, JOB_WRITES);
	gate_set(true);
	event_wait(&told, 4);
	job_assert(1, MCPS_OK, true);
	job_assert(2, MCPS_E_STORE, false);
	job_assert(3, MCPS_OK, true);
	ck_assert_uint_eq(test_jobs[2].runs, 2);
}
END_TEST

/* ---- the thread ---- */

static mcps_status look_around(struct writer_job *job, mcps_store *store)
{
	sigset_t blocked;
	char name[16];

	(void)job;
	(void)store;
	if (pthread_getname_np(pthread_self(), name, sizeof name) != 0 ||
	    strcmp(name, "mcps-store") != 0)
		return MCPS_E_INVAL;
	if (pthread_sigmask(SIG_BLOCK, NULL, &blocked) != 0 ||
	    sigismember(&blocked, SIGTERM) != 1 ||
	    sigismember(&blocked, SIGCHLD) != 1)
		return MCPS_E_SYSTEM;
	return MCPS_OK;
}

START_TEST(the_thread_has_a_name_and_takes_no_signals)
{
	struct writer_job job = { .run = look_around };
	sigset_t blocked;

	ck_assert_int_eq(mcps__writer_run_read(the_writer, &job), MCPS_OK);
	ck_assert_int_eq(pthread_sigmask(SIG_BLOCK, NULL, &blocked), 0);
	ck_assert_int_eq(sigismember(&blocked, SIGTERM), 0);
}
END_TEST

enum { THREADS = 8, JOBS_OF_A_THREAD = 400 };

/* Not atomic: only the store thread touches it, one job after the other. */
static unsigned shared_number;

static mcps_status count_up(struct writer_job *job, mcps_store *store)
{
	struct test_job *self = (struct test_job *)job;

	shared_number++;
	self->runs++;
	return job_write_number(store, self->number);
}

static void free_job(struct writer_job *job, mcps_status status)
{
	free(job);
	if (status == MCPS_OK) {
		atomic_fetch_add(&told, 1);
		event_happen();
	}
}

static void *submit_many(void *arg)
{
	for (unsigned n = 0; n < JOBS_OF_A_THREAD; n++) {
		struct test_job *job = calloc(1, sizeof *job);

		job->job.run = count_up;
		job->number = n % TEST_JOBS;
		if (n % 8 == 0) {
			mcps__writer_run(the_writer, &job->job);
			free_job(&job->job, job->job.status);
		} else {
			job->job.done = free_job;
			mcps__writer_submit(the_writer, &job->job);
		}
		if (n % 16 == 0)
			job_is_written(
				job_make((unsigned)(uintptr_t)arg, JOB_WRITES)
					->number);
		mcps__writer_healthy(the_writer);
		writer_counted();
	}
	return NULL;
}

START_TEST(many_threads_may_submit)
{
	pthread_t threads[THREADS];

	shared_number = 0;
	for (uintptr_t n = 0; n < THREADS; n++)
		ck_assert_int_eq(pthread_create(&threads[n], NULL, submit_many,
		                                (void *)n),
		                 0);
	for (unsigned n = 0; n < THREADS; n++)
		ck_assert_int_eq(pthread_join(threads[n], NULL), 0);
	event_wait(&told, THREADS * JOBS_OF_A_THREAD);
	ck_assert_uint_eq(writer_counted().writes, THREADS * JOBS_OF_A_THREAD);
	ck_assert_uint_eq(writer_counted().reads,
	                  THREADS * JOBS_OF_A_THREAD / 16);
	ck_assert_uint_eq(shared_number, THREADS * JOBS_OF_A_THREAD);
}
END_TEST

void writer_batch_case(void)
{
	test_case("batch");
	test_timeout(120);
	test_fixture(writer_start_thread, writer_stop);
	test_add(many_jobs_cost_one_commit);
	test_add(a_batch_has_its_limit);
	test_add(later_jobs_share_the_commit_of_the_next_write);
	test_add(later_jobs_share_a_commit_without_another_write);
	test_add(nobody_is_told_before_the_commit);
	test_add(jobs_run_and_are_told_in_order);
	test_add(a_job_that_fails_fails_alone);
	test_add(reads_overtake_writes);
	test_add(run_waits_for_what_the_job_answers);
	test_add(idle_time_is_used);
	test_add(jobs_of_a_lost_transaction_run_one_by_one);
	test_add(a_job_that_always_loses_it_fails_alone);
	test_add(the_thread_has_a_name_and_takes_no_signals);
	test_add(many_threads_may_submit);
}
