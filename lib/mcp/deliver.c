#include "mcp/deliver.h"

#include "base/memory.h"
#include "mcp/call.h"
#include "session/stream.h"

static void write_message(struct buffer *out, const char *method,
                          const char *params)
{
	mcps__buffer_add_format(out, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"",
	                        method);
	if (params != NULL) {
		mcps__buffer_add_literal(out, ",\"params\":");
		mcps__buffer_add_text(out, params);
	}
	mcps__buffer_add_byte(out, '}');
}

/* False: nobody listens, nor did lately. */
static bool send(struct session *session, const char *method,
                 const char *params)
{
	struct stream *stream = mcps__session_main_stream(session);
	struct buffer message = { 0 };
	bool is_sent;

	if (stream == NULL)
		return false;
	write_message(&message, method, params);
	is_sent = mcps__stream_append(stream, &message, STREAM_MAY_DROP);
	mcps__stream_unref(stream);
	return is_sent;
}

static void to_session(void *arg, struct session *session, const char *method,
                       const char *params)
{
	(void)arg;
	(void)send(session, method, params);
}

static void to_call(void *arg, struct mcps_call *call, const char *method,
                    const char *params)
{
	struct buffer message = { 0 };

	(void)arg;
	write_message(&message, method, params);
	mcps__call_emit(call, &message, 0);
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

static void saved(struct session_wait *wait, enum session_found found,
                  struct session *session, mcps_status status)
{
	(void)found, (void)status; /* else it is said once more */
	mcps__session_unref(session);
	mcps__free(wait);
}

/* So that it is not said again after the next restart. */
static void remember(struct sessions *sessions, struct session *session)
{
	struct session_wait *wait = mcps__calloc(1, sizeof *wait);

	if (wait == NULL)
		return;
	wait->fn = saved;
	mcps__sessions_save(sessions, session, 0, SESSION_RECREATED, wait);
}

/* Say to a session which lists are others than it has seen, once. What cannot
 * be said now is said when it next listens. */
static void announce(void *arg, struct session *session)
{
	struct mcp *mcp = arg;
	uint8_t differ = atomic_exchange(&session->lists_differ, 0);
	uint8_t unsaid = 0;

	for (int i = 0; i < LISTS; i++)
		if ((differ & lists[i].list) != 0 &&
		    !send(session, lists[i].method, NULL))
			unsaid |= lists[i].list;
	if (unsaid != 0)
		atomic_fetch_or(&session->lists_differ, unsaid);
	else if (differ != 0)
		remember(mcp->sessions, session);
}

static void list_changed(void *arg)
{
	struct mcp *mcp = arg;

	mcps__listeners_each(mcp->sessions, announce, mcp);
}

void mcps__deliver_connect(struct mcp *mcp)
{
	mcp->notifier = (struct notifier){ .session = to_session,
		                           .list_changed = list_changed,
		                           .call = to_call,
		                           .arg = mcp };
	mcp->sessions->listens = announce;
	mcp->sessions->listens_arg = mcp;
}
