#include "writer_jobs.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct writer *the_writer;

/* ---- waiting for something to happen ---- */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
atomic_uint told;
static atomic_uint reached; /* jobs that stand before the gate */
static bool gate_open;      /* under the mutex */

void event_happen(void)
{
	pthread_mutex_lock(&mutex);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

void event_wait(atomic_uint *count, unsigned value)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += 30;
	pthread_mutex_lock(&mutex);
	while (atomic_load(count) < value)
		ck_assert_int_eq(
			pthread_cond_timedwait(&changed, &mutex, &limit), 0);
	pthread_mutex_unlock(&mutex);
}

void gate_set(bool open)
{
	pthread_mutex_lock(&mutex);
	gate_open = open;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static void gate_pass(void)
{
	atomic_fetch_add(&reached, 1);
	pthread_mutex_lock(&mutex);
	pthread_cond_broadcast(&changed);
	while (!gate_open)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
}

/* ---- jobs ---- */

struct test_job test_jobs[TEST_JOBS];

mcps_status job_write_number(mcps_store *store, unsigned number)
{
	char name[16];

	snprintf(name, sizeof name, "job %u", number);
	return store->ops->meta_put(store, name, &number, sizeof number);
}

static mcps_status job_do(struct writer_job *job, mcps_store *store)
{
	struct test_job *self = (struct test_job *)job;
	mcps_status status = job_write_number(store, self->number);

	self->runs++;
	if (status != MCPS_OK)
		return status;
	if (self->kind == JOB_FAILS)
		return MCPS_E_GONE;
	if (self->kind == JOB_LOSES_ALWAYS ||
	    (self->kind == JOB_LOSES_ONCE && self->runs == 1)) {
		failing_lose_transaction(store);
		return MCPS_E_STORE;
	}
	if (self->kind == JOB_WAITS)
		gate_pass();
	return MCPS_OK;
}

static mcps_status job_read(struct writer_job *job, mcps_store *store)
{
	struct test_job *self = (struct test_job *)job;

	(void)store;
	self->runs++;
	return self->kind == JOB_FAILS ? MCPS_E_GONE : MCPS_OK;
}

void job_done(struct writer_job *job, mcps_status status)
{
	struct test_job *self = (struct test_job *)job;

	self->dones++;
	self->status = status;
	self->commits_before = atomic_load(&failing_calls.commits);
	self->place = atomic_load(&told); /* one thread tells */
	atomic_fetch_add(&told, 1);
	event_happen();
}

struct test_job *job_make(unsigned number, enum job_kind kind)
{
	struct test_job *job = &test_jobs[number];

	ck_assert_uint_lt(number, TEST_JOBS);
	*job = (struct test_job){
		.job = { .run = job_do, .done = job_done },
		.kind = kind,
		.number = number,
	};
	return job;
}

void job_submit(unsigned number, enum job_kind kind)
{
	mcps__writer_submit(the_writer, &job_make(number, kind)->job);
}

void job_submit_read(unsigned number, enum job_kind kind)
{
	struct test_job *job = job_make(number, kind);

	job->job.run = job_read;
	mcps__writer_submit_read(the_writer, &job->job);
}

void job_submit_later(unsigned number, enum job_kind kind)
{
	struct test_job *job = job_make(number, kind);

	mcps__writer_submit_later(the_writer, &job->job);
}

void gate_submit(void)
{
	gate_set(false);
	job_submit(0, JOB_WAITS);
	event_wait(&reached, 1);
}

static mcps_status see_number(void *arg, const void *value, size_t length)
{
	ck_assert_uint_eq(length, sizeof(unsigned));
	memcpy(arg, value, length);
	return MCPS_OK;
}

static mcps_status number_read(struct writer_job *job, mcps_store *store)
{
	struct test_job *self = (struct test_job *)job;
	unsigned number = self->number;
	char name[16];

	snprintf(name, sizeof name, "job %u", number);
	self->number = UINT32_MAX;
	return store->ops->meta_get(store, name, see_number, &self->number);
}

bool job_is_written(unsigned number)
{
	struct test_job job = { .job = { .run = number_read },
		                .number = number };

	ck_assert_int_eq(mcps__writer_run_read(the_writer, &job.job), MCPS_OK);
	return job.number == number;
}

void job_assert(unsigned number, mcps_status status, bool written)
{
	ck_assert_uint_eq(test_jobs[number].dones, 1);
	ck_assert_int_eq(test_jobs[number].status, status);
	ck_assert(job_is_written(number) == written);
}

struct writer_counts writer_counted(void)
{
	struct writer_counts counted;

	mcps__writer_get_counts(the_writer, &counted);
	return counted;
}

mcps_status job_write(unsigned number)
{
	struct test_job *job = job_make(number, JOB_WRITES);

	job->job.done = NULL; /* it is not among those that are told */
	return mcps__writer_run(the_writer, &job->job);
}

/* ---- set-up ---- */

void writer_start(mcps_store *store, uint32_t batch, bool is_inline)
{
	const struct writer_options options = { .batch = batch,
		                                .inline_jobs = is_inline };
	struct mcps_error error = { .text = "" };
	mcps_status status;

	atomic_store(&told, 0);
	atomic_store(&reached, 0);
	failing_noticed = event_happen;
	status = mcps__writer_start(&the_writer, store, &options, &error);
	ck_assert_msg(status == MCPS_OK, "%s", error.text);
}

void writer_start_thread(void)
{
	writer_start(failing_open(), 0, false);
}

void writer_stop(void)
{
	mcps__writer_stop(the_writer);
	the_writer = NULL;
	ck_assert_uint_eq(atomic_load(&failing_calls.closes), 1);
}
