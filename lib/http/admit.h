/* Admission: which session a request belongs to, and what becomes of it.
 *
 * Pure functions of the request and of what a look at its session id found:
 * this is the table of docs/ARCHITECTURE.md, cell by cell, and tests/exchange
 * walks all of it without a socket.
 *
 *   admit(view, FOUND_NOT_LOADED) ──► LOAD ──► admit(view, what it found) ...
 *   a decision that needs the store ──► outcome(decision, what it found)
 */
#ifndef MCPS_HTTP_ADMIT_H
#define MCPS_HTTP_ADMIT_H

#include "session/session.h"

#include <mcps/server.h>

enum admit_kind {
	ADMIT_INITIALIZE,
	ADMIT_POST, /* any other POST */
	ADMIT_GET,
	ADMIT_DELETE,
};

/* What a request says that matters for its admission. */
struct admit_view {
	enum admit_kind kind;
	bool has_id;         /* an Mcp-Session-Id came along */
	bool is_well_formed; /* ... of 1 to 128 visible ASCII characters */
	bool is_signed;      /* ... signed by this deployment for this caller */
	bool is_too_old;     /* ... but past its absolute lifetime */
	bool is_anonymous;   /* the caller was not identified */
	bool resumes;        /* GET: after an event of a stream */
	bool fits;           /* initialize: a live session of this id has the
	                      * same revision and capabilities */
	enum mcps_unknown_ids policy; /* never DEFAULT */
};

enum admit_decision {
	DECISION_SERVE,    /* with the session that was found */
	DECISION_LOAD,     /* ask the store, then admit again */
	DECISION_CREATE,   /* a new session with a new id */
	DECISION_RENEW,    /* the live session starts over, its state is kept */
	DECISION_RECREATE, /* a new session under the id that was sent */
	DECISION_END,      /* delete it */
	DECISION_TOMBSTONE, /* 404, but only once its tombstone is stored */
	DECISION_REST, /* of a session that is no more what it left: else 404 */
	DECISION_NO_ID, /* 400 */
	DECISION_GONE,  /* 404 */
};

enum admit_decision mcps__admit(const struct admit_view *view,
                                enum session_found found);

/* The outcome of a decision, once the store has answered. */
enum admit_outcome {
	ADMIT_OUTCOME_SERVE,  /* with the session that came along */
	ADMIT_OUTCOME_AGAIN,  /* admit again with what was found */
	ADMIT_OUTCOME_ENDED,  /* 204 */
	ADMIT_OUTCOME_GONE,   /* 404 */
	ADMIT_OUTCOME_FAILED, /* the status says how */
};

enum admit_outcome mcps__admit_outcome(enum admit_decision decision,
                                       enum session_found found,
                                       mcps_status status);

#endif
