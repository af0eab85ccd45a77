/* <mcps/mcps.hpp>: tables and lambdas, as a client of a server sees them. */
#include "functional/hpp_case.hpp"

#include <cmath>
#include <json-c/json.h>
#include <thread>

namespace
{

struct all {
	bool loud;
	int64_t times;
	double ratio;
	const char *text, *lang;
	struct json_object *extra;
};

std::string shown(const all &in)
{
	return std::string(in.loud ? "loud " : "quiet ") +
	       std::to_string(in.times) + " " + std::to_string(in.ratio) + " " +
	       (in.text != nullptr ? in.text : "NULL") + " " +
	       (in.extra != nullptr ? json_object_to_json_string_ext(
					      in.extra, JSON_C_TO_STRING_PLAIN)
	                            : "NULL");
}

/* Adds a tool of these arguments that tells them. */
void add_show(mcps::server &server, const mcps::fields<all> &arguments)
{
	server.add_tool(tool("show"), arguments,
	                [](mcps_call *call, const all &in) {
				return mcps_text(call, "%s", shown(in).c_str());
			});
}

/* ---- tables ---- */

START_TEST(arguments_of_every_kind_arrive)
{
	mcps::server server("test", "1");

	add_show(server, { { &all::loud, "loud", "Whether to shout" },
	                   { &all::times, "times", "How often" },
	                   { &all::ratio, "ratio", nullptr },
	                   { &all::text, "text", "What to say" },
	                   { &all::extra, "extra", "Anything" } });
	const client client(server);

	expect(client.call("show", R"({"loud":true,"times":-9007199254740993,
		"ratio":0.25,"text":"caf\u00e9","extra":[1,"x"]})"),
	       "loud -9007199254740993 0.250000 caf\xc3\xa9 [1,\\\"x\\\"]");
	expect(client.call("show", R"({"loud":true,"times":1.5,"ratio":1,
		"text":"x","extra":1})"),
	       R"(argument \"times\" must be an integer)");
}
END_TEST

START_TEST(arguments_that_are_left_out_have_their_default_or_are_zero)
{
	mcps::server server("test", "1");

	add_show(server,
	         { mcps::field(&all::loud, "loud", "").default_json("true"),
	           mcps::field(&all::times, "times", "").default_json("7"),
	           mcps::field(&all::ratio, "ratio", "").optional(),
	           mcps::field(&all::text, "text", "").default_json("\"de\""),
	           mcps::field(&all::extra, "extra", "").optional() });
	const client client(server);

	expect(client.call("show"), "loud 7 0.000000 de NULL");
}
END_TEST

START_TEST(limits_are_published_and_enforced)
{
	mcps::server server("test", "1");

	add_show(server,
	         { mcps::field(&all::times, "times", "How often").range(1, 10),
	           mcps::field(&all::ratio, "ratio", "")
	                   .range(-HUGE_VAL, 0.5)
	                   .optional(),
	           mcps::field(&all::text, "text", "").length(2, 3).optional(),
	           mcps::field(&all::lang, "lang", "")
	                   .enum_values({ "en", "de" })
	                   .default_json("\"en\"") });
	const client client(server);

	expect(client.request("tools/list", "{}"),
	       R"("inputSchema":{"type":"object","properties":{)"
	       R"("times":{"type":"integer","description":"How often",)"
	       R"("minimum":1,"maximum":10},)"
	       R"("ratio":{"type":"number","description":"","maximum":0.5},)"
	       R"("text":{"type":"string","description":"",)"
	       R"("minLength":2,"maxLength":3},)"
	       R"("lang":{"type":"string","description":"","default":"en",)"
	       R"("enum":["en","de"]}},"required":["times"],)"
	       R"("additionalProperties":false})");
	expect(client.call("show", R"({"times":10})"), "quiet 10");
	expect(client.call("show", R"({"times":11})"), "at most 10, not 11");
	expect(client.call("show", R"({"times":0})"), "at least 1, not 0");
	expect(client.call("show", R"({"times":1,"ratio":0.6})"), "at most");
	expect(client.call("show", R"({"times":1,"text":"x"})"), "at least 2");
	expect(client.call("show", R"({"times":1,"text":"long"})"),
	       "at most 3");
	expect(client.call("show", R"({"times":1,"lang":"fr"})"), "one of");
	expect(client.call("show", R"({"times":1,"more":1})"), "more");
}
END_TEST

START_TEST(lists_and_tables_have_their_end)
{
	const mcps::list hosts{ "a.example", "b.example" };
	const mcps::list<mcps_icon> icons{ { "https://a", nullptr, nullptr,
		                             MCPS_THEME_ANY } };
	const mcps::list<const char *> none{};
	const mcps::fields one{ mcps::field(&all::loud, "loud", "") };
	const mcps::fields<all> empty{};

	ck_assert_str_eq(hosts.data()[1], "b.example");
	ck_assert_ptr_null(hosts.data()[2]);
	ck_assert_ptr_null(icons.data()[1].src);
	ck_assert_ptr_null(none.data()[0]);
	ck_assert_uint_eq(one.data()[0].mark, MCPS_FIELD_MARK);
	ck_assert_uint_eq(one.data()[1].mark, MCPS_FIELDS_END_MARK);
	ck_assert_uint_eq(empty.data()[0].mark, MCPS_FIELDS_END_MARK);
}
END_TEST

/* A table that enum_values points into is copied, moved and gone before a call.
 */
START_TEST(a_table_need_not_outlive_the_adding_of_its_tool)
{
	mcps::server server("test", "1");

	{
		mcps::fields first{ mcps::field(&all::text, "text", "")
			                    .enum_values({ "en", "de" }) };
		mcps::fields copied(first);
		const mcps::fields moved(std::move(copied));

		first = mcps::fields<all>{};
		add_show(server, moved);
	}
	const client client(server);

	expect(client.call("show", R"({"text":"de"})"), "0.000000 de");
	expect(client.call("show", R"({"text":"fr"})"), R"(\"en\", \"de\")");
}
END_TEST

/* ---- functions ---- */

START_TEST(a_lambda_has_what_it_captured_until_the_server_is_freed)
{
	std::atomic<int> calls{ 0 };
	auto shared = std::make_shared<int>(40);
	const std::weak_ptr<int> watched = shared;
	{
		mcps::server server("test", "1");

		server.add_tool(
			tool("add"),
			[&calls, shared = std::move(shared),
		         own = std::make_unique<int>(2)](mcps_call *call) {
				calls++;
				return mcps_text(call, "%d", *shared + *own);
			});
		const client client(server);

		expect(client.call("add"), R"("text":"42")");
		expect(client.call("add"), R"("text":"42")");
		ck_assert_int_eq(calls, 2);
		ck_assert_int_eq(mcps_server_remove_tool(server.get(), "add"),
		                 MCPS_OK);
		ck_assert(!watched.expired());
	}
	ck_assert(watched.expired());
}
END_TEST

START_TEST(several_threads_add_tools_while_the_server_serves)
{
	mcps::server server("test", "1");
	const client client(server);
	std::vector<std::thread> threads;

	for (int i = 0; i < 8; i++)
		threads.emplace_back([&server, i] {
			const std::string name = "t" + std::to_string(i);

			ck_assert_int_eq(
				server.add_tool(tool(name.c_str()),
			                        [i](mcps_call *call) {
							return mcps_text(
								call, "is %d",
								i);
						}),
				MCPS_OK);
		});
	for (auto &thread : threads)
		thread.join();
	for (int i = 0; i < 8; i++)
		expect(client.call("t" + std::to_string(i)),
		       ("is " + std::to_string(i)).c_str());
	ck_assert_int_eq(server.add_tool(tool("t0"), done), MCPS_E_INVAL);
	expect(client.call("t0"), "is 0");
}
END_TEST

START_TEST(resources_templates_and_prompts_are_lambdas_too)
{
	const mcps::list<mcps_argument> arguments{ { "who", nullptr, nullptr,
		                                     true } };
	mcps::server server("test", "1");
	mcps_resource text{}, now{};
	mcps_template planet{};
	mcps_prompt greet{};
	const auto suggest = [](mcps_call *call, const char *name,
	                        const char *value) {
		return mcps_suggest(call, (std::string(name) + value).c_str());
	};

	text.uri = "a:text", text.name = "text", text.text = "a fixed text";
	now.uri = "a:now", now.name = "now";
	planet.uri_template = "planet:{name}", planet.name = "planet";
	greet.name = "greet", greet.arguments = arguments.data();
	server.add_resource(text);
	server.add_resource(now, [n = 7](mcps_call *call, const char *uri) {
		return mcps_text(call, "%s is %d", uri, n);
	});
	server.add_template(
		planet,
		[](mcps_call *call, const char *) {
			return mcps_text(call, "on %s",
		                         mcps_call_param(call, "name"));
		},
		suggest);
	server.add_prompt(
		greet,
		[](mcps_call *call) {
			return mcps_text(call, "hi %s",
		                         mcps_call_param(call, "who"));
		},
		suggest);
	const client client(server);

	expect(client.request("resources/read", R"({"uri":"a:text"})"),
	       "a fixed text");
	expect(client.request("resources/read", R"({"uri":"a:now"})"),
	       "a:now is 7");
	expect(client.request("resources/read", R"({"uri":"planet:mars"})"),
	       "on mars");
	expect(client.request("completion/complete", R"({"ref":{"type":
		"ref/resource","uri":"planet:{name}"},"argument":{"name":"name",
		"value":"m"}})"),
	       R"("values":["namem"])");
	expect(client.request("prompts/get", R"({"name":"greet","arguments":{
		"who":"ann"}})"),
	       "hi ann");
	expect(client.request("completion/complete", R"({"ref":{"type":
		"ref/prompt","name":"greet"},"argument":{"name":"who",
		"value":"a"}})"),
	       R"("values":["whoa"])");
}
END_TEST

} // namespace

int main()
{
	return run_tests(
		"hpp",
		{
			arguments_of_every_kind_arrive,
			arguments_that_are_left_out_have_their_default_or_are_zero,
			limits_are_published_and_enforced,
			lists_and_tables_have_their_end,
			a_table_need_not_outlive_the_adding_of_its_tool,
			a_lambda_has_what_it_captured_until_the_server_is_freed,
			several_threads_add_tools_while_the_server_serves,
			resources_templates_and_prompts_are_lambdas_too,
		});
}
