#include "session/session.h"

#include "base/memory.h"

#include <stdio.h>

struct session *mcps__session_new(const uint8_t *key,
                                  struct principal *principal,
                                  const struct stream_layer *layer)
{
	struct session *session = mcps__calloc(1, sizeof *session);

	if (session == NULL)
		return NULL;
	if (pthread_mutex_init(&session->lock, NULL) != 0) {
		mcps__free(session);
		return NULL;
	}
	atomic_init(&session->refs, 1);
	memcpy(session->key, key, MCPS_SESSION_KEY_SIZE);
	session->principal = mcps__principal_ref(principal);
	session->wait_queue_end = &session->wait_queue;
	session->layer = layer;
	return session;
}

struct session *mcps__session_ref(struct session *session)
{
	atomic_fetch_add_explicit(&session->refs, 1, memory_order_relaxed);
	return session;
}

void mcps__session_depart(struct session *session, enum session_departure how)
{
	const struct stream_layer *layer = session->layer;

	if (layer->session_departs != NULL)
		layer->session_departs(layer->streams, session, how);
}

void mcps__session_unref(struct session *session)
{
	if (session == NULL ||
	    atomic_fetch_sub_explicit(&session->refs, 1,
	                              memory_order_acq_rel) != 1)
		return;
	mcps__session_depart(session, DEPARTS_LAST);
	mcps__principal_unref(session->principal);
	pthread_mutex_destroy(&session->lock);
	mcps__free(session->client_name);
	mcps__free(session->client_version);
	mcps__free(session);
}

void mcps__session_add_call(struct session *session, struct session_call *call)
{
	pthread_mutex_lock(&session->lock);
	if (atomic_load(&session->has_ended))
		atomic_fetch_or(&call->steps, CALL_ENDED);
	call->prev = NULL;
	call->next = session->calls;
	if (call->next != NULL)
		call->next->prev = call;
	session->calls = call;
	pthread_mutex_unlock(&session->lock);
}

void mcps__session_remove_call(struct session *session,
                               struct session_call *call)
{
	pthread_mutex_lock(&session->lock);
	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		session->calls = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
	pthread_mutex_unlock(&session->lock);
}

bool mcps__session_cancel_call(struct session *session, const char *id,
                               size_t length)
{
	struct session_call *call;

	pthread_mutex_lock(&session->lock);
	for (call = session->calls; call != NULL; call = call->next)
		if (call->id_length == length &&
		    memcmp(call->id, id, length) == 0)
			break;
	if (call != NULL)
		atomic_fetch_or(&call->steps, CALL_CANCELLED);
	pthread_mutex_unlock(&session->lock);
	return call != NULL;
}

/* Under the lock, so that no call is added between the two. */
void mcps__session_end_calls(struct session *session)
{
	pthread_mutex_lock(&session->lock);
	atomic_store(&session->has_ended, true);
	for (struct session_call *call = session->calls; call != NULL;
	     call = call->next)
		atomic_fetch_or(&call->steps, CALL_ENDED);
	pthread_mutex_unlock(&session->lock);
}

bool mcps__session_call_begin(struct session_call *call)
{
	unsigned steps = atomic_load(&call->steps);

	do {
		if ((steps & CALL_STOPS) != 0)
			return false;
	} while (!atomic_compare_exchange_weak(&call->steps, &steps,
	                                       steps | CALL_BEGUN));
	return true;
}

unsigned mcps__session_call_return(struct session_call *call)
{
	return atomic_fetch_or(&call->steps, CALL_RETURNED);
}

bool mcps__session_has_flag(struct session *session, enum session_flag flag)
{
	bool has;

	pthread_mutex_lock(&session->lock);
	has = (session->flags & (uint32_t)flag) != 0;
	pthread_mutex_unlock(&session->lock);
	return has;
}

uint32_t mcps__session_log_level(struct session *session)
{
	uint32_t flags;

	pthread_mutex_lock(&session->lock);
	flags = session->flags;
	pthread_mutex_unlock(&session->lock);
	return (flags & SESSION_LOG_LEVEL) >> SESSION_LOG_LEVEL_SHIFT;
}

void mcps__session_digest(const uint8_t *key, char out[9])
{
	/* The end of the key: it begins with the time of issue. */
	const uint8_t *tail = key + MCPS_SESSION_KEY_SIZE - 4;

	snprintf(out, 9, "%02x%02x%02x%02x", tail[0], tail[1], tail[2],
	         tail[3]);
}
