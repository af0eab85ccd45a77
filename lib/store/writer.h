/* The writer: the thread that owns the store. Jobs queue up; reads run first,
 * each for itself; then the writes of a batch share one transaction, each in
 * its own savepoint; after COMMIT every waiter is told. Hundreds of
 * acknowledgements cost one fsync, and none is given before it. */
#ifndef MCPS_STORE_WRITER_H
#define MCPS_STORE_WRITER_H

#include "base/log.h"

#include <mcps/sys/store.h>
#include <stdint.h>

struct writer;

enum { WRITER_LATER_MS = 100 };

/* Embedded in what wants something of the store. The submitter keeps it alive
 * until done has been called. */
struct writer_job {
	/* Do it, on the store thread. May run again when its transaction was
	 * lost, so it starts by forgetting what an earlier run left. What it
	 * returns goes to done; anything but MCPS_OK undoes its writes. */
	mcps_status (*run)(struct writer_job *job, mcps_store *store);

	/* Told on the store thread, after COMMIT, exactly once; the job may be
	 * freed in it. Must not block. MCPS_E_STORE of a write: its outcome is
	 * unknown, what memory holds of it is to be dropped and read again. */
	void (*done)(struct writer_job *job, mcps_status status);

	struct writer_job *next; /* the writer's */
	mcps_status status;      /* the writer's */
	bool is_awaited;         /* the writer's */
};

struct writer_options {
	uint32_t batch;   /* most writes of one transaction; 0: 256 */
	bool inline_jobs; /* no thread: submit runs the job before it returns
	                   * (tests without threads) */
	struct log_sink log;
};

struct writer_counts {
	uint64_t reads;
	uint64_t writes;
	uint64_t commits;
	uint64_t failed_commits;
	uint64_t rebuilds; /* of what the store derives from its rows */
};

/* Start the thread. STORE is taken over, also on failure: it is closed. */
MCPS_MUST_USE mcps_status mcps__writer_start(
	struct writer **out, mcps_store *store,
	const struct writer_options *options, struct mcps_error *error);

/* Queue a job; any thread, never blocks, never fails. After stop began, done
 * is called at once with MCPS_E_STOPPING, on the caller's thread. */
void mcps__writer_submit(struct writer *writer, struct writer_job *job);
void mcps__writer_submit_read(struct writer *writer, struct writer_job *job);

/* Queue a write that nobody waits for. It shares the commit of the next write;
 * without one it is done WRITER_LATER_MS later, or when the writer stops. */
void mcps__writer_submit_later(struct writer *writer, struct writer_job *job);

/* Queue a job and wait until it is over and done, which may be NULL here, has
 * returned: workers and start-up only, never a network thread and never the
 * store thread. MCPS_E_STOPPING: done is not called. */
mcps_status mcps__writer_run(struct writer *writer, struct writer_job *job);
mcps_status mcps__writer_run_read(struct writer *writer,
                                  struct writer_job *job);

/* Whether the store keeps streams and their events. */
bool mcps__writer_has_streams(const struct writer *writer);

/* Whether the last commit or reopen worked. */
bool mcps__writer_healthy(struct writer *writer);
void mcps__writer_get_counts(struct writer *writer,
                             struct writer_counts *counts);

/* Finish every queued job, close the store, free the writer. NULL is fine. */
void mcps__writer_stop(struct writer *writer);

#endif
