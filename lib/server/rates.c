#include "server/rates.h"

#include "base/error.h"

mcps_status mcps__server_open_rates(struct endpoint *endpoint,
                                    const struct mcps_server_options *options,
                                    struct mcps_error *error)
{
	const struct {
		struct rate **out;
		struct rate_limit limit;
	} rates[] = {
		{ &endpoint->requests_of_caller,
		  { options->request_rate_per_caller,
		    options->request_burst_per_caller } },
		{ &endpoint->requests_of_address,
		  { options->request_rate_per_address,
		    options->request_burst_per_address } },
		{ &endpoint->session_rate_of_caller,
		  { options->session_rate_per_caller,
		    options->session_burst_per_caller } },
		{ &endpoint->session_rate_of_address,
		  { options->session_rate_per_address,
		    options->session_burst_per_address } },
		{ &endpoint->session_rate_of_anonymous,
		  { options->anonymous_session_rate,
		    options->anonymous_session_burst } },
	};

	for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
		mcps_status status = mcps__rate_new(
			rates[i].out, &rates[i].limit, &mcps__system_random);

		if (status != MCPS_OK)
			return mcps__fail(error, status, "rate limits: %s",
			                  mcps_status_text(status));
	}
	return MCPS_OK;
}

void mcps__server_close_rates(struct endpoint *endpoint)
{
	mcps__rate_free(endpoint->requests_of_caller);
	mcps__rate_free(endpoint->requests_of_address);
	mcps__rate_free(endpoint->session_rate_of_caller);
	mcps__rate_free(endpoint->session_rate_of_address);
	mcps__rate_free(endpoint->session_rate_of_anonymous);
}
