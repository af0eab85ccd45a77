#include "server/workers.h"

#include "base/error.h"
#include "base/memory.h"
#include "base/steady_wait.h"
#include "base/thread.h"
#include "server/fair_queue.h"

#include <pthread.h>
#include <string.h>

enum { LATE_MS = 1000 };

/* Each sleeps on a condition of its own: glibc before 2.41 can lose a signal
 * where several wait on one (its bug 25847), and here none may be lost. */
struct worker {
	pthread_t thread;
	pthread_cond_t called;
	bool is_called;
	struct worker *below;     /* of those asleep */
	struct work_owner *owner; /* of the work that it runs; NULL: none */
	struct workers *workers;
};

/* Waking a thread costs more than a small handler. Therefore nobody is woken
 * while a thread that was woken is still on its way: on arrival it takes one
 * piece of work, and wakes the next thread if there is more to take. Work
 * becomes ready when it is submitted, and when work of its owner ends: then the
 * thread that ran it takes the next piece, and wakes another one if that leaves
 * any. */
struct workers {
	pthread_mutex_t lock; /* of what follows */
	struct fair_queue queue;
	struct worker *asleep; /* last come, first called */
	bool is_one_called;    /* and not here yet */
	bool is_stopping;
	uint32_t busy;        /* threads that run work */
	uint32_t idle_awaits; /* by so many */
	pthread_cond_t idle;
	uint32_t count;
	const struct clock_source *clock;
	struct incidents *incidents;
	struct worker all[];
};

/* The thread to wake once the lock is released; NULL: none. A stop wakes all
 * of them. */
static struct worker *workers_call_one(struct workers *workers)
{
	struct worker *worker = workers->asleep;

	if (!mcps__fair_queue_is_ready(&workers->queue) || worker == NULL ||
	    workers->is_one_called || workers->is_stopping)
		return NULL;
	workers->asleep = worker->below;
	worker->is_called = true;
	workers->is_one_called = true;
	return worker;
}

static void workers_wake_one(struct worker *worker)
{
	if (worker != NULL)
		pthread_cond_signal(&worker->called);
}

static void workers_put_to_sleep(struct workers *workers, struct worker *self)
{
	self->below = workers->asleep;
	workers->asleep = self;
	while (!self->is_called && !workers->is_stopping)
		pthread_cond_wait(&self->called, &workers->lock);
	if (self->is_called)
		workers->is_one_called = false;
	self->is_called = false;
}

static bool workers_is_idle(const struct workers *workers)
{
	return workers->busy == 0 &&
	       !mcps__fair_queue_is_ready(&workers->queue);
}

static void workers_end_work(struct worker *self)
{
	struct workers *workers = self->workers;

	if (self->owner == NULL)
		return;
	mcps__fair_queue_ended(&workers->queue, self->owner);
	workers->busy--;
	if (workers->idle_awaits != 0 && workers_is_idle(workers))
		pthread_cond_broadcast(&workers->idle);
}

/* The work that ran before has ended. NULL: the threads are to end. */
static struct work *workers_take(struct worker *self)
{
	struct workers *workers = self->workers;
	struct worker *next;
	struct work *work;

	pthread_mutex_lock(&workers->lock);
	workers_end_work(self);
	while (!mcps__fair_queue_is_ready(&workers->queue) &&
	       !workers->is_stopping)
		workers_put_to_sleep(workers, self);
	work = mcps__fair_queue_take(&workers->queue);
	self->owner = work != NULL ? work->owner : NULL;
	workers->busy += self->owner != NULL;
	next = workers_call_one(workers);
	pthread_mutex_unlock(&workers->lock);
	workers_wake_one(next);
	return work;
}

static void *worker_main(void *arg)
{
	struct work *work;

	while ((work = workers_take(arg)) != NULL)
		work->run(work);
	return NULL;
}

/* ---- submitting ---- */

static mcps_status workers_queue_work(void *arg, struct work *work,
                                      const uint8_t *owner, bool must)
{
	struct workers *workers = arg;
	mcps_status status = MCPS_E_STOPPING;
	struct worker *called;

	work->must = must;
	work->is_late = false;
	work->queued_ms = mcps__steady_ms(workers->clock);
	pthread_mutex_lock(&workers->lock);
	if (!workers->is_stopping)
		status = mcps__fair_queue_add(&workers->queue, work, owner);
	called = workers_call_one(workers);
	pthread_mutex_unlock(&workers->lock);
	workers_wake_one(called);
	if (status != MCPS_E_STOPPING || !must)
		return status;
	work->run(work);
	return MCPS_OK;
}

struct executor mcps__workers_executor(struct workers *workers)
{
	return (struct executor){ workers_queue_work, workers };
}

void mcps__workers_check(struct workers *workers)
{
	int64_t before_ms = mcps__steady_ms(workers->clock) - LATE_MS;
	uint32_t count;

	pthread_mutex_lock(&workers->lock);
	count = mcps__fair_queue_count_late(&workers->queue, before_ms);
	pthread_mutex_unlock(&workers->lock);
	mcps__incident_happened_times(workers->incidents, INCIDENT_WORKER_WAIT,
	                              count);
}

bool mcps__workers_await_idle(struct workers *workers, uint32_t wait_ms)
{
	const struct timespec at = mcps__steady_deadline(wait_ms);
	int result = 0;
	bool is_over;

	pthread_mutex_lock(&workers->lock);
	workers->idle_awaits++;
	while (!workers_is_idle(workers) && result == 0)
		result = mcps__steady_wait(&workers->idle, &workers->lock, &at);
	workers->idle_awaits--;
	is_over = workers_is_idle(workers);
	pthread_mutex_unlock(&workers->lock);
	return is_over;
}

/* ---- start and stop ---- */

static int worker_start(struct workers *workers, struct worker *worker)
{
	worker->workers = workers;
	pthread_cond_init(&worker->called, NULL);
	return mcps__thread_start(&worker->thread, "mcps-worker", worker_main,
	                          worker);
}

static uint32_t
workers_choose_most_of_one(const struct workers_options *options)
{
	uint32_t most = options->most_of_one;

	if (most == 0)
		most = options->threads - 1;
	return most != 0 ? most : 1;
}

/* Without threads; NULL: out of memory. */
static struct workers *workers_new(const struct workers_options *options)
{
	struct workers *workers = mcps__calloc(
		1, sizeof *workers + options->threads * sizeof workers->all[0]);

	if (workers == NULL)
		return NULL;
	if (mcps__fair_queue_init(&workers->queue, options->queue,
	                          workers_choose_most_of_one(options)) !=
	    MCPS_OK) {
		mcps__free(workers);
		return NULL;
	}
	workers->clock = options->clock;
	workers->incidents = options->incidents;
	pthread_mutex_init(&workers->lock, NULL);
	(void)mcps__steady_condition_init(&workers->idle);
	return workers;
}

mcps_status mcps__workers_start(struct workers **out,
                                const struct workers_options *options,
                                struct mcps_error *error)
{
	struct workers *workers = workers_new(options);
	int result = 0;

	*out = NULL;
	if (workers == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	while (workers->count < options->threads && result == 0) {
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
	mcps__fair_queue_lift_bounds(&workers->queue);
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
	mcps__fair_queue_finish(&workers->queue);
	pthread_cond_destroy(&workers->idle);
	pthread_mutex_destroy(&workers->lock);
	mcps__free(workers);
}
