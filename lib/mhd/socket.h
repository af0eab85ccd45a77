/* What is remembered of a socket while its connection lasts: whose turn it
 * is, and until when. */
#ifndef MCPS_MHD_SOCKET_H
#define MCPS_MHD_SOCKET_H

#include "mhd/deadline.h"

#include <microhttpd.h>
#include <stdatomic.h>

struct endpoint;

/* Whether all loops of a daemon have all the connections that they can have:
 * then nobody is accepted. */
struct fullness {
	struct endpoint *endpoint;
	unsigned loops;
	atomic_uint full_loops;
};

/* The sockets of a loop: its thread's own. */
struct sockets {
	struct deadlines deadlines;
	unsigned count;  /* connections, as libmicrohttpd counts them */
	int64_t now_ms;  /* steady clock, when libmicrohttpd was last run */
	unsigned idle_s; /* between requests */
	unsigned most;   /* connections */
	struct fullness *fullness; /* of the daemon */
};

/*   idle ──► body ──► working ──► answer ──► idle ...
 *    └─────────┴─────────────────►  ▲                refused by its headers */
enum socket_phase {
	SOCKET_NEW,     /* the first request has to come */
	SOCKET_IDLE,    /* another may come */
	SOCKET_BODY,    /* the rest of it has to come */
	SOCKET_SKIP,    /* ... although nobody wants it */
	SOCKET_WORKING, /* our turn: the client may take its ease */
	SOCKET_ANSWER,  /* the client has to take the answer */
	SOCKET_EVENTS,  /* ... or the events of a stream */
};

/* MHD_NotifyConnectionCallback; ARG is struct sockets. */
void mcps__socket_notified(void *arg, struct MHD_Connection *connection,
                           void **slot,
                           enum MHD_ConnectionNotificationCode what);

/* The socket's deadline: lives as long as the connection. NULL: there was no
 * memory for one, and the socket has only the idle timeout. */
struct deadline *mcps__socket_deadline(struct MHD_Connection *connection);

int mcps__socket_descriptor(struct MHD_Connection *connection);

/* DEADLINE may be NULL. */
void mcps__socket_enter(struct sockets *sockets, struct deadline *deadline,
                        enum socket_phase phase);

#endif
