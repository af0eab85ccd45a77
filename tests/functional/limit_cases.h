/* Requests that reach each limit of the server of wire_server.h. */
#ifndef MCPS_TESTS_LIMIT_CASES_H
#define MCPS_TESTS_LIMIT_CASES_H

#include "functional/wire_server.h"

struct limit_case {
	const char *name;    /* of the count */
	void (*reach)(void); /* once more */
	struct mcps_server_options options;
	struct mcps_daemon_options daemon;
};

extern const struct limit_case limit_cases[];
extern const int limit_case_count;

/* Start a server for named callers with the options of the case. */
void limit_case_start(const struct limit_case *one, mcps_log_fn log);
/* Reach the limit once more. */
void limit_case_reach(const struct limit_case *one);

/* How often a limit was reached. OTHER (may be NULL) becomes the name of
 * another one that was reached, or NULL. */
uint64_t limit_count(const char *name, const char **other);
/* Wait until it was WANTED times; false: it takes too long. */
bool limit_count_reaches(const char *name, uint64_t wanted);

#endif
