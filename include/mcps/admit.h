/* Sessions alone, for a program that has JSON-RPC code of its own: whatever
 * HTTP library and dispatcher it uses, this decides for each request whether
 * it may come in, and which session it belongs to.
 *
 *     mcps_admit(&admission, server, &view)
 *       MCPS_OK ─────────────────────────► mcps_admission_get_result()
 *       MCPS_LATER ──► park ... done ──► mcps_admission_resume() ──┘
 *
 *       SERVE       the request belongs to a session: carry it out and answer
 *                   it yourself; then mcps_admission_resume() says whether
 *                   that answer may be sent
 *       INITIALIZE  nothing is stored yet: mcps_admission_open_session(), then
 *                   OPENED
 *       OPENED      the session is durable: answer the initialize
 *       ANSWER      refused, or ended by DELETE: send what is given
 *
 * A program on libmicrohttpd that has no streams needs none of this: it calls
 * mcps_mhd_admit() (<mcps/mhd.h>), which does all of it.
 *
 * Host, Origin, credentials, rates, media types, strict JSON, the revision and
 * the session are looked at in this order, as docs/ARCHITECTURE.md tells.
 * Tools of the server are not used.
 *
 * An admission belongs to one thread at a time.
 */
#ifndef MCPS_ADMIT_H
#define MCPS_ADMIT_H

#include <mcps/server.h>

MCPS_BEGIN_DECLS

typedef struct mcps_admission mcps_admission;

/** A request as the program describes it. All texts are borrowed, and stay
 * valid until the admission is freed. */
struct mcps_admit_view {
	size_t size;        /* sizeof(struct mcps_admit_view) */
	const char *method; /* "POST", "GET", "DELETE", "OPTIONS" */
	const char *body;   /* all of it; NULL: none */
	size_t length;      /* ... in bytes */
	const char *peer;   /* the other end of the connection: an address, or
	                     * "unix"; for limits by address and
	                     * options.trusted_proxies; NULL: not known */

	/** The caller, if the program knows it. subject NULL: the server's
	 * auth hook or token file decides; without both the caller is
	 * anonymous. */
	const char *issuer, *subject;

	/** The value of a header (any case), NULL: it is not there. Called
	 * within mcps_admit() only. With options.trusted_proxies, a Forwarded
	 * or X-Forwarded-For of several lines must be returned whole, its lines
	 * in order with commas between them: the first line alone is what the
	 * client sent. */
	const char *(*header)(void *arg, const char *name);

	/** It has to wait: called by mcps_admit(), mcps_admission_resume() and
	 * mcps_admission_open_session() before anything is handed to another
	 * thread, and so the place to suspend a connection. NULL: nothing to
	 * do. */
	void (*park)(void *arg);

	/** The waiting is over: have some thread of yours call
	 * mcps_admission_resume(), once the function that parked has returned.
	 * Once per park, by any thread, perhaps before that; must neither block
	 * nor go on by itself. */
	void (*done)(void *arg);

	void *arg; /* of these three */
};

enum mcps_admission_result {
	MCPS_ADMISSION_NONE,       /* it waits */
	MCPS_ADMISSION_SERVE,      /* for mcps_admission_session() */
	MCPS_ADMISSION_INITIALIZE, /* nothing is stored yet */
	MCPS_ADMISSION_OPENED, /* mcps_admission_session() is new or renewed */
	MCPS_ADMISSION_ANSWER  /* send status, headers and body */
};

struct mcps_header {
	const char *name, *value;
};

/**
 * Decide about a request whose body is there.
 *
 * @param[out] out  release it with mcps_admission_free() when the request is
 *                  answered, never while it waits; NULL on failure
 * @return MCPS_OK: there is a result; MCPS_LATER: done will be called;
 *         MCPS_E_INVAL (the server is not started, or was before this process
 *         forked, or the view incomplete);
 *         MCPS_E_NOMEM
 */
MCPS_API MCPS_MUST_USE mcps_status
mcps_admit(mcps_admission **out, mcps_server *server,
           const struct mcps_admit_view *view);

/**
 * After done: go on. And just before an answer is sent to what is SERVE: if
 * its session has ended meanwhile, the result is ANSWER now, so that nothing
 * is served that its client has heard the end of. By then the request may have
 * been carried out, so the answer is no 404, on which clients repeat it: it is
 * a 200 with the JSON-RPC error "The outcome of this call is unknown. Check
 * before repeating it.", and data.reason "outcome_unknown", for each request. A
 * GET is 404; what has no answer (a notification) stays SERVE.
 *
 * @return MCPS_OK: there is a result; MCPS_LATER: done will be called again
 */
MCPS_API MCPS_MUST_USE mcps_status
mcps_admission_resume(mcps_admission *admission);

/**
 * Just before what is SERVE is carried out, for a program that has requests
 * wait: decide, once, whether it may be. Without this call it counts as begun
 * from SERVE on.
 *
 * @return MCPS_OK: carry it out; MCPS_E_GONE: its session has ended, and
 * nothing must be done: the result is ANSWER now, a 404; MCPS_E_INVAL: it is
 *         not SERVE
 */
MCPS_API MCPS_MUST_USE mcps_status
mcps_admission_begin(mcps_admission *admission);

/**
 * Store the session of an INITIALIZE, or renew the one whose id came along,
 * if it has the same revision and capabilities. The result is OPENED once
 * that is durable, or ANSWER.
 *
 * @return MCPS_LATER: done will be called; MCPS_OK: there is a result;
 *         MCPS_E_INVAL: it is no INITIALIZE
 */
MCPS_API MCPS_MUST_USE mcps_status
mcps_admission_open_session(mcps_admission *admission);

MCPS_API enum mcps_admission_result
mcps_admission_get_result(const mcps_admission *admission);

/** The session of what is SERVE or OPENED; its revision is the negotiated one.
 * @return false: there is none */
MCPS_API bool mcps_admission_session(const mcps_admission *admission,
                                     struct mcps_session_view *out);

/** The caller, if the result is SERVE or OPENED; NULL: anonymous. */
MCPS_API const char *mcps_admission_subject(const mcps_admission *admission);

/** The HTTP status of an ANSWER, else 200. */
MCPS_API int mcps_admission_status(const mcps_admission *admission);

/** Headers to add to the response, whatever makes it: Mcp-Session-Id if the
 * result is OPENED, CORS; Content-Type, Retry-After and the like of an ANSWER.
 * Ends with a name that is NULL. Valid until the admission is freed or goes on.
 * Without an admission (NULL) the list is empty. */
MCPS_API const struct mcps_header *
mcps_admission_headers(mcps_admission *admission);

/** The body of an ANSWER; *length 0: none. Not NUL-terminated. Valid as the
 * headers. */
MCPS_API const char *mcps_admission_body(const mcps_admission *admission,
                                         size_t *length);

/** Answered, or the client is gone. Never while it waits. NULL is ignored. Each
 * admission is freed before its server; mcps_server_free() logs if some were
 * not. */
MCPS_API void mcps_admission_free(mcps_admission *admission);

MCPS_END_DECLS

#endif
