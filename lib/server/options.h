/* The options of a server: defaults, copies, checks. */
#ifndef MCPS_SERVER_OPTIONS_H
#define MCPS_SERVER_OPTIONS_H

#include <mcps/server.h>

/* All defaults. */
void mcps__options_init(struct mcps_server_options *options);
/* Take over what GIVEN says; texts are copied. MCPS_E_INVAL names what is
 * wrong. */
MCPS_MUST_USE mcps_status mcps__options_set(
	struct mcps_server_options *options,
	const struct mcps_server_options *given, struct mcps_error *error);
/* Replace one text (a member of options) by a copy. */
MCPS_MUST_USE mcps_status mcps__options_set_text(const char **text,
                                                 const char *value);
/* One more entry of a list (a member of options); copied. */
MCPS_MUST_USE mcps_status mcps__options_append(const char *const **list,
                                               const char *value);
/* One more allowed host or origin, in the form that headers have. MCPS_E_INVAL:
 * it can never match. */
MCPS_MUST_USE mcps_status
mcps__options_allow_host(struct mcps_server_options *options, const char *host,
                         struct mcps_error *error);
MCPS_MUST_USE mcps_status
mcps__options_allow_origin(struct mcps_server_options *options,
                           const char *origin, struct mcps_error *error);
/* MCPS_E_INVAL: PROXY cannot be an entry of trusted_proxies. */
MCPS_MUST_USE mcps_status mcps__options_check_proxy(const char *proxy,
                                                    struct mcps_error *error);
void mcps__options_finish(struct mcps_server_options *options);

#endif
