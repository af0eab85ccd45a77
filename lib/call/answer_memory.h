/* The memory of answers that clients have not taken yet, seen from one call:
 * whether it may begin, and what its answer adds. Apart from call.h, because
 * only those who begin and end calls need it. */
#ifndef MCPS_CALL_ANSWER_MEMORY_H
#define MCPS_CALL_ANSWER_MEMORY_H

#include <mcps/status.h>
#include <stdatomic.h>
#include <stdbool.h>

struct mcps_call;

/* Bytes. Shorter answers are not counted: a connection has one answer, and
 * takes more memory by itself than that. */
enum { ANSWER_SMALL = 4096 };

/* Shared by all calls of a batch. All zero: there are no answers yet. */
struct batch_answers {
	atomic_size_t bytes;
	atomic_bool are_full; /* one did not fit, so no more calls begin */
};

/* Whether CALL, which has not begun, may begin: MCPS_E_BUSY or MCPS_E_LIMIT,
 * unread answers use all memory, or too much of it is this caller's;
 * MCPS_E_RESULT, the answers of its batch are as large as they may be. */
mcps_status mcps__answer_admit(const struct mcps_call *call);

/* The reason that a client is told, of MCPS_E_BUSY and MCPS_E_LIMIT. */
const char *mcps__answer_reason(mcps_status status);

/* CALL has a result. False, and counted: its batch has no room for it. */
bool mcps__answer_fits(struct mcps_call *call);

/* Count the answer of CALL, which is made, until it is forgotten. Once. */
void mcps__answer_count(struct mcps_call *call);
/* The answer has been freed, or is counted elsewhere. */
void mcps__answer_forget(struct mcps_call *call);

#endif
