#include "call/misuse.h"

#include <inttypes.h>

/* Bits of entry->misuses. */
enum misuse {
	MISUSE_NULL = 1,
	MISUSE_NETWORK_THREAD = 2,
	MISUSE_BLOCKS = 4,
	MISUSE_STRUCT = 8,
	MISUSE_SEVERITY = 16,
};

/* A busy machine takes the processor away for some tens of milliseconds. */
enum { QUICK_MOST_MS = 100 };

/* Returns true the first time that MISUSE is found of what CALL runs. */
static bool misuse_is_first(const struct mcps_call *call, enum misuse misuse)
{
	if (call == NULL || call->entry == NULL || call->mcp == NULL)
		return false;
	return (atomic_fetch_or(&call->entry->misuses, misuse) & misuse) == 0;
}

static const char *misuse_kind_of(const struct mcps_call *call)
{
	return mcps__entry_word(call->entry->kind);
}

mcps_status mcps__misuse_null(const struct mcps_call *call,
                              const char *function, const char *argument)
{
	if (misuse_is_first(call, MISUSE_NULL))
		mcps__log(&call->mcp->log, MCPS_LOG_ERROR, "mcp",
		          "%s \"%.200s\" called %s() with NULL for %s",
		          misuse_kind_of(call), call->entry->name, function,
		          argument);
	return MCPS_E_INVAL;
}

mcps_status mcps__misuse_struct(const struct mcps_call *call,
                                const char *function,
                                const struct mcps_error *error)
{
	if (misuse_is_first(call, MISUSE_STRUCT))
		mcps__log(&call->mcp->log, MCPS_LOG_ERROR, "mcp",
		          "%s \"%.200s\" called %s(): %s", misuse_kind_of(call),
		          call->entry->name, function, error->text);
	return MCPS_E_INVAL;
}

void mcps__misuse_severity(const struct mcps_call *call, const char *function,
                           int value)
{
	if (misuse_is_first(call, MISUSE_SEVERITY))
		mcps__log(&call->mcp->log, MCPS_LOG_ERROR, "mcp",
		          "%s \"%.200s\" called %s() with severity %d, which "
		          "is none of enum mcps_severity: nothing is sent",
		          misuse_kind_of(call), call->entry->name, function,
		          value);
}

bool mcps__misuse_on_network_thread(const struct mcps_call *call,
                                    const char *function)
{
	if (call->on_worker)
		return false;
	if (misuse_is_first(call, MISUSE_NETWORK_THREAD))
		mcps__log(&call->mcp->log, MCPS_LOG_ERROR, "mcp",
		          "%s \"%.200s\" is quick and called %s(), which works "
		          "on workers only: remove .quick",
		          misuse_kind_of(call), call->entry->name, function);
	return true;
}

void mcps__misuse_blocks(const struct mcps_call *call, int64_t spent_ms)
{
	if (spent_ms >= QUICK_MOST_MS && misuse_is_first(call, MISUSE_BLOCKS))
		mcps__log(&call->mcp->log, MCPS_LOG_ERROR, "mcp",
		          "%s \"%.200s\" is quick and held its network thread "
		          "for %" PRId64 " ms: all clients of the thread "
		          "waited; remove .quick",
		          misuse_kind_of(call), call->entry->name, spent_ms);
}
