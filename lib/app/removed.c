#include "app/removed.h"

#include <string.h>

/* Until 1.0. Add a line whenever an option is renamed. */
static const struct {
	const char *name, *successor;
} removed[] = {
	{ "address-burst", "request-burst-per-address" },
	{ "address-rate", "request-rate-per-address" },
	{ "anonymous-quota", "max-anonymous-sessions" },
	{ "caller-burst", "request-burst-per-caller" },
	{ "caller-rate", "request-rate-per-caller" },
	{ "calls-per-caller", "max-calls-per-caller" },
	{ "connection-pool", "max-memory-per-connection" },
	{ "connections", "max-connections" },
	{ "event-age", "max-event-age" },
	{ "event-bytes", "max-event-bytes-per-session" },
	{ "page-size", "max-entries-per-page" },
	{ "session-burst", "session-burst-per-caller" },
	{ "session-idle", "max-session-idle" },
	{ "session-max-age", "max-session-age" },
	{ "session-quota", "max-sessions-per-caller" },
	{ "session-rate", "session-rate-per-caller" },
	{ "session-streams", "max-streams-per-session" },
	{ "sessions-in-memory", "max-sessions-in-memory" },
	{ "streams-per-caller", "max-streams-per-caller" },
	{ "worker-queue", "max-waiting-calls" },
};

enum { REMOVED_COUNT = sizeof removed / sizeof *removed };

const char *mcps__removed_successor(const char *name, size_t length)
{
	for (size_t i = 0; i < REMOVED_COUNT; i++)
		if (strlen(removed[i].name) == length &&
		    memcmp(removed[i].name, name, length) == 0)
			return removed[i].successor;
	return NULL;
}

const char *mcps__removed_name(size_t index)
{
	return index < REMOVED_COUNT ? removed[index].name : NULL;
}
