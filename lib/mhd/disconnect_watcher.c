#include "mhd/disconnect_watcher.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { BATCH = 64 };

bool mcps__disconnect_watcher_open(struct disconnect_watcher *watcher)
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

void mcps__disconnect_watcher_close(struct disconnect_watcher *watcher)
{
	if (watcher->fd < 0)
		return;
	close(watcher->fd);
	watcher->fd = -1;
	pthread_mutex_destroy(&watcher->lock);
}

/* Once per change; errors and hang-ups come along unasked. */
static bool disconnect_watcher_arm(struct disconnect_watcher *watcher,
                                   struct disconnect_watch *watch, int how,
                                   uint32_t events)
{
	struct epoll_event event = { .events = events | EPOLLONESHOT,
		                     .data.ptr = watch };

	return epoll_ctl(watcher->fd, how, watch->fd, &event) == 0;
}

void mcps__disconnect_watcher_add(struct disconnect_watcher *watcher,
                                  struct disconnect_watch *watch)
{
	pthread_mutex_lock(&watcher->lock);
	watch->is_on = disconnect_watcher_arm(watcher, watch, EPOLL_CTL_ADD,
	                                      EPOLLRDHUP);
	pthread_mutex_unlock(&watcher->lock);
}

void mcps__disconnect_watcher_remove(struct disconnect_watcher *watcher,
                                     struct disconnect_watch *watch)
{
	pthread_mutex_lock(&watcher->lock);
	if (watch->is_on)
		(void)epoll_ctl(watcher->fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->is_on = false;
	pthread_mutex_unlock(&watcher->lock);
}

/* A client that closed only its own side still reads: this is reported once. If
 * it closed the whole connection, what is written is answered by a reset, which
 * is reported again. */
static void disconnect_watcher_tell(struct disconnect_watcher *watcher,
                                    const struct epoll_event *event)
{
	struct disconnect_watch *watch = event->data.ptr;

	if ((event->events & (EPOLLERR | EPOLLHUP)) == 0)
		(void)disconnect_watcher_arm(watcher, watch, EPOLL_CTL_MOD, 0);
	watch->on_disconnect(watch->arg);
}

void mcps__disconnect_watcher_round(struct disconnect_watcher *watcher)
{
	struct epoll_event events[BATCH];
	int count;

	do {
		pthread_mutex_lock(&watcher->lock);
		count = epoll_wait(watcher->fd, events, BATCH, 0);
		for (int i = 0; i < count; i++)
			disconnect_watcher_tell(watcher, &events[i]);
		pthread_mutex_unlock(&watcher->lock);
	} while (count == BATCH);
}
