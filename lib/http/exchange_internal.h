/* The exchange as its own files see it.
 *
 *   (gate ──►) read ──► admit ──► dispatch ──► (calls) ──► done
 *     └────────┴───────────┴─────────────────►  ▲   a refusal skips the rest
 *
 * calls: those of a batch that had to be stored for first.
 *
 * One thread at a time runs it: the network thread until it parks, then
 * whoever finishes the work, until wake hands it back. */
#ifndef MCPS_HTTP_EXCHANGE_INTERNAL_H
#define MCPS_HTTP_EXCHANGE_INTERNAL_H

#include "call/call.h"
#include "http/admit.h"
#include "http/auth.h"
#include "http/endpoint.h"
#include "http/exchange.h"
#include "mcp/initialize.h"
#include "stream/stream.h"

/* Who makes the answer: decided once.
 *
 *   pending ──► planned             the calls at their end, or a drain
 *      └──► opening ──► streamed    the answer is a stream: what the call
 *                                   still says goes there  */
enum exchange_answer {
	ANSWER_PENDING,
	ANSWER_PLANNED,
	ANSWER_OPENING,
	ANSWER_STREAMED,
};

enum exchange_stage {
	STAGE_GATE, /* parked: who is calling is not known yet */
	STAGE_READ,
	STAGE_ADMIT,
	STAGE_DISPATCH,
	STAGE_DONE,
};

/* References: the glue, and each call or wait under way. */
struct exchange {
	atomic_uint refs;
	struct endpoint *endpoint;
	struct exchange_glue glue;
	struct mcps_request request;
	struct mcps_grant grant;
	struct principal *principal;
	struct http_client client; /* once the gate has decided */
	struct caller caller;      /* once principal is known */
	struct plan plan;
	enum exchange_stage stage;
	bool is_parked; /* since the last run: a second park is none */
	bool may_open;  /* admits_only: an initialize may begin a session */

	struct buffer body;
	struct memory_claim body_claim;
	struct scan scan;
	struct message message; /* of a batch: the first one */
	uint32_t batch;         /* messages of an array; 0: no array */
	struct batch_answers batch_answers;
	bool has_request;              /* among the messages */
	struct initialize *initialize; /* NULL: not that method */

	struct admit_view view;
	struct id_claim claim;
	uint8_t key[MCPS_SESSION_KEY_SIZE];
	enum admit_decision decision;
	struct session_wait wait;
	struct resume_wait resume_wait;
	struct session *session;
	struct session *held; /* of a request whose body arrives: in use */

	struct mcps_call one;    /* the call of a single message */
	struct mcps_call *calls; /* &one, or of a batch */
	uint32_t call_count;
	atomic_uint pending;          /* calls under way, and dispatch itself */
	atomic_int answer;            /* enum exchange_answer */
	bool is_claimed;              /* planned: by the call itself */
	struct stream *stream;        /* streamed: a reference */
	struct sse_connection *sse;   /* the glue's, of a stream */
	bool is_listening;            /* ... of a GET, counted of its caller */
	int64_t listed_ms;            /* steady; since when its calls run */
	struct exchange *prev, *next; /* endpoint lock: the running ones */
	struct exchange *asking_prev, *asking_next; /* ... that ask the hook */
	int64_t asked_ms;                           /* steady */
	bool is_entering;
	bool is_listed;
	bool is_old;     /* endpoint lock: it got a stream, or cannot */
	bool is_stopped; /* endpoint lock: the drain was over before it was */
};

/* The id of the message, for errors. */
struct reply_id mcps__exchange_id(const struct exchange *exchange);
/* A plan is made: nothing is left to do. */
void mcps__exchange_refuse(struct exchange *exchange, mcps_status status,
                           const char *detail, const char *data);
void mcps__exchange_plan_empty(struct exchange *exchange, int status);
void mcps__exchange_park(struct exchange *exchange);
void mcps__exchange_wake(struct exchange *exchange);
struct exchange *mcps__exchange_ref(struct exchange *exchange);
void mcps__exchange_unref(struct exchange *exchange);

/* Decide that the plan is made by the caller: false, somebody else decided. */
bool mcps__exchange_claim(struct exchange *exchange);

/* The stream that answers the exchange's one call, which is parked, opened if
 * nothing was decided yet; NULL: its answer is none. Any thread that holds a
 * reference. */
struct stream *mcps__exchange_stream(struct exchange *exchange);

/* Answer a GET with a stream. False: parked. */
bool mcps__exchange_listen(struct exchange *exchange);
void mcps__exchange_stop_listening(struct exchange *exchange);

/* The server stops: plan the answer to a GET, which is when to connect again,
 * and the end of the stream. The official TypeScript SDK (1.32.2) takes that
 * for a lost stream and counts its attempts anew, while a refusal is one of two
 * attempts. It keeps no event id from one connection to the next, so a client
 * that resumes gets its id back. Nothing is asked of the store, and so nothing
 * is parked. Returns false, and plans nothing, if this is no GET of a client
 * that knows "retry". */
bool mcps__exchange_listen_later(struct exchange *exchange);

/* The stages. Each leaves exchange->stage where it goes on; false: parked,
 * the exchange is somebody else's now. */
void mcps__exchange_read(struct exchange *exchange);
/* The headers of a request are let in: while its body arrives, its session is
 * in use, if it is in memory. */
void mcps__exchange_hold(struct exchange *exchange);
bool mcps__exchange_admit(struct exchange *exchange);
bool mcps__exchange_dispatch(struct exchange *exchange);

#endif
