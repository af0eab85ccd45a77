#include "exchange/work_queue.h"

static mcps_status submit(void *arg, struct work *work, const uint8_t *owner,
                          bool must)
{
	struct work_queue *self = arg;
	bool is_full;

	(void)owner;
	if (!self->is_manual) {
		work->run(work);
		return MCPS_OK;
	}
	pthread_mutex_lock(&self->lock);
	is_full = !must && self->limit != 0 && self->waiting >= self->limit;
	if (!is_full) {
		work->next = NULL;
		*self->end = work;
		self->end = &work->next;
		self->waiting++;
		pthread_cond_broadcast(&self->filled);
	}
	pthread_mutex_unlock(&self->lock);
	return is_full ? MCPS_E_BUSY : MCPS_OK;
}

void work_queue_init(struct work_queue *self, bool is_manual, uint32_t limit)
{
	*self = (struct work_queue){ .is_manual = is_manual, .limit = limit };
	self->end = &self->first;
	pthread_mutex_init(&self->lock, NULL);
	pthread_cond_init(&self->filled, NULL);
}

void work_queue_finish(struct work_queue *self)
{
	pthread_cond_destroy(&self->filled);
	pthread_mutex_destroy(&self->lock);
}

struct executor work_queue_executor(struct work_queue *self)
{
	return (struct executor){ submit, self };
}

bool work_queue_run(struct work_queue *self)
{
	struct work *work;

	pthread_mutex_lock(&self->lock);
	work = self->first;
	if (work != NULL) {
		self->first = work->next;
		if (self->first == NULL)
			self->end = &self->first;
		self->waiting--;
	}
	pthread_mutex_unlock(&self->lock);
	if (work != NULL)
		work->run(work);
	return work != NULL;
}

void work_queue_await(struct work_queue *self)
{
	pthread_mutex_lock(&self->lock);
	while (self->first == NULL)
		pthread_cond_wait(&self->filled, &self->lock);
	pthread_mutex_unlock(&self->lock);
}
