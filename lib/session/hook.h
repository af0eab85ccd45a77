/* Session hooks on their way to a worker. */
#ifndef MCPS_SESSION_HOOK_H
#define MCPS_SESSION_HOOK_H

#include "session/sessions.h"

/* Have WORK, which runs the hook about a session of PRINCIPAL, run by a worker:
 * always, and in the order of submitting for each principal. */
void mcps__hook_submit(struct sessions *sessions,
                       const struct principal *principal, struct work *work);

#endif
