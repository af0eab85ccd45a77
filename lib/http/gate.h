/* The gate: what is refused by the headers alone, before a byte of the body
 * is kept. The order is fixed: framing, Host, Origin, path, method, who is
 * calling, how often, media types, declared size. */
#ifndef MCPS_HTTP_GATE_H
#define MCPS_HTTP_GATE_H

#include "http/auth.h"
#include "http/endpoint.h"
#include "http/plan.h"
#include "http/request.h"

enum gate {
	GATE_REFUSED, /* PLAN is the answer */
	GATE_OPEN,    /* *PRINCIPAL is a reference: come in */
	GATE_LATER,   /* the hook answers later: mcps__identify_wait(), and when
	               * the grant has finished mcps__gate_again() */
};

enum gate mcps__gate(struct endpoint *endpoint, struct mcps_request *request,
                     struct mcps_grant *grant, struct plan *plan,
                     struct principal **principal);
enum gate mcps__gate_again(struct endpoint *endpoint,
                           struct mcps_request *request,
                           struct mcps_grant *grant, struct plan *plan,
                           struct principal **principal);

#endif
