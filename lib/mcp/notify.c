#include "mcp/notify.h"

#include "base/memory.h"
#include "call/call.h"
#include "rpc/write.h"
#include "stream/subscriptions.h"

#include <string.h>

bool mcps__notify_is_connected(const struct mcp *mcp)
{
	return mcp->notifier.session != NULL &&
	       mcp->notifier.list_changed != NULL;
}

static bool notify_send(struct mcp *mcp, struct session *session,
                        const char *method, const char *params,
                        uint64_t *queued_on_stream)
{
	const struct notifier *notifier = &mcp->notifier;

	return notifier->session != NULL &&
	       notifier->session(notifier->arg, session, method, params,
	                         queued_on_stream);
}

/* ---- lists ---- */

static const struct {
	uint8_t list;
	const char *method;
} lists[] = {
	{ SESSION_LIST_TOOLS, "notifications/tools/list_changed" },
	{ SESSION_LIST_RESOURCES, "notifications/resources/list_changed" },
	{ SESSION_LIST_PROMPTS, "notifications/prompts/list_changed" },
};

enum { LISTS = sizeof lists / sizeof lists[0] };

void mcps__notify_remember(struct mcp *mcp, struct session *session)
{
	uint8_t differ = atomic_fetch_and(&session->lists_differ,
	                                  (uint8_t)~SESSION_LISTS_TOLD);

	if ((differ & SESSION_LISTS_TOLD) != 0)
		mcps__sessions_save_later(mcp->sessions, session, 0,
		                          SESSION_RECREATED);
}

static bool notify_say_lists(struct mcp *mcp, struct session *session)
{
	uint8_t differ = atomic_fetch_and(&session->lists_differ,
	                                  (uint8_t)~SESSION_LISTS);
	uint8_t unsaid = 0;

	for (int i = 0; i < LISTS; i++)
		if ((differ & lists[i].list) != 0 &&
		    !notify_send(mcp, session, lists[i].method, NULL, NULL))
			unsaid |= lists[i].list;
	if (unsaid != 0)
		atomic_fetch_or(&session->lists_differ, unsaid);
	else if ((differ & SESSION_LISTS) != 0)
		atomic_fetch_or(&session->lists_differ, SESSION_LISTS_TOLD);
	return unsaid == 0;
}

void mcps__notify_list(struct mcp *mcp, enum entry_kind kind)
{
	static const uint8_t list_of[] = {
		[ENTRY_TOOL] = SESSION_LIST_TOOLS,
		[ENTRY_RESOURCE] = SESSION_LIST_RESOURCES,
		[ENTRY_TEMPLATE] = SESSION_LIST_RESOURCES,
		[ENTRY_PROMPT] = SESSION_LIST_PROMPTS,
	};
	uint8_t digest[MCPS_LISTS_DIGEST_SIZE];

	mcps__registry_digest(mcp->registry, digest);
	mcps__sessions_set_lists(mcp->sessions, digest, list_of[kind]);
	if (mcp->notifier.list_changed != NULL)
		mcp->notifier.list_changed(mcp->notifier.arg);
}

/* ---- subscriptions ---- */

static bool notify_say_update(void *arg, struct session *session,
                              const char *uri, uint64_t *queued_on_stream)
{
	struct buffer params = { 0 };
	bool is_said;

	mcps__buffer_add_literal(&params, "{\"uri\":");
	mcps__write_string(&params, uri, strlen(uri));
	mcps__buffer_add(&params, "}", 2);
	is_said = !params.failed &&
	          notify_send(arg, session, "notifications/resources/updated",
	                      params.data, queued_on_stream);
	mcps__buffer_finish(&params);
	return is_said;
}

static bool notify_say_updates(struct mcp *mcp, struct session *session)
{
	return mcps__subscriptions_say(mcp->sessions, session,
	                               notify_say_update, mcp);
}

/* ---- what a session has yet to hear ---- */

/* What cannot be said to who listens is said when somebody next does. Who
 * began to while SAY held it found nothing to say: then it is tried again. */
static void notify_try_to(bool (*say)(struct mcp *mcp, struct session *session),
                          struct mcp *mcp, struct session *session)
{
	unsigned listened;

	do
		listened = atomic_load(&session->listened);
	while (!say(mcp, session) &&
	       atomic_load(&session->listened) != listened);
}

void mcps__notify_lists(struct mcp *mcp, struct session *session)
{
	notify_try_to(notify_say_lists, mcp, session);
}

void mcps__notify_missed(struct mcp *mcp, struct session *session,
                         uint64_t resumed)
{
	if (resumed != 0)
		mcps__subscriptions_said(mcp->sessions, session, resumed);
	mcps__notify_lists(mcp, session);
	mcps__notify_remember(mcp, session);
	notify_try_to(notify_say_updates, mcp, session);
}

static void notify_updated(void *arg, struct session *session)
{
	notify_try_to(notify_say_updates, arg, session);
}

void mcps__notify_updated(struct mcp *mcp, const char *uri)
{
	mcps__subscriptions_update(mcp->sessions, uri, notify_updated, mcp);
}
