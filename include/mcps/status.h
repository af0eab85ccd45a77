/* Status codes: one list gives each failure its value, its HTTP status, its
 * JSON-RPC code and its text, so that "is this a 400 or a 404?" is answered
 * in exactly one reviewable place.
 *
 * Pointers that are NULL: a parameter may be NULL only where its description
 * says so. A function of this library that gets NULL for another one does not
 * crash. It does nothing and returns MCPS_E_INVAL, or NULL, false or 0 if it
 * returns no status; what it was to take over is released, and a result that
 * it was to fill becomes empty. Set-up functions remember the mistake, and
 * mcps_server_start() reports it. Functions for handlers log it once, with the
 * name of the tool, resource or prompt. */
#ifndef MCPS_STATUS_H
#define MCPS_STATUS_H

#include <mcps/export.h>

MCPS_BEGIN_DECLS

/**
 * Every status of the library: X(name, value, HTTP, JSON-RPC, text).
 *
 * HTTP and JSON-RPC are those of the legacy era (2024-11-05 to 2025-11-25):
 * errors of a well-formed request travel with 200, because a 404 there means
 * "this session is over" and nothing else (2025-11-25, Session Management 3).
 * Statuses that clients and proxies repeat a request on (404, 429, 503) mean
 * that it was not carried out: once the handler of a call has begun, its answer
 * is 200, whatever failed. The text is the JSON-RPC message a client reads.
 *
 * Numbers follow the order of this list, so a new status changes those behind
 * it: until 1.0 they are never stored or sent, by mcps or by a program.
 */
/* clang-format off */
#define MCPS_STATUS_MAP(X)                                                     \
	X(OK,                 0, 200,      0, "success")                       \
	X(LATER,              1, 202,      0, "the answer comes later")        \
	X(E_NOMEM,           -1, 503, -32603, "Out of memory")                 \
	X(E_INVAL,           -2, 500, -32603, "Internal error: invalid argument") \
	X(E_PARSE,           -3, 400, -32700, "Parse error")                   \
	X(E_REQUEST,         -4, 400, -32600, "Invalid request")               \
	X(E_METHOD,          -5, 200, -32601, "Method not found")              \
	X(E_PARAMS,          -6, 200, -32602, "Invalid params")                \
	X(E_NO_SESSION,      -7, 400, -32600, "Session id required")           \
	X(E_GONE,            -8, 404, -32001, "Session not found")             \
	X(E_ORIGIN,          -9, 403, -32600, "Origin not allowed")            \
	X(E_HOST,           -10, 403, -32600, "Host not allowed")              \
	X(E_AUTH,           -11, 401, -32600, "Authorization required")        \
	X(E_FORBIDDEN,      -12, 403, -32600, "Forbidden")                     \
	X(E_SCOPE,          -13, 403, -32600, "Insufficient scope")            \
	X(E_REVISION,       -14, 400, -32600, "Unsupported protocol version")  \
	X(E_TOO_LARGE,      -15, 413, -32600, "Request too large")             \
	X(E_MEDIA_TYPE,     -16, 415, -32600, "Content-Type must be application/json") \
	X(E_ENCODING,       -17, 415, -32600, "Content-Encoding must be identity") \
	X(E_NOT_ACCEPTABLE, -18, 406, -32600, "Accept must list application/json and text/event-stream") \
	X(E_HTTP_METHOD,    -19, 405, -32600, "Method not allowed")            \
	X(E_NOT_FOUND,      -20, 404, -32600, "Not found")                     \
	X(E_BUSY,           -21, 503, -32603, "Server busy, try again")        \
	X(E_LIMIT,          -22, 429, -32603, "Limit reached, try again later") \
	X(E_CONFLICT,       -23, 200, -32603, "Changed by someone else")       \
	X(E_EXISTS,         -24, 200, -32603, "Already there")                 \
	X(E_STORE,          -25, 503, -32603, "Session store failed, try again") \
	X(E_LOCKED,         -26, 503, -32603, "Session store is locked by another process") \
	X(E_CORRUPT,        -27, 503, -32603, "Session store is damaged")      \
	X(E_UNSUPPORTED,    -28, 501, -32603, "Not supported here")            \
	X(E_SYSTEM,         -29, 503, -32603, "The operating system refused")  \
	X(E_CANCELLED,      -30, 200, -32603, "Cancelled")                     \
	X(E_TOOL,           -31, 200,      0, "the tool failed")               \
	X(E_RESULT,         -32, 200, -32603, "The tool's result is too large") \
	X(E_NO_STATE,       -33, 200, -32603, "No such state")                 \
	X(E_STATE_BUSY,     -34, 200, -32603, "State is in use, try again")    \
	X(E_STATE_TYPE,     -35, 200, -32603, "State is no integer, or the sum is too large") \
	X(E_STATE_TOO_LARGE,-36, 200, -32603, "Too much state")                \
	X(E_NO_RESOURCE,    -37, 200, -32002, "Resource not found")            \
	X(E_SUBSCRIPTIONS,  -38, 200, -32603, "Too many subscriptions")        \
	X(E_HANDLER,        -39, 200, -32603, "Internal error")                \
	X(E_STOPPING,       -40, 503, -32603, "Server is stopping, try again") \
	X(E_PERMISSION,     -41, 503, -32603, "The operating system does not permit it") \
	X(E_PURGED,         -42, 200, -32603, "What this call sent is no longer stored. Check before repeating it.") \
	X(E_OUTCOME,        -43, 200, -32603, "The outcome of this call is unknown. Check before repeating it.")
/* clang-format on */

/** MCPS_OK, MCPS_LATER, or a negative MCPS_E_... */
typedef enum mcps_status {
#define X(name, value, http, rpc, text) MCPS_##name = (value),
	MCPS_STATUS_MAP(X)
#undef X
} mcps_status;

/** The text of @p status: static, never NULL. Any thread. */
MCPS_API const char *mcps_status_text(mcps_status status);

/** The HTTP status that the legacy era gives @p status. Any thread. */
MCPS_API int mcps_status_http(mcps_status status);

/** The JSON-RPC error code of @p status; 0 for one that is no error. */
MCPS_API int mcps_status_rpc(mcps_status status);

/** Where and why something failed: filled only on failure. */
struct mcps_error {
	mcps_status status;
	char text[248]; /* one line, NUL-terminated, names what is wrong */
};

MCPS_END_DECLS

#endif
