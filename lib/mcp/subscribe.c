/* resources/subscribe and unsubscribe (2025-11-25, Resources, Subscriptions):
 * answered once they are stored. */
#include "mcp/resources.h"

#include "base/container.h"
#include "stream/subscriptions.h"

static void subscribed(struct session_wait *wait, enum session_found found,
                       struct session *session, mcps_status status)
{
	struct mcps_call *call = container_of(wait, struct mcps_call, wait);

	(void)found;
	mcps__session_unref(session);
	if (status == MCPS_OK) {
		mcps__buffer_add_literal(mcps__call_begin_result(call), "{}");
		mcps__call_end_result(call);
	} else {
		mcps__call_fail(call, status, NULL, NULL);
	}
	mcps__call_finished(call);
}

static enum dispatch_end subscribe_store(struct mcps_call *call, bool wants)
{
	call->parking(call);
	call->wait.fn = subscribed;
	mcps__subscribe(call->mcp->sessions, call->session, call->text, wants,
	                &call->wait);
	return DISPATCH_PARKED;
}

/* Only to what there is, and what the caller may read. */
enum dispatch_end mcps__resources_subscribe(struct mcps_call *call,
                                            const struct catalog *catalog)
{
	if (!mcps__resource_find(call, catalog))
		return DISPATCH_ANSWERED;
	return subscribe_store(call, true);
}

/* From whatever it is, for what was subscribed to may be gone. */
enum dispatch_end mcps__resources_unsubscribe(struct mcps_call *call,
                                              const struct catalog *catalog)
{
	(void)catalog;
	call->text = mcps__call_read_text(call, call->message.params, "uri",
	                                  "params.uri", URI_MAX);
	if (call->text == NULL)
		return DISPATCH_ANSWERED;
	return subscribe_store(call, false);
}
