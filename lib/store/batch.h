/* Running jobs against a store: the store thread's work, without the thread. */
#ifndef MCPS_STORE_BATCH_H
#define MCPS_STORE_BATCH_H

#include "store/writer.h"

/* Run a job that only reads. */
void mcps__batch_read(mcps_store *store, struct writer_job *job,
                      struct writer_counts *counts);

/* Run a list of jobs that write, in one transaction if that is possible.
 * Afterwards each job's status is what it is to be told.
 *
 * @return MCPS_OK, or MCPS_E_STORE: a transaction could not be begun or
 *         committed, the store is to be opened again */
mcps_status mcps__batch_write(mcps_store *store, struct writer_job *jobs,
                              struct writer_counts *counts);

/* Give every job of a list the same status. */
void mcps__batch_fail(struct writer_job *jobs, mcps_status status);

#endif
