/* Results of the auth hook that may be kept: by a keyed hash of the
 * Authorization header, until the hook said. A table of fixed size. */
#ifndef MCPS_HTTP_AUTH_CACHE_H
#define MCPS_HTTP_AUTH_CACHE_H

#include "base/clock.h"
#include "base/random.h"
#include "http/request.h"
#include "session/principal.h"

struct auth_cache;

MCPS_MUST_USE mcps_status mcps__auth_cache_new(
	struct auth_cache **out, const struct random_source *random);
void mcps__auth_cache_free(struct auth_cache *auth_cache); /* NULL is fine */

/* The principal that was found to have this credential: a reference, or NULL.
 */
struct principal *mcps__auth_cache_find(struct auth_cache *auth_cache,
                                        const struct http_value *credential,
                                        const struct clock_source *clock);
/* Keep one until EXPIRES_S, seconds since 1970. A wall clock that is set ahead
 * meanwhile makes it expire earlier; one that is set back does not make it
 * expire later. A full table forgets the one that expires first. */
void mcps__auth_cache_keep(struct auth_cache *auth_cache,
                           const struct http_value *credential,
                           struct principal *principal, int64_t expires_s,
                           const struct clock_source *clock);
void mcps__auth_cache_forget(struct auth_cache *auth_cache);

#endif
