/* The one table of options: it gives flags, environment variables, the names
 * in a file, --help and the manual. */
#ifndef MCPS_APP_OPTION_TABLE_H
#define MCPS_APP_OPTION_TABLE_H

#include "app/options.h"

#include <stdint.h>

enum option_kind {              /* what it is written to */
	           OPTION_FLAG, /* bool */
	           OPTION_TEXT, /* const char * */
	           OPTION_LIST, /* struct text_list */
	           OPTION_WORD, /* uint32_t: which one of argument's, plus least
	                         */
	           OPTION_NUMBER,       /* uint32_t */
	           OPTION_SIZE,         /* size_t */
	           OPTION_SIZE_32,      /* uint32_t */
	           OPTION_SECONDS,      /* uint32_t */
	           OPTION_MILLISECONDS, /* uint32_t */
	           OPTION_MODE,         /* uint32_t, octal */
};

enum option_group {
	GROUP_OWN, /* of the program */
	GROUP_ADDRESS,
	GROUP_SESSIONS,
	GROUP_CALLERS,
	GROUP_LIMITS,
	GROUP_WORK,
	GROUP_RUNNING,
	GROUP_ABOUT,
	GROUP_HEALTHCHECK,
	GROUP_CLIENT_CONFIG,
	GROUP_COUNT
};

enum option_reach {
	REACH_ALL,
	REACH_NO_FILE, /* flag and environment */
	REACH_FLAG_ONLY
};

struct option {
	const char *name;
	const char *argument; /* NULL: a flag; "a|b": one of these words */
	enum option_kind kind;
	enum option_group group;
	size_t offset; /* in struct app_options */
	const char *help;
	const char *otherwise; /* what counts if its value is zero; NULL: it
	                        * says nothing */
	uint64_t least, most;  /* of numbers; most 0: no limit but the type's */
	enum option_reach reach;
	bool is_live;         /* SIGHUP takes a change over */
	const char *variable; /* a second name in the environment; NULL: none */
};

/* Those of mcps, and behind them those of the program, see own_options.h. */
extern const struct option *mcps__option_table;
extern size_t mcps__option_count;

/* The title of a group, and the command it belongs to; NULL: all. */
const char *mcps__option_group_title(enum option_group group);
const char *mcps__option_group_command(enum option_group group);

/* The option of that name that COMMAND (NULL: serve) understands; NULL: none.
 */
const struct option *mcps__option_find(const char *name, size_t length,
                                       const char *command);
size_t mcps__option_index(const struct option *option);

/* The option whose name is nearly NAME; NULL: none. */
const struct option *mcps__option_resembling(const char *name, size_t length,
                                             const char *command);

enum { VARIABLE_SIZE = 48, OPTION_NAME_MOST = 32 };

/* "MCPS_MAX_BODY", of the option or of the name "max-body". */
void mcps__option_variable(const struct option *option,
                           char variable[VARIABLE_SIZE]);
void mcps__option_name_variable(const char *name, char variable[VARIABLE_SIZE]);

#endif
