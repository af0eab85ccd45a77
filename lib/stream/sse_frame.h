/* The text of one event in the queue of an SSE connection. */
#ifndef MCPS_STREAM_SSE_FRAME_H
#define MCPS_STREAM_SSE_FRAME_H

#include "rpc/event.h"
#include "rpc/reply.h"

#include <stddef.h>

struct sse_frame {
	struct sse_frame *next;
	size_t length;
	char text[];
};

/* Each returns a frame to be freed with mcps__free(); NULL: no memory. */

/* An event; ID->stream 0: it has no id. RETRY_MS 0: it does not say when to
 * come again. */
struct sse_frame *mcps__frame_event(const struct event_id *id,
                                    uint32_t retry_ms, const char *data,
                                    size_t length);
/* Nothing but when to come again. */
struct sse_frame *mcps__frame_retry(uint32_t milliseconds);
/* An event without an id: the outcome of the call ID is unknown. */
struct sse_frame *mcps__frame_outcome(struct reply_id id);

#endif
