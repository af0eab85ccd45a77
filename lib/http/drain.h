/* The stop of an endpoint: it waits for the exchanges that run (running.h), and
 * answers those that take too long. */
#ifndef MCPS_HTTP_DRAIN_H
#define MCPS_HTTP_DRAIN_H

#include "http/endpoint.h"

struct stream_limits;

/* Calls that run since before SINCE_MS (steady) get a stream, so that their
 * clients can resume. */
void mcps__drain_open_streams(struct endpoint *endpoint, int64_t since_ms);

/* No new ones; wait for the running ones at most WAIT_MS, then tell what is
 * left to stop and answer it: what had not begun with 503, what had with an
 * error that says so. Streams are closed behind what is on its way to the
 * store, which is waited for as long as the disk takes. True: nothing was left.
 */
bool mcps__drain(struct endpoint *endpoint, uint32_t wait_ms);

/* Tell the calls that came by one daemon, that of STREAMS, to stop, and answer
 * them in the same way. */
void mcps__drain_stop_calls(struct endpoint *endpoint,
                            const struct stream_limits *streams);

#endif
