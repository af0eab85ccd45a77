#include "server/fair_queue.h"

#include <string.h>

/* ---- owners ---- */

static void fair_queue_owner_init(struct work_owner *owner, const uint8_t *key)
{
	memcpy(owner->key, key, sizeof owner->key);
	owner->end = &owner->first;
}

static struct work_owner *fair_queue_owner_add(struct fair_queue *queue,
                                               const uint8_t *key,
                                               unsigned hash)
{
	struct work_owner *owner = mcps__calloc(1, sizeof *owner);

	if (owner == NULL)
		return NULL;
	fair_queue_owner_init(owner, key);
	HASH_ADD_BYHASHVALUE(hh, queue->by_key, key, sizeof owner->key, hash,
	                     owner);
	if (owner->hh.tbl != NULL)
		return owner;
	mcps__free(owner);
	return NULL;
}

static struct work_owner *fair_queue_owner_find(struct fair_queue *queue,
                                                const uint8_t *key)
{
	struct work_owner *owner;
	unsigned hash;

	if (key == NULL)
		return &queue->nobody;
	HASH_VALUE(key, sizeof owner->key, hash);
	HASH_FIND_BYHASHVALUE(hh, queue->by_key, key, sizeof owner->key, hash,
	                      owner);
	return owner != NULL ? owner : fair_queue_owner_add(queue, key, hash);
}

static void fair_queue_owner_forget(struct fair_queue *queue,
                                    struct work_owner *owner)
{
	if (owner->first != NULL || owner->running != 0 ||
	    owner == &queue->nobody)
		return;
	HASH_DEL(queue->by_key, owner);
	mcps__free(owner);
}

static bool fair_queue_owner_is_at_bound(const struct fair_queue *queue,
                                         const struct work_owner *owner)
{
	return queue->has_bounds && owner != &queue->nobody &&
	       owner->running >= queue->most_of_one;
}

/* To the end of the ring, if it may run something and is not there yet. */
static void fair_queue_owner_make_ready(struct fair_queue *queue,
                                        struct work_owner *owner)
{
	if (owner->is_ready || owner->first == NULL ||
	    fair_queue_owner_is_at_bound(queue, owner))
		return;
	owner->is_ready = true;
	owner->next = NULL;
	*queue->ready_end = owner;
	queue->ready_end = &owner->next;
}

/* ---- work ---- */

static mcps_status fair_queue_find_place(const struct fair_queue *queue,
                                         const struct work_owner *owner)
{
	uint32_t room = queue->places - queue->waiting;

	if (room == 0)
		return MCPS_E_BUSY;
	return owner->waiting < room ? MCPS_OK : MCPS_E_LIMIT;
}

static void fair_queue_push(struct fair_queue *queue, struct work_owner *owner,
                            struct work *work)
{
	work->owner = owner;
	work->next = NULL;
	*owner->end = work;
	owner->end = &work->next;
	owner->waiting += !work->must;
	queue->waiting += !work->must;
	queue->queued++;
	fair_queue_owner_make_ready(queue, owner);
}

mcps_status mcps__fair_queue_add(struct fair_queue *queue, struct work *work,
                                 const uint8_t *key)
{
	struct work_owner *owner = fair_queue_owner_find(queue, key);
	mcps_status status = MCPS_OK;

	if (owner == NULL && work->must)
		owner = &queue->nobody;
	if (owner == NULL)
		return MCPS_E_NOMEM;
	if (!work->must)
		status = fair_queue_find_place(queue, owner);
	if (status == MCPS_OK)
		fair_queue_push(queue, owner, work);
	else
		fair_queue_owner_forget(queue, owner);
	return status;
}

struct work *mcps__fair_queue_take(struct fair_queue *queue)
{
	struct work_owner *owner = queue->ready;
	struct work *work;

	if (owner == NULL)
		return NULL;
	queue->ready = owner->next;
	if (queue->ready == NULL)
		queue->ready_end = &queue->ready;
	owner->is_ready = false;
	work = owner->first;
	owner->first = work->next;
	if (owner->first == NULL)
		owner->end = &owner->first;
	owner->waiting -= !work->must;
	queue->waiting -= !work->must;
	queue->queued--;
	owner->running++;
	fair_queue_owner_make_ready(queue, owner);
	return work;
}

void mcps__fair_queue_ended(struct fair_queue *queue, struct work_owner *owner)
{
	owner->running--;
	fair_queue_owner_make_ready(queue, owner);
	fair_queue_owner_forget(queue, owner);
}

/* ---- all of it ---- */

void mcps__fair_queue_lift_bounds(struct fair_queue *queue)
{
	struct work_owner *owner, *next;

	queue->has_bounds = false;
	HASH_ITER (hh, queue->by_key, owner, next)
		fair_queue_owner_make_ready(queue, owner);
}

/* Late work stands in front: the first piece that is not late ends the
 * search. */
static uint32_t fair_queue_owner_count_late(struct work_owner *owner,
                                            int64_t before_ms)
{
	uint32_t count = 0;

	for (struct work *work = owner->first;
	     work != NULL && work->queued_ms < before_ms; work = work->next) {
		count += !work->is_late;
		work->is_late = true;
	}
	return count;
}

uint32_t mcps__fair_queue_count_late(struct fair_queue *queue,
                                     int64_t before_ms)
{
	struct work_owner *owner, *next;
	uint32_t count = 0;

	if (queue->queued == 0)
		return 0;
	HASH_ITER (hh, queue->by_key, owner, next)
		count += fair_queue_owner_count_late(owner, before_ms);
	return count;
}

mcps_status mcps__fair_queue_init(struct fair_queue *queue, uint32_t places,
                                  uint32_t most_of_one)
{
	static const uint8_t no_key[WORK_OWNER_SIZE] = "nobody's work";

	*queue = (struct fair_queue){ .places = places,
		                      .most_of_one = most_of_one,
		                      .has_bounds = true };
	queue->ready_end = &queue->ready;
	fair_queue_owner_init(&queue->nobody, no_key);
	HASH_ADD(hh, queue->by_key, key, sizeof queue->nobody.key,
	         &queue->nobody);
	return queue->nobody.hh.tbl != NULL ? MCPS_OK : MCPS_E_NOMEM;
}

void mcps__fair_queue_finish(struct fair_queue *queue)
{
	HASH_DEL(queue->by_key, &queue->nobody);
}
