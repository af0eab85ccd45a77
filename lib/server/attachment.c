/* What is attached to a server, and the drain, which has to wait for it. */
#include "server/attachment.h"

#include "base/clock.h"
#include "http/asking.h"
#include "http/drain.h"
#include "server/server.h"

/* The calls are over, but the store may still have to answer. */
enum { PARKED_PATIENCE_MS = 2000, HOOK_PATIENCE_MS = 2000 };

bool mcps__server_attach(mcps_server *server, struct attachment *attachment)
{
	struct attachment *none = NULL;

	return atomic_compare_exchange_strong(mcps__server_slot(server), &none,
	                                      attachment);
}

struct attachment *mcps__server_attachment(mcps_server *server)
{
	return atomic_load(mcps__server_slot(server));
}

void mcps__attachment_release(struct attachment *attachment)
{
	if (attachment != NULL)
		attachment->release(attachment);
}

void mcps__attachment_free(struct attachment *attachment)
{
	if (attachment != NULL)
		attachment->free(attachment);
}

/* The part of MILLISECONDS that a drain, which began at BEGAN_MS, has left. */
static uint32_t attachment_left_ms(uint32_t milliseconds, int64_t began_ms)
{
	int64_t left = milliseconds -
	               (mcps__steady_ms(&mcps__system_clock) - began_ms);

	return left > 0 ? (uint32_t)left : 0;
}

static uint32_t attachment_hook_patience_ms(uint32_t milliseconds,
                                            int64_t began_ms)
{
	uint32_t left = attachment_left_ms(milliseconds, began_ms);

	return left < HOOK_PATIENCE_MS ? left : HOOK_PATIENCE_MS;
}

/* A handler may run although an earlier drain answered its call. If this drain
 * has had to answer calls in their place, nobody waits for their handlers. */
static bool attachment_await_handlers(mcps_server *server, bool in_time,
                                      uint32_t milliseconds, int64_t began_ms)
{
	uint32_t wait_ms = attachment_left_ms(milliseconds, began_ms);

	if (wait_ms < UINT32_MAX - PARKED_PATIENCE_MS)
		wait_ms += PARKED_PATIENCE_MS;
	return in_time && mcps__server_await_handlers(server, wait_ms);
}

bool mcps_server_drain(mcps_server *server, uint32_t milliseconds)
{
	struct attachment *attachment;
	struct endpoint *endpoint;
	int64_t began_ms = mcps__steady_ms(&mcps__system_clock);
	bool is_drained;

	if (server == NULL || !mcps__server_is_running(server) ||
	    mcps__server_was_forked(server))
		return true;
	attachment = mcps__server_attachment(server);
	endpoint = mcps__server_endpoint(server);
	is_drained = mcps__drain(endpoint, milliseconds);
	if (!mcps__await_zero(
		    &endpoint->asking_count,
		    attachment_hook_patience_ms(milliseconds, began_ms)))
		mcps__asking_give_up(endpoint, INT64_MAX);
	if (!mcps__await_zero(&endpoint->admissions_parked,
	                      (int64_t)milliseconds + PARKED_PATIENCE_MS))
		is_drained = false;
	if (attachment != NULL && !attachment->drain(attachment, milliseconds))
		is_drained = false;
	return attachment_await_handlers(server, is_drained, milliseconds,
	                                 began_ms);
}
