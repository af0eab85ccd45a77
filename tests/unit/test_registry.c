/* Tools as a server takes them: what is wrong with one is told when the server
 * starts, and the first mistake counts. */
#include "suite.h"

#include <mcps/server.h>
#include <mcps/tool.h>

#include <string.h>

static mcps_status run(mcps_call *call, const void *args)
{
	(void)call;
	(void)args;
	return MCPS_OK;
}

static mcps_server *server;

static void set_up(void)
{
	server = mcps_server_new("test", "1");
	mcps_configure(server, .store = "memory:");
}

static void tear_down(void)
{
	mcps_server_free(server);
}

static void add(const char *name)
{
	const mcps_tool tool = { .size = sizeof tool,
		                 .name = name,
		                 .input_schema = "{\"type\":\"object\"}",
		                 .validates_itself = true,
		                 .run = run };

	mcps_server_add_tool(server, &tool);
}

static void check_starts(void)
{
	struct mcps_error error = { MCPS_OK, "" };

	ck_assert_msg(mcps_server_start(server, &error) == MCPS_OK, "%s",
	              error.text);
}

static void check_refusal(const char *about, const char *why)
{
	struct mcps_error error = { MCPS_OK, "" };

	ck_assert_int_eq(mcps_server_start(server, &error), MCPS_E_INVAL);
	ck_assert_msg(strstr(error.text, about) != NULL &&
	                      strstr(error.text, why) != NULL,
	              "%s", error.text);
}

static char name_of_128[129], name_of_129[130];

static void make_long_names(void)
{
	memset(name_of_128, 'n', 128);
	memset(name_of_129, 'n', 129);
}

START_TEST(a_name_is_1_to_128_of_letters_digits_and_3_more)
{
	static const char *const names[] = {
		"a",
		"getUser",
		"DATA_EXPORT_v2",
		"admin.tools.list",
		"x-y",
		"0",
		"_",
		".",
	};

	make_long_names();
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		add(names[i]);
	add(name_of_128);
	check_starts();
}
END_TEST

static const char *const bad_names[] = {
	"",       "two words", "a,b",  "a/b",       "\xc3\xa4",
	"line\n", "tab\t",     "a\"b", name_of_129, NULL,
};

START_TEST(the_start_refuses_any_other_name)
{
	const char *name = bad_names[_i];

	make_long_names();
	add("good");
	add(name);
	add("another");
	check_refusal("a name is 1 to 128", name != NULL ? name : "\"\"");
}
END_TEST

START_TEST(the_start_refuses_a_name_added_twice)
{
	add("one");
	add("two");
	add("one");
	check_refusal("\"one\"", "added twice");
}
END_TEST

START_TEST(names_differ_by_case)
{
	add("one");
	add("One");
	check_starts();
}
END_TEST

START_TEST(the_first_mistake_counts)
{
	add("two words");
	add("one");
	add("one");
	check_refusal("two words", "a name is");
}
END_TEST

TEST_MAIN("registry")
{
	test_fixture(set_up, tear_down);
	test_add(a_name_is_1_to_128_of_letters_digits_and_3_more);
	test_add_loop(the_start_refuses_any_other_name, COUNT(bad_names));
	test_add(the_start_refuses_a_name_added_twice);
	test_add(names_differ_by_case);
	test_add(the_first_mistake_counts);
}
