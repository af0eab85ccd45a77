/* Who is calling, asked once per request. */
#ifndef MCPS_HTTP_AUTH_H
#define MCPS_HTTP_AUTH_H

#include "http/endpoint.h"
#include "http/request.h"

/* A question to the auth hook, from asking to the result. All zero: nothing
 * was asked. Lives in its exchange. */
struct mcps_grant {
	struct principal *principal; /* NULL: nobody was named yet */
	int64_t expires_s;           /* 0: not to be kept */
	mcps_status status;
	atomic_int phase;
	/* Told by mcps_grant_finish() when the hook had returned LATER; IS_LATE
	 * if the deadline has passed meanwhile. */
	void (*finished)(struct mcps_grant *grant, bool is_late);
	/* The deadline has passed. Everything above belongs to the thread that
	 * may still call mcps_grant_finish(). */
	bool is_overdue;
};

/* Identify the caller of REQUEST: *OUT is a reference on MCPS_OK. MCPS_E_AUTH:
 * no credential, or a bad one. MCPS_LATER: GRANT is still open; call
 * mcps__identify_wait() next. */
MCPS_MUST_USE mcps_status mcps__identify(struct endpoint *endpoint,
                                         const struct mcps_request *request,
                                         struct mcps_grant *grant,
                                         struct principal **out);

/* After MCPS_LATER, and once finished() may be called: true when it will be;
 * false when the result is here already. */
bool mcps__identify_wait(struct mcps_grant *grant);

/* The deadline of a grant that waits has passed. True: its result is that the
 * hook did not answer, and finished() is told when it does after all. False: it
 * does not wait yet, or has finished. */
bool mcps__identify_give_up(struct mcps_grant *grant);

/* The result of a grant that has finished, or was given up. */
MCPS_MUST_USE mcps_status mcps__identify_end(struct endpoint *endpoint,
                                             const struct mcps_request *request,
                                             struct mcps_grant *grant,
                                             struct principal **out);

#endif
