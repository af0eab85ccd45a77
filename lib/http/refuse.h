/* Plans of refusals: the same status is the same bytes, wherever it is
 * decided. */
#ifndef MCPS_HTTP_REFUSE_H
#define MCPS_HTTP_REFUSE_H

#include "http/plan.h"
#include "rpc/reply.h"

/* The answer of STATUS, as its row in the status list says. DETAIL and DATA
 * (JSON) may be NULL. */
void mcps__refuse(struct plan *plan, mcps_status status, struct reply_id id,
                  const char *detail, const char *data);

/* The 404 of a path other than ENDPOINT. Its body is that of an OAuth error
 * (RFC 6749, 5.2), because clients that were refused for want of a credential
 * look for an authorization server here, and show what such a body says. */
void mcps__refuse_path(struct plan *plan, const char *endpoint,
                       bool wants_credential);

/* The 404 of a session that is over, for whatever reason: depends on the
 * request's id alone. */
void mcps__refuse_gone(struct plan *plan, struct reply_id id);

#endif
