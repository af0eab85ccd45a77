/* Static bearer tokens from a file: the simplest way to identify callers. */
#ifndef MCPS_HTTP_TOKENS_H
#define MCPS_HTTP_TOKENS_H

#include "base/log.h"
#include "session/principal.h"

struct tokens;

/* Read the file PATH (see mcps_server_set_token_file()). LOG gets a warning if
 * others can use the file.
 *
 * @return MCPS_OK; MCPS_E_INVAL: the file cannot be used as it is, ERROR names
 *         the line; MCPS_E_PERMISSION, MCPS_E_SYSTEM, MCPS_E_NOMEM */
MCPS_MUST_USE mcps_status mcps__tokens_read(struct tokens **out,
                                            const char *path,
                                            const struct log_sink *log,
                                            struct mcps_error *error);
void mcps__tokens_free(struct tokens *tokens);

/* The caller that has this token: a reference, or NULL. Takes the same time
 * for any number of tokens. Its time tells nothing about a token: the place of
 * an entry depends on the SHA-256 of the token and on a random key, and an
 * entry is compared in constant time. */
struct principal *mcps__tokens_find(const struct tokens *tokens,
                                    const char *token);

#endif
