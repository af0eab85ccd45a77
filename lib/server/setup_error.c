/* The first error of setting up a server is remembered until its start. */
#include "server/server_internal.h"

#include "base/error.h"

void mcps__server_note(mcps_server *server, const struct mcps_error *error)
{
	if (server->error.status == MCPS_OK && error->status != MCPS_OK)
		server->error = *error;
}

void mcps__server_note_null(mcps_server *server, const char *function,
                            const char *argument)
{
	struct mcps_error error;

	mcps__fail(&error, MCPS_E_INVAL, "%s() was called with NULL for %s",
	           function, argument);
	mcps__server_note(server, &error);
}
