#include "session/subscribed.h"

const char mcps__subscribed_key[] = { STATE_KEY_INTERNAL, 's', 'u', 'b', '\0' };

static mcps_status subscribed_take_value(void *arg,
                                         const struct mcps_state_row *row)
{
	struct buffer *out = arg;

	mcps__buffer_add(out, row->value, row->length);
	return out->failed ? MCPS_E_NOMEM : MCPS_OK;
}

mcps_status mcps__subscriptions_read(mcps_store *store, int64_t ref,
                                     struct buffer *out)
{
	mcps__buffer_reset(out);
	return store->ops->state_get(store, MCPS_STATE_OF_SESSION, ref,
	                             mcps__subscribed_key,
	                             subscribed_take_value, out);
}
