/* The one list of <mcps/status.h>, read in three ways. */
#include <mcps/status.h>

const char *mcps_status_text(mcps_status status)
{
	switch (status) {
#define X(name, value, http, rpc, text) \
	case MCPS_##name:               \
		return text;
		MCPS_STATUS_MAP(X)
#undef X
	}
	return "Unknown status";
}

int mcps_status_http(mcps_status status)
{
	switch (status) {
#define X(name, value, http, rpc, text) \
	case MCPS_##name:               \
		return http;
		MCPS_STATUS_MAP(X)
#undef X
	}
	return 500;
}

int mcps_status_rpc(mcps_status status)
{
	switch (status) {
#define X(name, value, http, rpc, text) \
	case MCPS_##name:               \
		return rpc;
		MCPS_STATUS_MAP(X)
#undef X
	}
	return -32603;
}
