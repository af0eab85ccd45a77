/* Work that another thread is to run, and the executor that takes it. */
#ifndef MCPS_BASE_WORK_H
#define MCPS_BASE_WORK_H

#include <mcps/status.h>
#include <stdbool.h>
#include <stdint.h>

enum { WORK_OWNER_SIZE = 32 };

struct work_owner;

/* Embedded in what wants to run; its submitter keeps it alive until it ran. */
struct work {
	void (*run)(struct work *work);

	/* The executor's. */
	struct work *next;
	struct work_owner *owner;
	int64_t queued_ms; /* steady */
	bool must;
	bool is_late;
};

struct executor {
	/* Queue WORK. OWNER is a key of WORK_OWNER_SIZE bytes, which is copied:
	 * work of equal keys has a bound in common and keeps its order. NULL:
	 * the work has no owner and no bound.
	 *
	 * MCPS_OK: it is going to run. MCPS_E_BUSY: the queue is full.
	 * MCPS_E_LIMIT: the owner has its share of the queue. MCPS_E_STOPPING.
	 * MCPS_E_NOMEM. If MUST is set, the work is always taken. */
	mcps_status (*submit)(void *arg, struct work *work,
	                      const uint8_t *owner, bool must);
	void *arg;
};

#endif
