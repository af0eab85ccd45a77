#include "http/running.h"

#include "http/exchange_internal.h"

void mcps__running_enter(struct exchange *exchange)
{
	if (exchange->is_entering)
		return;
	exchange->is_entering = true;
	atomic_fetch_add(&exchange->endpoint->entering, 1);
}

void mcps__running_entered(struct exchange *exchange)
{
	struct endpoint *endpoint = exchange->endpoint;

	if (!exchange->is_entering)
		return;
	exchange->is_entering = false;
	if (atomic_fetch_sub(&endpoint->entering, 1) != 1 ||
	    !atomic_load(&endpoint->is_stopping))
		return;
	pthread_mutex_lock(&endpoint->lock);
	pthread_cond_broadcast(&endpoint->idle);
	pthread_mutex_unlock(&endpoint->lock);
}

bool mcps__running_add(struct exchange *exchange)
{
	struct endpoint *endpoint = exchange->endpoint;
	bool in_time;

	pthread_mutex_lock(&endpoint->lock);
	in_time = !atomic_load(&endpoint->is_drained);
	if (in_time && !exchange->is_listed) {
		exchange->is_listed = true;
		exchange->listed_ms =
			mcps__steady_ms(endpoint->sessions->options.clock);
		exchange->prev = NULL;
		exchange->next = endpoint->running;
		if (exchange->next != NULL)
			exchange->next->prev = exchange;
		endpoint->running = exchange;
	}
	pthread_mutex_unlock(&endpoint->lock);
	mcps__running_entered(exchange);
	return in_time;
}

static void running_unlist(struct exchange *exchange)
{
	struct endpoint *endpoint = exchange->endpoint;

	if (!exchange->is_listed)
		return;
	exchange->is_listed = false;
	if (exchange->prev != NULL)
		exchange->prev->next = exchange->next;
	else
		endpoint->running = exchange->next;
	if (exchange->next != NULL)
		exchange->next->prev = exchange->prev;
	if (endpoint->running == NULL || atomic_load(&endpoint->is_drained))
		pthread_cond_broadcast(&endpoint->idle);
}

void mcps__running_remove(struct exchange *exchange)
{
	pthread_mutex_lock(&exchange->endpoint->lock);
	running_unlist(exchange);
	pthread_mutex_unlock(&exchange->endpoint->lock);
}
