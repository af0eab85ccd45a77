/* c++ -std=c++17 mount_lambda.cpp \
 *     $(pkg-config --cflags --libs mcps libmicrohttpd) -o mount_lambda
 * ./mount_lambda 8080 sqlite:mount_lambda.db
 *
 * The program of mount.c in C++: its libmicrohttpd daemon and its page get
 * /mcp, with a tool that is a lambda. The additions are marked [1] to [6]. */
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <mcps/mcps.hpp> /* [1] */
#include <memory>
#include <microhttpd.h>
#include <stdexcept>
#include <string>

namespace
{

struct visit_count {
	std::atomic<unsigned> pages{ 0 };
	mcps::server mcp{ "visits", "1.0.0" };
};

struct greeting {
	const char *name;
	int64_t times;
};

void add_tools(visit_count &visits) /* [2] */
{
	mcps_tool tell{};
	mcps_tool greet{};

	tell.name = "visits";
	tell.description = "How often the page was seen";
	visits.mcp.add_tool(tell, [&visits](mcps_call *call) {
		int64_t asked;

		mcps::check(mcps_state_add(call, "asked", 1, &asked));
		const std::string text = std::to_string(visits.pages) +
		                         " visits, asked for " +
		                         std::to_string(asked) + " times";
		return mcps_text(call, "%s", text.c_str());
	});

	greet.name = "greet";
	greet.description = "Greet somebody politely";
	visits.mcp.add_tool(
		greet,
		mcps::fields{
			mcps::field(&greeting::name, "name", "Whom to greet")
				.length(1, 80),
			mcps::field(&greeting::times, "times", "How often")
				.default_json("1")
				.range(1, 10),
		},
		[](mcps_call *call, const greeting &in) {
			std::string text;

			if (std::string(in.name) == "nobody")
				throw mcps::error("nobody is not there");
			for (int64_t i = 0; i < in.times; i++)
				text += std::string("Hello, ") + in.name + "! ";
			return mcps_text(call, "%s", text.c_str());
		});
}

MHD_Result show_page(visit_count &visits, MHD_Connection *connection)
{
	static char text[] = "Hello, visitor!\n";
	MHD_Response *response = MHD_create_response_from_buffer(
		sizeof text - 1, text, MHD_RESPMEM_PERSISTENT);
	const MHD_Result result =
		MHD_queue_response(connection, MHD_HTTP_OK, response);

	MHD_destroy_response(response);
	visits.pages++;
	return result;
}

MHD_Result on_request(void *arg, MHD_Connection *connection, const char *url,
                      const char *method, const char *, const char *data,
                      size_t *size, void **request)
{
	auto &visits = *static_cast<visit_count *>(arg);
	int result;

	if (mcps_mhd_handle(visits.mcp.get(), connection, url, method, data,
	                    size, request, &result)) /* [3] */
		return static_cast<MHD_Result>(result);
	return show_page(visits, connection);
}

void on_completed(void *arg, MHD_Connection *connection, void **request,
                  MHD_RequestTerminationCode)
{
	auto &visits = *static_cast<visit_count *>(arg);

	(void)mcps_mhd_completed(visits.mcp.get(), connection,
	                         request); /* [4] */
}

/* [5] */
void write_log(void *, mcps_log_level, const char *module, const char *text)
{
	std::cerr << std::string(module) + ": " + text + "\n";
}

void serve(uint16_t port, const char *store)
{
	visit_count visits;
	mcps_server_options options{};
	sigset_t stop;
	int signal;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, nullptr);

	options.store = store;
	options.log = write_log;
	options.log_level = MCPS_LOG_WARN;
	visits.mcp.configure(options);
	add_tools(visits);
	visits.mcp.start();

	/* Destroyed before the server that it serves. */
	const std::unique_ptr<MHD_Daemon, decltype(&MHD_stop_daemon)> daemon(
		MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD |
	                                 MHD_ALLOW_SUSPEND_RESUME,
	                         port, nullptr, nullptr, on_request, &visits,
	                         MHD_OPTION_NOTIFY_COMPLETED, on_completed,
	                         &visits, MHD_OPTION_END),
		MHD_stop_daemon);
	if (daemon == nullptr)
		throw std::runtime_error("libmicrohttpd does not start");
	visits.mcp.attach(daemon.get()); /* [6] */
	std::cerr << "visits is ready at http://127.0.0.1:"
		  << MHD_get_daemon_info(daemon.get(),
	                                 MHD_DAEMON_INFO_BIND_PORT)
			     ->port
		  << "/mcp\n";
	sigwait(&stop, &signal);
	mcps_server_drain(visits.mcp.get(), 5000);
}

} // namespace

int main(int argc, char **argv)
{
	try {
		serve(argc > 1 ? static_cast<uint16_t>(std::atoi(argv[1]))
		               : 8080,
		      argc > 2 ? argv[2] : "memory:");
	} catch (const std::exception &error) {
		std::cerr << "cannot start: " << error.what() << '\n';
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
