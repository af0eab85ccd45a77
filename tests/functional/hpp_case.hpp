/* Shared by the tests of <mcps/mcps.hpp>: a client of a server that they make,
 * short ways to add something, and its log. */
#ifndef MCPS_TESTS_HPP_CASE_HPP
#define MCPS_TESTS_HPP_CASE_HPP

#include <mcps/mcps.hpp>

#include <arpa/inet.h>
#include <check.h>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <sys/socket.h>
#include <unistd.h>

/* ---- a client ---- */

inline void expect(const std::string &answer, const char *words)
{
	ck_assert_msg(answer.find(words) != std::string::npos, "no %s in\n%s",
	              words, answer.c_str());
}

inline void expect_none(const std::string &answer, const char *words)
{
	ck_assert_msg(answer.find(words) == std::string::npos, "%s in\n%s",
	              words, answer.c_str());
}

/* One request on a connection of its own; head and body of its answer. */
inline std::string ask(uint16_t port, const std::string &lines,
                       const std::string &body)
{
	const std::string request =
		"POST /mcp HTTP/1.1\r\nHost: localhost\r\n"
		"Content-Type: application/json\r\n"
		"Accept: application/json, text/event-stream\r\n"
		"Connection: close\r\nContent-Length: " +
		std::to_string(body.size()) + "\r\n" + lines + "\r\n" + body;
	const int fd = socket(AF_INET, SOCK_STREAM, 0);
	sockaddr_in address{};
	std::string answer;
	char bytes[4096];
	ssize_t n;

	address.sin_family = AF_INET;
	address.sin_port = htons(port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(connect(fd, reinterpret_cast<sockaddr *>(&address),
	                         sizeof address),
	                 0);
	ck_assert_int_eq(send(fd, request.data(), request.size(), 0),
	                 static_cast<ssize_t>(request.size()));
	while ((n = recv(fd, bytes, sizeof bytes, 0)) > 0)
		answer.append(bytes, static_cast<size_t>(n));
	close(fd);
	return answer;
}

/* A session of a server that is started here, on a daemon of mcps. */
class client
{
public:
	explicit client(mcps::server &server, const std::string &lines = "")
		: lines_(lines)
	{
		mcps_daemon_options options{};
		mcps_error why{};

		server.start();
		options.size = sizeof options;
		options.listen = "127.0.0.1:0";
		ck_assert_msg(mcps_daemon_start(&daemon_, server.get(),
		                                &options, &why) == MCPS_OK,
		              "%s", why.text);
		begin();
	}
	client(const client &) = delete;
	client &operator=(const client &) = delete;
	~client()
	{
		stop();
	}
	void stop()
	{
		mcps_daemon_stop(std::exchange(daemon_, nullptr), 1000);
	}

	std::string request(const std::string &method,
	                    const std::string &params) const
	{
		return ask(port(), lines_,
		           R"({"jsonrpc":"2.0","id":1,"method":")" + method +
		                   R"(","params":)" + params + "}");
	}
	std::string call(const std::string &tool,
	                 const std::string &arguments = "{}") const
	{
		return request("tools/call", R"({"name":")" + tool +
		                                     R"(","arguments":)" +
		                                     arguments + "}");
	}

	/* An initialize with these header lines. */
	std::string ask_as(const std::string &lines) const
	{
		return ask(port(), lines, initialize);
	}

private:
	static constexpr const char *initialize =
		R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{
		    "protocolVersion":"2025-11-25","capabilities":{},
		    "clientInfo":{"name":"t","version":"1"}}})";

	uint16_t port() const
	{
		const char *address = mcps_daemon_address(daemon_);

		return static_cast<uint16_t>(
			std::atoi(std::strrchr(address, ':') + 1));
	}
	void begin()
	{
		const std::string name = "Mcp-Session-Id: ";
		const std::string answer = ask_as(lines_);
		const size_t at = answer.find(name);

		ck_assert_msg(at != std::string::npos, "%s", answer.c_str());
		lines_ += answer.substr(at, answer.find('\n', at) + 1 - at);
	}

	mcps_daemon *daemon_ = nullptr;
	std::string lines_;
};

/* ---- what tests add ---- */

inline mcps_tool tool(const char *name)
{
	mcps_tool made{};

	made.name = name;
	return made;
}

inline mcps_status done(mcps_call *call)
{
	return mcps_text(call, "done");
}

inline std::string logged;
inline std::mutex logged_lock;

inline void write_log(void *, mcps_log_level, const char *, const char *text)
{
	const std::lock_guard<std::mutex> lock(logged_lock);

	logged += std::string(text) + "\n";
}

inline size_t times_logged(const std::string &words)
{
	const std::lock_guard<std::mutex> lock(logged_lock);
	size_t times = 0;

	for (size_t at = logged.find(words); at != std::string::npos;
	     at = logged.find(words, at + 1))
		times++;
	return times;
}

inline void keep_log(mcps::server &server)
{
	mcps_server_options options{};

	options.log = write_log;
	options.log_level = MCPS_LOG_WARN;
	server.configure(options);
}

/* ---- main() ---- */

inline int run_tests(const char *name, std::initializer_list<const TTest *> all)
{
	Suite *suite = suite_create(name);
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	for (const TTest *test : all)
		tcase_add_test(tests, test);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
