/* One JSON-RPC request while it is being answered.
 *
 *   dispatch ──► answered: reply holds the whole JSON-RPC reply
 *      │
 *      └──► parked ──► worker ──► commit ──► answered(), released()
 */
#ifndef MCPS_CALL_CALL_H
#define MCPS_CALL_CALL_H

#include "call/answer_memory.h"
#include "call/mcp.h"
#include "call/result.h"
#include "call/state.h"
#include "catalog/fields.h"
#include "rpc/message.h"
#include "rpc/reply.h"
#include "stream/stream.h"

#include <mcps/call.h>

/* What was told of how far a call is. */
struct call_progress {
	bool was_told;
	double done;        /* rises */
	int64_t since_ms;   /* steady: when credit was last counted */
	unsigned credit_ms; /* to be spent on more of it */
};

/* Zero, but for what the owner sets. */
struct mcps_call {
	/* Set by the owner, who keeps them alive until it is finished. */
	struct mcp *mcp;
	struct session *session; /* NULL: ping without a session, ... */
	struct principal *principal;
	const struct caller *caller;
	const struct revision *revision;
	struct message message;
	struct batch_answers *batch; /* NULL: it is alone */

	/* Told before anything is handed to another thread, on the thread of
	 * dispatch. If dispatch said PARKED, two more, once each: the answer is
	 * there; and nothing of the call runs any more, which may be before the
	 * answer was sent, or long after. */
	void (*parking)(struct mcps_call *call);
	void (*answered)(struct mcps_call *call);
	void (*released)(struct mcps_call *call);
	/* The stream of a call that is parked: emits opens it if the answer is
	 * still open; final_stream does not, and from then on it stays as it
	 * is. Borrowed; NULL: it has none. On the call's thread. */
	struct stream *(*emits)(struct mcps_call *call);
	struct stream *(*final_stream)(struct mcps_call *call);
	void *owner;
	bool was_parked; /* the owner's */

	/* The answer. STATUS says how it travels: MCPS_OK a result;
	 * MCPS_E_CANCELLED none at all; anything else an error reply, whose
	 * HTTP status is the status' own: of a call whose handler has begun it
	 * is one with 200. */
	struct buffer reply;
	mcps_status status;
	mcps_status failed; /* of the error that the reply is; MCPS_OK: none */
	const char *challenge;      /* WWW-Authenticate, with MCPS_E_SCOPE */
	struct memory_claim answer; /* of what all answers may hold */

	/* What the call is about: valid while dispatch runs, and from then on
	 * if it is held. */
	struct entry *entry;
	struct entry *held; /* a reference; NULL: none */
	const struct handler_kind *handler_kind;

	/* A handler at work. */
	struct arguments arguments; /* of a tool with fields */
	struct json_object *tree;   /* of a tool with a schema text */
	char *text; /* of a resource its URI, of a completion what was typed */
	const char *completed;     /* the name of what is completed */
	struct call_value *values; /* variables, arguments; the last has no name
	                            */
	struct result result;
	enum handler_fault fault; /* found when the handler returned */
	mcps_status returned;     /* FAULT_STATUS: what it returned */
	struct state_batch state;
	struct session_call running;
	struct work work;
	struct writer_job commit;
	struct stream *stream; /* at its end: where the response goes */
	struct stream_ending ending;
	bool commits_state;
	bool may_be_committed; /* its state reached COMMIT, if that fails */
	uint64_t last_seq;
	struct call_progress progress;
	bool on_worker;
	int64_t deadline_ms; /* steady; 0: none */

	/* A method that stores something in the session. */
	struct session_wait wait;

	/* For the log, if each call is logged. */
	const char *method; /* static; NULL: none that is served */
	int64_t begun_ms;   /* steady */
};

/* A named string that the client gave. */
struct call_value {
	const char *name; /* borrowed from the entry, or own */
	char *value;      /* NULL: not given */
	bool owns_name;
};

/* Say something before the response, a JSON message, which moves in; nobody
 * hears it if the call cannot have a stream. On the call's thread. */
void mcps__call_emit(struct mcps_call *call, struct buffer *message,
                     unsigned how);

/* The same for a notification METHOD. PARAMS is JSON text, NULL: none. */
void mcps__call_notify(struct mcps_call *call, const char *method,
                       const char *params);

enum dispatch_end {
	DISPATCH_ANSWERED,
	DISPATCH_PARKED,
};

struct reply_id mcps__call_id(const struct mcps_call *call);

/* Answer with a result: between begin and end the caller appends it. */
struct buffer *mcps__call_begin_result(struct mcps_call *call);
void mcps__call_end_result(struct mcps_call *call);

/* Answer with the error of STATUS; DETAIL and DATA (JSON) may be NULL. That of
 * MCPS_E_GONE has data of its own. */
void mcps__call_fail(struct mcps_call *call, mcps_status status,
                     const char *detail, const char *data);

/* Answer CALL, which did not begin, with the status that mcps__answer_admit()
 * returned. */
void mcps__answer_refuse(struct mcps_call *call, mcps_status status);

/* The JSON-RPC code of STATUS in the revision of CALL. */
int mcps__call_error_code(const struct mcps_call *call, mcps_status status);

/* Make room for the answer of the next function, so that it needs no more
 * memory. False, and answered: there is none. Before a handler begins. */
bool mcps__call_reserve(struct mcps_call *call);
/* The memory that mcps__call_reserve() needs at most, in bytes. */
size_t mcps__call_outcome_size(const struct mcps_call *call);

/* mcps_fail() in words that name what was called, as its handler gave none. */
mcps_status mcps__call_fail_unexplained(struct mcps_call *call);

/* Answer that nobody knows what became of it. STATE: see
 * mcps__reply_outcome(). */
void mcps__call_fail_outcome(struct mcps_call *call, const char *state);

/* It is over, at once: both. */
void mcps__call_finished(struct mcps_call *call);

/* The same with "data":{"uri":URI}. */
void mcps__call_fail_uri(struct mcps_call *call, mcps_status status,
                         const char *detail, const char *uri);

/* Keep the entry alive as long as the call. */
void mcps__call_hold(struct mcps_call *call);

/* A string member of an object of the request: a copy, freed by mcps__free();
 * NULL with an answer when it is missing, no string, has a NUL, is longer than
 * MOST, or there is no memory. WHAT names it. */
char *mcps__call_read_text(struct mcps_call *call, uint32_t object,
                           const char *member, const char *what, size_t most);

/* Room for COUNT values and the end of them; false: out of memory. */
bool mcps__call_make_values(struct mcps_call *call, size_t count);
void mcps__call_forget_values(struct mcps_call *call);

/* Free what the call holds. */
void mcps__call_finish(struct mcps_call *call);

#endif
