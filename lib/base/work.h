/* Something to be run by another thread, and who takes it. */
#ifndef MCPS_BASE_WORK_H
#define MCPS_BASE_WORK_H

#include <stdbool.h>

/* Embedded in what wants to run; kept alive by its owner until it has. */
struct work {
	void (*run)(struct work *work);
	struct work *next; /* the executor's */
};

struct executor {
	/* Queue WORK; false when the queue is full and MUST is not set. */
	bool (*submit)(void *arg, struct work *work, bool must);
	void *arg;
};

#endif
