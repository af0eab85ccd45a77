/* <mcps/mcps.hpp>: exceptions, and the life of a server. */
#include "functional/hpp_case.hpp"

namespace
{

struct greeting {
	int64_t times;
};

/* ---- exceptions ---- */

START_TEST(an_error_that_is_thrown_tells_the_client_its_words_or_status)
{
	mcps::server server("test", "1");

	server.add_tool(tool("words"), [](mcps_call *) -> mcps_status {
		throw mcps::error("100%s of them are gone");
	});
	server.add_tool(tool("status"), [](mcps_call *) -> mcps_status {
		throw mcps::error(MCPS_E_PARAMS, "not told");
	});
	server.add_tool(tool("checked"), [](mcps_call *call) {
		mcps::check(mcps_state_add(call, "", 1, nullptr));
		return MCPS_OK;
	});
	server.add_tool(tool("success"), [](mcps_call *) -> mcps_status {
		throw mcps::error(MCPS_OK, "no success");
	});
	const client client(server);
	const std::string status = client.call("status");

	expect(client.call("words"),
	       R"("text":"100%s of them are gone"}],"isError":true)");
	expect(status, R"("code":-32602,"message":"Invalid params")");
	expect_none(status, "not told");
	expect(client.call("checked"), "Internal error: invalid argument");
	expect(client.call("success"), R"("text":"no success"}],"isError")");
}
END_TEST

START_TEST(any_other_exception_is_an_internal_error_whose_words_are_logged)
{
	mcps::server server("test", "1");

	keep_log(server);
	server.add_tool(tool("standard"), [](mcps_call *) -> mcps_status {
		throw std::runtime_error("password is 1234");
	});
	server.add_tool(tool("number"),
	                [](mcps_call *) -> mcps_status { throw 7; });
	server.add_tool(tool("memory"), [](mcps_call *) -> mcps_status {
		throw std::bad_alloc();
	});
	server.add_tool(tool("well"), done);
	const client client(server);

	for (int i = 0; i < 3; i++) {
		const std::string answer = client.call("standard");

		expect(answer, R"("code":-32603,"message":"Internal error")");
		expect_none(answer, "password");
	}
	expect(client.call("number"), R"("message":"Internal error")");
	expect(client.call("memory"), R"("message":"Out of memory")");
	expect(client.call("well"), "done");
	ck_assert_uint_eq(times_logged("tool \"standard\" threw an exception: "
	                               "password is 1234"),
	                  1);
	ck_assert_uint_eq(times_logged("tool \"number\" threw an exception"),
	                  1);
}
END_TEST

START_TEST(state_of_a_call_that_throws_is_dropped)
{
	mcps::server server("test", "1");

	server.add_tool(tool("lose"), [](mcps_call *call) -> mcps_status {
		mcps::check(mcps_state_add(call, "n", 100, nullptr));
		throw std::runtime_error("lost");
	});
	server.add_tool(tool("count"), [](mcps_call *call) {
		int64_t n;

		mcps::check(mcps_state_add(call, "n", 1, &n));
		return mcps_text(call, "n is %d", static_cast<int>(n));
	});
	const client client(server);

	expect(client.call("count"), "n is 1");
	expect(client.call("lose"), "Internal error");
	expect(client.call("count"), "n is 2");
}
END_TEST

START_TEST(no_handler_of_another_kind_lets_an_exception_out)
{
	mcps::server server("test", "1");
	mcps_resource resource{};
	mcps_template pattern{};
	mcps_prompt prompt{};
	const auto read = [](mcps_call *, const char *) -> mcps_status {
		throw std::runtime_error("read");
	};
	const auto complete = [](mcps_call *, const char *,
	                         const char *) -> mcps_status {
		throw mcps::error("cannot complete");
	};

	keep_log(server);
	resource.uri = "a:b", resource.name = "b";
	pattern.uri_template = "c:{d}", pattern.name = "d";
	prompt.name = "p";
	server.add_resource(resource, read);
	server.add_template(pattern, read, complete);
	server.add_prompt(prompt, [](mcps_call *) -> mcps_status {
		throw mcps::error("no prompt today");
	});
	const client client(server);

	expect(client.request("resources/read", R"({"uri":"a:b"})"),
	       "Internal error");
	expect(client.request("resources/read", R"({"uri":"c:x"})"),
	       "Internal error");
	expect(client.request("completion/complete", R"({"ref":{"type":
		"ref/resource","uri":"c:{d}"},"argument":{"name":"d",
		"value":""}})"),
	       "cannot complete");
	expect(client.request("prompts/get", R"({"name":"p"})"),
	       "no prompt today");
	ck_assert_uint_eq(times_logged("resource \"a:b\" threw"), 1);
	ck_assert_uint_eq(times_logged("template \"c:{d}\" threw"), 1);
}
END_TEST

START_TEST(an_auth_hook_is_a_lambda_and_may_throw)
{
	const std::string known = "ann";
	mcps::server server("test", "1");

	keep_log(server);
	server.set_auth(
		[&known](const mcps_request *request, mcps_grant *grant) {
			const char *token = mcps_request_bearer(request);

			if (token == nullptr)
				throw mcps::error(MCPS_E_AUTH, "no token");
			if (token != known)
				throw std::runtime_error("unknown token");
			return mcps_grant_subject(grant, nullptr, token);
		});
	server.add_tool(tool("who"), [](mcps_call *call) {
		return mcps_text(call, "i am %s", mcps_call_principal(call));
	});
	const client client(server, "Authorization: Bearer ann\r\n");

	expect(client.call("who"), "i am ann");
	expect(client.ask_as(""), "HTTP/1.1 401");
	expect(client.ask_as("Authorization: Bearer bob\r\n"), "HTTP/1.1 500");
	ck_assert_uint_eq(times_logged("threw an exception: unknown token"), 1);
}
END_TEST

/* ---- the server ---- */

START_TEST(a_server_is_moved_while_it_serves)
{
	mcps::server first("test", "1");
	int seen = 5;

	first.add_tool(tool("see"), [&seen](mcps_call *call) {
		return mcps_text(call, "%d", seen);
	});
	client client(first);
	mcps_server *c = first.get();
	mcps::server second(std::move(first));

	ck_assert_ptr_null(first.get());
	ck_assert_ptr_eq(second.get(), c);
	expect(client.call("see"), R"("text":"5")");
	ck_assert_int_eq(second.add_tool(tool("more"), done), MCPS_OK);
	first = std::move(second);
	ck_assert_ptr_eq(first.get(), c);
	expect(client.call("see"), R"("text":"5")");
	expect(client.call("more"), "done");
	second = std::move(first);
	client.stop();
}
END_TEST

START_TEST(a_server_that_is_assigned_to_is_freed_with_its_functions)
{
	const auto kept = std::make_shared<int>(1);
	mcps::server server("first", "1");

	server.add_tool(tool("keep"),
	                [kept](mcps_call *call) { return done(call); });
	ck_assert_int_eq(kept.use_count(), 2);
	server = mcps::server("second", "1");
	ck_assert_int_eq(kept.use_count(), 1);
	ck_assert_str_eq(mcps_server_name(server.get()), "second");
}
END_TEST

START_TEST(a_start_that_fails_throws_what_is_wrong)
{
	mcps::server server("test", "1");

	ck_assert_int_eq(
		server.add_tool(
			tool("a"),
			mcps::fields{ mcps::field(&greeting::times, "times", "")
	                                      .default_json("\"x\"") },
			[](mcps_call *call, const greeting &) {
				return done(call);
			}),
		MCPS_E_INVAL);
	try {
		server.start();
		ck_abort_msg("it started");
	} catch (const mcps::error &error) {
		ck_assert_int_eq(error.status(), MCPS_E_INVAL);
		expect(error.what(), "tool \"a\": field \"times\": its default "
		                     "is refused");
	}
}
END_TEST

START_TEST(an_attach_that_fails_throws_what_is_wrong)
{
	mcps::server server("test", "1");

	server.start();
	try {
		server.attach(nullptr);
		ck_abort_msg("it is attached");
	} catch (const mcps::error &error) {
		ck_assert_int_eq(error.status(), MCPS_E_INVAL);
		ck_assert_str_ne(error.what(), "");
	}
}
END_TEST

START_TEST(a_server_that_was_run_is_gone)
{
	mcps::server server("test", "1");
	char name[] = "test", version[] = "--version";
	char *argv[] = { name, version, nullptr };

	ck_assert_int_eq(server.run(2, argv), 0);
	ck_assert_ptr_null(server.get());
}
END_TEST

} // namespace

int main()
{
	return run_tests(
		"hpp_failures",
		{
			an_error_that_is_thrown_tells_the_client_its_words_or_status,
			any_other_exception_is_an_internal_error_whose_words_are_logged,
			state_of_a_call_that_throws_is_dropped,
			no_handler_of_another_kind_lets_an_exception_out,
			an_auth_hook_is_a_lambda_and_may_throw,
			a_server_is_moved_while_it_serves,
			a_server_that_is_assigned_to_is_freed_with_its_functions,
			a_start_that_fails_throws_what_is_wrong,
			an_attach_that_fails_throws_what_is_wrong,
			a_server_that_was_run_is_gone,
		});
}
