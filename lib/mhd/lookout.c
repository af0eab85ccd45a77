#include "mhd/lookout.h"

#include "base/error.h"
#include "base/thread.h"

#include <errno.h>
#include <string.h>

/* It sleeps without the watcher's lock, so that whoever adds or removes a
 * connection waits for one round at most; and it has no list of news while it
 * sleeps, so that none of them can be of a connection that was removed. */
static void *lookout_main(void *arg)
{
	struct lookout *lookout = arg;
	const int watched[WAKEUP_FDS] = { lookout->watcher.fd, -1, -1 };

	while (!atomic_load(&lookout->is_over))
		if (mcps__wakeup_wait(&lookout->wakeup, watched, -1) != 0)
			mcps__watcher_round(&lookout->watcher);
	return NULL;
}

static int start(struct lookout *lookout)
{
	if (!mcps__wakeup_open(&lookout->wakeup) ||
	    !mcps__watcher_open(&lookout->watcher))
		return errno;
	return mcps__thread_start(&lookout->thread, "mcps-lookout",
	                          lookout_main, lookout);
}

static void release(struct lookout *lookout)
{
	mcps__watcher_close(&lookout->watcher);
	mcps__wakeup_close(&lookout->wakeup);
}

mcps_status mcps__lookout_open(struct lookout *lookout,
                               struct mcps_error *error)
{
	int failure;

	*lookout = (struct lookout){ .watcher.fd = -1, .wakeup.fd = -1 };
	failure = start(lookout);
	if (failure == 0)
		return MCPS_OK;
	release(lookout);
	return mcps__fail(error, MCPS_E_SYSTEM,
	                  "cannot look out for clients that leave: %s",
	                  strerror(failure));
}

void mcps__lookout_close(struct lookout *lookout)
{
	atomic_store(&lookout->is_over, true);
	mcps__wakeup_signal(&lookout->wakeup);
	pthread_join(lookout->thread, NULL);
	release(lookout);
}
