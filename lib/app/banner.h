/* What a person reads when the program is up. */
#ifndef MCPS_APP_BANNER_H
#define MCPS_APP_BANNER_H

#include <stdbool.h>
#include <stdio.h>

struct banner {
	const char *name; /* of the server */
	const char *version;
	const char *path;
	const char *store;
	const char *address; /* where it really listens */
	const char *health;  /* NULL: nowhere */
	bool is_passed;      /* the socket is a supervisor's */
	bool knows_callers;  /* nobody is anonymous */
	bool by_token;
	bool is_dev;
};

void mcps__app_banner(FILE *out, const struct banner *banner);

#endif
