/* Finds clients that left while their connection is suspended: libmicrohttpd
 * does not look at such ones. Whoever owns a watcher polls its descriptor and
 * then has it look round. */
#ifndef MCPS_MHD_WATCHER_H
#define MCPS_MHD_WATCHER_H

#include <pthread.h>
#include <stdbool.h>

struct watcher {
	int fd; /* epoll: readable when there is news */
	pthread_mutex_t lock;
};

/* One connection; its address must not change while it is watched. */
struct watch {
	int fd;
	bool is_on;
	/* The client closed its side, or all of it: write to it, which tells
	 * what is left. Under the watcher's lock. */
	void (*news)(void *arg);
	void *arg;
};

bool mcps__watcher_open(struct watcher *watcher); /* false: errno says why */
void mcps__watcher_close(struct watcher *watcher);

/* Watch WATCH->fd. Without memory for it nobody does, and heartbeats must. */
void mcps__watcher_add(struct watcher *watcher, struct watch *watch);
/* Before the descriptor is closed. */
void mcps__watcher_remove(struct watcher *watcher, struct watch *watch);

/* Tell the news there are. */
void mcps__watcher_round(struct watcher *watcher);

#endif
