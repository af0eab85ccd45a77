#include "http/listening.h"

#include "http/endpoint.h"

enum { PER_ADDRESS = 1000 };

static uint32_t listening_three_quarters(uint32_t connections)
{
	return (uint32_t)(UINT64_C(3) * connections / 4);
}

static uint32_t listening_per_address_default(uint32_t most)
{
	uint32_t half = most > 1 ? most / 2 : 1;

	return half < PER_ADDRESS ? half : PER_ADDRESS;
}

void mcps__stream_limits_init(struct stream_limits *out,
                              const struct mcps_server_options *options,
                              uint32_t connections)
{
	out->most = options->max_streams;
	if (out->most == 0)
		out->most = connections != 0
		                    ? listening_three_quarters(connections)
		                    : UINT32_MAX;
	out->most_per_address = options->max_streams_per_address;
	if (out->most_per_address == 0)
		out->most_per_address =
			listening_per_address_default(out->most);
	atomic_init(&out->open, 0);
}

/* ---- one caller ---- */

/* The most streams of CALLER; 0: it is not counted. */
static uint32_t listening_most_of(const struct endpoint *endpoint,
                                  const struct stream_limits *limits,
                                  const struct caller *caller)
{
	if (!caller->is_anonymous)
		return endpoint->mcp->listening.most;
	return limits != NULL && caller->has_own_address
	               ? limits->most_per_address
	               : 0;
}

static mcps_status listening_enter_caller(struct endpoint *endpoint,
                                          const struct stream_limits *limits,
                                          const struct caller *caller)
{
	mcps_status status = mcps__caller_limit_enter_most(
		&endpoint->mcp->listening, caller,
		listening_most_of(endpoint, limits, caller));

	if (status == MCPS_E_LIMIT)
		mcps__endpoint_report(endpoint,
		                      caller->is_anonymous
		                              ? INCIDENT_ADDRESS_STREAMS
		                              : INCIDENT_CALLER_STREAMS);
	return status;
}

static void listening_leave_caller(struct endpoint *endpoint,
                                   const struct stream_limits *limits,
                                   const struct caller *caller)
{
	mcps__caller_limit_leave_most(
		&endpoint->mcp->listening, caller,
		listening_most_of(endpoint, limits, caller));
}

/* ---- all of them ---- */

static bool listening_enter_share(struct stream_limits *limits)
{
	if (limits == NULL)
		return true;
	if (atomic_fetch_add(&limits->open, 1) < limits->most)
		return true;
	atomic_fetch_sub(&limits->open, 1);
	return false;
}

mcps_status mcps__listening_begin(struct endpoint *endpoint,
                                  struct stream_limits *limits,
                                  const struct caller *caller)
{
	mcps_status status = listening_enter_caller(endpoint, limits, caller);

	if (status != MCPS_OK)
		return status;
	if (listening_enter_share(limits))
		return MCPS_OK;
	listening_leave_caller(endpoint, limits, caller);
	mcps__endpoint_report(endpoint, INCIDENT_STREAMS);
	return MCPS_E_BUSY;
}

void mcps__listening_end(struct endpoint *endpoint,
                         struct stream_limits *limits,
                         const struct caller *caller)
{
	if (limits != NULL)
		atomic_fetch_sub(&limits->open, 1);
	listening_leave_caller(endpoint, limits, caller);
}
