/* What every call of a server shares: constant once it has started, but for
 * the counters. */
#ifndef MCPS_CALL_MCP_H
#define MCPS_CALL_MCP_H

#include "base/work.h"
#include "call/caller_limit.h"
#include "call/locks.h"
#include "catalog/registry.h"
#include "session/sessions.h"

#include <stdatomic.h>

struct mcp_texts { /* NULL: not said */
	const char *name;
	const char *version;
	const char *title;
	const char *description;
	const char *website_url;
	const char *instructions;
};

/* Where messages go that the server sends by itself. What is NULL drops them:
 * until streams set these, nothing is sent, and nothing is promised. */
struct notifier {
	/* A notification METHOD with PARAMS (JSON text, NULL: none) to one
	 * session (false: it has no stream that takes it). *QUEUED_ON_STREAM
	 * becomes the id of the stream if nobody listens to it now, else 0;
	 * what is on that one already is not put there again. QUEUED_ON_STREAM
	 * NULL: none takes it that nobody listens to. Called on any thread,
	 * under no lock; texts die with the return. */
	bool (*session)(void *arg, struct session *session, const char *method,
	                const char *params, uint64_t *queued_on_stream);
	/* Sessions in memory are marked (lists_differ): tell who listens. */
	void (*list_changed)(void *arg);
	void *arg;
};

struct mcp {
	struct registry *registry;
	struct sessions *sessions;
	struct executor executor;       /* runs tools */
	struct locks locks;             /* of state keys */
	struct caller_limit call_limit; /* on workers */
	struct caller_limit listening;  /* GET streams, counted likewise */
	size_t max_result;              /* bytes; 0: no limit */
	struct log_sink log;
	bool log_calls; /* each one, and each request that is refused */
	struct mcp_texts texts;
	struct notifier notifier;
	const mcps_icon *icons; /* of the server; NULL: none */
	uint32_t page_size;
	uint8_t cursor_key[32];
	atomic_uint_fast64_t calls;
};

#endif
