/* Statuses that handlers return: how their calls are answered, and what is
 * logged.
 * <mcps/tool.h> has the table for authors. */
#ifndef MCPS_CALL_HANDLER_STATUS_H
#define MCPS_CALL_HANDLER_STATUS_H

#include "call/call.h"

/* The handler of CALL returned STATUS. Returns what CALL is answered with:
 *
 *   MCPS_OK           its result
 *   MCPS_E_TOOL       a failure, for which a reason is in the result
 *   MCPS_E_CANCELLED  it gave up
 *   any other         the error of that status
 */
MCPS_MUST_USE mcps_status mcps__handler_returned(struct mcps_call *call,
                                                 mcps_status status);

/* CALL was answered with STATUS, as above, or with MCPS_E_OUTCOME: log it with
 * the name of what was called if the client got -32603 or the fault is the
 * handler's. At most one line a minute for each tool, resource, template or
 * prompt, and each kind of fault. */
void mcps__handler_report(struct mcps_call *call, mcps_status status);

#endif
