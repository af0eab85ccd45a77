/* A writer without a thread, in the place of lib/store/writer.c: its jobs wait
 * until the fuzzer says go on, so that anything may happen between the asking
 * and the answer. Included by one file; the linker then leaves the real one in
 * its archive. */
#ifndef MCPS_TESTS_STEP_WRITER_H
#define MCPS_TESTS_STEP_WRITER_H

#include "base/memory.h"
#include "store/batch.h"

#include <stdlib.h>

struct step_queue {
	struct writer_job *first, **end;
};

struct writer {
	mcps_store *store;
	struct step_queue reads, writes;
	bool is_inline; /* jobs do not wait */
	struct writer_counts counts;
};

static void step_push(struct step_queue *queue, struct writer_job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

/* The first MOST. */
static struct writer_job *step_pop(struct step_queue *queue, unsigned most)
{
	struct writer_job *jobs = queue->first;
	struct writer_job **end = &queue->first;

	while (most-- > 0 && *end != NULL)
		end = &(*end)->next;
	queue->first = *end;
	*end = NULL;
	if (queue->first == NULL)
		queue->end = &queue->first;
	return jobs;
}

static void step_tell(struct writer_job *jobs)
{
	while (jobs != NULL) {
		struct writer_job *job = jobs;

		jobs = job->next;
		if (job->done != NULL)
			job->done(job, job->status);
	}
}

/* A read, or else at most BATCH writes in one transaction; false: nothing is
 * left. */
static bool writer_step(struct writer *writer, unsigned batch)
{
	struct writer_job *jobs = step_pop(&writer->reads, 1);

	if (jobs != NULL) {
		mcps__batch_read(writer->store, jobs, &writer->counts);
	} else {
		jobs = step_pop(&writer->writes, batch);
		if (jobs == NULL)
			return false;
		(void)mcps__batch_write(writer->store, jobs, &writer->counts);
	}
	step_tell(jobs);
	return true;
}

static bool writer_is_idle(const struct writer *writer)
{
	return writer->reads.first == NULL && writer->writes.first == NULL;
}

static void writer_finish(struct writer *writer)
{
	while (writer_step(writer, 1))
		;
}

/* ---- store/writer.h ---- */

mcps_status mcps__writer_start(struct writer **out, mcps_store *store,
                               const struct writer_options *options,
                               struct mcps_error *error)
{
	struct writer *writer = calloc(1, sizeof *writer);

	(void)error;
	if (writer == NULL)
		abort();
	writer->store = store;
	writer->is_inline = options->inline_jobs;
	writer->reads.end = &writer->reads.first;
	writer->writes.end = &writer->writes.first;
	*out = writer;
	return MCPS_OK;
}

void mcps__writer_stop(struct writer *writer)
{
	writer_finish(writer);
	writer->store->ops->close(writer->store);
	free(writer);
}

void mcps__writer_submit(struct writer *writer, struct writer_job *job)
{
	if (!writer->is_inline) {
		step_push(&writer->writes, job);
		return;
	}
	job->next = NULL;
	(void)mcps__batch_write(writer->store, job, &writer->counts);
	step_tell(job);
}

/* A step is when the next write comes, or the time. */
void mcps__writer_submit_later(struct writer *writer, struct writer_job *job)
{
	mcps__writer_submit(writer, job);
}

void mcps__writer_submit_read(struct writer *writer, struct writer_job *job)
{
	if (!writer->is_inline) {
		step_push(&writer->reads, job);
		return;
	}
	job->next = NULL;
	mcps__batch_read(writer->store, job, &writer->counts);
	step_tell(job);
}

mcps_status mcps__writer_run(struct writer *writer, struct writer_job *job)
{
	writer_finish(writer);
	job->next = NULL;
	(void)mcps__batch_write(writer->store, job, &writer->counts);
	step_tell(job);
	return job->status;
}

mcps_status mcps__writer_run_read(struct writer *writer, struct writer_job *job)
{
	mcps__batch_read(writer->store, job, &writer->counts);
	return job->status;
}

bool mcps__writer_has_streams(const struct writer *self)
{
	return self->store->ops->event_replay != NULL;
}

bool mcps__writer_healthy(struct writer *writer)
{
	(void)writer;
	return true;
}

void mcps__writer_get_counts(struct writer *writer,
                             struct writer_counts *counts)
{
	*counts = writer->counts;
}

#endif
