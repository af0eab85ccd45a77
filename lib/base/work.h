/* Work that another thread is to run, and the executor that takes it. */
#ifndef MCPS_BASE_WORK_H
#define MCPS_BASE_WORK_H

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
	/* Queue WORK; false when the queue is full and MUST is not set. */
	bool (*submit)(void *arg, struct work *work, bool must);
	void *arg;
};

#endif
