#include "mhd/request.h"

#include <mcps/mhd.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

enum { LENGTH_DIGITS = 18 }; /* what surely fits into 64 bits */

static enum MHD_Result request_add_header(void *arg, enum MHD_ValueKind kind,
                                          const char *name, size_t name_length,
                                          const char *value,
                                          size_t value_length)
{
	(void)kind;
	mcps__request_add_header(arg, name, name_length, value, value_length);
	return MHD_YES;
}

static const char *request_find_header(void *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static const struct sockaddr *request_peer_of(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

	return info != NULL ? info->client_addr : NULL;
}

void mcps__request_read(struct mcps_request *request,
                        struct MHD_Connection *connection,
                        const struct trusted_proxies *proxies, const char *url,
                        const char *method)
{
	*request = (struct mcps_request){
		.method = mcps__method_find(method),
		.method_text = method,
		.path = url,
		.find = request_find_header,
		.connection = connection,
	};
	mcps__address_from_socket(&request->peer, request_peer_of(connection));
	mcps__forwarded_begin(&request->forwarded, proxies, &request->peer);
	MHD_get_connection_values_n(connection, MHD_HEADER_KIND,
	                            request_add_header, request);
}

/* A request of mcps_admit() has none. */
struct MHD_Connection *mcps_mhd_connection(const mcps_request *request)
{
	return request != NULL && request->find == request_find_header
	               ? request->connection
	               : NULL;
}

void *mcps_mhd_req_cls(const mcps_request *request)
{
	return request != NULL ? request->context : NULL;
}

uint64_t mcps__request_body_limit(const struct mcps_request *request)
{
	const struct http_value *declared =
		&request->headers[HEADER_CONTENT_LENGTH];
	uint64_t length = 0;

	if (request->headers[HEADER_TRANSFER_ENCODING].text != NULL)
		return UINT64_MAX;
	if (declared->text == NULL)
		return 0;
	if (declared->length > LENGTH_DIGITS)
		return UINT64_MAX;
	for (size_t i = 0; i < declared->length; i++) {
		if (declared->text[i] < '0' || declared->text[i] > '9')
			return UINT64_MAX;
		length = length * 10 + (uint64_t)(declared->text[i] - '0');
	}
	return length;
}
