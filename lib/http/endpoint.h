/* What every exchange of an endpoint shares: constant once the server has
 * started, but for what is atomic. */
#ifndef MCPS_HTTP_ENDPOINT_H
#define MCPS_HTTP_ENDPOINT_H

#include "base/incident.h"
#include "call/mcp.h"
#include "http/origin.h"
#include "http/rate.h"
#include "http/tokens.h"
#include "rpc/scan.h"
#include "session/memory_limit.h"

#include <mcps/auth.h>
#include <mcps/server.h>

struct auth_cache;

struct endpoint {
	struct mcp *mcp;
	struct sessions *sessions;
	struct principal *anonymous;
	mcps_auth_fn identify; /* NULL: everybody is anonymous */
	void *identify_arg;
	struct auth_cache *auth_cache; /* of identify; NULL: nothing is kept */
	bool knows_tokens;             /* without identify: by the token file */
	pthread_rwlock_t tokens_lock;
	struct tokens *tokens; /* under its lock */
	const char *path;
	const struct origin_rules *origins;    /* NULL: Host and Origin pass */
	bool has_cors;                         /* for origins that may call */
	const struct trusted_proxies *proxies; /* NULL: none is trusted */
	struct rate *requests_of_caller;       /* these may be NULL: no limit */
	struct rate *requests_of_address;
	struct rate *session_rate_of_caller;    /* identified */
	struct rate *session_rate_of_address;   /* anonymous */
	struct rate *session_rate_of_anonymous; /* all anonymous */
	enum mcps_unknown_ids policy;
	size_t max_body;
	struct memory_limit bodies;
	uint32_t max_batch;
	struct scan_limits scan_limits;

	atomic_bool is_stopping; /* takes nothing new */
	atomic_bool is_drained;  /* ... and starts nothing any more */
	atomic_uint_fast64_t requests;
	atomic_uint_fast64_t refused; /* 404 for a session */

	/* Requests that a program around us has parked. */
	atomic_uint admissions_parked;
	atomic_uint admissions; /* between mcps_admit() and its free */

	/* Exchanges that wait for the auth hook; under the lock below. */
	struct exchange *asking;
	atomic_uint asking_count;

	/* Exchanges that run, so that a drain can wait for them. */
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct exchange *running;
	/* ... and how many have all of their request, but do not run yet: they
	 * look for their session. */
	atomic_uint entering;
};

/* A limit was reached. Under no lock. */
static inline void mcps__endpoint_report(const struct endpoint *endpoint,
                                         enum incident what)
{
	mcps__sessions_report(endpoint->sessions, what);
}

#endif
