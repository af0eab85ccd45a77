/* Requests that are refused before they reach a method: each is counted by its
 * reason, so that an operator learns why callers fail. */
#ifndef MCPS_HTTP_REFUSAL_H
#define MCPS_HTTP_REFUSAL_H

#include "http/endpoint.h"

/* A request was refused for REASON: count it, and log it at most once a minute
 * for each reason; each time if the server logs calls. Any thread, under no
 * lock. */
void mcps__refusal_report(const struct endpoint *endpoint,
                          enum incident reason);

/* The same for a refusal with STATUS that has the same reason wherever it is
 * decided. Other statuses are counted where they are decided, such as limits
 * and failures of the store: those are not counted here. */
void mcps__refusal_report_status(const struct endpoint *endpoint,
                                 mcps_status status);

#endif
