/* A server as its own files see it. */
#ifndef MCPS_SERVER_SERVER_INTERNAL_H
#define MCPS_SERVER_SERVER_INTERNAL_H

#include "http/endpoint.h"
#include "server/attachment.h"
#include "server/give_back.h"
#include "server/options.h"
#include "server/readiness.h"
#include "server/server.h"
#include "server/timer.h"
#include "server/workers.h"
#include "stream/streams.h"

#include <sys/types.h>

struct mcps_server {
	struct mcps_error error; /* the first of set-up */
	bool is_started;
	atomic_bool is_running; /* start has succeeded */
	pid_t process;          /* that started it; 0: none */
	atomic_bool fork_is_logged;
	atomic_bool is_retired;
	char *name, *version;
	char *token_file;
	struct mcps_server_options options;
	struct log_sink log;
	struct incidents incidents;
	uint64_t rebuilds_counted; /* among them */
	struct registry registry;
	mcps_store *store; /* handed over, until the writer has it */

	struct workers *workers;
	struct writer *writer;
	bool has_streams, has_sessions, has_mcp, has_endpoint;
	struct memory_limit answers;
	struct streams streams;
	struct sessions sessions;
	struct mcp mcp;
	struct endpoint endpoint;
	struct origin_rules origins;
	struct trusted_proxies proxies;
	struct timer *timer;
	struct timer *pulse;
	int64_t touched_ms; /* the timer's: when streams were last touched */
	struct readiness readiness;
	struct give_back give_back; /* the pulse's */
	_Atomic(struct attachment *) attachment;
	_Atomic(char *) refusal; /* of the first attachment; NULL: none */
};

/* This process starts it. */
void mcps__server_note_process(mcps_server *server);

/* Set-up failed; the first error sticks. */
void mcps__server_note(mcps_server *server, const struct mcps_error *error);
/* The same for FUNCTION, which was called with NULL for ARGUMENT. */
void mcps__server_note_null(mcps_server *server, const char *function,
                            const char *argument);

/* Check that ENTRY, if it needs scopes, can be used: MCPS_E_INVAL if no caller
 * is identified, or a warning in the log while the server is developed. */
MCPS_MUST_USE mcps_status mcps__server_check_scopes(const mcps_server *server,
                                                    const struct entry *entry,
                                                    struct mcps_error *error);
/* The same for all that is offered. */
MCPS_MUST_USE mcps_status
mcps__server_check_all_scopes(mcps_server *server, struct mcps_error *error);

#endif
