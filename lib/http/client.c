#include "http/client.h"

static bool client_address_is_ip(const struct address *address)
{
	return address->family == ADDRESS_IPV4 ||
	       address->family == ADDRESS_IPV6;
}

void mcps__client_from_peer(struct http_client *out, const struct address *peer)
{
	out->address = *peer;
	out->kind =
		client_address_is_ip(peer) && !mcps__address_is_loopback(peer)
			? CLIENT_REMOTE
			: CLIENT_LOCAL;
}

bool mcps__client_limits_sessions(const struct http_client *client)
{
	return client->kind == CLIENT_REMOTE ||
	       client->kind == CLIENT_FORWARDED;
}

bool mcps__client_limits_requests(const struct http_client *client)
{
	return mcps__client_limits_sessions(client) ||
	       (client->kind == CLIENT_LOCAL &&
	        client_address_is_ip(&client->address));
}
