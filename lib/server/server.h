/* What the layers above may ask a server for. */
#ifndef MCPS_SERVER_SERVER_H
#define MCPS_SERVER_SERVER_H

#include "base/log.h"

#include <mcps/server.h>

struct endpoint;

struct attachment;

struct endpoint *mcps__server_endpoint(mcps_server *server);
/* From now on it is not ready, though it serves what comes. */
void mcps__server_retire(mcps_server *server);
const struct log_sink *mcps__server_log(mcps_server *server);
/* Whether mcps_server_start() has succeeded. */
bool mcps__server_is_running(const mcps_server *server);

/* Whether this process is a fork of the one that started SERVER. Logs it once.
 * Takes no lock. mcps__forked says what is wrong, and what to do. */
bool mcps__server_was_forked(mcps_server *server);
extern const char mcps__forked[];

/* The mount was refused, as TEXT says; the first refusal is kept. */
void mcps__server_note_refusal(mcps_server *server, const char *text);
/* Why a server that is not mounted serves nobody. */
const char *mcps__server_refusal(mcps_server *server);

/* Wait until no handler and no session hook runs on a worker, at most that
 * long. */
bool mcps__server_await_handlers(mcps_server *server, uint32_t wait_ms);

/* For attachment.c. */
_Atomic(struct attachment *) *mcps__server_slot(mcps_server *server);

#endif
