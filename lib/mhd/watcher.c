#include "mhd/watcher.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH = 64 };

bool mcps__watcher_open(struct watcher *watcher)
{
	int failure;

	watcher->fd = epoll_create1(EPOLL_CLOEXEC);
	if (watcher->fd < 0)
		return false;
	failure = pthread_mutex_init(&watcher->lock, NULL);
	if (failure == 0)
		return true;
	close(watcher->fd);
	watcher->fd = -1;
	errno = failure;
	return false;
}

void mcps__watcher_close(struct watcher *watcher)
{
	if (watcher->fd < 0)
		return;
	close(watcher->fd);
	watcher->fd = -1;
	pthread_mutex_destroy(&watcher->lock);
}

/* Once per change; errors and hang-ups come along unasked. */
static bool arm(struct watcher *watcher, struct watch *watch, int how,
                uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLONESHOT,
		                     .data.ptr = watch };

	return epoll_ctl(watcher->fd, how, watch->fd, &event) == 0;
}

void mcps__watcher_add(struct watcher *watcher, struct watch *watch)
{
	pthread_mutex_lock(&watcher->lock);
	watch->is_on = arm(watcher, watch, EPOLL_CTL_ADD, EPOLLRDHUP);
	pthread_mutex_unlock(&watcher->lock);
}

void mcps__watcher_remove(struct watcher *watcher, struct watch *watch)
{
	pthread_mutex_lock(&watcher->lock);
	if (watch->is_on)
		(void)epoll_ctl(watcher->fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->is_on = false;
	pthread_mutex_unlock(&watcher->lock);
}

/* Who closed only its own side still reads: that is looked at once. If all of
 * it is closed, what is written is answered by a reset, which is news again. */
static void tell(struct watcher *watcher, const struct epoll_event *event)
{
	struct watch *watch = event->data.ptr;

	if ((event->events & (EPOLLERR | EPOLLHUP)) == 0)
		(void)arm(watcher, watch, EPOLL_CTL_MOD, 0);
	watch->news(watch->arg);
}

void mcps__watcher_round(struct watcher *watcher)
{
	struct epoll_event events[BATCH];
	int count;

	do {
		pthread_mutex_lock(&watcher->lock);
		count = epoll_wait(watcher->fd, events, BATCH, 0);
		for (int i = 0; i < count; i++)
			tell(watcher, &events[i]);
		pthread_mutex_unlock(&watcher->lock);
	} while (count == BATCH);
}
