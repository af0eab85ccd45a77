/* Whether a server can serve. It knows this of itself; whatever brings its
 * requests (network loops, the daemon of a program) adds a probe. */
#ifndef MCPS_SERVER_READINESS_H
#define MCPS_SERVER_READINESS_H

#include <mcps/server.h>
#include <pthread.h>
#include <stdint.h>

struct log_sink;

/* One reason not to be ready. Its address must not change while it is added. */
struct readiness_probe {
	/* Why nothing can be served, a static text; NULL: it can. NOW_MS is
	 * steady time. Called a few times a second, by any thread, one call at
	 * a time; must neither block nor call the server. */
	const char *(*check)(struct readiness_probe *self, int64_t now_ms);
	struct readiness_probe *next;
};

struct readiness {
	pthread_mutex_t lock;
	struct readiness_probe *first; /* under the lock */
	const char *logged; /* the watching thread's: reason in the log */
};

/* Any thread. Remove waits for a check that runs; one that was never added may
 * be removed. */
void mcps__server_add_probe(mcps_server *server, struct readiness_probe *probe);
void mcps__server_remove_probe(mcps_server *server,
                               struct readiness_probe *probe);

/* The first reason of a probe; NULL: none. Any thread. */
const char *mcps__readiness_check(struct readiness *readiness, int64_t now_ms);

/* The same a few times a second, so that probes see what does not change, and
 * changes are logged. One thread. */
void mcps__readiness_watch(struct readiness *readiness, int64_t now_ms,
                           const struct log_sink *log);

#endif
