#include "http/drain.h"

#include "base/steady_wait.h"
#include "call/run.h"
#include "http/exchange_internal.h"
#include "stream/streams.h"

static bool drain_is_idle(struct endpoint *endpoint)
{
	return endpoint->running == NULL &&
	       atomic_load(&endpoint->entering) == 0;
}

static bool drain_wait_idle(struct endpoint *endpoint, uint32_t wait_ms)
{
	const struct timespec at = mcps__steady_deadline(wait_ms);
	int result = 0;

	while (!drain_is_idle(endpoint) && result == 0)
		result = mcps__steady_wait(&endpoint->idle, &endpoint->lock,
		                           &at);
	return drain_is_idle(endpoint);
}

/* One that was not stopped yet: a reference; NULL: there is none. STREAMS: only
 * of that daemon; NULL: of any. */
static struct exchange *drain_find_running(struct endpoint *endpoint,
                                           const struct stream_limits *streams)
{
	struct exchange *exchange;

	pthread_mutex_lock(&endpoint->lock);
	for (exchange = endpoint->running; exchange != NULL;
	     exchange = exchange->next)
		if (!exchange->is_stopped &&
		    (streams == NULL || exchange->glue.streams == streams))
			break;
	if (exchange != NULL) {
		exchange->is_stopped = true;
		mcps__exchange_ref(exchange);
	}
	pthread_mutex_unlock(&endpoint->lock);
	return exchange;
}

/* Calls whose handlers have returned are left to answer themselves. */
void mcps__drain_stop_calls(struct endpoint *endpoint,
                            const struct stream_limits *streams)
{
	struct exchange *exchange;

	while ((exchange = drain_find_running(endpoint, streams)) != NULL) {
		for (uint32_t i = 0; i < exchange->call_count; i++)
			mcps__run_stop(&exchange->calls[i]);
		mcps__exchange_unref(exchange);
	}
}

/* Under the lock: whether a handler has returned, and its answer is under way,
 * which may be the end of a stream. */
static bool drain_is_answering(const struct endpoint *endpoint)
{
	const struct exchange *exchange = endpoint->running;

	for (; exchange != NULL; exchange = exchange->next)
		if (exchange->batch == 0 && exchange->call_count != 0 &&
		    (atomic_load(&exchange->calls[0].running.steps) &
		     CALL_RETURNED) != 0)
			return true;
	return false;
}

/* That takes as long as the store does. */
static void drain_await_answers(struct endpoint *endpoint)
{
	pthread_mutex_lock(&endpoint->lock);
	while (drain_is_answering(endpoint))
		pthread_cond_wait(&endpoint->idle, &endpoint->lock);
	pthread_mutex_unlock(&endpoint->lock);
}

/* Each is looked at once. */
static struct exchange *drain_find_old(struct endpoint *endpoint,
                                       int64_t since_ms)
{
	struct exchange *exchange;

	pthread_mutex_lock(&endpoint->lock);
	for (exchange = endpoint->running; exchange != NULL;
	     exchange = exchange->next)
		if (!exchange->is_old && exchange->listed_ms < since_ms)
			break;
	if (exchange != NULL) {
		exchange->is_old = true;
		mcps__exchange_ref(exchange);
	}
	pthread_mutex_unlock(&endpoint->lock);
	return exchange;
}

void mcps__drain_open_streams(struct endpoint *endpoint, int64_t since_ms)
{
	struct exchange *exchange;

	while ((exchange = drain_find_old(endpoint, since_ms)) != NULL) {
		if (exchange->batch == 0)
			(void)mcps__exchange_stream(exchange);
		mcps__exchange_unref(exchange);
	}
}

bool mcps__drain(struct endpoint *endpoint, uint32_t wait_ms)
{
	struct sse_connections *sse_connections =
		&mcps__streams_of(endpoint->sessions)->sse_connections;
	bool in_time;

	pthread_mutex_lock(&endpoint->lock);
	mcps__sse_connections_stop(sse_connections,
	                           drain_is_idle(endpoint) ? 0 : wait_ms);
	pthread_mutex_unlock(&endpoint->lock);
	atomic_store(&endpoint->is_stopping, true);
	mcps__sse_connections_close_listeners(sse_connections);
	pthread_mutex_lock(&endpoint->lock);
	in_time = drain_wait_idle(endpoint, wait_ms);
	atomic_store(&endpoint->is_drained, true);
	pthread_mutex_unlock(&endpoint->lock);
	mcps__sse_connections_stop(sse_connections, 0);
	mcps__drain_stop_calls(endpoint, NULL);
	drain_await_answers(endpoint);
	mcps__streams_close(endpoint->sessions);
	return in_time;
}
