/* Mistakes of the author of a handler that no client sees. Each kind is logged
 * once for each tool, resource, template or prompt, with its name. */
#ifndef MCPS_CALL_MISUSE_H
#define MCPS_CALL_MISUSE_H

#include "call/call.h"

/* FUNCTION was called with NULL for ARGUMENT. Returns MCPS_E_INVAL, as the
 * function is to do. CALL may be NULL: then nothing is logged. */
mcps_status mcps__misuse_null(const struct mcps_call *call,
                              const char *function, const char *argument);

/* FUNCTION was called with a struct that cannot be read, for the reason in
 * ERROR. Returns MCPS_E_INVAL. */
mcps_status mcps__misuse_struct(const struct mcps_call *call,
                                const char *function,
                                const struct mcps_error *error);

/* FUNCTION was called with VALUE, which is none of enum mcps_severity. */
void mcps__misuse_severity(const struct mcps_call *call, const char *function,
                           int value);

/* FUNCTION needs a worker, and CALL may run on a network thread. Returns true,
 * and logs, if it does. */
bool mcps__misuse_on_network_thread(const struct mcps_call *call,
                                    const char *function);

/* The quick handler of CALL took SPENT_MS: logs it if that is too long. */
void mcps__misuse_blocks(const struct mcps_call *call, int64_t spent_ms);

#endif
