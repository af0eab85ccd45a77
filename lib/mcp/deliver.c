#include "mcp/deliver.h"

#include "base/memory.h"
#include "call/call.h"
#include "mcp/notify.h"
#include "rpc/message.h"
#include "stream/stream.h"
#include "stream/streams.h"

static bool deliver_append(struct stream *stream, struct session *session,
                           const char *method, const char *params)
{
	struct buffer message = { 0 };

	mcps__message_write(&message, method, params);
	return mcps__stream_tell(stream, session, &message);
}

/* On a stream that nobody listens to now. */
static bool deliver_queue_on_stream(struct stream *stream,
                                    struct session *session, const char *method,
                                    const char *params,
                                    const uint64_t *queued_on_stream)
{
	if (queued_on_stream == NULL || stream->is_volatile)
		return false;
	return *queued_on_stream == stream->id ||
	       deliver_append(stream, session, method, params);
}

/* False: nobody listens, nor did lately. */
static bool deliver_to_session(void *arg, struct session *session,
                               const char *method, const char *params,
                               uint64_t *queued_on_stream)
{
	struct stream *stream = mcps__session_main_stream(session);
	bool is_attached, is_sent;

	(void)arg;
	if (stream == NULL)
		return false;
	is_attached = mcps__stream_is_attached(stream);
	is_sent = is_attached
	                  ? deliver_append(stream, session, method, params)
	                  : deliver_queue_on_stream(stream, session, method,
	                                            params, queued_on_stream);
	if (queued_on_stream != NULL)
		*queued_on_stream = is_attached ? 0 : stream->id;
	mcps__stream_unref(stream);
	return is_sent;
}

static void deliver_listens(void *arg, struct session *session,
                            uint64_t resumed)
{
	mcps__notify_missed(arg, session, resumed);
}

static void deliver_tell_lists(void *arg, struct session *session)
{
	mcps__notify_lists(arg, session);
}

static void deliver_remember(void *arg, struct session *session)
{
	mcps__notify_remember(arg, session);
}

/* The store has what is said first: who is told last waits for that alone. */
static void deliver_list_changed(void *arg)
{
	struct mcp *mcp = arg;

	mcps__listeners_each(mcp->sessions, deliver_tell_lists, mcp);
	mcps__listeners_each(mcp->sessions, deliver_remember, mcp);
}

void mcps__deliver_connect(struct mcp *mcp)
{
	struct streams *streams = mcps__streams_of(mcp->sessions);

	mcp->notifier = (struct notifier){ .session = deliver_to_session,
		                           .list_changed = deliver_list_changed,
		                           .arg = mcp };
	streams->listens = deliver_listens;
	streams->listens_arg = mcp;
}
