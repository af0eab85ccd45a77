#include "mcp/notify.h"

#include "mcp/call.h"
#include "rpc/write.h"
#include "session/subscriptions.h"

#include <string.h>

bool mcps__notify_is_connected(const struct mcp *mcp)
{
	return mcp->notifier.session != NULL &&
	       mcp->notifier.list_changed != NULL;
}

void mcps__notify_session(struct mcp *mcp, struct session *session,
                          const char *method, const char *params)
{
	if (mcp->notifier.session != NULL)
		mcp->notifier.session(mcp->notifier.arg, session, method,
		                      params);
}

void mcps__notify_call(struct mcps_call *call, const char *method,
                       const char *params)
{
	const struct notifier *notifier = &call->mcp->notifier;

	if (notifier->call != NULL)
		notifier->call(notifier->arg, call, method, params);
}

void mcps__notify_list(struct mcp *mcp, enum offer_kind kind)
{
	static const uint8_t lists[] = {
		[OFFER_TOOL] = SESSION_LIST_TOOLS,
		[OFFER_RESOURCE] = SESSION_LIST_RESOURCES,
		[OFFER_TEMPLATE] = SESSION_LIST_RESOURCES,
		[OFFER_PROMPT] = SESSION_LIST_PROMPTS,
	};
	uint8_t digest[MCPS_LISTS_DIGEST_SIZE];

	mcps__registry_digest(mcp->registry, digest);
	mcps__sessions_set_lists(mcp->sessions, digest, lists[kind]);
	if (mcp->notifier.list_changed != NULL)
		mcp->notifier.list_changed(mcp->notifier.arg);
}

/* ---- subscriptions ---- */

struct update {
	struct mcp *mcp;
	const char *params;
};

static void tell(void *arg, struct session *session)
{
	const struct update *update = arg;

	mcps__notify_session(update->mcp, session,
	                     "notifications/resources/updated", update->params);
}

void mcps__notify_updated(struct mcp *mcp, const char *uri)
{
	struct buffer params = { 0 };
	struct update update = { mcp, NULL };

	mcps__buffer_add_literal(&params, "{\"uri\":");
	mcps__write_string(&params, uri, strlen(uri));
	mcps__buffer_add(&params, "}", 2);
	update.params = params.data;
	if (!params.failed)
		mcps__subscribers_each(mcp->sessions, uri, tell, &update);
	mcps__buffer_finish(&params);
}
