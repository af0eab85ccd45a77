#include "app/signals.h"

#include <errno.h>
#include <stddef.h>
#include <time.h>
#include <unistd.h>

/* Wait for a signal that asks to stop; those to reload are carried out. False:
 * nobody is to wait any more. */
static bool signals_wait_stop(struct signals *signals)
{
	int number;

	for (;;) {
		if (sigwait(&signals->set, &number) != 0)
			continue;
		if (atomic_load(&signals->closing))
			return false;
		if (number != SIGHUP)
			return true;
		if (atomic_load(&signals->serving))
			signals->actions.reload(signals->actions.arg);
	}
}

static int64_t signals_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

enum stopping { STOPPING_DONE, STOPPING_NOW, STOPPING_LATE };

/* Some supervisors signal both the process and its group (timeout(1)), so a
 * second signal means "now" only when a person or a supervisor had the time to
 * decide that. */
enum { SECOND_SIGNAL_AFTER_MS = 1000 };

static bool signals_means_now(int number, int64_t since_first_ms)
{
	return (number == SIGTERM || number == SIGINT) &&
	       since_first_ms >= SECOND_SIGNAL_AFTER_MS;
}

static enum stopping signals_watch_stop(struct signals *signals)
{
	int64_t began = signals_now_ms();
	int64_t until = began + signals->actions.stop_ms;

	for (;;) {
		int64_t left = until - signals_now_ms();
		struct timespec wait = { (time_t)(left / 1000),
			                 (long)(left % 1000 * 1000000) };
		int number =
			left > 0 ? sigtimedwait(&signals->set, NULL, &wait) : 0;

		if (atomic_load(&signals->closing))
			return STOPPING_DONE;
		if (left <= 0)
			return STOPPING_LATE;
		if (signals_means_now(number, signals_now_ms() - began))
			return STOPPING_NOW;
	}
}

static void *signals_main(void *arg)
{
	struct signals *signals = arg;

	if (!signals_wait_stop(signals))
		return NULL;
	if (!atomic_load(&signals->serving))
		_exit(0);
	sem_post(&signals->asked);
	switch (signals_watch_stop(signals)) {
	case STOPPING_DONE:
		break;
	case STOPPING_NOW:
		_exit(1); /* calls were cut off */
	case STOPPING_LATE:
		/* Calls were answered and what was acknowledged is on the
		 * disk; only a handler that does not listen is left. */
		signals->actions.late(signals->actions.arg);
		_exit(0);
	}
	return NULL;
}

bool mcps__signals_open(struct signals *signals)
{
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals->set);
	sigaddset(&signals->set, SIGTERM);
	sigaddset(&signals->set, SIGINT);
	sigaddset(&signals->set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &signals->set, NULL);
	atomic_init(&signals->serving, false);
	atomic_init(&signals->closing, false);
	sem_init(&signals->asked, 0, 0);
	signals->is_open = pthread_create(&signals->thread, NULL, signals_main,
	                                  signals) == 0;
	return signals->is_open;
}

void mcps__signals_serve(struct signals *signals,
                         const struct signal_actions *actions)
{
	signals->actions = *actions;
	atomic_store(&signals->serving, true);
}

void mcps__signals_wait(struct signals *signals)
{
	while (sem_wait(&signals->asked) != 0 && errno == EINTR)
		continue;
}

void mcps__signals_close(struct signals *signals)
{
	if (!signals->is_open)
		return;
	atomic_store(&signals->closing, true);
	pthread_kill(signals->thread, SIGHUP); /* any of the set wakes it */
	pthread_join(signals->thread, NULL);
	sem_destroy(&signals->asked);
}
