/* Requests on connections: feeds an exchange with what libmicrohttpd reads,
 * parks the connection while somebody else works on it, and sends its plan.
 * Everything here but the wake of a parked request runs on the daemon's thread.
 */
#ifndef MCPS_MHD_CONNECTION_H
#define MCPS_MHD_CONNECTION_H

#include <microhttpd.h>

struct mhd_context;

/* The arguments of an access handler. */
struct arrival {
	const char *url, *method;
	const char *bytes; /* of the body */
	size_t *size;
	void *context; /* what the program keeps with the request */
};

/* One call of the access handler. The first one for a request need not be
 * libmicrohttpd's first: a program may have kept that to itself. */
enum MHD_Result mcps__connection_serve(struct mhd_context *mhd,
                                       struct MHD_Connection *connection,
                                       const struct arrival *arrival,
                                       void **slot);

/* The same as MHD_AccessHandlerCallback; ARG is the context. */
enum MHD_Result mcps__connection_handle(void *arg,
                                        struct MHD_Connection *connection,
                                        const char *url, const char *method,
                                        const char *version, const char *bytes,
                                        size_t *size, void **slot);

/* MHD_RequestCompletedCallback: answered, or the connection is gone.
 * ARG is not looked at. */
void mcps__connection_completed(void *arg, struct MHD_Connection *connection,
                                void **slot,
                                enum MHD_RequestTerminationCode why);

/* The request in *SLOT is over, and nobody said so while its connection was
 * there: the same, but for what concerns the connection. */
void mcps__connection_missed(void **slot);

#endif
