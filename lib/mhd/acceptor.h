/* The listening socket, as one network loop uses it: accepts clients while the
 * loop has room for them.
 *
 * libmicrohttpd could do this, but stops watching the socket when it is full
 * or accept() finds no descriptor. It watches again at the earliest when a
 * connection ended and MHD_run() is called once more after that, and
 * MHD_get_timeout() does not ask for this call (0.9.75, 1.0.1): a loop that
 * sleeps until something happens never accepts anybody again. Therefore the
 * socket is ours, and the loop decides before each sleep whether to watch it.
 *
 * Everything here belongs to the loop's thread, except for the counter. */
#ifndef MCPS_MHD_ACCEPTOR_H
#define MCPS_MHD_ACCEPTOR_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct MHD_Daemon;

/* Clients that are accepted in one round of the loop. */
enum { ACCEPT_BATCH = 10 };

struct acceptor {
	int listener;     /* shared by all loops, not blocking; not owned */
	int events;       /* epoll: readable when a client waits */
	bool is_watching; /* the listening socket is in that set */
	bool is_stopped;  /* accepts nobody any more */
	int failure;      /* errno of the last attempt; 0: it succeeded */
	int64_t retry_ms; /* after a failure: when to try again */
	_Atomic uint64_t accepted; /* clients; read by any thread */
};

/* False: errno says why. */
bool mcps__acceptor_open(struct acceptor *acceptor, int listener);
void mcps__acceptor_close(struct acceptor *acceptor);

/* Before the loop sleeps: watch the listening socket if there is ROOM, and if
 * no failure was met within the last moments. Returns how many milliseconds
 * the loop may sleep before it must call again; -1: any number. */
int mcps__acceptor_watch(struct acceptor *acceptor, unsigned room,
                         int64_t now_ms);

/* Accept clients that wait and hand them to HTTP: at most ROOM of them, and
 * not more than ACCEPT_BATCH. Returns how many. */
unsigned mcps__acceptor_take(struct acceptor *acceptor, struct MHD_Daemon *http,
                             unsigned room, int64_t now_ms);

/* Accept nobody from now on. */
void mcps__acceptor_stop(struct acceptor *acceptor);

#endif
