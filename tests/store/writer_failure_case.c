/* Failed commits: everybody is told, the store is opened again. */
#include "writer_jobs.h"
#include "suite.h"

START_TEST(after_a_failed_commit_every_waiter_is_told_once)
{
	gate_submit();
	for (unsigned n = 1; n <= 10; n++)
		job_submit(n, n == 5 ? JOB_FAILS : JOB_WRITES);
	atomic_store(&failing_orders.commits, 2); /* the gate's and theirs */
	gate_set(true);
	event_wait(&told, 11);
	event_wait(&failing_calls.reopens, 2);
	for (unsigned n = 0; n <= 10; n++) {
		job_assert(n, MCPS_E_STORE, false);
		ck_assert_uint_eq(test_jobs[n].runs, 1);
	}
	ck_assert_uint_eq(writer_counted().failed_commits, 2);
	ck_assert_uint_eq(writer_counted().commits, 0);
}
END_TEST

/* Until the store was opened again, or that failed too. */
static void fail_one_commit(void)
{
	atomic_store(&failing_orders.commits, 1);
	ck_assert_int_eq(job_write(1), MCPS_E_STORE);
	event_wait(&failing_calls.reopens, 1);
}

START_TEST(the_store_is_opened_again_and_goes_on)
{
	fail_one_commit();
	ck_assert_int_eq(job_write(2), MCPS_OK);
	ck_assert(!job_is_written(1));
	ck_assert(job_is_written(2));
	ck_assert(mcps__writer_healthy(the_writer));
	ck_assert_uint_eq(writer_counted().failed_commits, 1);
	ck_assert_uint_eq(atomic_load(&failing_calls.reopens), 1);
}
END_TEST

/* Between two tries writes are told at once, without reaching the store. */
START_TEST(it_is_unhealthy_until_opening_works)
{
	unsigned tries;

	atomic_store(&failing_orders.reopens, 1000);
	fail_one_commit();
	for (tries = 1; tries <= 3; tries++) {
		event_wait(&failing_calls.reopens, tries);
		ck_assert_int_eq(job_write(2), MCPS_E_STORE);
		ck_assert_uint_eq(test_jobs[2].runs, 0);
		ck_assert(!mcps__writer_healthy(the_writer));
	}
	atomic_store(&failing_orders.reopens, 0);
	tries = atomic_load(&failing_calls.reopens);
	event_wait(&failing_calls.reopens, tries + 1);
	ck_assert_int_eq(job_write(3), MCPS_OK);
	ck_assert(mcps__writer_healthy(the_writer));
}
END_TEST

START_TEST(reading_goes_on_while_it_is_unhealthy)
{
	atomic_store(&failing_orders.reopens, 100);
	fail_one_commit();
	ck_assert(!job_is_written(1));
	ck_assert(!mcps__writer_healthy(the_writer));
}
END_TEST

START_TEST(a_transaction_that_cannot_begin_counts_as_failed)
{
	atomic_store(&failing_orders.begins, 1);
	ck_assert_int_eq(job_write(1), MCPS_E_STORE);
	ck_assert_uint_eq(test_jobs[1].runs, 0);
	ck_assert_int_eq(job_write(2), MCPS_OK);
	ck_assert_uint_eq(atomic_load(&failing_calls.reopens), 1);
}
END_TEST

START_TEST(a_store_that_cannot_be_opened_again_is_tried_as_it_is)
{
	mcps__writer_stop(the_writer);
	writer_start(failing_open_plain(), 0, false);
	atomic_store(&failing_orders.commits, 1);
	ck_assert_int_eq(job_write(1), MCPS_E_STORE);
	ck_assert(!mcps__writer_healthy(the_writer));
	ck_assert_int_eq(job_write(2), MCPS_OK);
	ck_assert(mcps__writer_healthy(the_writer));
}
END_TEST

START_TEST(stop_does_not_wait_for_a_broken_store)
{
	atomic_store(&failing_orders.reopens, 1000000);
	fail_one_commit();
	job_submit(2, JOB_WRITES);
	mcps__writer_stop(the_writer);
	ck_assert_uint_eq(test_jobs[2].dones, 1);
	ck_assert_int_eq(test_jobs[2].status, MCPS_E_STORE);
	writer_start_thread();
}
END_TEST

void writer_failure_case(void)
{
	test_case("failure");
	test_timeout(120);
	test_fixture(writer_start_thread, writer_stop);
	test_add(after_a_failed_commit_every_waiter_is_told_once);
	test_add(the_store_is_opened_again_and_goes_on);
	test_add(it_is_unhealthy_until_opening_works);
	test_add(reading_goes_on_while_it_is_unhealthy);
	test_add(a_transaction_that_cannot_begin_counts_as_failed);
	test_add(a_store_that_cannot_be_opened_again_is_tried_as_it_is);
	test_add(stop_does_not_wait_for_a_broken_store);
}
