/* What a start would need, looked at without starting. */
#ifndef MCPS_SERVER_CHECK_H
#define MCPS_SERVER_CHECK_H

#include <mcps/server.h>

struct check_subject {
	const struct mcps_error *error; /* of the set-up */
	const struct mcps_server_options *options;
	const char *token_file; /* NULL: none */
	bool has_store;         /* it was handed over: there is no URL */
};

/* See mcps_server_check(). */
MCPS_MUST_USE mcps_status mcps__check(const struct check_subject *subject,
                                      mcps_finding_fn say, void *arg);

#endif
