#include "http/refusal.h"

void mcps__refusal_report(const struct endpoint *endpoint, enum incident reason)
{
	const struct mcp *mcp = endpoint->mcp;

	mcps__endpoint_report(endpoint, reason);
	if (mcp->log_calls)
		mcps__log(&mcp->log, MCPS_LOG_INFO, "http",
		          "request refused reason=%s",
		          mcps__incident_name(reason));
}

void mcps__refusal_report_status(const struct endpoint *endpoint,
                                 mcps_status status)
{
	static const struct {
		mcps_status status;
		enum incident reason;
	} reasons[] = {
		{ MCPS_E_GONE, INCIDENT_SESSION_UNKNOWN },
		{ MCPS_E_NO_SESSION, INCIDENT_SESSION_ID_MISSING },
		{ MCPS_E_REVISION, INCIDENT_REVISION_UNKNOWN },
		{ MCPS_E_NOMEM, INCIDENT_REQUEST_MEMORY },
	};

	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (reasons[i].status == status)
			mcps__refusal_report(endpoint, reasons[i].reason);
}
