/* The command client-config: what to paste into a client's settings. */
#ifndef MCPS_APP_CLIENT_CONFIG_H
#define MCPS_APP_CLIENT_CONFIG_H

#include "app/options.h"

/* As option "for" counts them. */
enum client {
	CLIENT_NONE,
	CLIENT_CLAUDE_CODE,
	CLIENT_VSCODE,
	CLIENT_CURSOR,
	CLIENT_CODEX,
	CLIENT_CLAUDE_DESKTOP,
	CLIENT_COUNT
};

/* The text on stdout, where it belongs on stderr: so it can be piped. NAME is
 * the server's. */
enum exit_code mcps__client_config(const struct app_options *options,
                                   const char *name, bool knows_callers);

/* The URL of the endpoint that listens at ADDRESS, as one on this machine calls
 * it. */
void mcps__endpoint_url(char *url, size_t size, const char *address,
                        const char *path);

#endif
