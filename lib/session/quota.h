/* How many live sessions a caller may have: at the limit the caller's least
 * recently used session makes room, as memory knows the uses, unless it is in
 * use. Never one of another caller. */
#ifndef MCPS_SESSION_QUOTA_H
#define MCPS_SESSION_QUOTA_H

#include "session/table.h"

enum { QUOTA_EVICTED_MOST = 4 };

/* What one transaction evicted. */
struct evicted {
	unsigned count;
	uint8_t keys[QUOTA_EVICTED_MOST][MCPS_SESSION_KEY_SIZE];
};

/* Inside a transaction: make room for one more session of PRINCIPAL.
 * MCPS_E_LIMIT: all of his are in use. Forgets what EVICTED held before. */
MCPS_MUST_USE mcps_status mcps__quota_make_room(
	struct sessions *sessions, mcps_store *store,
	const struct principal *principal, struct evicted *evicted);

/* After the commit: count, log and tell the application. */
void mcps__quota_tell(struct sessions *sessions, struct principal *principal,
                      const struct evicted *evicted);

#endif
