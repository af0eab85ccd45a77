#include "store/writer.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/steady_wait.h"
#include "base/thread.h"
#include "store/backends.h"
#include "store/batch.h"
#include "store/recovery.h"

#include <pthread.h>
#include <time.h>

enum { BATCH_DEFAULT = 256, WAIT_BUCKETS = 32 };

/* Jobs in order of arrival, linked by next. */
struct job_queue {
	struct writer_job *first;
	struct writer_job **end; /* where the next one is hung */
};

struct writer {
	mcps_store *store;
	struct writer_options options;
	pthread_t thread;

	pthread_mutex_t mutex; /* guards what follows */
	pthread_cond_t work;   /* something was queued, or stop began */
	pthread_cond_t
		over[WAIT_BUCKETS]; /* a job that somebody waits for is done */
	struct job_queue reads;
	struct job_queue writes;
	struct job_queue later; /* they go before the next writes */
	int64_t later_at_ms;    /* or at this time, CLOCK_MONOTONIC */
	bool stopping;
	bool healthy;
	struct writer_counts counts;

	/* The store thread's own; the first two are published from time to
	 * time. */
	struct writer_counts counted;
	bool works;
	struct recovery recovery;
	bool idle_due;
};

/* ---- queues (under the mutex) ---- */

static void writer_queue_init(struct job_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static void writer_queue_push(struct job_queue *queue, struct writer_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct writer_job *writer_queue_take_all(struct job_queue *queue)
{
	struct writer_job *jobs = queue->first;

	writer_queue_init(queue);
	return jobs;
}

/* Move all jobs of FROM before those of QUEUE. */
static void writer_queue_prepend(struct job_queue *queue,
                                 struct job_queue *from)
{
	if (from->first == NULL)
		return;
	*from->end = queue->first;
	if (queue->first == NULL)
		queue->end = from->end;
	queue->first = writer_queue_take_all(from);
}

static struct writer_job *writer_queue_take(struct job_queue *queue,
                                            uint32_t limit)
{
	struct writer_job *jobs = queue->first;
	struct writer_job *last = jobs;

	while (last != NULL && last->next != NULL && --limit > 0)
		last = last->next;
	if (last == NULL || last->next == NULL)
		return writer_queue_take_all(queue);
	queue->first = last->next;
	last->next = NULL;
	return jobs;
}

/* ---- the store thread's work ---- */

/* Waiting threads are spread over several buckets: in one, each of them would
 * wake up for each job of a batch. */
static pthread_cond_t *writer_wait_bucket_of(struct writer *writer,
                                             const struct writer_job *job)
{
	uintptr_t place = (uintptr_t)job;

	return &writer->over[(place >> 6 ^ place >> 12) % WAIT_BUCKETS];
}

/* A job that is over points to itself if somebody waits for it: so he knows.
 * After that, or else after done, the job may be gone. */
static void writer_job_finish(struct writer *writer, struct writer_job *job)
{
	bool is_awaited = job->is_awaited;

	if (job->done != NULL)
		job->done(job, job->status);
	if (!is_awaited)
		return;
	pthread_mutex_lock(&writer->mutex);
	job->next = job;
	pthread_cond_broadcast(writer_wait_bucket_of(writer, job));
	pthread_mutex_unlock(&writer->mutex);
}

static void writer_jobs_finish(struct writer *writer, struct writer_job *jobs)
{
	while (jobs != NULL) {
		struct writer_job *job = jobs;

		jobs = job->next;
		writer_job_finish(writer, job);
	}
}

static void writer_publish(struct writer *writer)
{
	pthread_mutex_lock(&writer->mutex);
	writer->counts = writer->counted;
	writer->healthy = writer->works;
	pthread_mutex_unlock(&writer->mutex);
}

/* Each for itself, and each told at once. */
static void writer_do_reads(struct writer *writer, struct writer_job *jobs)
{
	while (jobs != NULL) {
		struct writer_job *job = jobs;

		jobs = job->next;
		mcps__batch_read(writer->store, job, &writer->counted);
		writer_publish(writer);
		writer_job_finish(writer, job);
	}
}

/* Whether the store can be written to. */
static bool writer_try_recovery(struct writer *writer)
{
	if (!writer->recovery.broken)
		return true;
	writer->works = mcps__recovery_try(&writer->recovery);
	writer_publish(writer);
	if (writer->works) /* said when everybody can see it */
		mcps__log(&writer->options.log, MCPS_LOG_WARN, "store",
		          "store opened again");
	return writer->works;
}

static void writer_do_writes(struct writer *writer, struct writer_job *jobs)
{
	mcps_status status;

	if (!writer_try_recovery(writer)) {
		mcps__batch_fail(jobs, MCPS_E_STORE);
		writer_jobs_finish(writer, jobs);
		return;
	}
	status = mcps__batch_write(writer->store, jobs, &writer->counted);
	if (status == MCPS_OK)
		mcps__recovery_committed(&writer->recovery);
	else
		mcps__recovery_failed(&writer->recovery);
	writer->works = status == MCPS_OK;
	writer->idle_due = true;
	writer_publish(writer);
	writer_jobs_finish(writer, jobs);
}

static void writer_do_idle(struct writer *writer)
{
	writer->idle_due = false;
	if (STORE_HAS(writer->store, idle))
		writer->store->ops->idle(writer->store);
}

/* ---- the store thread ---- */

static int64_t writer_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool writer_nothing_queued(const struct writer *writer)
{
	return writer->reads.first == NULL && writer->writes.first == NULL;
}

/* Writes that may wait go along with others, at their time, or at the end. */
static void writer_admit_later(struct writer *writer)
{
	if (writer->later.first != NULL &&
	    (writer->writes.first != NULL || writer->stopping ||
	     writer_now_ms() >= writer->later_at_ms))
		writer_queue_prepend(&writer->writes, &writer->later);
}

/* How long the thread may wait for work, in milliseconds; negative: for ever.
 */
static int64_t writer_wait_ms_of(const struct writer *writer)
{
	int64_t wait_ms = mcps__recovery_wait_ms(&writer->recovery);
	int64_t later_ms;

	if (writer->later.first == NULL)
		return wait_ms;
	later_ms = writer->later_at_ms - writer_now_ms();
	if (later_ms < 0)
		later_ms = 0;
	return wait_ms < 0 || later_ms < wait_ms ? later_ms : wait_ms;
}

/* Wait for work, but no longer than WAIT_MS if that is not negative. */
static void writer_wait_for_work(struct writer *writer, int64_t wait_ms)
{
	struct timespec until;

	if (wait_ms < 0) {
		pthread_cond_wait(&writer->work, &writer->mutex);
		return;
	}
	until = mcps__steady_deadline(wait_ms);
	(void)mcps__steady_wait(&writer->work, &writer->mutex, &until);
}

/* What there is to do; false: stop. Neither reads nor writes: the time is for
 * what nobody waits for. */
static bool writer_take_work(struct writer *writer, struct writer_job **reads,
                             struct writer_job **writes)
{
	bool stop;

	pthread_mutex_lock(&writer->mutex);
	if (writer_nothing_queued(writer) && !writer->stopping &&
	    !writer->idle_due) {
		int64_t wait_ms = writer_wait_ms_of(writer);

		if (wait_ms != 0)
			writer_wait_for_work(writer, wait_ms);
	}
	writer_admit_later(writer);
	stop = writer_nothing_queued(writer) && writer->stopping;
	*reads = writer_queue_take_all(&writer->reads);
	*writes = writer_queue_take(&writer->writes, writer->options.batch);
	pthread_mutex_unlock(&writer->mutex);
	return !stop;
}

static void *writer_thread(void *arg)
{
	struct writer *writer = arg;
	struct writer_job *reads;
	struct writer_job *writes;

	while (writer_take_work(writer, &reads, &writes)) {
		writer_do_reads(writer, reads);
		if (writes != NULL)
			writer_do_writes(writer, writes);
		else if (writer->idle_due && reads == NULL)
			writer_do_idle(writer);
		else
			writer_try_recovery(writer);
	}
	return NULL;
}

/* ---- start and stop ---- */

static void writer_wait_buckets_destroy(struct writer *writer, size_t count)
{
	while (count > 0)
		pthread_cond_destroy(&writer->over[--count]);
}

static bool writer_wait_buckets_init(struct writer *writer)
{
	for (size_t i = 0; i < WAIT_BUCKETS; i++) {
		if (pthread_cond_init(&writer->over[i], NULL) != 0) {
			writer_wait_buckets_destroy(writer, i);
			return false;
		}
	}
	return true;
}

static bool writer_sync_init(struct writer *writer)
{
	if (pthread_mutex_init(&writer->mutex, NULL) != 0)
		return false;
	if (!writer_wait_buckets_init(writer))
		goto no_wait_buckets;
	if (mcps__steady_condition_init(&writer->work) != 0)
		goto no_work;
	return true;
no_work:
	writer_wait_buckets_destroy(writer, WAIT_BUCKETS);
no_wait_buckets:
	pthread_mutex_destroy(&writer->mutex);
	return false;
}

static void writer_free(struct writer *writer)
{
	writer->store->ops->close(writer->store);
	writer_wait_buckets_destroy(writer, WAIT_BUCKETS);
	pthread_cond_destroy(&writer->work);
	pthread_mutex_destroy(&writer->mutex);
	mcps__free(writer);
}

/* Not even complete: it is closed if it says how. */
static mcps_status writer_refuse(mcps_store *store, mcps_status status)
{
	if (store != NULL && store->ops != NULL && STORE_HAS(store, close))
		store->ops->close(store);
	return status;
}

mcps_status mcps__writer_start(struct writer **out, mcps_store *store,
                               const struct writer_options *options,
                               struct mcps_error *error)
{
	mcps_status status = mcps_store_check(store, error);
	struct writer *writer;

	*out = NULL;
	if (status != MCPS_OK)
		return writer_refuse(store, status);
	writer = mcps__calloc(1, sizeof *writer);
	if (writer == NULL || !writer_sync_init(writer)) {
		mcps__free(writer);
		return writer_refuse(store,
		                     mcps__fail(error, MCPS_E_NOMEM,
		                                "store: no memory for the "
		                                "writer"));
	}
	writer->store = store;
	writer->options = *options;
	if (writer->options.batch == 0)
		writer->options.batch = BATCH_DEFAULT;
	writer_queue_init(&writer->reads);
	writer_queue_init(&writer->writes);
	writer_queue_init(&writer->later);
	writer->works = true;
	writer->healthy = true;
	writer->recovery = (struct recovery){
		.store = store,
		.log = &writer->options.log,
		.patient = !options->inline_jobs,
	};
	if (!options->inline_jobs &&
	    mcps__thread_start(&writer->thread, "mcps-store", writer_thread,
	                       writer) != 0) {
		writer_free(writer);
		return mcps__fail(error, MCPS_E_SYSTEM,
		                  "store: its thread cannot be started");
	}
	*out = writer;
	return MCPS_OK;
}

void mcps__writer_stop(struct writer *writer)
{
	if (writer == NULL)
		return;
	pthread_mutex_lock(&writer->mutex);
	writer->stopping = true;
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->mutex);
	if (!writer->options.inline_jobs)
		pthread_join(writer->thread, NULL);
	writer_free(writer);
}

/* ---- submitting ---- */

/* No thread: everything at once. */
static void writer_do_inline(struct writer *writer, struct writer_job *job,
                             bool is_read)
{
	job->next = NULL;
	if (is_read)
		writer_do_reads(writer, job);
	else
		writer_do_writes(writer, job);
	if (writer->idle_due)
		writer_do_idle(writer);
}

/* MCPS_OK, or MCPS_E_STOPPING: too late. */
static mcps_status writer_submit(struct writer *writer, struct writer_job *job,
                                 bool is_read)
{
	mcps_status status = MCPS_OK;

	if (writer->options.inline_jobs) {
		writer_do_inline(writer, job, is_read);
		return MCPS_OK;
	}
	pthread_mutex_lock(&writer->mutex);
	if (writer->stopping)
		status = MCPS_E_STOPPING;
	else
		writer_queue_push(is_read ? &writer->reads : &writer->writes,
		                  job);
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->mutex);
	return status;
}

static mcps_status writer_submit_and_wait(struct writer *writer,
                                          struct writer_job *job, bool is_read)
{
	mcps_status status;

	job->is_awaited = true;
	status = writer_submit(writer, job, is_read);
	if (status != MCPS_OK)
		return status;
	pthread_mutex_lock(&writer->mutex);
	while (job->next != job)
		pthread_cond_wait(writer_wait_bucket_of(writer, job),
		                  &writer->mutex);
	pthread_mutex_unlock(&writer->mutex);
	return job->status;
}

void mcps__writer_submit(struct writer *writer, struct writer_job *job)
{
	mcps_status status;

	job->is_awaited = false;
	status = writer_submit(writer, job, false);
	if (status != MCPS_OK)
		job->done(job, status);
}

void mcps__writer_submit_read(struct writer *writer, struct writer_job *job)
{
	mcps_status status;

	job->is_awaited = false;
	status = writer_submit(writer, job, true);
	if (status != MCPS_OK)
		job->done(job, status);
}

/* The thread is woken to learn the time, not to write. */
void mcps__writer_submit_later(struct writer *writer, struct writer_job *job)
{
	bool is_stopping;

	job->is_awaited = false;
	if (writer->options.inline_jobs) {
		writer_do_inline(writer, job, false);
		return;
	}
	pthread_mutex_lock(&writer->mutex);
	is_stopping = writer->stopping;
	if (!is_stopping && writer->later.first == NULL) {
		writer->later_at_ms = writer_now_ms() + WRITER_LATER_MS;
		pthread_cond_signal(&writer->work);
	}
	if (!is_stopping)
		writer_queue_push(&writer->later, job);
	pthread_mutex_unlock(&writer->mutex);
	if (is_stopping)
		job->done(job, MCPS_E_STOPPING);
}

mcps_status mcps__writer_run(struct writer *writer, struct writer_job *job)
{
	return writer_submit_and_wait(writer, job, false);
}

mcps_status mcps__writer_run_read(struct writer *writer, struct writer_job *job)
{
	return writer_submit_and_wait(writer, job, true);
}

/* ---- looking ---- */

/* A back end of an older version knows none of these functions. */
bool mcps__writer_has_streams(const struct writer *writer)
{
	return STORE_HAS(writer->store, event_replay);
}

bool mcps__writer_healthy(struct writer *writer)
{
	bool healthy;

	pthread_mutex_lock(&writer->mutex);
	healthy = writer->healthy;
	pthread_mutex_unlock(&writer->mutex);
	return healthy;
}

void mcps__writer_get_counts(struct writer *writer,
                             struct writer_counts *counts)
{
	pthread_mutex_lock(&writer->mutex);
	*counts = writer->counts;
	pthread_mutex_unlock(&writer->mutex);
	if (STORE_HAS(writer->store, rebuilds))
		counts->rebuilds = writer->store->ops->rebuilds(writer->store);
}
