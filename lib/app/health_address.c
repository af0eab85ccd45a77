#include "app/health_address.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { RETRY_MS = 100 };

static bool health_address_is_wanted(const struct health_address *self)
{
	return self->where.listen != NULL || self->where.listen_fd != 0;
}

static mcps_status address_bind(struct health_address *self,
                                struct mcps_error *error)
{
	mcps_status status;
	int fd;

	status = mcps_listen(&fd, self->text, sizeof self->text, &self->where,
	                     error);
	if (status != MCPS_OK)
		return status;
	self->health = mcps__health_start(fd, self->ask, self->arg);
	if (self->health != NULL)
		return MCPS_OK;
	*error = (struct mcps_error){ MCPS_E_NOMEM,
		                      "cannot start the health thread" };
	return MCPS_E_NOMEM;
}

/* ---- trying again ---- */

/* Returns true when a moment has listen_fds, false when nobody is to try again.
 */
static bool health_address_retry_wait(struct health_address *self)
{
	struct timespec at;
	bool must_end;
	int result = 0;

	clock_gettime(CLOCK_MONOTONIC, &at);
	at.tv_nsec += RETRY_MS * 1000000L;
	at.tv_sec += at.tv_nsec / 1000000000L;
	at.tv_nsec %= 1000000000L;
	pthread_mutex_lock(&self->lock);
	while (!self->must_end && result == 0)
		result = pthread_cond_timedwait(&self->changed, &self->lock,
		                                &at);
	must_end = self->must_end;
	pthread_mutex_unlock(&self->lock);
	return !must_end;
}

static void *health_address_retry_main(void *arg)
{
	struct health_address *self = arg;
	struct mcps_error error;

	while (health_address_retry_wait(self))
		if (address_bind(self, &error) == MCPS_OK)
			break;
	return NULL;
}

/* The names of lib/base/steady_wait.h are hidden from this library. */
static bool health_address_retry_start(struct health_address *self)
{
	pthread_condattr_t attributes;

	pthread_mutex_init(&self->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&self->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	self->has_thread = pthread_create(&self->thread, NULL,
	                                  health_address_retry_main, self) == 0;
	return self->has_thread;
}

static void health_address_retry_end(struct health_address *self)
{
	if (!self->has_thread)
		return;
	pthread_mutex_lock(&self->lock);
	self->must_end = true;
	pthread_cond_signal(&self->changed);
	pthread_mutex_unlock(&self->lock);
	pthread_join(self->thread, NULL);
	pthread_cond_destroy(&self->changed);
	pthread_mutex_destroy(&self->lock);
	self->has_thread = false;
}

/* ---- from the start to the stop ---- */

mcps_status mcps__health_address_open(struct health_address *self,
                                      struct mcps_error *error)
{
	mcps_status status;

	if (!health_address_is_wanted(self) || self->where.listen_fd != 0)
		return MCPS_OK;
	status = address_bind(self, error);
	if (status != MCPS_E_SYSTEM)
		return status;
	mcps__app_say(self->log, MCPS_LOG_WARN,
	              "health: %s; trying again until the store is ours",
	              error->text);
	if (health_address_retry_start(self))
		return MCPS_OK;
	*error = (struct mcps_error){ MCPS_E_NOMEM, "cannot start a thread" };
	return MCPS_E_NOMEM;
}

mcps_status mcps__health_address_await(struct health_address *self,
                                       struct mcps_error *error)
{
	health_address_retry_end(self);
	return !health_address_is_wanted(self) || self->health != NULL
	               ? MCPS_OK
	               : address_bind(self, error);
}

/* The file of a Unix socket goes first: as soon as nobody listens there, the
 * next process may have put its own in that place. */
void mcps__health_address_close(struct health_address *self)
{
	health_address_retry_end(self);
	if (self->health != NULL && self->where.listen_fd == 0 &&
	    strncmp(self->text, "unix:", 5) == 0)
		(void)remove(self->text + 5);
	mcps__health_stop(self->health);
	self->health = NULL;
}
