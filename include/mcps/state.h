/* Durable state of tools.
 *
 * Changes are buffered and committed together with the call's result, in one
 * transaction: a handler that fails changes nothing, and a client never sees
 * a result whose changes could still be lost. The first access to a key locks
 * it, in this process, until the call has committed, so what a call was told
 * is what gets stored: 64 concurrent counters give 64 distinct numbers. Locks
 * are granted in the order of asking and waited for at most 5 seconds.
 *
 * Keys are 1 to 255 bytes of UTF-8 that do not begin with U+0001; a value takes
 * at most 64 KiB as JSON, a session or principal at most 1 MiB in all.
 *
 * Every function returns also MCPS_E_INVAL (bad key, or called by a quick
 * tool, which must not block), MCPS_E_STATE_BUSY (another call holds the lock),
 * MCPS_E_STATE_TOO_LARGE, MCPS_E_STORE, MCPS_E_NOMEM. A handler that cannot go
 * on returns what it got, or mcps_fail().
 */
#ifndef MCPS_STATE_H
#define MCPS_STATE_H

#include <mcps/call.h>

MCPS_BEGIN_DECLS

/** Whose state it is. */
enum mcps_state_scope {
	MCPS_STATE_SCOPE_SESSION,  /* lives and ends with the session */
	MCPS_STATE_SCOPE_PRINCIPAL /* all sessions of one caller share it; never
	                            * for anonymous callers: MCPS_E_FORBIDDEN */
};

/** Read a value: its own changes first. @param[out] out a new reference (put
 * it), NULL for JSON null. @return also MCPS_E_NO_STATE: there is none. */
MCPS_API MCPS_MUST_USE mcps_status
mcps_state_get_in(mcps_call *call, enum mcps_state_scope scope, const char *key,
                  struct json_object **out);

/** Set a value; the reference moves in, also on failure. */
MCPS_API MCPS_MUST_USE mcps_status
mcps_state_put_in(mcps_call *call, enum mcps_state_scope scope, const char *key,
                  struct json_object *taken);

/** Add to an integer (a missing one is 0). @param[out] now the sum; may be
 * NULL. @return also MCPS_E_STATE_TYPE: it holds something else than an
 * integer, or the sum overflows. */
MCPS_API MCPS_MUST_USE mcps_status
mcps_state_add_in(mcps_call *call, enum mcps_state_scope scope, const char *key,
                  int64_t by, int64_t *now);

/** Forget a value. @return also MCPS_E_NO_STATE. */
MCPS_API MCPS_MUST_USE mcps_status mcps_state_delete_in(
	mcps_call *call, enum mcps_state_scope scope, const char *key);

/** The same in the session. */
MCPS_API MCPS_MUST_USE mcps_status mcps_state_get(mcps_call *call,
                                                  const char *key,
                                                  struct json_object **out);
MCPS_API MCPS_MUST_USE mcps_status mcps_state_put(mcps_call *call,
                                                  const char *key,
                                                  struct json_object *taken);
MCPS_API MCPS_MUST_USE mcps_status mcps_state_add(mcps_call *call,
                                                  const char *key, int64_t by,
                                                  int64_t *now);
MCPS_API MCPS_MUST_USE mcps_status mcps_state_delete(mcps_call *call,
                                                     const char *key);

MCPS_END_DECLS

#endif
