/* A queue of work that serves its owners in turn. It knows no threads and no
 * locks.
 *
 * An owner holds at most most_of_one threads: while it does, its work waits
 * although threads are free. Work is taken from one owner after the other, so
 * an owner with much work delays the others by one piece of it each round.
 *
 * Places are shared, too: an owner may have as much work waiting as there are
 * free places. One owner alone fills half of the queue, N owners fill
 * 1/(N + 1) each, and an owner with nothing waiting finds a place until there
 * are as many owners as places.
 *
 * Adding and taking cost the same however much waits. An owner without work
 * takes no memory. */
#ifndef MCPS_SERVER_FAIR_QUEUE_H
#define MCPS_SERVER_FAIR_QUEUE_H

#include "base/work.h"
#include "server/owner_hash.h"

#include <mcps/status.h>

/* An owner has an entry while work of it waits or runs. It is ready, and then
 * stands in the ring, while work of it waits and it is below its bound. */
struct work_owner {
	UT_hash_handle hh;
	uint8_t key[WORK_OWNER_SIZE];
	struct work *first; /* waiting, in order of arrival */
	struct work **end;
	uint32_t waiting; /* without work that must run */
	uint32_t running;
	bool is_ready;
	struct work_owner *next; /* in the ring */
};

struct fair_queue {
	uint32_t places;
	uint32_t most_of_one;
	struct work_owner *by_key; /* including NOBODY, so never empty */
	struct work_owner nobody;  /* owns work without an owner; no bound */
	struct work_owner *ready;  /* the ring: whose turn it is */
	struct work_owner **ready_end;
	uint32_t waiting; /* without work that must run */
	uint32_t queued;  /* with it */
	bool has_bounds;
};

/* PLACES: most work that waits, at least 1. MOST_OF_ONE: most work of one owner
 * that runs, at least 1. MCPS_E_NOMEM: nothing was made. */
MCPS_MUST_USE mcps_status mcps__fair_queue_init(struct fair_queue *queue,
                                                uint32_t places,
                                                uint32_t most_of_one);
/* When it is empty. */
void mcps__fair_queue_finish(struct fair_queue *queue);

/* As executor.submit says; WORK->must and queued_ms are set. */
MCPS_MUST_USE mcps_status mcps__fair_queue_add(struct fair_queue *queue,
                                               struct work *work,
                                               const uint8_t *owner);

/* The next work; NULL: none may run now. It runs until it is reported as
 * ended, by its owner, because WORK may be gone by then. */
struct work *mcps__fair_queue_take(struct fair_queue *queue);
void mcps__fair_queue_ended(struct fair_queue *queue, struct work_owner *owner);

static inline bool mcps__fair_queue_is_ready(const struct fair_queue *queue)
{
	return queue->ready != NULL;
}

/* From now on no owner has a bound. */
void mcps__fair_queue_lift_bounds(struct fair_queue *queue);

/* Work that was queued before BEFORE_MS and still waits, each counted once. */
uint32_t mcps__fair_queue_count_late(struct fair_queue *queue,
                                     int64_t before_ms);

#endif
