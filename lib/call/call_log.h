/* A log line for each call, for servers with the option log_calls. */
#ifndef MCPS_CALL_CALL_LOG_H
#define MCPS_CALL_CALL_LOG_H

#include "call/call.h"

/* Note when CALL, of METHOD (NULL: none that is served), began. */
void mcps__call_log_begin(struct mcps_call *call, const char *method);

/* CALL has its answer: log its method, the name of ENTRY (NULL: none), how the
 * call ended and how long it took. The thread that made the answer, before
 * somebody else may see it. */
void mcps__call_log_end(const struct mcps_call *call,
                        const struct entry *entry);

#endif
