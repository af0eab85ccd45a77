/* One HTTP request and its answer, from the first header to the plan. It
 * knows no socket: the glue feeds it and carries its plan out, tests do the
 * same without a network.
 *
 *   open ── refused by the gate ───────────────────────────► plan ready
 *    │ └──── PARKED: the auth hook answers later ──► (wake) ──► run ──┐
 *    │   ◄── READING ──────────────────────────────────────────────────┘
 *   body*  ── too large ───────────────────────────────────► plan ready
 *    │
 *   run ──► ready, or PARKED ──► (wake) ──► run ──► ...  ──► plan ready
 */
#ifndef MCPS_HTTP_EXCHANGE_H
#define MCPS_HTTP_EXCHANGE_H

#include "http/plan.h"
#include "http/request.h"

struct endpoint;
struct sse_connection;
struct stream_limits;
struct exchange;
struct memory_claim;
struct principal;
struct session;

/* How the glue parks a request. park is called on the thread that runs the
 * exchange, before anything is handed to another thread; wake by any thread,
 * exactly once per park, after it: whoever gets it calls run again. */
struct exchange_glue {
	void (*park)(void *arg);
	void (*wake)(void *arg);
	void *arg;
	/* Only find out which session it belongs to: an initialize is READY
	 * before it has stored anything, see mcps__exchange_open_session(), and
	 * what is let in is READY without a plan. */
	bool admits_only;
	struct stream_limits *streams; /* of the daemon; NULL: no limit */
};

enum exchange_state {
	EXCHANGE_READING, /* let in: give it the body, then run */
	EXCHANGE_READY,   /* mcps__exchange_plan() is the answer */
	EXCHANGE_PARKED,  /* wait for wake */
};

/* Begin; REQUEST is copied, the texts it points to stay the connection's.
 * *STATE: READING, the body is wanted; READY, the gate has refused it: answer,
 * and do not read the body; PARKED, run when woken, then READING or READY.
 * NULL: out of memory. Release with close. */
struct exchange *mcps__exchange_open(struct endpoint *endpoint,
                                     const struct mcps_request *request,
                                     const struct exchange_glue *glue,
                                     enum exchange_state *state);

/* More of the body; may make the plan ready (413). */
void mcps__exchange_body(struct exchange *exchange, const void *bytes,
                         size_t length);

/* Its daemon stops: unless its plan is ready, the plan is a 503, and nothing of
 * it is begun. After the body, before the first run. */
void mcps__exchange_refuse_late(struct exchange *exchange);

/* The whole body is there, or wake was called. READING only after a park in
 * open. */
enum exchange_state mcps__exchange_run(struct exchange *exchange);

/* Of one that admits only: the initialize that is READY may begin a session
 * when it is run again. False: it is none. */
bool mcps__exchange_open_session(struct exchange *exchange);

/* The session it was let in to, and its caller; NULL: none. */
struct session *mcps__exchange_session(struct exchange *exchange);
struct principal *mcps__exchange_principal(struct exchange *exchange);

/* The session of an exchange that only admits is over after all, and nothing
 * was carried out: the plan is a 404. */
void mcps__exchange_session_ended(struct exchange *exchange);
/* It may have been carried out: the plan says that the outcome is unknown.
 * False: the request has no answer. mcps__exchange_reserve_outcome() makes room
 * for the plan before; false: there is no room, and the plan is a 503. */
bool mcps__exchange_fail_outcome(struct exchange *exchange);
bool mcps__exchange_reserve_outcome(struct exchange *exchange);

struct plan *mcps__exchange_plan(struct exchange *exchange);

/* Count the body of the plan as an unread answer of its caller, until the glue
 * releases CLAIM. Before the body is given to the connection. */
void mcps__exchange_count_answer(struct exchange *exchange,
                                 struct memory_claim *claim);

/* The plan was answered with. If it is no stream, the exchange is closed: a
 * client that reads its answer late keeps nothing but the answer. If it is a
 * stream of no call, all that is needed from now on is its SSE connection,
 * which is the glue's, to be left instead of closing the exchange: that is
 * gone. False: it is the stream of a call, nothing changed. */
bool mcps__exchange_let_go(struct exchange *exchange);
/* SSE may be NULL. */
void mcps__exchange_leave(struct endpoint *endpoint,
                          struct stream_limits *streams,
                          struct sse_connection *sse);

/* The glue is done with it (answered, or the connection is gone). Never while
 * parked. NULL is fine. */
void mcps__exchange_close(struct exchange *exchange);

#endif
