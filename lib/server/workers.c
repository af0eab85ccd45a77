#include "server/workers.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/thread.h"

#include <pthread.h>
#include <string.h>

/* Each sleeps on a condition of its own: glibc before 2.41 can lose a signal
 * where several wait on one (its bug 25847), and here none may be lost. */
struct worker {
	pthread_t thread;
	pthread_cond_t called;
	bool is_called;
	struct worker *below; /* of those asleep */
	struct workers *workers;
};

/* Waking a thread costs more than a small handler. So nobody is woken while
 * somebody who was is still on the way: who arrives, takes one, and if more is
 * waiting has the next one come. */
struct workers {
	pthread_mutex_t lock;
	struct work *first;
	struct work **end;
	uint32_t waiting;
	uint32_t queue;
	struct worker *asleep; /* last come, first called */
	bool is_one_called;    /* and not here yet */
	bool is_stopping;
	uint32_t count;
	struct worker all[];
};

/* Who is to be woken, once the lock is given back: he wants it. A stop calls
 * all of them. */
static struct worker *call_one(struct workers *workers)
{
	struct worker *worker = workers->asleep;

	if (workers->waiting == 0 || worker == NULL || workers->is_one_called ||
	    workers->is_stopping)
		return NULL;
	workers->asleep = worker->below;
	worker->is_called = true;
	workers->is_one_called = true;
	return worker;
}

static void wake(struct worker *worker)
{
	if (worker != NULL)
		pthread_cond_signal(&worker->called);
}

static void sleep_one(struct workers *workers, struct worker *self)
{
	self->below = workers->asleep;
	workers->asleep = self;
	while (!self->is_called && !workers->is_stopping)
		pthread_cond_wait(&self->called, &workers->lock);
	if (self->is_called)
		workers->is_one_called = false;
	self->is_called = false;
}

static struct work *take(struct worker *self)
{
	struct workers *workers = self->workers;
	struct worker *next;
	struct work *work;

	pthread_mutex_lock(&workers->lock);
	while (workers->first == NULL && !workers->is_stopping)
		sleep_one(workers, self);
	work = workers->first;
	if (work != NULL) {
		workers->first = work->next;
		if (workers->first == NULL)
			workers->end = &workers->first;
		workers->waiting--;
	}
	next = call_one(workers);
	pthread_mutex_unlock(&workers->lock);
	wake(next);
	return work;
}

static void *worker_main(void *arg)
{
	struct work *work;

	while ((work = take(arg)) != NULL)
		work->run(work);
	return NULL;
}

static bool submit(void *arg, struct work *work, bool must)
{
	struct workers *workers = arg;
	struct worker *called;
	bool is_late, is_full;

	pthread_mutex_lock(&workers->lock);
	is_late = workers->is_stopping;
	is_full = !must && workers->waiting >= workers->queue;
	if (!is_late && !is_full) {
		work->next = NULL;
		*workers->end = work;
		workers->end = &work->next;
		workers->waiting++;
	}
	called = call_one(workers);
	pthread_mutex_unlock(&workers->lock);
	wake(called);
	if (!is_late)
		return !is_full;
	if (must)
		work->run(work);
	return must;
}

struct executor mcps__workers_executor(struct workers *workers)
{
	return (struct executor){ submit, workers };
}

static int worker_start(struct workers *workers, struct worker *worker)
{
	worker->workers = workers;
	pthread_cond_init(&worker->called, NULL);
	return mcps__thread_start(&worker->thread, "mcps-worker", worker_main,
	                          worker);
}

mcps_status mcps__workers_start(struct workers **out, uint32_t threads,
                                uint32_t queue, struct mcps_error *error)
{
	struct workers *workers = mcps__calloc(
		1, sizeof *workers + threads * sizeof workers->all[0]);
	int result = 0;

	*out = NULL;
	if (workers == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	pthread_mutex_init(&workers->lock, NULL);
	workers->end = &workers->first;
	workers->queue = queue;
	while (workers->count < threads && result == 0) {
		result = worker_start(workers, &workers->all[workers->count]);
		workers->count += result == 0;
	}
	if (result == 0) {
		*out = workers;
		return MCPS_OK;
	}
	mcps__workers_stop(workers);
	mcps__workers_free(workers);
	return mcps__fail(error, MCPS_E_SYSTEM, "cannot start a worker: %s",
	                  strerror(result));
}

void mcps__workers_stop(struct workers *workers)
{
	if (workers == NULL)
		return;
	pthread_mutex_lock(&workers->lock);
	workers->is_stopping = true;
	for (uint32_t i = 0; i < workers->count; i++)
		pthread_cond_signal(&workers->all[i].called);
	pthread_mutex_unlock(&workers->lock);
	for (uint32_t i = 0; i < workers->count; i++) {
		pthread_join(workers->all[i].thread, NULL);
		pthread_cond_destroy(&workers->all[i].called);
	}
	workers->count = 0;
}

void mcps__workers_free(struct workers *workers)
{
	if (workers == NULL)
		return;
	pthread_mutex_destroy(&workers->lock);
	mcps__free(workers);
}
