/* What an operator may set: from flags, the environment, a file and defaults,
 * in this order of precedence. */
#ifndef MCPS_APP_OPTIONS_H
#define MCPS_APP_OPTIONS_H

#include "app/fatal.h"
#include "app/settings.h"

#include <mcps/daemon.h>
#include <mcps/server.h>
#include <stdbool.h>
#include <stdio.h>

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Values as they count. Texts belong to the settings, or to the server. */
struct app_options {
	struct mcps_server_options
		server; /* begins as the author configured it */
	struct mcps_daemon_options daemon;
	struct text_list hosts, origins, proxies; /* beside the author's */
	const char *tokens;
	const char *health; /* where /livez and /readyz are; NULL: nowhere */
	const char *config;
	const char *url; /* of the endpoint as clients see it; NULL: made up */
	uint32_t drain_ms;
	uint32_t log_level;  /* enum mcps_log_level */
	uint32_t log_format; /* enum log_format */
	uint32_t client;     /* enum client, see client_config.h; 0: none */
	struct own_value {   /* of an option of the program; one of these */
		const char *text;
		uint32_t number;
		bool flag;
	} own[OWN_OPTIONS_MOST];
	bool dev, check, help, version, live;
};

/* ---- reading ---- */

struct app_sources {
	char **argv; /* without the program's name and the command */
	char **environment;
	const char *command; /* NULL: serve */
};

/* Read everything into OPTIONS, which borrows from SETTINGS; free both in the
 * end, in any case. SETTINGS begins as all zero. */
bool mcps__app_options_read(struct app_options *options,
                            struct settings *settings,
                            const mcps_server *server,
                            const struct app_sources *sources,
                            struct fatal *fatal);

void mcps__app_options_free(struct app_options *options);

/* The three sources, each by itself. */
bool mcps__command_line_read(struct settings *settings,
                             const struct app_sources *sources,
                             struct fatal *fatal);
bool mcps__environment_read(struct settings *settings, char **environment,
                            struct fatal *fatal);
bool mcps__config_file_read(struct settings *settings, const char *path,
                            struct fatal *fatal);

/* The next variable of ENVIRONMENT that looks like one of ours and is none,
 * from *NEXT on: its name, and what it may have meant (or ""), in REMARK.
 * False: no more. */
bool mcps__environment_unknown(char **environment, size_t *next, char *remark,
                               size_t size);

/* ---- explaining ---- */

/* The lines of --help. */
void mcps__app_options_explain(FILE *out, const mcps_server *server);
/* The section OPTIONS of the manual, in mdoc(7). */
void mcps__app_options_manual(FILE *out, const mcps_server *server);
/* Each option that was set: its value, and where from. */
void mcps__app_options_show(FILE *out, const struct app_options *options,
                            const struct settings *settings);

#endif
