#include "http/asking.h"

#include "base/container.h"

/* A reference is the hook's: its grant is part of the exchange, and it may
 * finish the grant at any time, or never. */

static void asking_list(struct exchange *exchange)
{
	struct endpoint *endpoint = exchange->endpoint;

	pthread_mutex_lock(&endpoint->lock);
	exchange->asked_ms = mcps__steady_ms(endpoint->sessions->options.clock);
	exchange->asking_next = endpoint->asking;
	if (exchange->asking_next != NULL)
		exchange->asking_next->asking_prev = exchange;
	endpoint->asking = exchange;
	atomic_fetch_add(&endpoint->asking_count, 1);
	pthread_mutex_unlock(&endpoint->lock);
}

/* Under the lock. */
static void asking_unlist(struct exchange *exchange)
{
	struct exchange *prev = exchange->asking_prev;
	struct exchange *next = exchange->asking_next;

	if (prev != NULL)
		prev->asking_next = next;
	else
		exchange->endpoint->asking = next;
	if (next != NULL)
		next->asking_prev = prev;
	exchange->asking_prev = exchange->asking_next = NULL;
	atomic_fetch_sub(&exchange->endpoint->asking_count, 1);
}

/* As long as the exchange is parked, the glue keeps it. */
static void asking_leave(struct exchange *exchange)
{
	pthread_mutex_lock(&exchange->endpoint->lock);
	asking_unlist(exchange);
	pthread_mutex_unlock(&exchange->endpoint->lock);
	mcps__exchange_unref(exchange);
}

static void asking_finished(struct mcps_grant *grant, bool is_late)
{
	struct exchange *exchange = container_of(grant, struct exchange, grant);

	if (is_late) {
		mcps__exchange_unref(exchange);
		return;
	}
	asking_leave(exchange);
	mcps__exchange_wake(exchange);
}

/* One that is not on the list any more. */
static struct exchange *asking_find_overdue(struct endpoint *endpoint,
                                            int64_t since_ms)
{
	struct exchange *exchange;

	pthread_mutex_lock(&endpoint->lock);
	for (exchange = endpoint->asking; exchange != NULL;
	     exchange = exchange->asking_next)
		if (exchange->asked_ms < since_ms &&
		    mcps__identify_give_up(&exchange->grant))
			break;
	if (exchange != NULL)
		asking_unlist(exchange);
	pthread_mutex_unlock(&endpoint->lock);
	return exchange;
}

void mcps__asking_give_up(struct endpoint *endpoint, int64_t since_ms)
{
	struct exchange *exchange;

	while ((exchange = asking_find_overdue(endpoint, since_ms)) != NULL) {
		mcps__endpoint_report(endpoint, INCIDENT_AUTH_DEADLINE);
		mcps__exchange_wake(exchange);
	}
}

/* Once the drain is over nobody waits for hooks: what was listed too late for
 * the drain to give up is given up here. */
bool mcps__asking_begin(struct exchange *exchange)
{
	struct endpoint *endpoint = exchange->endpoint;

	mcps__exchange_ref(exchange);
	exchange->grant.finished = asking_finished;
	asking_list(exchange);
	if (!mcps__identify_wait(&exchange->grant)) {
		asking_leave(exchange);
		return false;
	}
	if (atomic_load(&endpoint->is_drained))
		mcps__asking_give_up(endpoint, INT64_MAX);
	return true;
}
