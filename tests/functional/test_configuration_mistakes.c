/* Mistakes of authors that mcps_server_start() and its kin report: which tool
 * or option it is, and what to do. */
#include "suite.h"

#include <mcps/daemon.h>
#include <mcps/mcps.h>
#include <stdio.h>
#include <string.h>

static char logged[2048];

static void write_log(void *arg, enum mcps_log_level level, const char *module,
                      const char *text)
{
	size_t length = strlen(logged);

	(void)arg;
	(void)module;
	if (level >= MCPS_LOG_WARN)
		snprintf(logged + length, sizeof logged - length, "%s\n", text);
}

static mcps_server *new_server(void)
{
	logged[0] = '\0';
	return mcps_server_new("test", "1");
}

static mcps_status run(mcps_call *call, const void *args)
{
	(void)args;
	return mcps_text(call, "done");
}

static mcps_status read_it(mcps_call *call, const char *uri)
{
	(void)uri;
	return mcps_text(call, "done");
}

static mcps_status ask(mcps_call *call)
{
	return mcps_text(call, "done");
}

static mcps_status let_in(void *arg, const mcps_request *request,
                          mcps_grant *grant)
{
	(void)arg;
	(void)request;
	return mcps_grant_subject(grant, NULL, "ann");
}

static void check_start(mcps_server *server, mcps_status wanted,
                        const char *sentence)
{
	struct mcps_error error = { MCPS_OK, "" };

	ck_assert_int_eq(mcps_server_start(server, &error), wanted);
	ck_assert_str_eq(error.text, sentence);
	mcps_server_free(server);
}

/* ---- sizes ---- */

START_TEST(struct_without_its_size_is_named)
{
	mcps_server *server = new_server();

	mcps_server_add_tool(server,
	                     &(const mcps_tool){ .name = "a", .run = run });
	check_start(server, MCPS_E_INVAL,
	            "tool \"a\": its size is 0: set it to sizeof(mcps_tool), "
	            "or use mcps_add_tool()");
	server = new_server();
	mcps_server_add_resource(
		server, &(const mcps_resource){ .uri = "a:b", .name = "b" });
	check_start(server, MCPS_E_INVAL,
	            "resource \"a:b\": its size is 0: set it to "
	            "sizeof(mcps_resource), or use mcps_add_resource()");
	server = new_server();
	mcps_server_add_template(
		server, &(const mcps_template){ .uri_template = "a:{b}" });
	check_start(server, MCPS_E_INVAL,
	            "resource template \"a:{b}\": its size is 0: set it to "
	            "sizeof(mcps_template), or use mcps_add_template()");
	server = new_server();
	mcps_server_add_prompt(server,
	                       &(const mcps_prompt){ .name = "p", .run = ask });
	check_start(server, MCPS_E_INVAL,
	            "prompt \"p\": its size is 0: set it to "
	            "sizeof(mcps_prompt), or use mcps_add_prompt()");
	server = new_server();
	mcps_server_configure(
		server, &(const struct mcps_server_options){ .title = "T" });
	check_start(server, MCPS_E_INVAL,
	            "server options: its size is 0: set it to sizeof(struct "
	            "mcps_server_options), or use mcps_configure()");
}
END_TEST

/* It would listen at the default address instead of the given one. */
START_TEST(daemon_options_without_their_size_are_refused)
{
	const struct mcps_daemon_options options = { .listen = "127.0.0.1:0" };
	struct mcps_error error = { MCPS_OK, "" };
	mcps_server *server = new_server();
	mcps_daemon *daemon;
	int fd;

	ck_assert_int_eq(mcps_server_start(server, &error), MCPS_OK);
	ck_assert_int_eq(mcps_daemon_start(&daemon, server, &options, &error),
	                 MCPS_E_INVAL);
	ck_assert_str_eq(error.text, "daemon options: its size is 0: set it to "
	                             "sizeof(struct mcps_daemon_options)");
	ck_assert_int_eq(mcps_listen(&fd, NULL, 0, &options, NULL),
	                 MCPS_E_INVAL);
	ck_assert_int_eq(mcps_daemon_check(&options, NULL), MCPS_E_INVAL);
	mcps_server_free(server);
}
END_TEST

/* ---- field tables ---- */

struct args {
	const char *text;
};

static const mcps_field endless[] = { MCPS_FIELD(struct args, text, NULL),
	                              { .name = NULL } };

START_TEST(tool_whose_field_table_has_no_end_is_named)
{
	mcps_server *server = new_server();

	mcps_add_tool(server, struct args, .name = "a", .fields = endless,
	              .run = run);
	check_start(server, MCPS_E_INVAL,
	            "tool \"a\": row 2 of its field table is none: make each "
	            "with MCPS_FIELD, and the last one with MCPS_FIELDS_END");
}
END_TEST

/* ---- scopes ---- */

static void add_scoped(mcps_server *server, int kind)
{
	switch (kind) {
	case 0:
		mcps_add_tool(server, struct args, .name = "a", .run = run,
		              .scopes = "files");
		break;
	case 1:
		mcps_add_resource(server, .uri = "a:b", .name = "b",
		                  .text = "x", .scopes = "files");
		break;
	case 2:
		mcps_add_template(server, .uri_template = "a:{b}", .name = "b",
		                  .read = read_it, .scopes = "files");
		break;
	default:
		mcps_add_prompt(server, .name = "p", .run = ask,
		                .scopes = "files");
		break;
	}
}

static const char *const scoped[] = { "tool \"a\"", "resource \"a:b\"",
	                              "resource template \"a:{b}\"",
	                              "prompt \"p\"" };

static void write_sentence(char *out, size_t size, int kind)
{
	snprintf(out, size,
	         "%s needs scopes, which no caller can have: set an auth hook "
	         "or a token file",
	         scoped[kind]);
}

START_TEST(scopes_without_callers_are_refused)
{
	mcps_server *server = new_server();
	char sentence[200];

	add_scoped(server, _i);
	write_sentence(sentence, sizeof sentence, _i);
	check_start(server, MCPS_E_INVAL, sentence);
}
END_TEST

static void take_finding(void *arg, mcps_status status, const char *what,
                         const char *text)
{
	if (status == MCPS_E_INVAL && strcmp(what, "server") == 0)
		snprintf(arg, 200, "%s", text);
}

START_TEST(scopes_without_callers_are_found_by_the_check)
{
	mcps_server *server = new_server();
	char sentence[200], found[200] = "";

	add_scoped(server, _i);
	write_sentence(sentence, sizeof sentence, _i);
	ck_assert_int_eq(mcps_server_check(server, take_finding, found),
	                 MCPS_E_INVAL);
	ck_assert_str_eq(found, sentence);
	mcps_server_free(server);
}
END_TEST

START_TEST(scopes_without_callers_are_a_warning_in_development)
{
	mcps_server *server = new_server();
	char sentence[200];

	mcps_configure(server, .development = true, .log = write_log);
	add_scoped(server, _i);
	write_sentence(sentence, sizeof sentence, _i);
	check_start(server, MCPS_OK, "");
	ck_assert_ptr_nonnull(strstr(logged, sentence));
}
END_TEST

START_TEST(scopes_of_identified_callers_are_fine)
{
	mcps_server *server = new_server();

	mcps_server_set_auth(server, let_in, NULL);
	add_scoped(server, _i);
	check_start(server, MCPS_OK, "");
}
END_TEST

START_TEST(what_needs_scopes_is_not_added_to_a_server_without_callers)
{
	mcps_server *server = new_server();

	ck_assert_int_eq(mcps_server_start(server, NULL), MCPS_OK);
	ck_assert_int_eq(mcps_add_tool(server, struct args, .name = "a",
	                               .run = run, .scopes = "files"),
	                 MCPS_E_INVAL);
	ck_assert_int_eq(mcps_server_remove_tool(server, "a"),
	                 MCPS_E_NOT_FOUND);
	mcps_server_free(server);
}
END_TEST

TEST_MAIN("set-up mistakes")
{
	enum { SCOPED = sizeof scoped / sizeof *scoped };

	test_timeout(120);
	test_add(struct_without_its_size_is_named);
	test_add(daemon_options_without_their_size_are_refused);
	test_add(tool_whose_field_table_has_no_end_is_named);
	test_add_loop(scopes_without_callers_are_refused, SCOPED);
	test_add_loop(scopes_without_callers_are_found_by_the_check, SCOPED);
	test_add_loop(scopes_without_callers_are_a_warning_in_development,
	              SCOPED);
	test_add_loop(scopes_of_identified_callers_are_fine, SCOPED);
	test_add(what_needs_scopes_is_not_added_to_a_server_without_callers);
}
