/* The auth hook: it identifies the caller.
 *
 * The hook sees each request before anything is stored or remembered for it.
 * Sessions belong to the caller that it names: the session id of another caller
 * names nothing. Identity is (issuer, subject), never the bytes of a
 * credential, so a refreshed token is the same caller.
 */
#ifndef MCPS_AUTH_H
#define MCPS_AUTH_H

#include <mcps/status.h>
#include <mcps/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

MCPS_BEGIN_DECLS

typedef struct mcps_request mcps_request; /* borrowed, valid in the hook */
typedef struct mcps_grant mcps_grant;     /* what the hook fills */

/** "POST", "GET", ... */
MCPS_API const char *mcps_request_method(const mcps_request *request);
/** The path, without a query. */
MCPS_API const char *mcps_request_path(const mcps_request *request);
/** The client's address, without the port: "127.0.0.1", "::1"; "" when it is
 * not known. Behind a proxy of options.trusted_proxies it is the address that
 * the proxy forwards: "" if what it forwards is no address, the proxy's own if
 * it forwards none. Behind any other proxy it is the proxy's. */
MCPS_API const char *mcps_request_peer(const mcps_request *request);
/** The value of header @p name (any case), or NULL. */
MCPS_API const char *mcps_request_header(const mcps_request *request,
                                         const char *name);
/** The token of "Authorization: Bearer ...", or NULL. */
MCPS_API const char *mcps_request_bearer(const mcps_request *request);

/** Say who it is. @p issuer may be NULL; texts are copied.
 * @return MCPS_OK, MCPS_E_INVAL (no subject), MCPS_E_NOMEM: return it */
MCPS_API mcps_status mcps_grant_subject(mcps_grant *grant, const char *issuer,
                                        const char *subject);
/** Add a scope that the credential carries. After mcps_grant_subject(). */
MCPS_API mcps_status mcps_grant_scope(mcps_grant *grant, const char *scope);
/** Say which client program it is: other programs of the same subject then
 * have sessions of their own. Not every client keeps its id over a refresh.
 * After mcps_grant_subject(). */
MCPS_API mcps_status mcps_grant_client(mcps_grant *grant,
                                       const char *client_id);
/** Say how long the result may be kept, in seconds since 1970: until then the
 * hook is not asked again about the same Authorization header. Say it only
 * if the result depends on nothing else. A wall clock that is set back
 * meanwhile does not keep it longer. After mcps_grant_subject(). */
MCPS_API mcps_status mcps_grant_expires(mcps_grant *grant, int64_t unix_s);

/**
 * Identify the caller of @p request. Runs on a network thread, several at
 * once, and must not block: who has to ask elsewhere keeps @p grant, returns
 * MCPS_LATER, and calls mcps_grant_finish(). @p request is gone by then.
 *
 * @return MCPS_OK with a subject granted; MCPS_LATER; MCPS_E_AUTH (401: no or
 *         a bad credential); MCPS_E_FORBIDDEN, MCPS_E_SCOPE (403);
 *         MCPS_E_LIMIT (429); MCPS_E_BUSY, MCPS_E_STOPPING, MCPS_E_STORE,
 *         MCPS_E_LOCKED, MCPS_E_CORRUPT, MCPS_E_SYSTEM, MCPS_E_PERMISSION,
 *         MCPS_E_NOMEM (503: it cannot tell now). Any other status, and
 *         MCPS_OK without a subject, is a fault of the hook: 500, which is
 *         logged.
 */
typedef mcps_status (*mcps_auth_fn)(void *arg, const mcps_request *request,
                                    mcps_grant *grant);

/** The result of a hook that returned MCPS_LATER: exactly once, from any
 * thread, even before the hook has returned, and before mcps_server_free().
 * @p grant is gone with it. A request whose result does not come within 30 s,
 * or until the drain of the server is over, is answered with 503, which is
 * logged. The result that comes after that is dropped; a grant that is never
 * finished keeps its memory.
 * @p status is what a hook may return, but for MCPS_LATER. */
MCPS_API void mcps_grant_finish(mcps_grant *grant, mcps_status status);

/** Identify callers by @p identify. Without it (NULL) everybody is anonymous.
 * Before mcps_server_start(). */
MCPS_API void mcps_server_set_auth(mcps_server *server, mcps_auth_fn identify,
                                   void *arg);

/** Forget every auth result that was kept. Any thread. */
MCPS_API void mcps_server_clear_auth_cache(mcps_server *server);

/**
 * Revoke everything of a caller: all sessions end, ids issued before now are
 * never believed again. The caller may begin anew, as long as the hook lets
 * it in. Waits for the store. The sessions that it ends are counted as ended
 * (mcps_server_get_counts()), and a log line says how many there were. Any
 * thread of the program's own.
 *
 * @param issuer, subject as the hook told them; of a token file: NULL, subject
 * @return MCPS_OK: it is durable; MCPS_E_STORE; MCPS_E_NOMEM; MCPS_E_INVAL (no
 *         subject, or the server was not started)
 */
MCPS_API MCPS_MUST_USE mcps_status mcps_server_revoke(mcps_server *server,
                                                      const char *issuer,
                                                      const char *subject);

/**
 * Identify callers by the bearer tokens of a file, a line each:
 *
 *     SHA-256 of the token in hex, subject, optional comma-separated scopes
 *
 * separated by blanks. A line that begins with # is a comment. A subject may
 * contain #, but no word may begin with it. Make a line with:
 * printf %s "$TOKEN" | sha256sum
 *
 * Only a regular file is read, at most 64 MiB; a symbolic link is followed. A
 * file is refused as a whole, with the number of the line, if a line is wrong,
 * a hash stands twice, or it contains a NUL byte. If others than its owner can
 * read or change it, a warning is logged; a file that root owns may be read by
 * its group. The time to find a token does not depend on how many there are.
 *
 * Before mcps_server_start(), which reports a file that cannot be used.
 */
MCPS_API void mcps_server_set_token_file(mcps_server *server, const char *path);

MCPS_END_DECLS

#endif
