#include "app/fatal.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

_Bool mcps__fatal(struct fatal *fatal, enum exit_code code, const char *format,
                  ...)
{
	va_list values;

	fatal->code = code;
	va_start(values, format);
	vsnprintf(fatal->text, sizeof fatal->text, format, values);
	va_end(values);
	return 0;
}

/* What a status means depends on what was being done. */
static const struct {
	mcps_status status;
	enum doing doing;
	enum exit_code code;
	const char *hint;
} meanings[] = {
	{ MCPS_E_INVAL, DOING_START, EXIT_CONFIGURATION, "" },
	{ MCPS_E_CORRUPT, DOING_START, EXIT_CONFIGURATION, "" },
	{ MCPS_E_LOCKED, DOING_START, EXIT_LOCKED,
	  "; --store names another one" },
	{ MCPS_E_STORE, DOING_START, EXIT_UNAVAILABLE,
	  "; --store names another one" },
	{ MCPS_E_PERMISSION, DOING_START, EXIT_FORBIDDEN, "" },
	{ MCPS_E_INVAL, DOING_LISTEN, EXIT_USAGE, "; see --listen" },
	{ MCPS_E_SYSTEM, DOING_LISTEN, EXIT_UNAVAILABLE,
	  "; --listen names another address" },
	{ MCPS_E_PERMISSION, DOING_LISTEN, EXIT_FORBIDDEN,
	  "; --listen names another address (ports below 1024 need root or "
	  "CAP_NET_BIND_SERVICE)" },
	{ MCPS_E_INVAL, DOING_HEALTH, EXIT_USAGE, "; see --health" },
	{ MCPS_E_SYSTEM, DOING_HEALTH, EXIT_UNAVAILABLE,
	  "; --health names another address" },
	{ MCPS_E_PERMISSION, DOING_HEALTH, EXIT_FORBIDDEN,
	  "; --health names another address (ports below 1024 need root or "
	  "CAP_NET_BIND_SERVICE)" },
};

enum exit_code mcps__exit_code(mcps_status status, enum doing doing,
                               const char **hint)
{
	*hint = "";
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
		if (meanings[i].status != status || meanings[i].doing != doing)
			continue;
		*hint = meanings[i].hint;
		return meanings[i].code;
	}
	return EXIT_RUNTIME;
}
