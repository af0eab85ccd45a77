/* How many clients may listen at once. A stream that answers no call (GET)
 * takes a connection for as long as its client stays: without a bound those
 * who listen take all connections, and nobody can call any more. Streams of
 * calls are not counted, whether a POST or a GET carries them: they end, and
 * each is carried by one connection. */
#ifndef MCPS_HTTP_LISTENING_H
#define MCPS_HTTP_LISTENING_H

#include "session/caller.h"

#include <mcps/server.h>
#include <stdatomic.h>

struct endpoint;

/* Limits of one daemon: all of its loops share its connections. A loop that is
 * full of listeners leaves newcomers to the others, so one count for all of
 * them keeps room for calls somewhere. */
struct stream_limits {
	uint32_t most;             /* UINT32_MAX: no limit */
	uint32_t most_per_address; /* of anonymous callers */
	atomic_uint open;
};

/* CONNECTIONS: how many the daemon can have; 0: unknown. */
void mcps__stream_limits_init(struct stream_limits *out,
                              const struct mcps_server_options *options,
                              uint32_t connections);

/* One more stream of CALLER. Any thread. LIMITS may be NULL: then only the
 * streams of identified callers are bounded.
 * Returns MCPS_E_LIMIT if the caller has too many, MCPS_E_BUSY if all callers
 * together have, MCPS_E_NOMEM; then nothing was counted. */
MCPS_MUST_USE mcps_status mcps__listening_begin(struct endpoint *endpoint,
                                                struct stream_limits *limits,
                                                const struct caller *caller);
void mcps__listening_end(struct endpoint *endpoint,
                         struct stream_limits *limits,
                         const struct caller *caller);

#endif
