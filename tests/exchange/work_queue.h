/* An executor without threads: work is run at once, or waits until the test
 * runs it. */
#ifndef MCPS_TESTS_WORK_QUEUE_H
#define MCPS_TESTS_WORK_QUEUE_H

#include "base/work.h"

#include <pthread.h>
#include <stdint.h>

struct work_queue {
	bool is_manual;
	uint32_t limit; /* most that waits; 0: any */
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct work *first;
	struct work **end;
	uint32_t waiting;
};

void work_queue_init(struct work_queue *self, bool is_manual, uint32_t limit);
void work_queue_finish(struct work_queue *self);
struct executor work_queue_executor(struct work_queue *self);

/* Run the oldest; false: there is none. */
bool work_queue_run(struct work_queue *self);
/* Wait until there is some. */
void work_queue_await(struct work_queue *self);

#endif
