/* A libmicrohttpd request as the layers above see it. */
#ifndef MCPS_MHD_REQUEST_H
#define MCPS_MHD_REQUEST_H

#include "http/request.h"

struct MHD_Connection;

/* Fill REQUEST in one pass over the headers; it borrows from CONNECTION.
 * PROXIES may be NULL. */
void mcps__request_read(struct mcps_request *request,
                        struct MHD_Connection *connection,
                        const struct trusted_proxies *proxies, const char *url,
                        const char *method);

/* How many bytes of body may still come; UINT64_MAX: any number. */
uint64_t mcps__request_body_limit(const struct mcps_request *request);

#endif
