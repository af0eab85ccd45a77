/* Static bearer tokens from a file: the simplest way to know callers. */
#ifndef MCPS_HTTP_TOKENS_H
#define MCPS_HTTP_TOKENS_H

#include "session/principal.h"

struct tokens;

/* Read PATH (see mcps_server_set_token_file()). MCPS_E_INVAL: it
 * cannot be read, or names the line. */
MCPS_MUST_USE mcps_status mcps__tokens_read(struct tokens **out,
                                            const char *path,
                                            struct mcps_error *error);
void mcps__tokens_free(struct tokens *tokens);

/* Who has this token: a reference, or NULL. Takes the same time wherever it
 * is in the file, found or not. */
struct principal *mcps__tokens_find(const struct tokens *tokens,
                                    const char *token);

#endif
