/* Finds clients that left while their connection is suspended: libmicrohttpd
 * does not look at such connections. The owner of a watcher polls its
 * descriptor, then calls mcps__disconnect_watcher_round(). */
#ifndef MCPS_MHD_DISCONNECT_WATCHER_H
#define MCPS_MHD_DISCONNECT_WATCHER_H

#include <pthread.h>
#include <stdbool.h>

struct disconnect_watcher {
	int fd; /* epoll: readable when a client left */
	pthread_mutex_t lock;
};

/* One connection; its address must not change while it is watched. */
struct disconnect_watch {
	int fd;
	bool is_on;
	/* The client closed its side, or all of it: write to it, which tells
	 * what is left. Under the watcher's lock. */
	void (*on_disconnect)(void *arg);
	void *arg;
};

bool mcps__disconnect_watcher_open(
	struct disconnect_watcher *watcher); /* false: errno says why */
void mcps__disconnect_watcher_close(struct disconnect_watcher *watcher);

/* Watch WATCH->fd. Without memory for it nobody does, and heartbeats must. */
void mcps__disconnect_watcher_add(struct disconnect_watcher *watcher,
                                  struct disconnect_watch *watch);
/* Before the descriptor is closed. */
void mcps__disconnect_watcher_remove(struct disconnect_watcher *watcher,
                                     struct disconnect_watch *watch);

/* Call on_disconnect for each client that left. */
void mcps__disconnect_watcher_round(struct disconnect_watcher *watcher);

#endif
