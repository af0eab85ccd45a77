/* Starting and stopping: nothing that was queued is lost. */
#define _GNU_SOURCE
#include "writer_jobs.h"
#include "suite.h"

#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>

START_TEST(stop_finishes_every_queued_job)
{
	gate_submit();
	for (unsigned n = 1; n <= 50; n++)
		job_submit(n, JOB_WRITES);
	job_submit_read(51, JOB_WRITES);
	job_submit_later(52, JOB_WRITES);
	gate_set(true);
	mcps__writer_stop(the_writer);
	for (unsigned n = 0; n <= 52; n++) {
		ck_assert_uint_eq(test_jobs[n].dones, 1);
		ck_assert_int_eq(test_jobs[n].status, MCPS_OK);
	}
	ck_assert_uint_eq(atomic_load(&failing_calls.closes), 1);
	writer_start_thread(); /* for the tear-down */
}
END_TEST

static void *stop_elsewhere(void *arg)
{
	mcps__writer_stop(arg);
	return NULL;
}

/* The gate keeps the writer in being until it is seen to be stopping. */
START_TEST(after_stop_began_jobs_are_turned_away_at_once)
{
	struct test_job *late = job_make(1, JOB_WRITES);
	unsigned accepted = 0;
	pthread_t thread;

	gate_submit();
	ck_assert_int_eq(
		pthread_create(&thread, NULL, stop_elsewhere, the_writer), 0);
	for (;;) {
		static struct test_job early[100000];
		struct test_job *job = &early[accepted];

		*job = *late;
		mcps__writer_submit_read(the_writer, &job->job);
		if (job->dones == 1)
			break; /* turned away on this thread */
		ck_assert_uint_lt(++accepted, 100000);
		sched_yield();
	}
	mcps__writer_submit(the_writer, &late->job);
	ck_assert_uint_eq(late->dones, 1);
	ck_assert_int_eq(late->status, MCPS_E_STOPPING);
	ck_assert_int_eq(job_write(2), MCPS_E_STOPPING);
	job_submit_later(3, JOB_WRITES);
	ck_assert_uint_eq(test_jobs[3].dones, 1);
	ck_assert_int_eq(test_jobs[3].status, MCPS_E_STOPPING);
	ck_assert_uint_eq(test_jobs[3].runs, 0);
	ck_assert_uint_eq(test_jobs[2].runs, 0);
	gate_set(true);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	writer_start_thread();
}
END_TEST

START_TEST(stopping_nothing_is_fine)
{
	mcps__writer_stop(NULL);
	ck_assert(true);
}
END_TEST

START_TEST(an_incomplete_store_is_refused_and_closed)
{
	static struct mcps_store_ops ops;
	const struct writer_options options = { 0 };
	mcps_store *store = failing_open();
	struct writer *none = the_writer;
	struct mcps_error error;

	ops = *store->ops;
	ops.session_tombstone = NULL;
	store->ops = &ops;
	ck_assert_int_eq(mcps__writer_start(&none, store, &options, &error),
	                 MCPS_E_INVAL);
	ck_assert_ptr_null(none);
	ck_assert_ptr_nonnull(strstr(error.text, "session_tombstone"));
	ck_assert_uint_eq(atomic_load(&failing_calls.closes), 1);
	atomic_store(&failing_calls.closes, 0);
}
END_TEST

START_TEST(store_whose_table_ends_before_rebuilds_has_streams)
{
	static struct mcps_store_ops ops;
	const struct writer_options options = { 0 };
	struct writer *writer;
	mcps_store *store;

	ck_assert_int_eq(mcps_store_open(&store, "memory:", NULL, NULL),
	                 MCPS_OK);
	ops = *store->ops;
	ops.size = offsetof(struct mcps_store_ops, rebuilds);
	store->ops = &ops;
	ck_assert_int_eq(mcps__writer_start(&writer, store, &options, NULL),
	                 MCPS_OK);
	ck_assert(mcps__writer_has_streams(writer));
	mcps__writer_stop(writer);
}
END_TEST

void writer_end_case(void)
{
	test_case("end");
	test_timeout(120);
	test_fixture(writer_start_thread, writer_stop);
	test_add(stop_finishes_every_queued_job);
	test_add(after_stop_began_jobs_are_turned_away_at_once);
	test_add(stopping_nothing_is_fine);
	test_add(an_incomplete_store_is_refused_and_closed);
	test_add(store_whose_table_ends_before_rebuilds_has_streams);
}
