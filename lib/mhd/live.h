/* The requests of ours that are under way in a program's daemon.
 *
 * req_cls, the pointer that libmicrohttpd keeps for each request, is the
 * program's: it is neither read through nor written. A connection has one
 * request at a time, therefore a request is found by its connection. A mark
 * among the values of the request tells it from an earlier one on the same
 * connection whose end nobody told; libmicrohttpd drops these values when a
 * request ends, and clients cannot send one of their kind.
 *
 * A set is used by any thread; each connection by one thread at a time. */
#ifndef MCPS_MHD_LIVE_H
#define MCPS_MHD_LIVE_H

#include "base/hash_table.h"

#include <pthread.h>
#include <stdbool.h>

struct MHD_Connection;

struct live {
	struct MHD_Connection *connection; /* the key */
	void *request_context;             /* the glue's slot */
	UT_hash_handle hh;
};

struct live_set {
	pthread_mutex_t lock;
	struct live *first; /* under the lock */
};

void mcps__live_init(struct live_set *set);
void mcps__live_finish(struct live_set *set);

/* NULL: there is none. */
struct live *mcps__live_find(struct live_set *set,
                             const struct MHD_Connection *connection);
/* None may be there. NULL: out of memory. */
struct live *mcps__live_add(struct live_set *set,
                            struct MHD_Connection *connection);
void mcps__live_remove(struct live_set *set, struct live *live);

/* ---- marks of the request that a connection has now ---- */

enum mark {
	MARK_REQUEST, /* who takes the request: its mark is that pointer */
	MARK_TARGET   /* what is known of its target */
};

/* WHOSE points to an empty string that outlives the connection. False: the
 * connection has no memory for it. On the connection's thread. */
bool mcps__mark_set(struct MHD_Connection *connection, enum mark mark,
                    const char *whose);
/* NULL: the request has no such mark. */
const char *mcps__mark_get(struct MHD_Connection *connection, enum mark mark);

#endif
