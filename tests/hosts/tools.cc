/* The tools of tools.c, for a program in C++. */
#include "mounted.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <iostream>
#include <mcps/mcps.hpp>
#include <memory>
#include <string>

namespace
{

std::atomic<unsigned> counts{ 0 };
std::unique_ptr<mcps::server> server;

struct hold {
	const char *path;
};

void add_count()
{
	mcps_tool tool{};
	mcps_resource counter{};

	tool.name = "count";
	tool.description = "Count in this session";
	server->add_tool(tool, [](mcps_call *call) {
		int64_t now;

		mcps::check(mcps_state_add(call, "count", 1, &now));
		counts++;
		mcps_resource_updated(mounted, MOUNTED_COUNTER);
		return mcps_text(call, "%s", std::to_string(now).c_str());
	});
	counter.uri = MOUNTED_COUNTER;
	counter.name = "counter";
	counter.mime_type = "text/plain";
	server->add_resource(counter, [](mcps_call *call, const char *) {
		return mcps_text(call, "%u", counts.load());
	});
}

void add_hold()
{
	mcps_tool tool{};

	tool.name = "hold";
	tool.description = "Run until a pipe is closed";
	server->add_tool(
		tool,
		mcps::fields{ mcps::field(&hold::path, "path",
	                                  "A named pipe: the call runs until "
	                                  "it is closed") },
		[](mcps_call *call, const hold &wanted) {
			if (mounted_wait_for_pipe(call, wanted.path) != 0)
				throw mcps::error(std::strerror(errno));
			return mcps_text(call, "let go");
		});
}

} // namespace

bool mounted_start(const char *name)
{
	mcps_server_options options{};

	options.store = std::getenv("MOUNTED_STORE");
	options.log = mounted_log;
	options.log_level = MCPS_LOG_INFO;
	try {
		server = std::make_unique<mcps::server>(name, "1.0.0");
		mounted = server->get();
		server->configure(options);
		add_count();
		add_hold();
		server->start();
	} catch (const std::exception &error) {
		std::cerr << "mounted: cannot start: " << error.what() << '\n';
		return false;
	}
	return true;
}

void mounted_free(void)
{
	server.reset();
}
