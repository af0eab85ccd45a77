#include "mhd/daemon_id.h"

#include <microhttpd.h>

void mcps__daemon_id_read(struct daemon_id *out, struct MHD_Daemon *daemon)
{
	out->daemon = daemon;
	out->flags = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_FLAGS)->flags;
	out->listener = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_LISTEN_FD)
	                        ->listen_fd;
	out->port =
		MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void mcps__daemon_id_of(struct daemon_id *out,
                        struct MHD_Connection *connection)
{
	mcps__daemon_id_read(
		out,
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_DAEMON)
			->daemon);
}

static bool daemon_id_may_have_workers(const struct daemon_id *id)
{
	return (id->flags & MHD_USE_INTERNAL_POLLING_THREAD) != 0 &&
	       (id->flags & MHD_USE_THREAD_PER_CONNECTION) == 0;
}

/* The address alone says nothing: the one that was attached may have been
 * stopped, and another one started in its place. */
bool mcps__daemon_id_is(const struct daemon_id *attached,
                        const struct daemon_id *seen)
{
	return seen->flags == attached->flags &&
	       seen->listener == attached->listener &&
	       seen->port == attached->port &&
	       (seen->daemon == attached->daemon ||
	        daemon_id_may_have_workers(attached));
}
