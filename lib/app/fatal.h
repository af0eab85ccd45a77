/* Why the program cannot go on, and with which exit code it says so. */
#ifndef MCPS_APP_FATAL_H
#define MCPS_APP_FATAL_H

#include <mcps/status.h>

enum exit_code { /* as in sysexits.h */
	         EXIT_FINE = 0,
	         EXIT_RUNTIME = 1,
	         EXIT_USAGE = 64,
	         EXIT_UNAVAILABLE = 69,
	         EXIT_LOCKED = 75,
	         EXIT_FORBIDDEN = 77,
	         EXIT_CONFIGURATION = 78,
};

struct fatal {
	enum exit_code code; /* EXIT_FINE: none */
	char text[640];      /* one line */
};

/* Fill FATAL; false, so that a refusal is one statement. */
_Bool mcps__fatal(struct fatal *fatal, enum exit_code code, const char *format,
                  ...) MCPS_PRINTF(3, 4);

/* What was being done when something of the library failed. */
enum doing { DOING_START, DOING_LISTEN, DOING_HEALTH };

/* The exit code of a failure, and in HINT, which may be "", which option mends
 * it. */
enum exit_code mcps__exit_code(mcps_status status, enum doing doing,
                               const char **hint);

#endif
