/* Entries of the lists of allowed hosts and origins: what is meant is brought
 * into the form that headers have, what can never match is refused. */
#ifndef MCPS_HTTP_ALLOW_H
#define MCPS_HTTP_ALLOW_H

#include <mcps/status.h>

/* "demo.example.com:8931" and "https://demo.example.com/" are
 * "demo.example.com". ENTRY is changed in place and never grows. MCPS_E_INVAL
 * says what is wrong with it. */
MCPS_MUST_USE mcps_status mcps__allow_host(char *entry,
                                           struct mcps_error *error);

/* "HTTPS://Example.com:443/" is "https://example.com". A scheme followed by
 * "://" and a star stands for every origin of a scheme that is neither http nor
 * https. */
MCPS_MUST_USE mcps_status mcps__allow_origin(char *entry,
                                             struct mcps_error *error);

#endif
