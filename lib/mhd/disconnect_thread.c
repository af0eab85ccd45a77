#include "mhd/disconnect_thread.h"

#include "base/error.h"
#include "base/thread.h"

#include <errno.h>
#include <string.h>

/* It waits without the lock of the watcher: a thread that adds or removes a
 * connection waits for one round at most. It holds no list of events while it
 * waits, so that no event can be about a connection that was removed. */
static void *disconnect_thread_main(void *arg)
{
	struct disconnect_thread *self = arg;
	const int watched[WAKEUP_FDS] = { self->watcher.fd, -1, -1 };

	while (!atomic_load(&self->is_over))
		if (mcps__wakeup_wait(&self->wakeup, watched, -1) != 0)
			mcps__disconnect_watcher_round(&self->watcher);
	return NULL;
}

static int disconnect_thread_start(struct disconnect_thread *self)
{
	if (!mcps__wakeup_open(&self->wakeup) ||
	    !mcps__disconnect_watcher_open(&self->watcher))
		return errno;
	return mcps__thread_start(&self->thread, "mcps-disconnect",
	                          disconnect_thread_main, self);
}

static void disconnect_thread_release(struct disconnect_thread *self)
{
	mcps__disconnect_watcher_close(&self->watcher);
	mcps__wakeup_close(&self->wakeup);
}

mcps_status mcps__disconnect_thread_open(struct disconnect_thread *self,
                                         struct mcps_error *error)
{
	int failure;

	*self = (struct disconnect_thread){ .watcher.fd = -1, .wakeup.fd = -1 };
	failure = disconnect_thread_start(self);
	if (failure == 0)
		return MCPS_OK;
	disconnect_thread_release(self);
	return mcps__fail(error, MCPS_E_SYSTEM,
	                  "cannot watch for clients that disconnect: %s",
	                  strerror(failure));
}

void mcps__disconnect_thread_close(struct disconnect_thread *self)
{
	atomic_store(&self->is_over, true);
	mcps__wakeup_signal(&self->wakeup);
	pthread_join(self->thread, NULL);
	disconnect_thread_release(self);
}
