/* A server without sockets, threads or time of its own, for fuzz_sessions: the
 * memory store, which can be told to fail; its jobs, and other work, run at
 * once or when they are told to. */
#ifndef MCPS_TESTS_SESSIONS_SERVER_H
#define MCPS_TESTS_SESSIONS_SERVER_H

#include "exchange/work_queue.h"
#include "http/endpoint.h"
#include "http/exchange.h"
#include "stream/streams.h"

enum { CALLERS = 3, ANONYMOUS = 0, ID_TEXT_MAX = 140 };

struct server_options {
	enum mcps_unknown_ids policy;
	uint32_t hot;
	bool is_manual;  /* work waits for server_work() */
	bool is_stepped; /* jobs of the store wait, too */
	bool has_hook;   /* sessions are told to a hook, as work */
	uint32_t max_tombstones;
	bool has_gap; /* of a downtime a day counts, else all of it */
};

/* What the store does wrong, so many times more. */
struct server_faults {
	unsigned commits;
	unsigned reads;
	bool commits_all_the_same; /* a failing commit is done nevertheless */
	unsigned happened;         /* failures so far */
};

struct server {
	struct server_options options;
	struct server_faults faults;
	int64_t wall_ms, steady_ms;
	uint64_t boot; /* its id */
	uint64_t seed; /* of random numbers */
	struct clock_source clock;
	struct random_source random;
	mcps_store *store;
	struct writer *writer;
	struct work_queue queue;
	struct registry registry;
	struct id_keys keys;
	struct sessions sessions;
	struct streams streams;
	struct mcp mcp;
	struct endpoint anonymous; /* nobody is asked who he is */
	struct endpoint named;     /* callers 1 and 2 */
};

void server_open(struct server *server, const struct server_options *options);
void server_close(struct server *server);

/* Stop and start; without the store or the key of ids there are new ones. */
void server_restart(struct server *server, bool keep_store, bool keep_key);

/* The next start runs on a machine that was booted anew. */
void server_reboot(struct server *server);

/* Run the oldest work that waits; false: there is none. */
bool server_work(struct server *server);

int64_t server_now(struct server *server);
mcps_status server_revoke(struct server *server, int caller);

/* A request under way. */
struct flight {
	struct exchange *exchange;
	struct mcps_request view;
	char id[ID_TEXT_MAX]; /* "": none */
	bool is_parked, is_woken;
};

/* Send METHOD ("POST") of CALLER with BODY (NULL: none). */
struct flight *flight_new(struct server *server, int caller, const char *method,
                          const char *id, const char *body);
/* Go on with it as far as it goes: the answer, or NULL while it is parked. */
const struct plan *flight_run(struct flight *flight);
void flight_free(struct flight *flight);

#endif
