/* Options: the messages about wrong arguments, variables and config files. */
#include "unit/option_case.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static void refused(bool fine, enum exit_code code, const char *text)
{
	ck_assert(!fine);
	ck_assert_str_eq(option_fatal.text, text);
	ck_assert_int_eq(option_fatal.code, code);
}

/* The largest size that this machine can name. */
#if SIZE_MAX > UINT32_MAX
#define SIZE_MOST "18446744073709551615"
#else
#define SIZE_MOST "4294967295"
#endif

static const struct {
	const char *argument, *sentence;
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
	{ "--max-body=0",
	  "--max-body: \"0\": it must be between 1 and " SIZE_MOST },
	{ "--max-body=-1", "--max-body: \"-1\": it must be a size such as "
	                   "64KiB, 4MiB or 1GiB" },
	{ "--max-body=99999999999GiB",
	  "--max-body: \"99999999999GiB\": it must be a size such as 64KiB, "
	  "4MiB or 1GiB" },
	{ "--max-session-idle=60",
	  "--max-session-idle: \"60\": it must be a time "
	  "such as 30s, 15m, 12h or 7d" },
	{ "--max-session-idle=1000000d",
	  "--max-session-idle: \"1000000d\": it must be between 1s and "
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
	refused(option_read(LIST(wrong[_i].argument), NONE), EXIT_USAGE,
	        wrong[_i].sentence);
}
END_TEST

/* Two options that do not go together: the one that was given is named. */
static const struct {
	const char *arguments[2], *variable, *sentence;
	enum exit_code code;
} streams[] = {
	{ { "--max-streams=0", NULL },
	  NULL,
	  "--max-streams: \"0\": it must be between 1 and 4294967295",
	  EXIT_USAGE },
	{ { "--max-streams=12", "--max-connections=12" },
	  NULL,
	  "--max-streams: 12 streams leave none of the 12 connections for "
	  "calls",
	  EXIT_USAGE },
	{ { "--max-connections=12", NULL },
	  "MCPS_MAX_STREAMS=20",
	  "environment: MCPS_MAX_STREAMS: 20 streams leave none of the 12 "
	  "connections for calls",
	  EXIT_CONFIGURATION },
	{ { "--max-streams=16384", NULL },
	  NULL,
	  "--max-streams: 16384 streams leave none of the 16384 connections "
	  "for calls",
	  EXIT_USAGE },
	{ { "--max-streams=11", "--max-connections=12" },
	  NULL,
	  NULL,
	  EXIT_FINE },
	{ { "--max-streams=16383", NULL }, NULL, NULL, EXIT_FINE },
};

START_TEST(max_streams_leaves_connections_for_calls)
{
	bool is_fine = option_read(
		LIST(streams[_i].arguments[0], streams[_i].arguments[1]),
		LIST(streams[_i].variable));

	if (streams[_i].sentence == NULL)
		ck_assert_msg(is_fine, "%s", option_fatal.text);
	else
		refused(is_fine, streams[_i].code, streams[_i].sentence);
}
END_TEST

START_TEST(a_wrong_variable_is_named)
{
	refused(option_read(NONE, LIST("MCPS_DRAIN=5")), EXIT_CONFIGURATION,
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
	const char *text, *sentence;
} wrong_files[] = {
	{ "\n# x\nworkrs = 3\n", ":3: unknown option \"workrs\"; did you mean "
	                         "\"workers\"?" },
	{ "listen\n", ":1: not a line \"name = value\"" },
	{ "[server]\n", ":1: not a line \"name = value\"" },
	{ "\nhelp = yes\n", ":2: help belongs to the command line" },
	{ "config = x\n", ":1: config belongs to the command line" },
	{ "workers = 3\n# more\nworkers = 4\n",
	  ":3: workers has a value in line 1 already; keep one of them" },
	{ "cors = yes\ncors = yes\n",
	  ":2: cors has a value in line 1 already; keep one of them" },
	{ "path = \"/mcp\n", ":1" QUOTES },
	{ "path = \"/mcp\" x\n", ":1" QUOTES },
	{ "store = \"/x\" # mine\n", ":1" QUOTES },
	{ "\n# x\nstore = sqlite:/srv/team #1/x.db\n", ":3" COMMENT },
	{ "store = /x # mine\n", ":1" COMMENT },
	{ "store = /x\t#mine\n", ":1" COMMENT },
	{ "store = #1.db\n", ":1" COMMENT },
	{ "# three\n\nworkers = many\n",
	  ":3: workers: \"many\": it must be a whole number" },
};

START_TEST(a_wrong_line_is_named_with_its_number)
{
	char wanted[256];

	snprintf(wanted, sizeof wanted, "%s%s", option_path,
	         wrong_files[_i].sentence);
	refused(option_read_file(wrong_files[_i].text), EXIT_CONFIGURATION,
	        wanted);
}
END_TEST

START_TEST(a_missing_file_is_named)
{
	char wanted[128];

	snprintf(wanted, sizeof wanted,
	         "config file %s: No such file or directory", option_path);
	refused(option_read(LIST("--config", option_path), NONE),
	        EXIT_CONFIGURATION, wanted);
}
END_TEST

START_TEST(a_directory_is_no_config_file)
{
	ck_assert(!option_read(LIST("--config", option_directory), NONE));
	ck_assert_int_eq(option_fatal.code, EXIT_CONFIGURATION);
}
END_TEST

/* Without a writer a pipe reads as an empty file, and with one as a part. */
START_TEST(a_pipe_is_no_config_file)
{
	char wanted[128];

	ck_assert_int_eq(mkfifo(option_path, 0600), 0);
	snprintf(wanted, sizeof wanted, "config file %s: not a regular file",
	         option_path);
	refused(option_read(LIST("--config", option_path), NONE),
	        EXIT_CONFIGURATION, wanted);
}
END_TEST

START_TEST(a_device_is_no_config_file)
{
	refused(option_read(LIST("--config", "/dev/null"), NONE),
	        EXIT_CONFIGURATION,
	        "config file /dev/null: not a regular file");
}
END_TEST

START_TEST(help_is_had_whatever_else_is_wrong)
{
	ck_assert(option_read(LIST("--help", "--workers=x"),
	                      LIST("MCPS_DRAIN=x")));
	ck_assert(option_values.help);
}
END_TEST

START_TEST(an_unknown_variable_is_noticed)
{
	char first[] = "PATH=/", second[] = "MCPS_TOKEN=x",
	     third[] = "MCPS_LISTEN=x", fourth[] = "MCPS_ZZZZZZ=";
	char *environment[] = { first, second, third, fourth, NULL };
	char remark[128];
	size_t next = 0;

	ck_assert(mcps__environment_unknown(environment, &next, remark,
	                                    sizeof remark));
	ck_assert_str_eq(remark, "MCPS_TOKEN is no option of this program; did "
	                         "you mean MCPS_TOKENS?");
	ck_assert(mcps__environment_unknown(environment, &next, remark,
	                                    sizeof remark));
	ck_assert_str_eq(remark, "MCPS_ZZZZZZ is no option of this program");
	ck_assert(!mcps__environment_unknown(environment, &next, remark,
	                                     sizeof remark));
}
END_TEST

/* ---- the suite ---- */

TEST_MAIN("option errors")
{
	test_case("what is wrong");
	test_fixture(option_set_up, option_tear_down);
	test_add_loop(a_wrong_argument_is_named_with_what_would_be_right,
	              COUNT(wrong));
	test_add_loop(max_streams_leaves_connections_for_calls, COUNT(streams));
	test_add(a_wrong_variable_is_named);
	test_add_loop(a_wrong_line_is_named_with_its_number,
	              COUNT(wrong_files));
	test_add(a_missing_file_is_named);
	test_add(a_directory_is_no_config_file);
	test_add(a_pipe_is_no_config_file);
	test_add(a_device_is_no_config_file);
	test_add(help_is_had_whatever_else_is_wrong);
	test_add(an_unknown_variable_is_noticed);
}
