#include "session/hook.h"

#include "session/caller.h"

/* Work that must run is never refused. */
void mcps__hook_submit(struct sessions *sessions,
                       const struct principal *principal, struct work *work)
{
	const struct executor *executor = &sessions->options.executor;
	struct caller owner;

	mcps__caller_of_hooks(&owner, principal);
	(void)executor->submit(executor->arg, work, owner.key, true);
}
