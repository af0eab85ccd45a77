/* Verdicts of the auth hook that may be kept: by a keyed hash of the
 * Authorization header, until the hook said. A table of fixed size. */
#ifndef MCPS_HTTP_VERDICTS_H
#define MCPS_HTTP_VERDICTS_H

#include "base/clock.h"
#include "base/random.h"
#include "http/request.h"
#include "session/principal.h"

struct verdicts;

MCPS_MUST_USE mcps_status
mcps__verdicts_new(struct verdicts **out, const struct random_source *random);
void mcps__verdicts_free(struct verdicts *verdicts); /* NULL is fine */

/* The principal that was found to have this credential: a reference, or NULL.
 */
struct principal *mcps__verdicts_find(struct verdicts *verdicts,
                                      const struct http_value *credential,
                                      const struct clock_source *clock);
/* Keep one until EXPIRES_S, seconds since 1970. A wall clock that is set ahead
 * meanwhile makes it expire earlier; one that is set back does not make it
 * expire later. A full table forgets the one that expires first. */
void mcps__verdicts_keep(struct verdicts *verdicts,
                         const struct http_value *credential,
                         struct principal *principal, int64_t expires_s,
                         const struct clock_source *clock);
void mcps__verdicts_forget(struct verdicts *verdicts);

#endif
