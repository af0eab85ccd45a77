/* Closing a connection whose client is still sending (RFC 9112, 9.6). If bytes
 * that nobody read are left in a socket, closing it resets the connection, and
 * the client may lose the answer that it was just sent. Therefore the socket
 * outlives its connection for a moment: our side is shut down, what still comes
 * is read and dropped up to a limit, and the socket is closed when the client
 * closes its side, or its time is over. */
#ifndef MCPS_MHD_LINGER_H
#define MCPS_MHD_LINGER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	LINGER_SOCKETS_MAX = 64, /* more are closed at once */
	LINGER_BYTES_MAX = 8 * 1024 * 1024,
	LINGER_MS_MAX = 2000,
};

struct linger_socket {
	int fd;
	uint64_t left;     /* bytes that are still read */
	int64_t closes_ms; /* steady */
};

/* The sockets of one daemon, and the thread that reads them, which is started
 * for the first of them. */
struct linger_set {
	pthread_mutex_t lock; /* of what follows */
	int wakeup; /* an eventfd; -1: there was none, nobody lingers */
	bool has_thread;
	pthread_t thread;
	bool is_over;
	unsigned count;
	struct linger_socket sockets[LINGER_SOCKETS_MAX];
};

void mcps__linger_init(struct linger_set *linger);
/* Close the sockets that are left, end the thread. */
void mcps__linger_finish(struct linger_set *linger);

/* The connection of FD was answered and is about to be closed by its owner:
 * keep the socket. Any thread. Does nothing if there are too many, or no
 * descriptor or thread for it. */
void mcps__linger_add(struct linger_set *linger, int fd);

#endif
