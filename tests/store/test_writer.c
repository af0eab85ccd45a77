/* The writer: one commit for many, every done exactly once, and what happens
 * when jobs, transactions, commits and the store itself fail. */
#include "directory.h"
#include "writer_jobs.h"
#include "suite.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* ---- without a thread ---- */

static void writer_start_inline(void)
{
	writer_start(failing_open(), 0, true);
}

START_TEST(an_inline_job_is_done_before_submit_returns)
{
	job_submit(1, JOB_WRITES);
	job_assert(1, MCPS_OK, true);
	job_submit(2, JOB_FAILS);
	job_assert(2, MCPS_E_GONE, false);
	job_submit_read(3, JOB_FAILS);
	ck_assert_uint_eq(test_jobs[3].dones, 1);
	ck_assert_int_eq(test_jobs[3].status, MCPS_E_GONE);
	ck_assert_int_eq(job_write(4), MCPS_OK);
	ck_assert(job_is_written(4));
	ck_assert_uint_ge(atomic_load(&failing_calls.idles), 1);
}
END_TEST

START_TEST(an_inline_store_is_opened_again_by_the_next_job)
{
	atomic_store(&failing_orders.commits, 1);
	atomic_store(&failing_orders.reopens, 1);
	job_submit(1, JOB_WRITES);
	ck_assert(!mcps__writer_healthy(the_writer));
	job_submit(2, JOB_WRITES);
	ck_assert(!mcps__writer_healthy(the_writer));
	job_submit(3, JOB_WRITES);
	job_assert(1, MCPS_E_STORE, false);
	job_assert(2, MCPS_E_STORE, false);
	job_assert(3, MCPS_OK, true);
	ck_assert(mcps__writer_healthy(the_writer));
}
END_TEST

static void submit_next(struct writer_job *job, mcps_status status)
{
	job_done(job, status);
	job_submit(2, JOB_WRITES);
}

START_TEST(an_inline_job_may_submit_another_when_it_is_done)
{
	struct test_job *job = job_make(1, JOB_WRITES);

	job->job.done = submit_next;
	mcps__writer_submit(the_writer, &job->job);
	job_assert(1, MCPS_OK, true);
	job_assert(2, MCPS_OK, true);
}
END_TEST

START_TEST(a_commit_that_fails_while_retrying_fails_the_rest)
{
	atomic_store(&failing_orders.commits, 1);
	job_submit(1, JOB_LOSES_ONCE);
	job_assert(1, MCPS_E_STORE, false);
	ck_assert_uint_eq(test_jobs[1].runs, 2);
	ck_assert_uint_eq(writer_counted().failed_commits, 1);
}
END_TEST

/* ---- over SQLite ---- */

static void notice_opening(void *arg, enum mcps_log_level level,
                           const char *module, const char *text)
{
	(void)arg;
	(void)level;
	(void)module;
	if (strcmp(text, "store opened again") == 0) {
		atomic_fetch_add(&told, 1);
		event_happen();
	}
}

static void limit_file_size(rlim_t size)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = size;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

START_TEST(a_full_disk_is_survived)
{
	const struct writer_options options = { .log = { notice_opening, NULL,
		                                         MCPS_LOG_DEBUG } };
	mcps_store *store;
	struct stat about;

	signal(SIGXFSZ, SIG_IGN); /* write answers EFBIG instead */
	directory_make();
	ck_assert_int_eq(mcps_store_open(&store, url_in_directory("test.db"),
	                                 NULL, NULL),
	                 MCPS_OK);
	atomic_store(&told, 0);
	ck_assert_int_eq(mcps__writer_start(&the_writer, store, &options, NULL),
	                 MCPS_OK);
	ck_assert_int_eq(job_write(1), MCPS_OK);
	ck_assert_int_eq(stat(in_directory("test.db-wal"), &about), 0);
	limit_file_size(0);
	ck_assert_int_eq(job_write(2), MCPS_E_STORE);
	ck_assert(job_is_written(1));
	limit_file_size(RLIM_INFINITY);
	event_wait(&told, 1);
	ck_assert_int_eq(job_write(3), MCPS_OK);
	ck_assert(job_is_written(1));
	ck_assert(job_is_written(3));
	mcps__writer_stop(the_writer);
	directory_remove();
}
END_TEST

TEST_MAIN("writer")
{
	writer_batch_case();
	writer_failure_case();
	writer_end_case();

	test_case("inline");
	test_fixture(writer_start_inline, writer_stop);
	test_add(an_inline_job_is_done_before_submit_returns);
	test_add(an_inline_store_is_opened_again_by_the_next_job);
	test_add(an_inline_job_may_submit_another_when_it_is_done);
	test_add(a_commit_that_fails_while_retrying_fails_the_rest);

	test_case("sqlite");
	test_add(a_full_disk_is_survived);
}
