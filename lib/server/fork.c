/* A process that forked has the memory of a server, but none of its threads:
 * nothing that waits for one of them would ever go on. Some locks may be held
 * for ever, so none is touched. */
#include "server/server_internal.h"

#include <unistd.h>

const char mcps__forked[] =
	"the process has forked after mcps_server_start(), and the threads of "
	"the server are in the other one: start the server after the fork";

void mcps__server_note_process(mcps_server *server)
{
	server->process = getpid();
}

bool mcps__server_was_forked(mcps_server *server)
{
	if (server->process == 0 || server->process == getpid())
		return false;
	if (!atomic_exchange(&server->fork_is_logged, true))
		mcps__log(&server->log, MCPS_LOG_ERROR, "server", "%s",
		          mcps__forked);
	return true;
}
