/* Jobs that do as they are told, a gate that makes batches, and waiting for
 * what happens instead of sleeping: what the tests of the writer share. */
#ifndef MCPS_TESTS_STORE_WRITER_JOBS_H
#define MCPS_TESTS_STORE_WRITER_JOBS_H

#include "failing_store.h"
#include "store/writer.h"

#include <check.h>
#include <stdatomic.h>

void writer_batch_case(void);
void writer_failure_case(void);
void writer_end_case(void);

/* What a job does besides writing its number. */
enum job_kind {
	JOB_WRITES,
	JOB_FAILS,      /* after it wrote */
	JOB_LOSES_ONCE, /* the transaction, when it runs for the first time */
	JOB_LOSES_ALWAYS,
	JOB_WAITS, /* until the gate is open */
};

enum { TEST_JOBS = 64 };

struct test_job {
	struct writer_job job;
	enum job_kind kind;
	unsigned number;
	unsigned runs;
	unsigned dones;
	unsigned place; /* how many were told before it */
	unsigned commits_before;
	mcps_status status;
};

extern struct writer *the_writer;
extern struct test_job test_jobs[TEST_JOBS]; /* by number */
extern atomic_uint told;                     /* jobs that were */

/* A count that somebody may wait for has grown. */
void event_happen(void);
void event_wait(atomic_uint *count, unsigned value);

/* Start a writer over a failing store, or over STORE; stop it. */
void writer_start_thread(void);
void writer_start(mcps_store *store, uint32_t batch, bool is_inline);
void writer_stop(void);
struct writer_counts writer_counted(void);

/* Make a job that writes its number; queue it; or run it and wait. */
struct test_job *job_make(unsigned number, enum job_kind kind);
void job_submit(unsigned number, enum job_kind kind);
void job_submit_read(unsigned number, enum job_kind kind);
void job_submit_later(unsigned number, enum job_kind kind);
mcps_status job_write(unsigned number);
void job_done(struct writer_job *job, mcps_status status);
mcps_status job_write_number(mcps_store *store, unsigned number);

/* The store thread is busy with job 0 until the gate opens: what is queued
 * meanwhile is the next batch. */
void gate_submit(void);
void gate_set(bool open);

/* Whether what a job wrote is in the store. */
bool job_is_written(unsigned number);

/* It was told once, STATUS, and what it wrote is there or not. */
void job_assert(unsigned number, mcps_status status, bool written);

#endif
