#include "store/batch.h"

/* How a transaction shared by several jobs ended. */
enum batch_outcome {
	BATCH_COMMITTED,
	BATCH_LOST,   /* undone by the store before COMMIT: nothing is left */
	BATCH_FAILED, /* nobody knows what COMMIT did */
};

static void batch_job_run(struct writer_job *job, mcps_store *store)
{
	job->status = job->run(job, store);
	if (job->status > MCPS_OK) /* there is no later */
		job->status = MCPS_E_INVAL;
}

void mcps__batch_read(mcps_store *store, struct writer_job *job,
                      struct writer_counts *counts)
{
	batch_job_run(job, store);
	counts->reads++;
}

void mcps__batch_fail(struct writer_job *jobs, mcps_status status)
{
	for (; jobs != NULL; jobs = jobs->next)
		jobs->status = status;
}

static bool batch_commit(mcps_store *store, struct writer_counts *counts)
{
	bool committed = store->ops->commit(store) == MCPS_OK;

	if (committed)
		counts->commits++;
	else
		counts->failed_commits++;
	return committed;
}

/* Run a job so that it can be undone alone; false: the transaction is gone. */
static bool batch_run_saved(mcps_store *store, struct writer_job *job)
{
	if (store->ops->savepoint(store) != MCPS_OK)
		return false;
	batch_job_run(job, store);
	if (job->status != MCPS_OK)
		return store->ops->rollback_to(store) == MCPS_OK;
	return store->ops->release(store) == MCPS_OK;
}

static enum batch_outcome batch_run_together(mcps_store *store,
                                             struct writer_job *jobs,
                                             struct writer_counts *counts)
{
	if (store->ops->begin(store) != MCPS_OK)
		return BATCH_FAILED;
	for (struct writer_job *job = jobs; job != NULL; job = job->next) {
		if (!batch_run_saved(store, job)) {
			store->ops->rollback(store);
			return BATCH_LOST;
		}
	}
	return batch_commit(store, counts) ? BATCH_COMMITTED : BATCH_FAILED;
}

/* A transaction for one job; false: the store is to be opened again. */
static bool batch_run_alone(mcps_store *store, struct writer_job *job,
                            struct writer_counts *counts)
{
	if (store->ops->begin(store) != MCPS_OK)
		return false;
	batch_job_run(job, store);
	if (job->status == MCPS_OK)
		return batch_commit(store, counts);
	store->ops->rollback(store);
	return true;
}

/* @return the jobs that found no store, NULL: none */
static struct writer_job *batch_run_one_by_one(mcps_store *store,
                                               struct writer_job *jobs,
                                               struct writer_counts *counts)
{
	while (jobs != NULL && batch_run_alone(store, jobs, counts))
		jobs = jobs->next;
	return jobs;
}

mcps_status mcps__batch_write(mcps_store *store, struct writer_job *jobs,
                              struct writer_counts *counts)
{
	struct writer_job *failed = NULL;

	for (struct writer_job *job = jobs; job != NULL; job = job->next)
		counts->writes++;
	switch (batch_run_together(store, jobs, counts)) {
	case BATCH_COMMITTED:
		break;
	case BATCH_LOST:
		failed = batch_run_one_by_one(store, jobs, counts);
		break;
	case BATCH_FAILED:
		failed = jobs;
		break;
	}
	mcps__batch_fail(failed, MCPS_E_STORE);
	return failed == NULL ? MCPS_OK : MCPS_E_STORE;
}
