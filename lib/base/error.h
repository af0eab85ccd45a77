/* One statement to fail with a reason. */
#ifndef MCPS_BASE_ERROR_H
#define MCPS_BASE_ERROR_H

#include <mcps/status.h>

/* Write a reason into ERROR (which may be NULL) and return STATUS, so that a
 * failure is one statement. */
mcps_status mcps__fail(struct mcps_error *error, mcps_status status,
                       const char *format, ...) MCPS_PRINTF(3, 4);

/* The same for one more reason, all of them MCPS_E_INVAL: if BEFORE is a
 * failure, ERROR has its reason, and TEXT is added. */
mcps_status mcps__fail_also(struct mcps_error *error, mcps_status before,
                            const char *text);

/* A callback returns it to end a list of rows early. It is no failure, and no
 * status of <mcps/status.h>: no function of the library returns it. */
#define STATUS_STOP ((mcps_status)2)

/* What it means that the system refused with errno NUMBER: MCPS_E_PERMISSION
 * where that is the reason, else OTHERWISE. */
mcps_status mcps__refusal(int number, mcps_status otherwise);

/* The same for a file that the operator named: MCPS_E_INVAL if there is no
 * such file, MCPS_E_SYSTEM for what no other name would help. */
mcps_status mcps__file_refusal(int number);

#endif
