/* The subscriptions of a session as they are stored: a value of its state that
 * no tool can name. URIs, each with its NUL. */
#ifndef MCPS_SESSION_SUBSCRIBED_H
#define MCPS_SESSION_SUBSCRIBED_H

#include "base/buffer.h"

#include <mcps/sys/store.h>

/* The first byte of keys of a session's state that are not for tools. */
#define STATE_KEY_INTERNAL '\x01'

/* The key of that value. */
extern const char mcps__subscribed_key[];

/* Read what the row REF subscribed to. */
mcps_status mcps__subscriptions_read(mcps_store *store, int64_t ref,
                                     struct buffer *out);

#endif
