#define _GNU_SOURCE /* pthread_setname_np */
#include "server/workers.h"

#include "base/error.h"
#include "base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Waking a thread costs more than a small handler. So nobody is woken while
 * somebody who was is still on the way: who arrives, takes one, and if more is
 * waiting has the next one come. */
struct workers {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct work *first;
	struct work **end;
	uint32_t waiting;
	uint32_t queue;
	uint32_t asleep;
	bool is_called; /* one of those asleep */
	bool is_stopping;
	uint32_t count;
	pthread_t threads[];
};

/* Whether to signal, once the lock is given back: who is woken wants it. */
static bool call_one(struct workers *workers)
{
	bool calls = workers->waiting != 0 && workers->asleep != 0 &&
	             !workers->is_called;

	workers->is_called = workers->is_called || calls;
	return calls;
}

static void sleep_one(struct workers *workers)
{
	workers->asleep++;
	pthread_cond_wait(&workers->filled, &workers->lock);
	workers->asleep--;
	workers->is_called = false;
}

static struct work *take(struct workers *workers)
{
	struct work *work;
	bool calls;

	pthread_mutex_lock(&workers->lock);
	while (workers->first == NULL && !workers->is_stopping)
		sleep_one(workers);
	work = workers->first;
	if (work != NULL) {
		workers->first = work->next;
		if (workers->first == NULL)
			workers->end = &workers->first;
		workers->waiting--;
	}
	calls = call_one(workers);
	pthread_mutex_unlock(&workers->lock);
	if (calls)
		pthread_cond_signal(&workers->filled);
	return work;
}

static void *worker_main(void *arg)
{
	struct workers *workers = arg;
	struct work *work;

	pthread_setname_np(pthread_self(), "mcps-worker");
	while ((work = take(workers)) != NULL)
		work->run(work);
	return NULL;
}

static bool submit(void *arg, struct work *work, bool must)
{
	struct workers *workers = arg;
	bool is_late, is_full, calls;

	pthread_mutex_lock(&workers->lock);
	is_late = workers->is_stopping;
	is_full = !must && workers->waiting >= workers->queue;
	if (!is_late && !is_full) {
		work->next = NULL;
		*workers->end = work;
		workers->end = &work->next;
		workers->waiting++;
	}
	calls = call_one(workers);
	pthread_mutex_unlock(&workers->lock);
	if (calls)
		pthread_cond_signal(&workers->filled);
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

/* Signals are for the program's own threads. */
static int thread_start(pthread_t *thread, struct workers *workers)
{
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(thread, NULL, worker_main, workers);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}

mcps_status mcps__workers_start(struct workers **out, uint32_t threads,
                                uint32_t queue, struct mcps_error *error)
{
	struct workers *workers = mcps__calloc(
		1, sizeof *workers + threads * sizeof workers->threads[0]);
	int result = 0;

	*out = NULL;
	if (workers == NULL)
		return mcps__fail(error, MCPS_E_NOMEM, "out of memory");
	pthread_mutex_init(&workers->lock, NULL);
	pthread_cond_init(&workers->filled, NULL);
	workers->end = &workers->first;
	workers->queue = queue;
	while (workers->count < threads && result == 0) {
		result = thread_start(&workers->threads[workers->count],
		                      workers);
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
	pthread_cond_broadcast(&workers->filled);
	pthread_mutex_unlock(&workers->lock);
	for (uint32_t i = 0; i < workers->count; i++)
		pthread_join(workers->threads[i], NULL);
	workers->count = 0;
}

void mcps__workers_free(struct workers *workers)
{
	if (workers == NULL)
		return;
	pthread_cond_destroy(&workers->filled);
	pthread_mutex_destroy(&workers->lock);
	mcps__free(workers);
}
