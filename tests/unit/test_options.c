/* Options: which source counts, how values are written, and what is said about
 * those that are wrong. */
#define _DEFAULT_SOURCE /* mkdtemp */
#include "app/option_table.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/mcps-options-XXXXXX";
static char path[64];
static mcps_server *server;
static struct app_options options;
static struct settings settings;
static struct complaint complaint;

static void set_up(void)
{
	strcpy(directory, "/tmp/mcps-options-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/conf", directory);
	server = mcps_server_new("test", "1");
	settings = (struct settings){ 0 };
}

static void tear_down(void)
{
	mcps__app_options_free(&options);
	mcps__settings_free(&settings);
	mcps_server_free(server);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(directory), 0);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

/* Up to three arguments and three variables; NULL: no more. */
static bool read_sources(const char *const *arguments,
                         const char *const *variables)
{
	char *argv[4] = { NULL }, *environment[4] = { NULL };
	const struct app_sources sources = { .argv = argv,
		                             .environment = environment };
	bool fine;

	for (size_t i = 0; i < 3 && arguments[i] != NULL; i++)
		argv[i] = strdup(arguments[i]);
	for (size_t i = 0; i < 3 && variables[i] != NULL; i++)
		environment[i] = strdup(variables[i]);
	fine = mcps__app_options_read(&options, &settings, server, &sources,
	                              &complaint);
	for (size_t i = 0; i < 3; i++) {
		free(argv[i]);
		free(environment[i]);
	}
	return fine;
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define NONE      ((const char *const[]){ NULL })

/* With a file of this text. */
static bool read_file(const char *text)
{
	write_file(text);
	return read_sources(LIST("--config", path), NONE);
}

static void refused(bool fine, enum exit_code code, const char *text)
{
	ck_assert(!fine);
	ck_assert_str_eq(complaint.text, text);
	ck_assert_int_eq(complaint.code, code);
}

/* ---- which source counts ---- */

START_TEST(a_flag_counts_more_than_the_environment_and_that_more_than_the_file)
{
	write_file("workers = 1\nmax-batch = 1\npage-size = 1\n");
	ck_assert_msg(read_sources(LIST("--config", path, "--workers=3"),
	                           LIST("MCPS_WORKERS=2", "MCPS_MAX_BATCH=2")),
	              "%s", complaint.text);
	ck_assert_uint_eq(options.server.workers, 3);
	ck_assert_uint_eq(options.server.max_batch, 2);
	ck_assert_uint_eq(options.server.page_size, 1);
	ck_assert_uint_eq(options.server.max_keys, 1024);
}
END_TEST

START_TEST(what_the_author_configured_is_the_default)
{
	mcps_configure(server, .workers = 17, .store = "sqlite:/x");
	ck_assert(read_sources(NONE, NONE));
	ck_assert_uint_eq(options.server.workers, 17);
	ck_assert_str_eq(options.server.store, "sqlite:/x");
}
END_TEST

START_TEST(a_list_is_one_source_s_repeated_or_with_commas)
{
	write_file("allow-host = file.example\n");
	ck_assert(read_sources(LIST("--config", path),
	                       LIST("MCPS_ALLOW_HOST=a.example, b.example,")));
	ck_assert_uint_eq(options.hosts.count, 2);
	ck_assert_str_eq(options.hosts.texts[0], "a.example");
	ck_assert_str_eq(options.hosts.texts[1], "b.example");
}
END_TEST

START_TEST(lines_of_a_list_in_a_file_add_up)
{
	ck_assert(read_file("allow-host = a\nallow-host = b,c\n"));
	ck_assert_uint_eq(options.hosts.count, 3);
}
END_TEST

START_TEST(of_one_source_the_last_word_counts)
{
	ck_assert(read_sources(LIST("--workers=3", "--workers", "4"), NONE));
	ck_assert_uint_eq(options.server.workers, 4);
}
END_TEST

START_TEST(max_gap_is_a_day_unless_a_source_says_otherwise)
{
	ck_assert(read_sources(NONE, NONE));
	ck_assert_uint_eq(options.server.max_gap_s, 86400);
	mcps__app_options_free(&options);
	mcps__settings_free(&settings);
	ck_assert(read_file("max-gap = 2d\n"));
	ck_assert_uint_eq(options.server.max_gap_s, 2 * 86400);
	mcps__app_options_free(&options);
	mcps__settings_free(&settings);
	ck_assert(read_sources(NONE, LIST("MCPS_MAX_GAP=1h")));
	ck_assert_uint_eq(options.server.max_gap_s, 3600);
	mcps__app_options_free(&options);
	mcps__settings_free(&settings);
	ck_assert(read_sources(LIST("--max-gap=60s"), LIST("MCPS_MAX_GAP=1h")));
	ck_assert_uint_eq(options.server.max_gap_s, 60);
}
END_TEST

/* Session time may advance by a minute that is not stored. */
START_TEST(a_server_with_a_max_gap_below_a_minute_does_not_start)
{
	struct mcps_error error;

	mcps_configure(server, .max_gap_s = 59);
	ck_assert_int_eq(mcps_server_start(server, &error), MCPS_E_INVAL);
	ck_assert_str_eq(error.text, "option max_gap_s: at least 60, not 59");
}
END_TEST

START_TEST(an_empty_variable_says_nothing)
{
	ck_assert(read_sources(NONE, LIST("MCPS_STORE=", "MCPS_WORKERS=")));
	ck_assert_ptr_null(options.server.store);
}
END_TEST

START_TEST(the_file_may_be_named_by_the_environment)
{
	char variable[96];

	write_file("workers = 5\n");
	snprintf(variable, sizeof variable, "MCPS_CONFIG=%s", path);
	ck_assert(read_sources(NONE, LIST(variable)));
	ck_assert_uint_eq(options.server.workers, 5);
}
END_TEST

START_TEST(tokens_have_a_second_variable_as_secrets_in_files_do)
{
	ck_assert(read_sources(NONE, LIST("MCPS_TOKENS_FILE=/run/secrets/t")));
	ck_assert_str_eq(options.tokens, "/run/secrets/t");
}
END_TEST

START_TEST(anonymous_callers_are_limited_by_default)
{
	ck_assert(read_sources(LIST("--anonymous-session-burst=7"), NONE));
	ck_assert_uint_eq(options.server.session_rate_per_address, 20);
	ck_assert_uint_eq(options.server.session_burst_per_address, 200);
	ck_assert_uint_eq(options.server.anonymous_session_rate, 500);
	ck_assert_uint_eq(options.server.anonymous_session_burst, 7);
}
END_TEST

START_TEST(dev_changes_defaults_and_nothing_that_was_said)
{
	mcps_configure(server, .store = "sqlite:/x");
	ck_assert(read_sources(LIST("--dev", "--log-level=warn"), NONE));
	ck_assert_str_eq(options.server.store, "memory:");
	ck_assert(options.server.cors);
	ck_assert_uint_eq(options.log_level, MCPS_LOG_WARN);
}
END_TEST

START_TEST(every_option_has_a_name_of_its_own_and_help)
{
	for (size_t i = 0; i < mcps__option_count; i++) {
		const struct option *option = &mcps__option_table[i];

		ck_assert_ptr_eq(
			mcps__option_find(
				option->name, strlen(option->name),
				mcps__option_group_command(option->group)),
			option);
		ck_assert_ptr_nonnull(option->help);
		ck_assert_uint_ne(
			(unsigned char)option->help[strlen(option->help) - 1],
			'.');
	}
}
END_TEST

/* ---- values ---- */

static const struct {
	const char *argument;
	uint64_t value;
} sizes[] = {
	{ "--max-body=1", 1 },
	{ "--max-body=17B", 17 },
	{ "--max-body=64KiB", 64 << 10 },
	{ "--max-body=64K", 64 << 10 },
	{ "--max-body=3MiB", 3 << 20 },
	{ "--max-body=2GiB", UINT64_C(2) << 30 },
};

START_TEST(sizes_have_units)
{
	ck_assert(read_sources(LIST(sizes[_i].argument), NONE));
	ck_assert_uint_eq(options.server.max_body, sizes[_i].value);
}
END_TEST

static const struct {
	const char *argument;
	uint64_t seconds;
} times[] = {
	{ "--session-idle=1s", 1 },
	{ "--session-idle=2m", 120 },
	{ "--session-idle=3h", 10800 },
	{ "--session-idle=7d", 604800 },
	{ "--session-idle=49710d", UINT64_C(49710) * 86400 },
};

START_TEST(times_have_units)
{
	ck_assert(read_sources(LIST(times[_i].argument), NONE));
	ck_assert_uint_eq(options.server.session_idle_s, times[_i].seconds);
}
END_TEST

START_TEST(short_times_have_milliseconds)
{
	ck_assert(read_sources(LIST("--drain=1500ms"), NONE));
	ck_assert_uint_eq(options.drain_ms, 1500);
	ck_assert(read_sources(LIST("--drain=2s"), NONE));
	ck_assert_uint_eq(options.drain_ms, 2000);
	ck_assert(read_sources(LIST("--drain=0s"), NONE));
	ck_assert_uint_eq(options.drain_ms, 0);
}
END_TEST

START_TEST(zero_needs_no_unit)
{
	ck_assert(read_sources(LIST("--drain=0"), NONE));
	ck_assert_uint_eq(options.drain_ms, 0);
	ck_assert(read_sources(LIST("--retry=0"), NONE));
	ck_assert_uint_eq(options.server.retry_ms, 0);
}
END_TEST

START_TEST(retry_is_that_of_the_author_unless_it_is_said)
{
	ck_assert(read_sources(NONE, NONE));
	ck_assert_uint_eq(options.server.retry_ms, 5000);
	mcps_configure(server, .retry_ms = 7000);
	ck_assert(read_sources(NONE, NONE));
	ck_assert_uint_eq(options.server.retry_ms, 7000);
	mcps_configure(server, .retry_ms = MCPS_NO_RETRY);
	ck_assert(read_sources(NONE, NONE));
	ck_assert_uint_eq(options.server.retry_ms, 0);
	ck_assert(read_sources(NONE, LIST("MCPS_RETRY=2500ms")));
	ck_assert_uint_eq(options.server.retry_ms, 2500);
}
END_TEST

START_TEST(flags_say_yes_or_no)
{
	ck_assert(read_sources(LIST("--cors", "--store-ballast=no"), NONE));
	ck_assert(options.server.cors);
	ck_assert(!options.ballast);
	ck_assert(read_sources(LIST("--cors=off", "--store-ballast"), NONE));
	ck_assert(!options.server.cors);
	ck_assert(options.ballast);
}
END_TEST

START_TEST(words_and_modes)
{
	ck_assert(read_sources(LIST("--unknown-ids=issued",
	                            "--on-corrupt=quarantine",
	                            "--socket-mode=0660"),
	                       NONE));
	ck_assert_uint_eq(options.server.unknown_ids, MCPS_UNKNOWN_ISSUED);
	ck_assert_uint_eq(options.quarantine, 1);
	ck_assert_uint_eq(options.daemon.socket_mode, 0660);
}
END_TEST

START_TEST(retry_of_the_author_is_at_most_an_hour)
{
	struct mcps_error error;

	mcps_configure(server, .retry_ms = 3600 * 1000 + 1);
	ck_assert_int_eq(mcps_server_start(server, &error), MCPS_E_INVAL);
	ck_assert_str_eq(error.text,
	                 "option retry_ms: at most 3600000, not 3600001");
}
END_TEST

/* ---- what is wrong ---- */

static const struct {
	const char *argument, *complaint;
} wrong[] = {
	{ "--lisen", "unknown option --lisen; did you mean --listen?" },
	{ "--zzzzzz", "unknown option --zzzzzz; --help lists them" },
	{ "--live", "unknown option --live; --help lists them" },
	{ "-x", "unexpected argument -x; options begin with --, and --help "
	        "lists them" },
	{ "--listen", "--listen: a value must follow: --listen ADDRESS" },
	{ "--listen=", "--listen: \"\": it must not be empty" },
	{ "--max-body=4MB", "--max-body: \"4MB\": it must be a size such as "
	                    "64KiB, 4MiB or 1GiB" },
	{ "--max-body=0", "--max-body: \"0\": it must be between 1 and "
	                  "18446744073709551615" },
	{ "--max-body=-1", "--max-body: \"-1\": it must be a size such as "
	                   "64KiB, 4MiB or 1GiB" },
	{ "--max-body=99999999999GiB",
	  "--max-body: \"99999999999GiB\": it must be a size such as 64KiB, "
	  "4MiB or 1GiB" },
	{ "--session-idle=60", "--session-idle: \"60\": it must be a time "
	                       "such as 30s, 15m, 12h or 7d" },
	{ "--session-idle=1000000d",
	  "--session-idle: \"1000000d\": it must be between 1s and "
	  "4294967295s" },
	{ "--retry=5", "--retry: \"5\": it must be a time such as 500ms, 10s "
	               "or 2m" },
	{ "--retry=61m", "--retry: \"61m\": it must be between 0ms and 1h" },
	{ "--max-gap=59s", "--max-gap: \"59s\": it must be between 1m and "
	                   "4294967295s" },
	{ "--max-nesting=257", "--max-nesting: \"257\": it must be between 1 "
	                       "and 256" },
	{ "--workers=1x", "--workers: \"1x\": it must be a whole number" },
	{ "--cors=maybe", "--cors: \"maybe\": it must be yes or no" },
	{ "--unknown-ids=all", "--unknown-ids: \"all\": it must be never, "
	                       "issued or authenticated" },
	{ "--log-format=xml", "--log-format: \"xml\": it must be text or "
	                      "json" },
	{ "--socket-mode=9", "--socket-mode: \"9\": it must be octal, such as "
	                     "0660" },
};

START_TEST(a_wrong_argument_is_named_with_what_would_be_right)
{
	refused(read_sources(LIST(wrong[_i].argument), NONE), EXIT_USAGE,
	        wrong[_i].complaint);
}
END_TEST

/* Two options that do not go together: the one that was given is named. */
static const struct {
	const char *arguments[2], *variable, *complaint;
	enum exit_code code;
} streams[] = {
	{ { "--max-streams=0", NULL },
	  NULL,
	  "--max-streams: \"0\": it must be between 1 and 4294967295",
	  EXIT_USAGE },
	{ { "--max-streams=12", "--connections=12" },
	  NULL,
	  "--max-streams: 12 streams leave none of the 12 connections for "
	  "calls",
	  EXIT_USAGE },
	{ { "--connections=12", NULL },
	  "MCPS_MAX_STREAMS=20",
	  "environment: MCPS_MAX_STREAMS: 20 streams leave none of the 12 "
	  "connections for calls",
	  EXIT_CONFIGURATION },
	{ { "--max-streams=16384", NULL },
	  NULL,
	  "--max-streams: 16384 streams leave none of the 16384 connections "
	  "for calls",
	  EXIT_USAGE },
	{ { "--max-streams=11", "--connections=12" }, NULL, NULL, EXIT_FINE },
	{ { "--max-streams=16383", NULL }, NULL, NULL, EXIT_FINE },
};

START_TEST(max_streams_leaves_connections_for_calls)
{
	bool is_fine = read_sources(
		LIST(streams[_i].arguments[0], streams[_i].arguments[1]),
		LIST(streams[_i].variable));

	if (streams[_i].complaint == NULL)
		ck_assert_msg(is_fine, "%s", complaint.text);
	else
		refused(is_fine, streams[_i].code, streams[_i].complaint);
}
END_TEST

START_TEST(a_wrong_variable_is_named)
{
	refused(read_sources(NONE, LIST("MCPS_DRAIN=5")), EXIT_CONFIGURATION,
	        "environment: MCPS_DRAIN: \"5\": it must be a time such as "
	        "500ms, 10s or 2m");
}
END_TEST

#define QUOTES                                                         \
	": one quote, or something after the second; a comment needs " \
	"a line of its own"
#define COMMENT                                                      \
	": a comment needs a line of its own, and a value in which " \
	"a word begins with # needs quotes"

static const struct {
	const char *text, *complaint;
} wrong_files[] = {
	{ "\n# x\nworkrs = 3\n", ":3: unknown option \"workrs\"; did you mean "
	                         "\"workers\"?" },
	{ "listen\n", ":1: not a line \"name = value\"" },
	{ "[server]\n", ":1: not a line \"name = value\"" },
	{ "\nhelp = yes\n", ":2: help belongs to the command line" },
	{ "config = x\n", ":1: config belongs to the command line" },
	{ "path = \"/mcp\n", ":1" QUOTES },
	{ "path = \"/mcp\" x\n", ":1" QUOTES },
	{ "store = \"/x\" # mine\n", ":1" QUOTES },
	{ "\n# x\nstore = sqlite:/srv/team #1/x.db\n", ":3" COMMENT },
	{ "store = /x # mine\n", ":1" COMMENT },
	{ "store = /x\t#mine\n", ":1" COMMENT },
	{ "store = #1.db\n", ":1" COMMENT },
	{ "workers = 3\n\nworkers = many\n",
	  ":3: workers: \"many\": it must be a whole number" },
};

START_TEST(a_wrong_line_is_named_with_its_number)
{
	char wanted[256];

	snprintf(wanted, sizeof wanted, "%s%s", path,
	         wrong_files[_i].complaint);
	refused(read_file(wrong_files[_i].text), EXIT_CONFIGURATION, wanted);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	char wanted[128];

	snprintf(wanted, sizeof wanted,
	         "config file %s: No such file or directory", path);
	refused(read_sources(LIST("--config", path), NONE), EXIT_CONFIGURATION,
	        wanted);
}
END_TEST

START_TEST(a_directory_is_no_config_file)
{
	ck_assert(!read_sources(LIST("--config", directory), NONE));
	ck_assert_int_eq(complaint.code, EXIT_CONFIGURATION);
}
END_TEST

/* Without a writer a pipe reads as an empty file, and with one as a part. */
START_TEST(a_pipe_is_no_config_file)
{
	char wanted[128];

	ck_assert_int_eq(mkfifo(path, 0600), 0);
	snprintf(wanted, sizeof wanted, "config file %s: not a regular file",
	         path);
	refused(read_sources(LIST("--config", path), NONE), EXIT_CONFIGURATION,
	        wanted);
}
END_TEST

START_TEST(a_device_is_no_config_file)
{
	refused(read_sources(LIST("--config", "/dev/null"), NONE),
	        EXIT_CONFIGURATION,
	        "config file /dev/null: not a regular file");
}
END_TEST

START_TEST(help_is_had_whatever_else_is_wrong)
{
	ck_assert(read_sources(LIST("--help", "--workers=x"),
	                       LIST("MCPS_DRAIN=x")));
	ck_assert(options.help);
}
END_TEST

START_TEST(an_unknown_variable_is_noticed)
{
	char first[] = "PATH=/", second[] = "MCPS_TOKEN=x",
	     third[] = "MCPS_LISTEN=x", fourth[] = "MCPS_ZZZZZZ=";
	char *environment[] = { first, second, third, fourth, NULL };
	char remark[128];
	size_t next = 0;

	ck_assert(mcps__environment_stranger(environment, &next, remark,
	                                     sizeof remark));
	ck_assert_str_eq(remark, "MCPS_TOKEN is no option of this program; did "
	                         "you mean MCPS_TOKENS?");
	ck_assert(mcps__environment_stranger(environment, &next, remark,
	                                     sizeof remark));
	ck_assert_str_eq(remark, "MCPS_ZZZZZZ is no option of this program");
	ck_assert(!mcps__environment_stranger(environment, &next, remark,
	                                      sizeof remark));
}
END_TEST

/* ---- the file ---- */

START_TEST(a_file_has_comment_lines_blanks_and_quotes)
{
	ck_assert_msg(read_file("# first\n"
	                        "  # second\n"
	                        "  path=/a#b\t\n"
	                        "\t\n"
	                        "store = \"sqlite:/x y # z\"  \r\n"
	                        "cors = yes"),
	              "%s", complaint.text);
	ck_assert_str_eq(options.server.path, "/a#b");
	ck_assert_str_eq(options.server.store, "sqlite:/x y # z");
	ck_assert(options.server.cors);
}
END_TEST

/* ---- the suite ---- */

#define COUNT(array) ((int)(sizeof(array) / sizeof *(array)))

static TCase *case_sources(void)
{
	TCase *tests = tcase_create("sources");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(
		tests,
		a_flag_counts_more_than_the_environment_and_that_more_than_the_file);
	tcase_add_test(tests, what_the_author_configured_is_the_default);
	tcase_add_test(tests, a_list_is_one_source_s_repeated_or_with_commas);
	tcase_add_test(tests, lines_of_a_list_in_a_file_add_up);
	tcase_add_test(tests, of_one_source_the_last_word_counts);
	tcase_add_test(tests, max_gap_is_a_day_unless_a_source_says_otherwise);
	tcase_add_test(tests,
	               a_server_with_a_max_gap_below_a_minute_does_not_start);
	tcase_add_test(tests, an_empty_variable_says_nothing);
	tcase_add_test(tests, the_file_may_be_named_by_the_environment);
	tcase_add_test(tests,
	               tokens_have_a_second_variable_as_secrets_in_files_do);
	tcase_add_test(tests, anonymous_callers_are_limited_by_default);
	tcase_add_test(tests, dev_changes_defaults_and_nothing_that_was_said);
	tcase_add_test(tests, every_option_has_a_name_of_its_own_and_help);
	return tests;
}

static TCase *case_values(void)
{
	TCase *tests = tcase_create("values");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, sizes_have_units, 0, COUNT(sizes));
	tcase_add_loop_test(tests, times_have_units, 0, COUNT(times));
	tcase_add_test(tests, short_times_have_milliseconds);
	tcase_add_test(tests, zero_needs_no_unit);
	tcase_add_test(tests, retry_is_that_of_the_author_unless_it_is_said);
	tcase_add_test(tests, retry_of_the_author_is_at_most_an_hour);
	tcase_add_test(tests, flags_say_yes_or_no);
	tcase_add_test(tests, words_and_modes);
	tcase_add_test(tests, a_file_has_comment_lines_blanks_and_quotes);
	return tests;
}

static TCase *case_wrong(void)
{
	TCase *tests = tcase_create("what is wrong");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests,
	                    a_wrong_argument_is_named_with_what_would_be_right,
	                    0, COUNT(wrong));
	tcase_add_loop_test(tests, max_streams_leaves_connections_for_calls, 0,
	                    sizeof streams / sizeof *streams);
	tcase_add_test(tests, a_wrong_variable_is_named);
	tcase_add_loop_test(tests, a_wrong_line_is_named_with_its_number, 0,
	                    COUNT(wrong_files));
	tcase_add_test(tests, a_missing_file_is_named);
	tcase_add_test(tests, a_directory_is_no_config_file);
	tcase_add_test(tests, a_pipe_is_no_config_file);
	tcase_add_test(tests, a_device_is_no_config_file);
	tcase_add_test(tests, help_is_had_whatever_else_is_wrong);
	tcase_add_test(tests, an_unknown_variable_is_noticed);
	return tests;
}

int main(void)
{
	Suite *suite = suite_create("options");
	SRunner *runner;
	int failed;

	suite_add_tcase(suite, case_sources());
	suite_add_tcase(suite, case_values());
	suite_add_tcase(suite, case_wrong());
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
