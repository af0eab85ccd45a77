/* mcps-demo: a small real server. Start it, call it, restart it, and find
 * that every session goes on where it was. */
#include "tools.h"

#include <mcps/app.h>

static const char instructions[] =
	"A demonstration of sessions that survive restarts of the server. "
	"Store facts with remember and read them with recall: they belong to "
	"this session and stay. whoami tells which process answers and how it "
	"came to know the session.";

int main(int argc, char **argv)
{
	mcps_server *server = mcps_server_new("mcps-demo", "0.1.0");

	mcps_configure(server, .title = "mcps demo",
	               .description = "Sessions that survive restarts",
	               .instructions = instructions);
	add_memory_tools(server);
	add_count_tool(server);
	add_whoami_tool(server);
	add_simple_tools(server);
	add_resources(server);
	return mcps_main(server, argc, argv);
}
